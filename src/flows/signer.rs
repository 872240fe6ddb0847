//! Who signs what is baked here: the local store's private key, and where its passphrase is had. Signs nothing itself.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::Context;
use crate::adapters::secrets;
use crate::adapters::signing::{KeyFileError, OpenedKeys, Passphrase, PrivateKey, SignatureFormat};
use crate::domain::recipe::SecretSource;
use crate::report::{Kind, Report};

/// Under what name a passphrase is told of, should it not be had.
const PASSPHRASE: &str = "passphrase";

/// A key that signs, not opened yet: that takes a fifth of a second.
#[derive(Clone)]
pub struct Signer {
    file: PathBuf,
    passphrase: Passphrase,
    /// Keys that were opened already, by whoever.
    keys: OpenedKeys,
    opened: Arc<OnceCell<Arc<PrivateKey>>>,
    /// In which forms signatures are written.
    pub format: SignatureFormat,
}

impl Signer {
    /// Begins to open the key, on a thread of its own at once. What is wrong with it is told by [`Self::open`], which waits for
    /// what was begun.
    pub(super) fn begin(&self) {
        let Self { file, passphrase, keys, .. } = self.clone();
        tokio::task::spawn_blocking(move || keys.open(&file, &passphrase).is_ok());
    }

    /// Opens the key, once.
    pub async fn open(&self) -> Result<Arc<PrivateKey>, Report> {
        let open = || async {
            let Self { file, passphrase, keys, .. } = self.clone();
            let opened = tokio::task::spawn_blocking(move || keys.open(&file, &passphrase)).await;
            let opened = opened.map_err(|error| Report::new(Kind::Failed, &error))?;
            opened.map_err(|error: KeyFileError| Report::from(error).while_doing("cannot sign"))
        };
        self.opened.get_or_try_init(open).await.cloned()
    }
}

impl Context {
    /// The same, with the passphrase asked for now where a worker, which has no terminal, would need it.
    pub fn with_passphrase_asked(mut self) -> Result<Self, Report> {
        if let Some(key) = self.passphrase_wanted()? {
            self.passphrase = Some(Passphrase::find(&key.display().to_string())?);
        }
        Ok(self)
    }

    /// The key whose passphrase nobody told: a worker, which has no terminal, could not sign with it. `None` where
    /// nothing is wanting.
    pub fn passphrase_wanted(&self) -> Result<Option<PathBuf>, Report> {
        let local = self.store_settings("local")?;
        let is_told = self.passphrase.is_some() || local.passphrase.is_some();
        match &local.key {
            Some(key) if !is_told && Passphrase::from_environment()?.is_none() => Ok(Some(key.clone())),
            _ => Ok(None),
        }
    }

    /// The same, with this passphrase, which has to open the local store's key. Takes a fifth of a second.
    pub fn with_passphrase(mut self, typed: &str) -> Result<Self, Report> {
        let passphrase = Passphrase::from(typed);
        if let Some(key) = &self.store_settings("local")?.key {
            self.keys.open(key, &passphrase)?;
        }
        self.passphrase = Some(passphrase);
        Ok(self)
    }

    /// Who signs what is baked here; `None` where the local store has no key.
    pub fn signer(&self) -> Result<Option<Signer>, Report> {
        self.signer_of("local")
    }

    /// Who signs for a store of the workspace; `None` where it has no key.
    pub(super) fn signer_of(&self, store: &str) -> Result<Option<Signer>, Report> {
        let Some(file) = self.store_settings(store)?.key.clone() else { return Ok(None) };
        let passphrase = match self.told_passphrase(store)? {
            Some(told) => told,
            None => Passphrase::find(&file.display().to_string())?,
        };
        self.signer_with(store, file, passphrase).map(Some)
    }

    /// The same where its passphrase can be had without asking anybody and without running anything: a key takes so long to
    /// open that it is begun before it is known whether anything will be signed. What is wrong with it is told when it is needed.
    pub(super) fn ready_signer(&self, store: &str) -> Option<Signer> {
        let settings = self.store_settings(store).ok()?;
        let file = settings.key.clone()?;
        if matches!(&settings.passphrase, Some(SecretSource::Command(_))) {
            return None;
        }
        let told = self.told_passphrase(store).ok()?;
        let passphrase = told.or_else(|| Passphrase::from_environment().ok().flatten())?;
        self.signer_with(store, file, passphrase).ok()
    }

    /// The passphrase of a store's key where somebody typed it, else where the workspace says it is.
    fn told_passphrase(&self, store: &str) -> Result<Option<Passphrase>, Report> {
        let typed = self.passphrase.as_ref().filter(|_| store == "local");
        Ok(match (typed, &self.store_settings(store)?.passphrase) {
            (Some(typed), _) => Some(typed.clone()),
            // What the workspace says of its own key counts before what the environment says of any.
            (None, Some(source)) => Some(Passphrase::from_bytes(secrets::line_of(PASSPHRASE, source)?)),
            (None, None) => None,
        })
    }

    fn signer_with(&self, store: &str, file: PathBuf, passphrase: Passphrase) -> Result<Signer, Report> {
        let format = self.store_settings(store)?.signature_format;
        Ok(Signer { file, passphrase, keys: self.keys.clone(), opened: Arc::default(), format })
    }
}
