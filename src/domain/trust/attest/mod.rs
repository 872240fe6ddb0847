//! Attestations: statements about an image, and what bakery states. Signs nothing, stores nothing.
//!
//! Reading order: `predicate` (what kinds there are), `statement` (what is said, of which digest), `envelope` (what is signed),
//! `bundle` (an envelope with what verifies it), `entry` (the log's word for it), `legacy` (cosign's older signatures),
//! `naming` (whether a name in one is the image's); then
//! what bakery says: `provenance`, `sbom`, `summary`.

mod bundle;
mod entry;
mod envelope;
mod error;
mod legacy;
mod naming;
pub mod predicate;
mod provenance;
mod sbom;
mod statement;
mod summary;

pub use bundle::{Bundle, Material};
pub use entry::{InclusionProof, LogEntry};
pub use envelope::{Envelope, MAX_ENVELOPE_SIGNATURES, pae};
pub use error::AttestError;
pub use legacy::SimpleSigning;
pub use naming::is_called;
pub use provenance::{Dependency, Provenance, ProvenanceClaims, Rebased};
pub use sbom::{SbomSubject, sbom};
pub use statement::{MAX_SUBJECTS, Statement, StatementSubject};
pub use summary::{PolicyNamed, Summary};
