//! Settings: the workspace file, the user's own, and where bakery keeps things.

mod paths;
mod schema;

pub use paths::Paths;
pub use schema::{PackSettings, StorePlace, StoreSettings, UserSettings, Workspace};
