//! Policy: what a workspace asks of bases and images. Source: contract section 5.

mod model;

pub use model::{BasePolicy, Demand, Exception, ImagePolicy, Policy, RegoFile};
