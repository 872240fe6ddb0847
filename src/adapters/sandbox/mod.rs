//! The sandbox: what a step may see and do, made of namespaces, an overlay, dropped capabilities and a system call filter.
//!
//! The worker starts one helper process a bake, the keeper, which lives inside the namespaces and serves requests: unpack
//! a layer, run a step, pack what it changed, remove folders. Nothing of the host is writable from a step, and the end of
//! the worker, however it ends, is the end of the keeper and of every process of a step.
//!
//! Reading order: `wire` (what is asked), `session` (the worker's side), `stage` and `keeper` (the other side), `step`
//! (its process, what it sees, what it may do).

mod error;
mod ids;
mod keeper;
mod kernel;
mod overlay;
mod served;
mod session;
mod stage;
mod step;
mod wire;

pub use error::SandboxError;
pub use ids::{folder_name, ids_of_kind};
pub(in crate::adapters) use kernel::{LARGE_PAGE, ask_for_large_pages};
pub use session::{Counts, Listener, Sandbox, Stream};
pub use stage::take_part;
pub use wire::{Exit, PackRequest, Refusal, StepSpec, UnpackRequest};
