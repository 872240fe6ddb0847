//! How a text looks: what each character of it is, and which rows of the screen it takes. Knows no completion, no plan.

mod line;
mod rows;
mod syntax;

pub(super) use line::{Line, columns_of};
pub(super) use rows::{Row, marker, rows};
pub(super) use syntax::{Kind, Syntax};
