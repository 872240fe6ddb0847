//! Engines beyond this machine, held against the embedded one: the same recipe gives the same image.

#[cfg(feature = "engines")]
mod context;
#[cfg(feature = "engines")]
mod docker;
mod early;
#[cfg(feature = "engines")]
mod examples;
#[cfg(feature = "engines")]
mod faults;
#[cfg(feature = "engines")]
mod leftovers;
#[cfg(feature = "engines")]
mod podman;
#[cfg(feature = "engines")]
pub mod same;
mod side_by_side;
#[cfg(feature = "engines")]
mod stored;
#[cfg(feature = "engines")]
mod together;
