//! Rendering: what values look like as lines. Pure; knows no terminal.

pub mod problems;
