//! What is in a file of an image: read from the layer that holds it, streaming past what stands before it.

use std::io::Write;

use super::Opened;
use crate::flows::Context;
use crate::report::{Kind, Report};

/// Most bytes of a file that are shown.
pub const MAX_SHOWN: u64 = 1 << 20;

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// At most [`MAX_SHOWN`] bytes.
    pub bytes: Vec<u8>,
    /// How many it has in all.
    pub size: u64,
}

impl Context {
    /// The beginning of the file at `path` (as written, symlinks followed inside the image) when `level` layers are there.
    pub async fn file_content(&self, opened: &Opened, path: &[u8], level: u32) -> Result<Content, Report> {
        let _ = (opened, path, level);
        Err(Report::message(Kind::Failed, "not yet"))
    }

    /// Writes the whole file to `out`, as it streams; its digest is proven at its end.
    pub async fn copy_file(&self, opened: &Opened, path: &[u8], out: Box<dyn Write + Send>) -> Result<u64, Report> {
        let _ = (opened, path, out);
        Err(Report::message(Kind::Failed, "not yet"))
    }
}
