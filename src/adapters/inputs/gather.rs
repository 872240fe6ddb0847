//! Inputs put into a folder as a recipe means them: its modes, without what it leaves out. Follows nothing out of its folder.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use super::{InputsError, open_input};
use crate::domain::oci::Digester;
use crate::domain::plan::{InputEntry, InputKind, InputManifest};
use crate::domain::recipe::Mode;

fn io(action: &'static str, path: &str) -> impl FnOnce(std::io::Error) -> InputsError {
    let path = path.to_owned();
    move |source| InputsError::Io { action, path, source }
}

/// Puts what `manifest` lists, found in `from` beneath `folder`, at `to`, which is not there yet; its folder is.
pub fn gather(
    (folder, from): (&Path, &str),
    manifest: &InputManifest,
    mode: Option<Mode>,
    to: &Path,
) -> Result<(), InputsError> {
    let place = |entry: &InputEntry| if entry.path.is_empty() { to.to_owned() } else { to.join(&entry.path) };
    for entry in &manifest.entries {
        let (at, shown) = (place(entry), entry.path.as_str());
        match &entry.kind {
            InputKind::Folder => {
                DirBuilder::new().mode(0o700).create(&at).map_err(io("make folder", shown))?;
            }
            InputKind::Symlink { target } => symlink(target, &at).map_err(io("link", shown))?,
            InputKind::File { digest, .. } => {
                let mut source = open_input(folder, from, &entry.path)?;
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&at)
                    .map_err(io("write", shown))?;
                let (mut digester, mut buffer) = (Digester::sha256(), vec![0; 1 << 16]);
                loop {
                    let read = source.read(&mut buffer).map_err(io("read", shown))?;
                    if read == 0 {
                        break;
                    }
                    digester.update(&buffer[..read]);
                    file.write_all(&buffer[..read]).map_err(io("write", shown))?;
                }
                if digester.finish() != *digest {
                    return Err(InputsError::Changed { path: shown.to_owned() });
                }
                let bits = mode.map_or(entry.mode, |mode| mode.0);
                file.set_permissions(Permissions::from_mode(bits)).map_err(io("set mode of", shown))?;
            }
        }
    }
    // Folders last, the deepest first: what may not be written any more has all it needs.
    for entry in manifest.entries.iter().rev().filter(|entry| matches!(entry.kind, InputKind::Folder)) {
        let bits = mode.map_or(entry.mode, |Mode(bits)| bits | (bits & 0o444) >> 2);
        let set = std::fs::set_permissions(place(entry), Permissions::from_mode(bits));
        set.map_err(io("set mode of", entry.path.as_str()))?;
    }
    Ok(())
}
