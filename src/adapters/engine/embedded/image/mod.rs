//! The image around the layers: its documents, and what a recipe changes in its config. Knows no step.

mod config;
mod documents;

pub use documents::config_in_force;
pub(super) use documents::{Frame, StepOutcome, exec_config, put_image, put_index};
