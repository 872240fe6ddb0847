//! Rebasing real bakes: what is safe comes to the same as a full bake on the new base; what is not is told by path and field.

mod edges;
mod house;
mod impact;
mod platform;
pub mod quiet;
mod refused;
mod registry;
mod safe;
mod tested;
mod unsafe_paths;
mod update;
