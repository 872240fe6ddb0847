//! What a step reads from beside the recipe, as facts: paths, types, modes, digests; never times. Reads no file.

use serde::{Deserialize, Serialize};

use crate::domain::oci::{Digest, Digester};

/// The files one step reads, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputManifest {
    /// Sorted by path, no path twice.
    pub entries: Vec<InputEntry>,
}

/// One file, folder or symlink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputEntry {
    /// Relative to the step's `from`; empty for `from` itself.
    pub path: String,
    /// Permission bits (07777).
    pub mode: u32,
    /// Type and content.
    pub kind: InputKind,
}

/// Type and content of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum InputKind {
    /// A regular file.
    File {
        /// Bytes.
        size: u64,
        /// Digest of the content.
        digest: Digest,
    },
    /// A folder.
    Folder,
    /// A symlink, kept as one.
    Symlink {
        /// Where it points, as written.
        target: String,
    },
}

impl InputManifest {
    /// Identity of all inputs; equal when paths, types, modes and contents are.
    pub fn digest(&self) -> Digest {
        let mut digester = Digester::sha256();
        for entry in &self.entries {
            // JSON of one entry has no raw newline, so a line is unambiguous.
            let line = serde_json::to_string(entry).unwrap_or_default();
            digester.update(line.as_bytes());
            digester.update(b"\n");
        }
        digester.finish()
    }

    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.entries
            .iter()
            .map(|entry| match &entry.kind {
                InputKind::File { size, .. } => *size,
                InputKind::Folder | InputKind::Symlink { .. } => 0,
            })
            .sum()
    }
}
