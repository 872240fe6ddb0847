//! Rendering: what values look like as lines. Pure; knows no terminal.

pub mod plan;
pub mod problems;
