//! The workspace and the user's settings as values. Source: contract section 3.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::adapters::host::IdSetting;
use crate::adapters::signing::SignatureFormat;
use crate::domain::engine::EngineAddress;
use crate::domain::oci::{Compression, Registry, Repository};
use crate::domain::recipe::SecretSource;
use crate::domain::role_style::RoleStyle;

/// A workspace: `bakery.yaml` and the folder it stands in. All paths are absolute.
#[derive(Clone, Debug, PartialEq)]
pub struct Workspace {
    /// The folder.
    pub root: PathBuf,
    /// Stores by name; `local` is always there.
    pub stores: BTreeMap<String, StoreSettings>,
    /// Folder searched for recipes.
    pub recipes: PathBuf,
    /// Policy file, when named.
    pub policy: Option<PathBuf>,
    /// Engine as written, `embedded`, `docker://…`, and its line; `None`: the user's setting counts.
    pub engine: Option<(String, u32)>,
    /// Builders that many bakes are spread over, in the order written; none: `engine` alone.
    pub engines: Vec<EngineSettings>,
    /// Where secrets are had, by name.
    pub secrets: BTreeMap<String, SecretSource>,
}

/// One of the builders many bakes are spread over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub engine: crate::domain::engine::EngineAddress,
    /// Bakes it takes at once.
    pub slots: usize,
    /// Platforms it has natively; none named: any.
    pub platforms: Vec<crate::domain::oci::Platform>,
    /// Certificates, where it asks for them.
    pub tls: Option<TlsSettings>,
    /// How long a bake on it may say nothing; `None`: as long as it likes.
    pub timeout: Option<std::time::Duration>,
    /// Images with steps it may have instead of making them.
    pub cache_from: Vec<String>,
    /// Images it puts its steps into.
    pub cache_to: Vec<String>,
}

/// Certificates between here and a builder: PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSettings {
    /// Who vouches for the builder.
    pub ca: PathBuf,
    /// Who we are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// That we are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Where in `bakery.yaml` each of the three stands: line and column, from 1; nothing where it was frozen for a bake.
    #[serde(skip)]
    pub places: [(u32, u32); 3],
}

/// One store of the workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSettings {
    /// Where it is.
    pub place: StorePlace,
    /// Public keys (PEM files) whose signatures count.
    pub keys: Vec<PathBuf>,
    /// Identities whose signatures without a key count.
    pub keyless: Option<KeylessSettings>,
    /// Private key (PEM file) to sign with.
    pub key: Option<PathBuf>,
    /// Where the key's passphrase is had, where the environment does not say.
    pub passphrase: Option<SecretSource>,
    /// In which forms signatures are written.
    pub signature_format: SignatureFormat,
    /// Registry prefix that `publish` appends `NAME:TAG` to: host and path.
    pub publish: Option<(Registry, Option<Repository>)>,
    /// Holds what project teams have, no bases.
    pub team: bool,
    /// Repositories to list where the registry has no catalog.
    pub repositories: Vec<Repository>,
}

/// Whose signatures without a key count for a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeylessSettings {
    /// sigstore's trusted root file (JSON): who vouches.
    pub trusted_root: PathBuf,
    /// Issuer and subject.
    pub identities: Vec<(String, SubjectSetting)>,
}

/// A subject as the workspace names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectSetting {
    /// This one.
    Exact(String),
    /// One that matches as a whole.
    Regex(String),
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePlace {
    /// A registry, with the path its repositories lie under.
    Registry {
        /// Host and port.
        host: Registry,
        /// Path prefix: `global` in `registry.example:5000/global`.
        prefix: Option<Repository>,
        /// Speak plain HTTP to it even though it is not this machine.
        plain_http: bool,
    },
    /// An OCI image layout directory.
    Layout(PathBuf),
    /// The images a Docker Engine or a Podman service has; they are only read.
    Daemon {
        /// Where it is.
        at: EngineAddress,
        /// Folder below which what it gave is kept.
        kept: PathBuf,
    },
}

/// `config.yaml` of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSettings {
    /// How layers are packed.
    pub pack: PackSettings,
    /// Bakes at once; `None` for one a processor.
    pub parallel: Option<usize>,
    /// How often stores are looked at while somebody watches them.
    pub watch_every: Duration,
    /// Engine where the workspace names none.
    pub engine: Option<String>,
    /// Name of the theme; `None` for one that suits the terminal.
    pub theme: Option<String>,
    /// Roles that look otherwise than the theme says, in the order of the file.
    pub roles: Vec<RoleSetting>,
    /// Whether the mouse is bakery's when the terminal UI begins.
    pub mouse: bool,
    /// Nothing is baked, published, edited or removed from the terminal UI.
    pub readonly: bool,
    /// Plain characters only.
    pub ascii: bool,
    /// How text gets into the clipboard.
    pub clipboard: ClipboardSetting,
    /// Keys of the user's own, in the order of the file.
    pub keys: Vec<KeySetting>,
    /// Ids of steps that run something; `None` for the most this machine grants.
    pub id_mode: Option<IdSetting>,
    /// How long one step may run; `None` for as long as it likes.
    pub step_timeout: Option<Duration>,
    /// What is kept between bakes.
    pub cache: CacheSettings,
    /// Where secrets are had, by name.
    pub secrets: BTreeMap<String, SecretSource>,
}

/// The look of one role, over the theme's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSetting {
    /// Its name.
    pub role: String,
    /// What is said of it.
    pub style: RoleStyle,
    /// Line of `config.yaml`, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// How text gets into the clipboard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClipboardSetting {
    /// Through the terminal under SSH, by the desktop's own program otherwise.
    #[default]
    Auto,
    /// Through the terminal (OSC 52).
    Osc52,
    /// By the desktop's own program.
    Native,
    /// Not at all.
    Off,
}

/// Keys of the user's own for one action; they take the place of the built-in ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetting {
    /// Where they hold.
    pub scope: String,
    /// What they ask for.
    pub action: String,
    /// The keys; none takes the action's keys away.
    pub keys: Vec<String>,
    /// Line of `config.yaml`, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Default for UserSettings {
    fn default() -> Self {
        Self {
            pack: PackSettings::default(),
            parallel: None,
            watch_every: WATCH_EVERY,
            engine: None,
            theme: None,
            roles: Vec::new(),
            mouse: true,
            readonly: false,
            ascii: false,
            clipboard: ClipboardSetting::default(),
            keys: Vec::new(),
            id_mode: None,
            step_timeout: Some(STEP_TIMEOUT),
            cache: CacheSettings::default(),
            secrets: BTreeMap::new(),
        }
    }
}

/// How often stores are looked at where the user says nothing.
pub const WATCH_EVERY: Duration = Duration::from_secs(30);

/// How long a step may run where the user says nothing.
pub const STEP_TIMEOUT: Duration = Duration::from_secs(2 * 3600);

/// What is kept between bakes, beside the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheSettings {
    /// Most bytes it may take; `None` for no bound.
    pub max_size: Option<u64>,
}

/// How layers are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackSettings {
    /// `gzip` (default), `zstd` or `none`.
    pub compression: Compression,
    /// The compressor's level.
    pub level: Option<i32>,
}

impl Default for PackSettings {
    fn default() -> Self {
        Self { compression: Compression::Gzip, level: None }
    }
}
