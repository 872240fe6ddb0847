//! Trust: evidence, policy, verdicts. Three-valued: unknown is never a pass. Fetches nothing, signs nothing.

mod file_test;
mod finding;

pub use file_test::{Surroundings, evaluate_file_test};
pub use finding::{CheckVerdict, Finding, worst};
