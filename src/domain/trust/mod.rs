//! Trust: evidence, policy, verdicts. Three-valued: unknown is never a pass. Fetches nothing, signs nothing.
//!
//! Reading order: `finding` (an outcome), `signature` (what is attached to an image, and who made it), `evidence` (all that is
//! known of one), `contract` and `policy` (what is asked of it), `rules` (one file a check), `chain` (an image and its bases), `forecast`
//! (what shows before a bake).

pub mod attest;
mod chain;
mod contract;
mod evidence;
mod file_test;
mod finding;
mod forecast;
mod globs;
pub mod policy;
pub mod reason;
pub mod rules;
pub mod secrets;
mod shown;
mod signature;

pub use chain::{Level, Verified};
pub use contract::{Contract, ContractError};
pub use evidence::{Evidence, Gap, Known, LastSeen, SecretSeen};
pub use file_test::{Surroundings, evaluate_file_test};
pub use finding::{Check, CheckVerdict, Finding, overall, worst};
pub use forecast::{BaseAhead, Cause, Forecast, forecast};
pub use globs::{GlobError, Globs};
pub use policy::Policy;
pub use signature::{Attached, AttestationSeen, Form, Outcome, SignatureSeen, Signer};
