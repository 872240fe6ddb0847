//! Key files: read only where nobody else could have changed or read them, written without overwriting (S-10, K-05).

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::key::{KeyError, PrivateKey, PublicKey};
use super::keyless::{RootError, TrustedRoot};
use super::passphrase::Passphrase;
use crate::adapters::files::{FilesError, sync_folder_of};
use crate::report::{Kind, Report};

/// cosign's are below 1 KiB.
const MAX_KEY_BYTES: u64 = 64 * 1024;
/// sigstore's own is below 100 KiB.
const MAX_ROOT_BYTES: u64 = 4 << 20;

/// Why a key file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The place of the file is not to be trusted.
    #[error("S-10: key file {path} is refused: it is {what}")]
    Refused {
        /// The file.
        path: String,
        /// What it is.
        what: &'static str,
        /// What to do.
        mend: String,
    },
    /// Others can read a private key.
    #[error("K-05: private key {path} is refused: its mode is {mode:04o}, so others can reach it")]
    Exposed {
        /// The file.
        path: String,
        /// Permission bits.
        mode: u32,
    },
    /// It stands there already.
    #[error("key file {path} exists already")]
    Exists {
        /// The file.
        path: String,
    },
    /// The content is no usable key.
    #[error("key file {path} cannot be used")]
    Content {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// The file system said no.
    #[error("cannot {action} key file {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The content is no usable trusted root.
    #[error("trusted root {path} cannot be used")]
    Root {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: RootError,
    },
    /// An expression for subjects that is none.
    #[error("subject-regex cannot be used")]
    Identity(#[source] regex::Error),
    /// The folder could not be made or synced.
    #[error(transparent)]
    Folder(#[from] FilesError),
}

/// Where the two halves of a pair lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The encrypted private key.
    pub private: PathBuf,
    /// The public key.
    pub public: PathBuf,
}

impl KeyFiles {
    /// `PREFIX.key` and `PREFIX.pub`.
    pub fn with_prefix(prefix: &Path) -> Self {
        let with = |end: &str| {
            let mut name = prefix.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        Self { private: with(".key"), public: with(".pub") }
    }

    /// The pair whose private half is `private`.
    pub fn of_private(private: &Path) -> Self {
        Self { private: private.to_owned(), public: private.with_extension("pub") }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Reads a private key; the file must be a regular one of this user that nobody else can reach.
pub fn read_private(path: &Path, passphrase: &Passphrase) -> Result<PrivateKey, KeyFileError> {
    private_from(path, &private_text(path)?, passphrase)
}

/// What is written in a private key's file; the file as above.
pub(super) fn private_text(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    read_trusted(path, Half::Private)
}

/// The private key in a file's text.
pub(super) fn private_from(path: &Path, text: &str, passphrase: &Passphrase) -> Result<PrivateKey, KeyFileError> {
    PrivateKey::from_pem(text, passphrase).map_err(|source| KeyFileError::Content { path: shown(path), source })
}

/// Reads a public key; the file must be a regular one that not everybody can write.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let text = read_trusted(path, Half::Public)?;
    PublicKey::from_pem(&text).map_err(|source| KeyFileError::Content { path: shown(path), source })
}

/// Reads a trusted root; the file must be a regular one that not everybody can write.
pub fn read_root(path: &Path) -> Result<TrustedRoot, KeyFileError> {
    let bytes = read_trusted_bytes(path, Half::Root)?;
    TrustedRoot::parse(&bytes).map_err(|source| KeyFileError::Root { path: shown(path), source })
}

#[derive(Clone, Copy, PartialEq)]
enum Half {
    Private,
    Public,
    Root,
}

impl Half {
    fn most_bytes(self) -> u64 {
        match self {
            Self::Private | Self::Public => MAX_KEY_BYTES,
            Self::Root => MAX_ROOT_BYTES,
        }
    }
}

fn read_trusted(path: &Path, half: Half) -> Result<Zeroizing<String>, KeyFileError> {
    let bytes = read_trusted_bytes(path, half)?;
    let text = std::str::from_utf8(&bytes).ok();
    let not_pem = || KeyFileError::Content { path: shown(path), source: KeyError::NotPem };
    text.map(|text| Zeroizing::new(text.to_owned())).ok_or_else(not_pem)
}

/// Opens without following a link and judges what was opened, so that nothing can be swapped in between.
fn read_trusted_bytes(path: &Path, half: Half) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let io_error = |source| KeyFileError::Io { action: "read", path: shown(path), source };
    let refuse = |what, mend: &str| Err(KeyFileError::Refused { path: shown(path), what, mend: mend.to_owned() });
    // NONBLOCK: a FIFO must not hold us up before we can refuse it.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let opened = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(rustix::io::Errno::LOOP) => return refuse("a symlink", "name the file it points to"),
        Err(rustix::io::Errno::NXIO) => return refuse("not a regular file", "name the key's own file"),
        Err(error) => return Err(io_error(error.into())),
    };
    let file = File::from(opened);
    let facts = file.metadata().map_err(io_error)?;
    if !facts.is_file() {
        return refuse(if facts.is_dir() { "a folder" } else { "not a regular file" }, "name the key's own file");
    }
    let mode = facts.mode() & 0o7777;
    if half == Half::Private {
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: shown(path), mode });
        }
        let me = rustix::process::geteuid().as_raw();
        if facts.uid() != me && facts.uid() != 0 {
            return refuse("another user's", "use a key of your own: `bakery keys new`");
        }
    } else if mode & 0o002 != 0 {
        return refuse("writable by everybody", &format!("chmod o-w {}", shown(path)));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let most = half.most_bytes();
    file.take(most + 1).read_to_end(&mut bytes).map_err(io_error)?;
    if bytes.len() as u64 > most {
        return match half {
            Half::Private | Half::Public => Err(KeyFileError::Content { path: shown(path), source: KeyError::NotPem }),
            Half::Root => refuse("larger than 4 MiB", "name a trusted root file"),
        };
    }
    Ok(bytes)
}

