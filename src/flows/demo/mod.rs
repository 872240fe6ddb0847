//! The demo: a complete workspace made offline from this host's own programs. Prints nothing.

mod bake;
mod make;
mod runtimes;
mod seed;

pub use make::{Demo, DemoImage, DemoRecipe, RecipeState, demo};
