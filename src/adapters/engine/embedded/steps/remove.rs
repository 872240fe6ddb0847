//! `remove`: paths that go. Each must be there; `*`, `?` and `[…]` match within one part of a path, `**` any number.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::GlobBuilder;

use super::{Source, StepError};
use crate::domain::layer::{Stage, StageError};
use crate::domain::recipe::{ImagePath, Remove};

/// Removes from the tree.
pub(in crate::adapters::engine) fn remove(stage: &mut Stage<'_, Source>, step: &Remove) -> Result<(), StepError> {
    for path in &step.paths {
        if path.parts().next().is_none() {
            return Err(StageError::Root.into());
        }
        let found = if path.parts().any(is_glob) { matching(stage, path)? } else { literal(stage, path)? };
        if found.is_empty() {
            return Err(StepError::NothingThere(path.to_string()));
        }
        for path in found {
            stage.remove(&path);
        }
    }
    Ok(())
}

fn is_glob(part: &str) -> bool {
    part.contains(['*', '?', '['])
}

fn literal(stage: &Stage<'_, Source>, path: &ImagePath) -> Result<Vec<Vec<u8>>, StepError> {
    // A link itself goes, not what it points to.
    let path: Vec<&str> = path.parts().collect();
    let resolved = stage.tree().resolve(path.join("/").as_bytes(), false)?;
    Ok(stage.tree().node(&resolved).map(|_| resolved).into_iter().collect())
}

fn matching(stage: &Stage<'_, Source>, path: &ImagePath) -> Result<Vec<Vec<u8>>, StepError> {
    let parts: Vec<&str> = path.parts().collect();
    let fixed = parts.iter().take_while(|part| !is_glob(part)).count();
    let folder = stage.tree().resolve(parts[..fixed].join("/").as_bytes(), true)?;
    let pattern = parts[fixed..].join("/");
    let glob = GlobBuilder::new(&pattern)
        .literal_separator(true)
        .build()
        .map_err(|source| StepError::Glob { glob: path.to_string(), source })?
        .compile_matcher();
    let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
    let mut found: Vec<Vec<u8>> = Vec::new();
    for (path, _) in stage.tree().below(&folder) {
        // What lies in a folder that goes, goes with it.
        let covered = found
            .last()
            .is_some_and(|last| path.strip_prefix(last.as_slice()).is_some_and(|rest| rest.starts_with(b"/")));
        if !covered && glob.is_match(Path::new(OsStr::from_bytes(&path[skip..]))) {
            found.push(path.to_vec());
        }
    }
    Ok(found)
}
