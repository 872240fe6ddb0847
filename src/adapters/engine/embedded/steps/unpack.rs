//! `unpack`: an archive's members, confined to `to` however their names and links try to lead out of it (T-01 to T-05).
//!
//! One pass: where members go is decided on the tree alone, contents go to a spool in the cache folder, so that the
//! layer can be sorted and the last of several members with one name wins (T-16).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::{Source, StepError};
use crate::adapters::index::{Digested, decode};
use crate::domain::layer::{ContentDigest, Entry, Kind, Limits, Marker, Node, ScanError, Scanner, Stage, split};
use crate::domain::oci::{Digest, Digester};
use crate::domain::recipe::Unpack;
use crate::domain::text::escape_bytes;

/// What unpacking needs beside the tree.
pub(in crate::adapters::engine) struct Unpacking<'a> {
    /// The step.
    pub(in crate::adapters::engine) step: &'a Unpack,
    /// The archive, opened.
    pub(in crate::adapters::engine) archive: File,
    /// What it must be.
    pub(in crate::adapters::engine) digest: &'a Digest,
    /// Owner of everything; the archive's own numbers where absent.
    pub(in crate::adapters::engine) owner: Option<(u32, u32)>,
    /// Time of everything.
    pub(in crate::adapters::engine) mtime: i64,
    /// Checked between members.
    pub(in crate::adapters::engine) cancel: &'a CancellationToken,
}

/// Contents of members, one after the other, in a file without a name.
pub(in crate::adapters::engine) struct Spool {
    file: File,
    end: u64,
    members: u64,
    buffer: Vec<u8>,
}

impl Spool {
    /// An empty one in `cache`.
    pub(in crate::adapters::engine) fn new(cache: &Path) -> Result<Self, StepError> {
        let file = std::fs::create_dir_all(cache)
            .and_then(|()| tempfile::tempfile_in(cache))
            .map_err(|source| StepError::Spool { action: "make a temporary file", source })?;
        Ok(Self { file, end: 0, members: 0, buffer: vec![0; 64 << 10] })
    }

    /// The file, for reading at offsets.
    pub(in crate::adapters::engine) fn into_file(self) -> File {
        self.file
    }

    /// Takes a file of a layer that is `of` something; gives its digest and where it lies.
    pub(in crate::adapters::engine) fn keep(
        &mut self,
        of: &str,
        content: &mut impl Read,
    ) -> Result<(ContentDigest, Source), StepError> {
        self.take(content).map_err(|error| match error {
            TakeError::Read(source) => crate::adapters::index::IndexError::Scan { blob: of.to_owned(), source }.into(),
            TakeError::Write(source) => StepError::Spool { action: "write", source },
        })
    }

    /// Takes a member's content; gives its digest and where it lies.
    fn take(&mut self, content: &mut impl Read) -> Result<(ContentDigest, Source), TakeError> {
        let source = Source::Spooled { member: self.members, offset: self.end };
        self.members += 1;
        let mut digester = Digester::sha256();
        let Self { file, end, buffer, .. } = self;
        loop {
            let count = content.read(buffer).map_err(|error| TakeError::Read(error.into()))?;
            if count == 0 {
                break;
            }
            digester.update(&buffer[..count]);
            file.write_all(&buffer[..count]).map_err(TakeError::Write)?;
            *end += count as u64;
        }
        let digest = ContentDigest::of_digest(&digester.finish()).unwrap_or(ContentDigest([0; 32]));
        Ok((digest, source))
    }
}

enum TakeError {
    Read(ScanError),
    Write(io::Error),
}

