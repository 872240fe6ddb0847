//! Policy: what a workspace asks of bases and images. Source: contract section 5.
//!
//! Reading order: `model` (a policy as a value, the built-in default), `checks` (what can be excepted), `parse` (text to
//! policy, or every problem), `exceptions` (what is let pass), `shown` (a policy for people and scripts).

mod checks;
mod exceptions;
mod model;
#[cfg(test)]
mod mutations;
mod parse;
mod shown;

pub use checks::{CHECKS, Named, is_name, named_by, nearest_check};
pub use exceptions::{Sorted, is_live, sort};
pub use model::{BasePolicy, Demand, Exception, ImagePolicy, Policy, RegoFile};
pub use parse::parse;
