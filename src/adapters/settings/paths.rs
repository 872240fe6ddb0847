//! Where bakery keeps things: config, data, state, cache; all below `BAKERY_HOME` when it is set.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The four folders. Nothing is created until something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.yaml`.
    pub config: PathBuf,
    /// The default local store.
    pub data: PathBuf,
    /// Bakes: `bakes/ID/journal.jsonl`.
    pub state: PathBuf,
    /// Step cache, layer indexes.
    pub cache: PathBuf,
}

impl Paths {
    /// From `BAKERY_HOME`, else from the platform's conventions, else below the working directory.
    pub fn from_environment() -> Self {
        if let Some(home) = std::env::var_os("BAKERY_HOME").filter(|home| !home.is_empty()) {
            let home = std::path::absolute(PathBuf::from(&home)).unwrap_or_else(|_| PathBuf::from(home));
            return Self::below(&home);
        }
        match ProjectDirs::from("dev", "", "bakery") {
            Some(dirs) => Self {
                config: dirs.config_dir().to_owned(),
                data: dirs.data_dir().to_owned(),
                state: dirs.state_dir().unwrap_or_else(|| dirs.data_dir()).to_owned(),
                cache: dirs.cache_dir().to_owned(),
            },
            None => Self::below(Path::new(".bakery")),
        }
    }

    /// All four below one folder.
    pub fn below(home: &Path) -> Self {
        Self {
            config: home.join("config"),
            data: home.join("data"),
            state: home.join("state"),
            cache: home.join("cache"),
        }
    }

    /// The folder that holds one folder a bake.
    pub fn bakes(&self) -> PathBuf {
        self.state.join("bakes")
    }

    /// The folder that holds one folder a batch that goes on by itself.
    pub fn batches(&self) -> PathBuf {
        self.state.join("batches")
    }

    /// The folder that holds one folder a roll-out.
    pub fn rollouts(&self) -> PathBuf {
        self.state.join("rollouts")
    }
}
