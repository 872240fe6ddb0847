//! A file of an image put where a baker wants it: whole or not at all, and never over another without being told so.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Context;
use super::compare::Opened;
use crate::adapters::files;
use crate::report::{Kind, Report};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// So many bytes were written.
    Written(u64),
    /// Something of that name is there, and was left alone.
    Exists,
}

impl Context {
    /// Writes the file at `path` of an image to `to`, taken from the working directory; over another only where `replace`
    /// says so.
    pub async fn export_file(&self, image: &Opened, path: &[u8], to: &str, replace: bool) -> Result<Export, Report> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            Report::new(Kind::Failed, error).while_doing(format!("cannot write {to}"))
        };
        let to = files::absolute(Path::new(to))?;
        if !replace && files::is_there(&to) {
            return Ok(Export::Exists);
        }
        let folder = to.parent().unwrap_or(Path::new("/"));
        let mut staged = tempfile::Builder::new();
        let staged = staged.prefix(".bakery-new-").permissions(Permissions::from_mode(0o644)).tempfile_in(folder);
        let staged = staged.map_err(|error| failed(&error))?;
        let out = staged.reopen().map_err(|error| failed(&error))?;
        let bytes = self.copy_file(image, path, Box::new(out)).await?;
        staged.as_file().sync_all().map_err(|error| failed(&error))?;
        let kept = if replace { staged.persist(&to) } else { staged.persist_noclobber(&to) };
        match kept {
            Ok(_) => files::sync_folder_of(&to)?,
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(Export::Exists),
            Err(error) => return Err(failed(&error.error)),
        }
        Ok(Export::Written(bytes))
    }
}
