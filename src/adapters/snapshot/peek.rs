//! Looking into small files that a step has written, for what looks like a secret. Reads a file when it has stood still from
//! one look to the next, follows no symlink, and reads so much a look and no more.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::fs::{FileType, Stat, fstat};

use super::upper::{open_file, open_folder};
use super::watch::{Seen, SeenOp};
use super::watched::{changed, stamp_of};
use crate::adapters::clock::Stopwatch;
use crate::domain::layer::split;
use crate::domain::trust::secrets::Scanner;

/// Largest file looked into while a step runs; larger ones are when the layer is sealed.
const MAX_FILE: u64 = 64 << 10;
/// Files and bytes read in one look.
const MAX_FILES: usize = 256;
const MAX_BYTES: u64 = 4 << 20;
/// How long one look reads: files made to be slow to look through do not blind who watches.
const MAX_TIME: Duration = Duration::from_millis(20);
/// Files that wait to be looked into.
const MAX_WAITING: usize = 10_000;
/// Secrets told of one file.
const MAX_TOLD: usize = 5;

/// Files that are to be looked into, as they were when they were last seen.
#[derive(Default)]
pub(super) struct Peek(BTreeMap<Box<[u8]>, (SeenOp, u64)>);

impl Peek {
    /// A file was seen to change: the next look looks into it, if it then still is as it is.
    pub(super) fn want(&mut self, path: &[u8], op: SeenOp, stat: &Stat) {
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        if is_file && size <= MAX_FILE && Scanner::wants(path, size) && self.0.len() < MAX_WAITING {
            self.0.insert(path.into(), (op, stamp_of(stat)));
        }
    }

    /// Looks into those that stood still; gives those in which something is, and when each changed.
    pub(super) fn look(&mut self, root: BorrowedFd<'_>) -> Vec<(i64, Seen)> {
        let (mut found, mut left) = (Vec::new(), MAX_BYTES);
        let (mut moving, watch) = (Vec::new(), Stopwatch::start());
        for _ in 0..MAX_FILES {
            if left < MAX_FILE || watch.elapsed() > MAX_TIME {
                break;
            }
            let Some((path, (op, stamp))) = self.0.pop_first() else { break };
            // What is gone, or is no file any more, is told by who looks at names.
            let Some((file, stat)) = open(root, &path) else { continue };
            if stamp_of(&stat) != stamp {
                moving.push((path, op, stat));
                continue;
            }
            let mut content = Vec::new();
            if file.take(MAX_FILE).read_to_end(&mut content).is_err() {
                continue;
            }
            left = left.saturating_sub(content.len() as u64);
            let mut secrets = Scanner::shared().scan(&path, &content);
            secrets.truncate(MAX_TOLD);
            if !secrets.is_empty() {
                let size = content.len() as u64;
                found.push((changed(&stat), Seen { op, path: path.into(), size, mode: stat.st_mode, secrets }));
            }
        }
        moving.iter().for_each(|(path, op, stat)| self.want(path, *op, stat));
        found
    }
}

fn open(root: BorrowedFd<'_>, path: &[u8]) -> Option<(File, Stat)> {
    let (folder, name) = split(path);
    let folder = open_folder(root, folder).ok()?;
    let file = open_file(std::os::fd::AsFd::as_fd(&folder), name).ok()?;
    let stat = fstat(&file).ok()?;
    Some((file.into(), stat))
}
