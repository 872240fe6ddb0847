//! The demo: a complete workspace made offline from this host's own programs. Prints nothing.

mod bake;
mod make;
mod runtimes;
mod scenes;
mod seed;
mod tour;

pub use make::{demo, existing};
pub use scenes::{DemoImage, Scene};
pub use tour::prepare_tour;
