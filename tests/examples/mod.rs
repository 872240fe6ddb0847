//! The example recipes: as text, and baked for real.

mod baked;
mod text;
