//! What every flow starts from: where things are kept, the workspace, the user's settings. Opens stores by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::assist::Known;
use super::compare::Trees;
use super::prepare::Makers;
use crate::adapters::files::followed;
use crate::adapters::settings::{KeySetting, Paths, StorePlace, StoreSettings, UserSettings, Workspace};
use crate::adapters::signing::{OpenedKeys, Passphrase};
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{Store, open};
use crate::domain::oci::{ImageRef, Place, Repository};
use crate::domain::recipe::{SecretFlagError, SecretSource};
use crate::domain::trust::Policy;
use crate::domain::yaml::nearest;
use crate::report::{Kind, Report};

/// One value passed down instead of globals.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where bakery keeps things.
    pub paths: Paths,
    /// The workspace.
    pub workspace: Workspace,
    /// The user's settings.
    pub settings: UserSettings,
    /// Where secrets are had: the workspace's, the user's own instead where both name one.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Passphrase of the local store's key as somebody typed it; `None` where it comes from elsewhere.
    pub passphrase: Option<Passphrase>,
    /// Keys that were opened, for as long as this and its clones are there.
    pub keys: OpenedKeys,
    /// Stores that stay open while one thing is done.
    pub stores: open::OpenStores,
    /// Which recipe makes which image, where that is found out once while one thing is done.
    pub makers: Makers,
    /// Layers on one tree, where that is kept while one thing is done.
    pub trees: Trees,
    /// What the workspace asks, where it has been read for good: a bake is judged by one policy from its gate to its summary.
    pub frozen_policy: Option<Arc<Policy>>,
    /// What was found out for whoever writes a recipe, for as long as this and its clones are there.
    pub known: Known,
    /// What time it is, in seconds since 1970, where that is not now: pictures of what was recorded.
    pub frozen_now: Option<i64>,
}

/// Keys of the user's own for one action: scope, action, keys, and where that stands: line and column.
pub type KeyEntry = (String, String, Vec<String>, (u32, u32));

/// Keys of the user's own, as plain values.
pub(super) fn key_entries(settings: &UserSettings) -> Vec<KeyEntry> {
    let entry = |own: &KeySetting| (own.scope.clone(), own.action.clone(), own.keys.clone(), (own.line, own.column));
    settings.keys.iter().map(entry).collect()
}

impl From<SecretFlagError> for Report {
    fn from(error: SecretFlagError) -> Self {
        Self::new(Kind::Usage, &error).help("write --secret NAME=env:VARIABLE or --secret NAME=file:PATH")
    }
}

impl Context {
    /// Finds and reads the workspace (`folder`, else the working directory or its nearest parent with a `bakery.yaml`)
    /// and the user's settings.
    pub fn load(folder: Option<&Path>) -> Result<Self, Report> {
        let paths = Paths::from_environment();
        let settings = UserSettings::load(&paths)?;
        let workspace = Workspace::load(folder, &paths)?;
        let mut secrets = workspace.secrets.clone();
        secrets.extend(settings.secrets.clone());
        Ok(Self {
            paths,
            workspace,
            settings,
            secrets,
            passphrase: None,
            keys: OpenedKeys::default(),
            stores: open::OpenStores::default(),
            makers: Makers::default(),
            trees: Trees::default(),
            frozen_policy: None,
            known: Known::default(),
            frozen_now: None,
        })
    }

