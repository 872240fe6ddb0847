//! What is in a file of an image: read from the layer that holds it, streaming past what stands before it.

use std::io::Write;
use std::path::PathBuf;

use super::Opened;
use super::images::off_the_executor;
use crate::adapters::layer_source::LayerSource;
use crate::domain::layer::{ContentDigest, Seen};
use crate::domain::text::escape_bytes;
use crate::domain::yaml::nearest;
use crate::flows::Context;
use crate::report::{Kind, Report};

/// Most bytes of a file that are shown.
pub const MAX_SHOWN: u64 = 1 << 20;

/// Most bytes of a list of packages that are read: Debian's whole archive takes about 50 MB.
const MAX_LIST: u64 = 96 << 20;

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// At most [`MAX_SHOWN`] bytes.
    pub bytes: Vec<u8>,
    /// How many it has in all.
    pub size: u64,
}

/// A file's content, and the layers that may hold it: the one that put the file there, and for a further name of a file
/// those below, the uppermost first.
struct Held {
    sources: Vec<LayerSource>,
    digest: ContentDigest,
    size: u64,
    cache: PathBuf,
}

impl Context {
    /// The beginning of the file at `path` (as written, symlinks followed inside the image) when `level` layers are there.
    pub async fn file_content(&self, opened: &Opened, path: &[u8], level: u32) -> Result<Content, Report> {
        let held = self.held(opened, path, level)?;
        off_the_executor(move || {
            let mut bytes = Vec::new();
            held.copy(MAX_SHOWN, &mut bytes)?;
            Ok(Content { bytes, size: held.size })
        })
        .await
    }

    /// Writes the whole file to `out`, as it streams, when `level` layers are there; its digest is proven at its end. Gives
    /// how many bytes it has.
    pub async fn copy_file(
        &self,
        opened: &Opened,
        (path, level): (&[u8], u32),
        out: Box<dyn Write + Send>,
    ) -> Result<u64, Report> {
        let held = self.held(opened, path, level)?;
        off_the_executor(move || {
            let mut out = out;
            let count = held.copy(u64::MAX, &mut out)?;
            out.flush().map_err(|error| Report::new(Kind::Failed, &error))?;
            Ok(count)
        })
        .await
    }

    /// A small file that is a regular one as written, no link on the way; `None` where it is not there, is large, or its layer
    /// would have to be fetched.
    pub(in crate::flows) async fn small_file_here(&self, opened: &Opened, path: &[u8]) -> Option<Vec<u8>> {
        let level = opened.tree.layers();
        let resolved = opened.tree.resolve(path, false).ok()?;
        let seen = opened.tree.seen_at(opened.tree.find(&resolved)?, level).filter(Seen::is_file)?;
        if seen.size() > MAX_SHOWN || !self.held(opened, &resolved, level).ok()?.is_here() {
            return None;
        }
        self.file_content(opened, &resolved, level).await.ok().map(|content| content.bytes)
    }

    /// A text of some size, as far as it is UTF-8, under the same conditions.
    pub(in crate::flows) async fn text_file_here(&self, opened: &Opened, path: &[u8]) -> Option<String> {
        let held = self.held(opened, path, opened.tree.layers()).ok().filter(Held::is_here)?;
        let read = off_the_executor(move || {
            let mut bytes = Vec::new();
            held.copy(MAX_LIST, &mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        });
        read.await.ok()
    }

    fn held(&self, opened: &Opened, path: &[u8], level: u32) -> Result<Held, Report> {
        let seen = opened.file(path, level)?;
        let layers = seen.layer().and_then(|layer| opened.sources.get(..=layer as usize));
        match (layers, seen.digest()) {
            (Some(layers), Some(digest)) => {
                let count = if seen.is_link() { layers.len() } else { 1 };
                let sources = layers.iter().rev().take(count).cloned().collect();
                Ok(Held { sources, digest, size: seen.size(), cache: self.paths.cache.clone() })
            }
            _ => Err(Report::message(Kind::Failed, format!("/{} has no content to read", escape_bytes(path)))),
        }
    }
}

impl Held {
    /// Whether all that may be read for it is on this machine.
    fn is_here(&self) -> bool {
        self.sources.iter().all(LayerSource::is_here)
    }

    fn copy(&self, limit: u64, out: &mut dyn Write) -> Result<u64, Report> {
        let lower = self.sources.iter().find(|source| self.sources.len() > 1 && source.holds(&self.cache, self.digest));
        match lower.or(self.sources.first()) {
            Some(source) => Ok(source.content(&self.cache, self.digest, limit, out)?),
            None => Ok(0),
        }
    }
}

impl Opened {
    /// The regular file at `path`, symlinks followed inside the image, when `level` layers are there.
    fn file(&self, path: &[u8], level: u32) -> Result<Seen<'_>, Report> {
        let at = |path: &[u8]| self.tree.seen_at(self.tree.find(path)?, level);
        let shown = || format!("/{}", escape_bytes(path.strip_prefix(b"/").unwrap_or(path)));
        let direct = at(path).filter(Seen::is_file);
        let found = match direct {
            Some(seen) => Some(seen),
            None => {
                let resolved = self.tree.resolve(path, true).map_err(|error| Report::new(Kind::Failed, &error))?;
                at(&resolved)
            }
        };
        match found {
            Some(seen) if seen.is_file() => Ok(seen),
            Some(seen) => {
                let report = Report::message(Kind::Failed, format!("{} is a {}", shown(), seen.type_name()));
                Err(if seen.is_folder() { report.help("`bakery files IMAGE PATH` lists a folder") } else { report })
            }
            None => {
                let report = Report::message(Kind::Failed, format!("{} is not in {}", shown(), self.reference));
                Err(match self.near(path) {
                    Some(near) => report.help(format!("did you mean {near}?")),
                    None => report,
                })
            }
        }
    }

    /// The name most like a path's last part in the folder it would be in.
    fn near(&self, path: &[u8]) -> Option<String> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let at = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
        let (folder, name) = path.split_at(at);
        let folder = self.tree.resolve(folder, true).ok()?;
        let names: Vec<String> = self.tree.names(&folder).map(|(name, _)| escape_bytes(&name)).collect();
        let near = nearest(&escape_bytes(name), names.iter().map(String::as_str))?;
        Some(format!("/{}{}{near}", escape_bytes(&folder), if folder.is_empty() { "" } else { "/" }))
    }
}
