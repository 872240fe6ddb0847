//! From what a walk found to a manifest: files are digested in parallel, unless the stat cache knows them.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use globset::GlobMatcher;
use rustix::fs::{OFlags, fstat};

use super::InputsError;
use super::open::{Links, joined, open_beneath, open_file, open_folder, refusal};
use super::stat_cache::{StatCache, path_of};
use super::walk::{Found, FoundKind, Stamp, walk};
use crate::domain::oci::{Digest, Digester};
use crate::domain::plan::{InputEntry, InputKind, InputManifest};
use crate::domain::recipe::glob;

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct ReadInputs<'a> {
    /// The recipe's folder.
    pub folder: &'a Path,
    /// The step's `from`.
    pub from: &'a str,
    /// Globs relative to `from`; a folder that matches is left out with all below it.
    pub exclude: &'a [String],
    /// Threads; never changes the result.
    pub threads: usize,
    /// Cache folder; `None` reads every file.
    pub cache: Option<&'a Path>,
}

/// The manifest of one step's inputs.
pub fn read_inputs(wanted: ReadInputs<'_>) -> Result<InputManifest, InputsError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let now = i64::try_from(now).unwrap_or(0);
    let exclude = globs(wanted.exclude)?;
    let folder = open_folder(wanted.folder)?;
    let root = open_beneath(folder.as_fd(), wanted.from, OFlags::PATH, Links::Beneath)
        .map_err(|errno| refusal(errno, wanted.from))?;
    let found = walk(&root, wanted.from, &exclude)?;
    let file = wanted.cache.map(|cache| path_of(cache, wanted.folder, wanted.from));
    let known = file.as_deref().map(StatCache::read).unwrap_or_default();
    let source = Source { folder: &folder, root: &root, from: wanted.from };
    let digests = digest_all(&found, &known, source, wanted.threads)?;
    if let Some(file) = file {
        let stamped: Vec<(Stamp, Digest)> =
            digests.iter().flatten().map(|read| (read.stamp, read.digest.clone())).collect();
        let now_known = StatCache::remember(&stamped, now);
        if !now_known.same(&known) {
            now_known.write(&file);
        }
    }
    let entries = found.into_iter().zip(digests).map(|(found, read)| {
        let kind = match (found.kind, read) {
            (FoundKind::Folder, _) => InputKind::Folder,
            (FoundKind::Symlink(target), _) => InputKind::Symlink { target },
            (FoundKind::File(_), Some(read)) => InputKind::File { size: read.size, digest: read.digest },
            (FoundKind::File(_), None) => return Err(InputsError::Changed { path: joined(wanted.from, &found.path) }),
        };
        Ok(InputEntry { path: found.path, mode: found.mode, kind })
    });
    Ok(InputManifest { entries: entries.collect::<Result<_, _>>()? })
}

fn globs(patterns: &[String]) -> Result<Vec<GlobMatcher>, InputsError> {
    let compile = |pattern: &String| {
        glob(pattern.trim_end_matches('/')).map_err(|why| InputsError::Glob { glob: pattern.clone(), why })
    };
    patterns.iter().map(compile).collect()
}

/// Where files are opened from.
#[derive(Clone, Copy)]
struct Source<'a> {
    folder: &'a OwnedFd,
    root: &'a OwnedFd,
    from: &'a str,
}

/// A file that was read, or need not be.
struct ReadFile {
    stamp: Stamp,
    size: u64,
    digest: Digest,
}

/// One result a found entry, in its order; `None` for what is no file.
fn digest_all(
    found: &[Found],
    known: &StatCache,
    source: Source<'_>,
    threads: usize,
) -> Result<Vec<Option<ReadFile>>, InputsError> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = || -> Result<Vec<(usize, ReadFile)>, InputsError> {
        let mut done = Vec::new();
        let mut buffer = vec![0; 128 << 10];
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(entry) = found.get(at) else { break };
            let FoundKind::File(stamp) = &entry.kind else { continue };
            let read = match known.digest(stamp) {
                Some(digest) => Ok(ReadFile { stamp: *stamp, size: stamp.size, digest }),
                None => read_file(source, entry, &mut buffer),
            };
            done.push((at, read.inspect_err(|_| failed.store(true, Ordering::Relaxed))?));
        }
        Ok(done)
    };
    let mut all: Vec<Option<ReadFile>> = Vec::new();
    all.resize_with(found.len(), || None);
    let threads = threads.clamp(1, 64).min(found.len().div_ceil(16));
    let parts = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut parts = vec![work()];
        parts.extend(
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
        );
        parts
    });
    for part in parts {
        for (at, read) in part? {
            all[at] = Some(read);
        }
    }
    Ok(all)
}

fn read_file(source: Source<'_>, entry: &Found, buffer: &mut [u8]) -> Result<ReadFile, InputsError> {
    let shown = joined(source.from, &entry.path);
    let file = if entry.path.is_empty() {
        open_file(source.folder.as_fd(), source.from, Links::Beneath, &shown)?
    } else {
        open_file(source.root.as_fd(), &entry.path, Links::Refused, &shown)?
    };
    let stat = fstat(&file).map_err(InputsError::io("stat", &shown))?;
    let (size, digest) =
        digest_of(file, buffer).map_err(|source| InputsError::Io { action: "read", path: shown.clone(), source })?;
    let stamp = Stamp::of(&stat);
    // The stamp from before reading, so that a file written meanwhile is read again next time; a size that differs says
    // that it was.
    if stamp.size != size {
        return Err(InputsError::Changed { path: shown });
    }
    Ok(ReadFile { stamp, size, digest })
}

fn digest_of(mut file: File, buffer: &mut [u8]) -> std::io::Result<(u64, Digest)> {
    let mut digester = Digester::sha256();
    let mut size = 0;
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok((size, digester.finish())),
            Ok(read) => {
                digester.update(&buffer[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