    /// With secrets that count before those configured.
    pub fn with_secrets(mut self, secrets: BTreeMap<String, SecretSource>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    /// The same, as the command line names them: `NAME=env:VARIABLE`, `NAME=file:PATH`, relative to the working folder.
    pub fn with_secret_flags(self, flags: &[String]) -> Result<Self, Report> {
        let mut secrets = BTreeMap::new();
        for flag in flags {
            let (name, mut source) = SecretSource::parse_flag(flag)?;
            if let SecretSource::File(path) = &mut source {
                *path = std::path::absolute(&*path).map_err(|error| Report::new(Kind::Usage, &error))?;
            }
            if secrets.insert(name.clone(), source).is_some() {
                return Err(SecretFlagError::Twice { name }.into());
            }
        }
        Ok(self.with_secrets(secrets))
    }

    /// The user's keys as `config.yaml` has them: scope, action, keys, and where that stands.
    pub fn key_settings(&self) -> Vec<KeyEntry> {
        key_entries(&self.settings)
    }

    /// The user's theme file of this name: where it is, and its text; `None` where there is none.
    pub fn theme_file(&self, name: &str) -> Result<Option<(String, String)>, Report> {
        Ok(self.paths.theme_file(name)?)
    }

    /// The names of the workspace's stores.
    pub fn store_names(&self) -> impl Iterator<Item = &str> {
        self.workspace.stores.keys().map(String::as_str)
    }

    /// Each store's name, and where it is, for people: a registry's address, or a folder relative to the workspace.
    pub fn store_places(&self) -> Vec<(String, String)> {
        let place = |place: &StorePlace| match place {
            StorePlace::Registry { host, prefix: Some(prefix), .. } => format!("{host}/{prefix}"),
            StorePlace::Registry { host, .. } => host.to_string(),
            StorePlace::Layout(folder) => {
                folder.strip_prefix(&self.workspace.root).unwrap_or(folder).display().to_string()
            }
            StorePlace::Daemon { at, .. } => at.to_string(),
        };
        self.workspace.stores.iter().map(|(name, store)| (name.clone(), place(&store.place))).collect()
    }

    /// The workspace's folder, links followed: what its bakes are known by.
    pub fn home(&self) -> PathBuf {
        followed(&self.workspace.root)
    }

    /// Reads an image reference as it is written in this workspace.
    pub fn parse_reference(&self, text: &str) -> Result<ImageRef, Report> {
        ImageRef::parse(text, |name| self.workspace.stores.contains_key(name)).map_err(|error| {
            let report = Report::new(Kind::Usage, &error);
            let first = text.split('/').next().unwrap_or(text);
            match nearest(first, self.store_names()) {
                Some(near) => report.help(format!("did you mean the store `{near}`?")),
                None => report.help(format!("stores are {}", self.store_names().collect::<Vec<_>>().join(", "))),
            }
        })
    }

    /// Opens a store of the workspace by name.
    pub fn open_store(&self, name: &str) -> Result<Arc<dyn Store>, Report> {
        Ok(self.stores.open(&self.store_settings(name)?.place)?)
    }

    /// The same, which opens each store once and reads once which recipe makes what: for as long as one thing is done.
    pub(super) fn keeping_stores(&self) -> Self {
        Self { stores: self.stores.keeping(), ..self.keeping_makers() }
    }

    /// The same, which reads once which recipe makes what.
    pub(super) fn keeping_makers(&self) -> Self {
        Self { makers: self.makers.keeping(), ..self.clone() }
    }

    /// The settings of a store of the workspace.
    pub fn store_settings(&self, name: &str) -> Result<&StoreSettings, Report> {
        self.workspace.stores.get(name).ok_or_else(|| {
            let known = self.store_names().collect::<Vec<_>>().join(", ");
            Report::message(Kind::Usage, format!("no store named {name:?} in this workspace"))
                .help(format!("stores are {known}"))
        })
    }

    /// The local store's layout; made where it is not there yet.
    pub fn local(&self) -> Result<Arc<Layout>, Report> {
        match &self.store_settings("local")?.place {
            StorePlace::Layout(folder) => Ok(self.stores.local(folder)?),
            StorePlace::Registry { .. } | StorePlace::Daemon { .. } => {
                Err(Report::message(Kind::Usage, "the local store must be a layout"))
            }
        }
    }

    /// The local store where it is there already; nothing is made.
    pub(super) fn local_if_present(&self) -> Result<Option<Arc<dyn Store>>, Report> {
        match &self.store_settings("local")?.place {
            StorePlace::Layout(folder) if !open::is_layout(folder) => Ok(None),
            place => Ok(Some(open::open(place)?)),
        }
    }

    /// Opens the store an image lives in, and names its repository there.
    pub fn open(&self, image: &ImageRef) -> Result<(Arc<dyn Store>, Repository), Report> {
        let store = match &image.place {
            Place::Store(name) => self.open_store(name)?,
            Place::Registry(host) => {
                // A host the workspace already speaks to is spoken to the same way.
                let plain = self.workspace.stores.values().any(|store| {
                    matches!(&store.place, StorePlace::Registry { host: known, plain_http: true, .. } if known == host)
                });
                self.stores.registry(host, None, plain)?
            }
            Place::Layout(path) => open::open_layout(&self.beneath_root(path))?,
        };
        // A layout that others wrote may name its images by a bare tag, or not at all.
        let bare = || store.as_layout().and_then(Layout::bare_repository);
        match image.repository.clone().or_else(bare) {
            Some(repository) => Ok((store, repository)),
            None => Err(Report::message(Kind::Usage, format!("{image} names no repository"))
                .help("write oci:PATH:NAME:TAG; `bakery store ls oci:PATH` lists what is there")),
        }
    }

    /// `oci:PATH` on the command line is relative to the working directory.
    pub(super) fn beneath_root(&self, path: &str) -> std::path::PathBuf {
        std::path::absolute(path).unwrap_or_else(|_| self.workspace.root.join(path))
    }
}
