//! The sandbox: what a step may see and do, made of namespaces, an overlay, dropped capabilities and a system call filter.
//!
//! The worker starts one helper process a bake, the keeper, which lives inside the namespaces and serves requests: unpack
//! a layer, run a step, pack what it changed, remove folders. Nothing of the host is writable from a step, and the end of
//! the worker, however it ends, is the end of the keeper and of every process of a step.

mod kernel;