/// Puts every member into the tree and its content into the spool; `read` hears how many bytes of the archive are done.
pub(in crate::adapters::engine) fn unpack(
    stage: &mut Stage<'_, Source>,
    job: Unpacking<'_>,
    spool: &mut Spool,
    read: &mut dyn FnMut(u64),
) -> Result<(), StepError> {
    let from = || job.step.from.clone();
    let scan = |source| StepError::Archive { from: from(), source };
    let (archive, seen) = Digested::new(job.archive, Digester::sha256());
    let decoded = decode(archive, None).map_err(|source| StepError::Decode { from: from(), source })?;
    let mut scanner = Scanner::new(decoded, Limits::default());
    let top = stage.tree().resolve(job.step.to.as_str().as_bytes(), true)?;
    stage.folder(&top, &Node::plain_folder(job.mtime))?;
    let mut members = Members { stage, top, from: &job.step.from };
    while let Some(mut entry) = scanner.advance().map_err(scan)? {
        if job.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        read(seen.bytes());
        entry.node.mtime = job.mtime;
        if let Some((uid, gid)) = job.owner {
            (entry.node.uid, entry.node.gid) = (uid, gid);
        }
        let mut source = None;
        if let Kind::File { digest, .. } = &mut entry.node.kind {
            let (found, place) = spool.take(&mut scanner).map_err(|error| match error {
                TakeError::Read(error) => scan(error),
                TakeError::Write(source) => StepError::Spool { action: "write", source },
            })?;
            (*digest, source) = (Some(found), Some(place));
        }
        members.put(entry, source)?;
    }
    if seen.digest().as_ref() != Some(job.digest) {
        return Err(StepError::Changed(from()));
    }
    Ok(())
}

struct Members<'a, 't> {
    stage: &'a mut Stage<'t, Source>,
    top: Vec<u8>,
    from: &'a str,
}

impl Members<'_, '_> {
    fn refuse<T>(&self, family: &'static str, member: &[u8], why: impl Into<String>) -> Result<T, StepError> {
        Err(StepError::Member {
            family,
            from: self.from.to_owned(),
            member: escape_bytes(&member[..member.len().min(200)]),
            why: why.into(),
        })
    }

    fn confined(&self, path: &[u8]) -> bool {
        match path.strip_prefix(self.top.as_slice()) {
            Some(rest) => self.top.is_empty() || rest.is_empty() || rest[0] == b'/',
            None => false,
        }
    }

    fn put(&mut self, entry: Entry, source: Option<Source>) -> Result<(), StepError> {
        let Entry { path, node } = entry;
        Marker::refuse(&path)?;
        if matches!(node.kind, Kind::Char { .. } | Kind::Block { .. } | Kind::Fifo) {
            return self.refuse("T-08", &path, format!("is a {} device or pipe", node.kind.as_str()));
        }
        if let Some((name, _)) = node
            .xattrs
            .iter()
            .find(|(name, _)| name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay."))
        {
            return self.refuse("T-09", &path, format!("has the attribute {}", escape_bytes(name)));
        }
        let (folder, name) = split(&path);
        let folder = self.stage.tree().resolve_from(&self.top, folder, true)?;
        if !self.confined(&folder) {
            return self.refuse("T-02", &path, "leads out of the folder it is unpacked into");
        }
        let full = if folder.is_empty() || name.is_empty() {
            [&*folder, name].concat()
        } else {
            [&*folder, b"/", name].concat()
        };
        match &node.kind {
            Kind::Folder => self.put_folder(&full, node),
            Kind::Hardlink(target) => {
                let target = target.clone();
                self.put_link(&path, &full, &target)
            }
            _ => Ok(self.stage.put(&full, node, source)?),
        }
    }

    /// A folder that was in the image keeps what it is, also behind a link; one of this archive is as told last.
    fn put_folder(&mut self, path: &[u8], node: Node) -> Result<(), StepError> {
        let tree = self.stage.tree();
        if self.stage.below(path).is_some() {
            let behind = tree.resolve(path, true)?;
            if tree.is_folder(&behind) && self.confined(&behind) {
                return Ok(());
            }
            return Ok(self.stage.folder(path, &node)?);
        }
        if tree.node(path).is_some_and(|here| !here.is_folder()) {
            self.stage.remove(path);
        }
        Ok(self.stage.put(path, node, None)?)
    }

    /// A hard link becomes what it names: a file or link of this archive, put before it (T-03).
    fn put_link(&mut self, member: &[u8], path: &[u8], target: &[u8]) -> Result<(), StepError> {
        let found = self.stage.tree().resolve_from(&self.top, target, false)?;
        let why = |what: &str| format!("is a hard link to {}, which {what}", escape_bytes(target));
        if !self.confined(&found) {
            return self.refuse("T-03", member, why("lies outside"));
        }
        let source = self.stage.source(&found).cloned();
        match self.stage.tree().node(&found) {
            Some(node) if source.is_some() || matches!(node.kind, Kind::Symlink(_)) => {
                Ok(self.stage.put(path, node, source)?)
            }
            Some(_) => self.refuse("T-03", member, why("is no file of this archive")),
            None => self.refuse("T-03", member, why("is not there")),
        }
    }
}
