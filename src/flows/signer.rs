//! Who signs what is baked here: the local store's private key, and where its passphrase is had. Signs nothing itself.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::Context;
use crate::adapters::secrets;
use crate::adapters::signing::{KeyFileError, Passphrase, PrivateKey, SignatureFormat, read_private};
use crate::report::{Kind, Report};

/// Under what name a passphrase is told of, should it not be had.
const PASSPHRASE: &str = "passphrase";

/// A key that signs, not opened yet: that takes a fifth of a second.
#[derive(Clone)]
pub struct Signer {
    file: PathBuf,
    passphrase: Passphrase,
    opened: Arc<OnceCell<Arc<PrivateKey>>>,
    /// In which forms signatures are written.
    pub format: SignatureFormat,
}

impl Signer {
    /// Opens the key, once.
    pub async fn open(&self) -> Result<Arc<PrivateKey>, Report> {
        let open = || async {
            let (file, passphrase) = (self.file.clone(), self.passphrase.clone());
            let opened = tokio::task::spawn_blocking(move || read_private(&file, &passphrase)).await;
            let opened = opened.map_err(|error| Report::new(Kind::Failed, &error))?;
            opened.map(Arc::new).map_err(|error: KeyFileError| Report::from(error).while_doing("cannot sign"))
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
            read_private(key, &passphrase)?;
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
        let settings = self.store_settings(store)?;
        let Some(file) = settings.key.clone() else { return Ok(None) };
        let typed = self.passphrase.as_ref().filter(|_| store == "local");
        let passphrase = match (typed, &settings.passphrase) {
            (Some(typed), _) => typed.clone(),
            // What the workspace says of its own key counts before what the environment says of any.
            (None, Some(source)) => Passphrase::from_bytes(secrets::line_of(PASSPHRASE, source)?),
            (None, None) => Passphrase::find(&file.display().to_string())?,
        };
        Ok(Some(Signer { file, passphrase, opened: Arc::default(), format: settings.signature_format }))
    }
}
