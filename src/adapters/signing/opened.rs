//! Private keys that were opened, so that the same file with the same passphrase takes its fifth of a second once. The file is
//! read and judged each time; what is spared is only the derivation. Asks for no passphrase.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::file::{KeyFileError, private_from, private_text};
use super::key::PrivateKey;
use super::passphrase::Passphrase;

/// Keys held at once; nobody signs with more.
const MOST: usize = 8;

/// Keys that were opened. Clones share them; with the last one they are overwritten in memory.
#[derive(Clone, Default)]
pub struct OpenedKeys(Arc<Mutex<Vec<Opened>>>);

struct Opened {
    text: Zeroizing<String>,
    passphrase: Passphrase,
    key: Arc<PrivateKey>,
}

impl OpenedKeys {
    /// The key in this file. Whoever comes while it is being opened waits for that instead of opening it again.
    pub fn open(&self, path: &Path, passphrase: &Passphrase) -> Result<Arc<PrivateKey>, KeyFileError> {
        let text = private_text(path)?;
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |known: &&Opened| known.text == text && known.passphrase.as_bytes() == passphrase.as_bytes();
        if let Some(known) = opened.iter().find(same) {
            return Ok(Arc::clone(&known.key));
        }
        let key = Arc::new(private_from(path, &text, passphrase)?);
        if opened.len() == MOST {
            opened.remove(0);
        }
        opened.push(Opened { text, passphrase: passphrase.clone(), key: Arc::clone(&key) });
        Ok(key)
    }
}

impl fmt::Debug for OpenedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::signing::{KeyFiles, write_pair};

    #[test]
    fn a_key_is_opened_once_and_anew_where_file_or_passphrase_are_others() {
        let folder = tempfile::tempdir().unwrap();
        let pair = |name: &str| {
            let key = PrivateKey::generate().unwrap();
            let files = KeyFiles::with_prefix(&folder.path().join(name));
            write_pair(&files, &key, &Passphrase::from("tulip")).unwrap();
            files.private
        };
        let (one, two) = (pair("one"), pair("two"));
        let (keys, tulip) = (OpenedKeys::default(), Passphrase::from("tulip"));
        let (shared, first) = (keys.clone(), keys.open(&one, &tulip).unwrap());
        assert!(Arc::ptr_eq(&first, &shared.open(&one, &tulip).unwrap()));
        // What is known of a file does not let another passphrase in.
        assert!(keys.open(&one, &Passphrase::from("rose")).is_err());
        std::fs::rename(&two, &one).unwrap();
        assert_ne!(keys.open(&one, &tulip).unwrap().public(), first.public());
        std::fs::remove_file(&one).unwrap();
        assert!(keys.open(&one, &tulip).is_err(), "a key that is gone signs nothing");
    }
}
