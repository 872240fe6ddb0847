//! Keys and what they ask for: one table, read by input, help and status bar. Knows no screen's insides.

mod action;
mod key;
mod lookup;
mod table;

pub use action::{Action, Motion};
pub use key::{Code, Key, KeyError};
pub use lookup::{Found, look_up, next_keys};
pub use table::{Binding, Scope, TABLE};
