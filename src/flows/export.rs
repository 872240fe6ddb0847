//! A file of an image put where a baker wants it: whole or not at all, and never over another without being told so.

use std::path::Path;

use super::Context;
use super::compare::Opened;
use crate::adapters::files::{self, StagedFile};
use crate::report::Report;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// So many bytes were written.
    Written(u64),
    /// Something of that name is there, and was left alone.
    Exists,
}

impl Context {
    /// Writes the file at `path` of an image, when `level` layers are there, to `to`, taken from the working directory; over
    /// another only where `replace` says so.
    pub async fn export_file(
        &self,
        image: &Opened,
        (path, level): (&[u8], u32),
        to: &str,
        replace: bool,
    ) -> Result<Export, Report> {
        let to = files::absolute(Path::new(to))?;
        if !replace && files::is_there(&to) {
            return Ok(Export::Exists);
        }
        let staged = StagedFile::begin(&to, 0o644)?;
        let bytes = self.copy_file(image, (path, level), Box::new(staged.writer()?)).await?;
        Ok(if staged.finish(replace)? { Export::Written(bytes) } else { Export::Exists })
    }
}