/// Writes both halves, the private one with mode 0600; neither over an existing file.
pub fn write_pair(files: &KeyFiles, key: &PrivateKey, passphrase: &Passphrase) -> Result<(), KeyFileError> {
    refuse_existing(files)?;
    let unusable = |path: &Path| {
        let path = shown(path);
        move |source| KeyFileError::Content { path, source }
    };
    let private = key.to_pem(passphrase).map_err(unusable(&files.private))?;
    let public = key.public().to_pem().map_err(unusable(&files.public))?;
    let private = stage(&files.private, &private, 0o600)?;
    let public = stage(&files.public, &public, 0o644)?;
    place(public, &files.public)?;
    if let Err(error) = place(private, &files.private) {
        // Ours, made a moment ago: without its private half it would only mislead.
        let _ = std::fs::remove_file(&files.public);
        return Err(error);
    }
    sync_folder_of(&files.public)?;
    sync_folder_of(&files.private)?;
    Ok(())
}

/// Refuses when either half stands there already; `write_pair` asks again, atomically.
pub fn refuse_existing(files: &KeyFiles) -> Result<(), KeyFileError> {
    for path in [&files.private, &files.public] {
        if path.symlink_metadata().is_ok() {
            return Err(KeyFileError::Exists { path: shown(path) });
        }
    }
    Ok(())
}

/// A synced temporary file beside its place.
fn stage(path: &Path, text: &str, mode: u32) -> Result<tempfile::NamedTempFile, KeyFileError> {
    let io_error = |source| KeyFileError::Io { action: "write", path: shown(path), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    crate::adapters::files::make_folder(folder)?;
    let mut staged = tempfile::Builder::new()
        .prefix(".bakery-key-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(io_error)?;
    staged.write_all(text.as_bytes()).map_err(io_error)?;
    staged.as_file().sync_all().map_err(io_error)?;
    Ok(staged)
}

/// Renames without replacing: whoever was there first stays.
fn place(staged: tempfile::NamedTempFile, path: &Path) -> Result<(), KeyFileError> {
    match staged.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(KeyFileError::Exists { path: shown(path) })
        }
        Err(error) => Err(KeyFileError::Io { action: "write", path: shown(path), source: error.error }),
    }
}

impl From<KeyFileError> for Report {
    fn from(error: KeyFileError) -> Self {
        let help = match &error {
            KeyFileError::Refused { mend, .. } => Some(mend.clone()),
            KeyFileError::Exposed { path, .. } => {
                Some(format!("chmod 600 {path}; if others may have read it, make a new key"))
            }
            KeyFileError::Exists { .. } => {
                Some("bakery never overwrites a key; give another name with --out PREFIX".to_owned())
            }
            KeyFileError::Content { source: KeyError::Locked, .. } => {
                Some("set BAKERY_PASSWORD, COSIGN_PASSWORD or one of their _FILE variants to its passphrase".to_owned())
            }
            KeyFileError::Content { source: KeyError::WrongKind { .. }, .. } => {
                Some("private keys end in .key, public ones in .pub; check which of the two is named".to_owned())
            }
            KeyFileError::Content { .. } => Some("`bakery keys new` makes a pair bakery and cosign read".to_owned()),
            KeyFileError::Root { .. } => {
                Some("`cosign trusted-root create` and sigstore's own root give such files".to_owned())
            }
            KeyFileError::Identity(_) => Some("mend `subject-regex` in bakery.yaml".to_owned()),
            KeyFileError::Io { .. } | KeyFileError::Folder(_) => None,
        };
        let report = Report::new(Kind::Failed, &error);
        match help {
            Some(help) => report.help(help),
            None => report,
        }
    }
}
