//! Keys and what they ask for: one table, read by input, help and status bar. Knows no screen's insides.

mod action;
mod key;
mod map;
mod names;
mod own;
mod scope;
mod table;

pub use action::{Action, Motion};
pub use key::{Code, Key, KeyError};
pub use map::{Bound, Found, Keymap, Sequence};
pub use own::{KeyProblem, Written, resolve};
pub use scope::Scope;
pub use table::{Binding, TABLE};
