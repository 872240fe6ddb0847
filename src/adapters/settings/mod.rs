//! Settings: the workspace file, the user's own, and where bakery keeps things.

mod engines;
mod forms;
mod keyless;
mod keys;
mod load;
mod paths;
mod policy;
mod schema;
mod secrets;
mod user;
mod workspace;

pub use engines::TlsFileError;
pub use load::{SettingsError, WORKSPACE_FILE};
pub use paths::Paths;
pub use policy::{POLICY_FILE, POLICY_FOLDER, PolicyFileError, load_policy, load_policy_tests};
pub use schema::{
    CacheSettings, ClipboardSetting, EngineSettings, KeySetting, KeylessSettings, PackSettings, RoleSetting,
    STEP_TIMEOUT, StorePlace, StoreSettings, SubjectSetting, TlsSettings, UserSettings, WATCH_EVERY, Workspace,
};
