//! The context, sent as BuildKit asks for it (fsutil's protocol): one STAT for each thing in the folder, in order, then the
//! bytes of those files that are asked for, a part at a time. Nothing outside the folder is opened, no file is held in memory.

use std::collections::HashMap;
use std::fs::{DirEntry, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSync;
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

/// Bytes of a file in a packet.
const CHUNK: usize = 128 << 10;
/// Most things in a context.
const MAX_THINGS: u32 = 2_000_000;
/// What names files that are no part of a context. Ours have none.
const IGNORED: &str = ".dockerignore";
/// Wishes that wait.
const WISHES: usize = 1024;

/// Go's bits of a file's mode, where they are not Unix's.
const GO_DIR: u32 = 1 << 31;
const GO_SYMLINK: u32 = 1 << 27;
const GO_SETUID: u32 = 1 << 23;
const GO_SETGID: u32 = 1 << 22;
const GO_STICKY: u32 = 1 << 20;

/// What went wrong on this side of the session.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Something of this machine.
    #[error("cannot {0} {path}: {2}", path = .1.display())]
    Here(&'static str, PathBuf, Error),
    /// What came is not what it should be.
    #[error("an image that is no OCI layout: {0}")]
    There(String),
}

/// Where something failed on this side first: what a daemon makes of it is the lesser story.
pub(super) type Failed = Arc<Mutex<Option<Fault>>>;

/// Remembers the first.
pub(super) fn remember(failed: &Failed, fault: Fault) {
    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
}

fn again(error: &Error) -> Error {
    Error::new(error.kind(), error.to_string())
}

/// The folder that is the context.
pub(super) struct Context {
    pub folder: PathBuf,
    pub failed: Failed,
}

type Packets = mpsc::Sender<Result<Packet, Status>>;
/// Files by the number of their STAT.
type Numbered = Arc<Mutex<HashMap<u32, PathBuf>>>;

#[tonic::async_trait]
impl FileSync for Context {
    type DiffCopyStream = ReceiverStream<Result<Packet, Status>>;

    async fn diff_copy(&self, request: Request<Streaming<Packet>>) -> Result<Response<Self::DiffCopyStream>, Status> {
        let only = match header(request.metadata(), "dir-name").as_deref() {
            // Asked for before anything else, and alone: the rest would travel twice.
            Some("context") if followed(request.metadata()) == [IGNORED] => Some(vec![IGNORED.into()]),
            Some("context") => None,
            Some("dockerfile") => Some(vec!["Dockerfile".into()]),
            _ => return Err(Status::not_found("there is no such folder here")),
        };
        let (packets, stream) = mpsc::channel(16);
        let (wishes, wished) = mpsc::channel(WISHES);
        let numbered = Numbered::default();
        let walk =
            Walk { root: self.folder.clone(), only, packets: packets.clone(), numbered: numbered.clone(), next: 0 };
        let (failed, folder) = (self.failed.clone(), self.folder.clone());
        tokio::task::spawn_blocking({
            let failed = failed.clone();
            move || tell(walk, &failed)
        });
        tokio::task::spawn_blocking({
            let packets = packets.clone();
            move || send_files(&folder, wished, &packets, &failed)
        });
        // Ends with the stream of wishes, which ends with the session.
        tokio::spawn(listen(request.into_inner(), numbered, wishes, packets));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    type TarStreamStream = ReceiverStream<Result<Packet, Status>>;

    async fn tar_stream(&self, _: Request<Streaming<Packet>>) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("ask for differences"))
    }
}

/// What alone is wanted of a folder; nothing named: all.
fn followed(headers: &MetadataMap) -> Vec<&str> {
    headers.get_all("followpaths").iter().filter_map(|path| path.to_str().ok()).collect()
}

fn header(headers: &MetadataMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Takes wishes until the other side has all it wants.
async fn listen(
    mut from: Streaming<Packet>,
    numbered: Numbered,
    wishes: mpsc::Sender<(u32, PathBuf)>,
    packets: Packets,
) {
    while let Ok(Some(packet)) = from.message().await {
        match packet.r#type() {
            PacketType::PacketReq => {
                let path = numbered.lock().unwrap_or_else(PoisonError::into_inner).remove(&packet.id);
                let Some(path) = path else {
                    let _ = packets.send(Err(Status::invalid_argument("there is no file with this number"))).await;
                    return;
                };
                if wishes.send((packet.id, path)).await.is_err() {
                    return;
                }
            }
            PacketType::PacketFin => {
                let _ = packets.send(Ok(of_kind(PacketType::PacketFin))).await;
                return;
            }
            PacketType::PacketErr => return,
            PacketType::PacketStat | PacketType::PacketData => {}
        }
    }
}

fn of_kind(kind: PacketType) -> Packet {
    Packet { r#type: kind.into(), ..Packet::default() }
}

fn tell(mut walk: Walk, failed: &Failed) {
    let root = walk.root.clone();
    let last = match walk.folder(&root, Path::new("")) {
        Ok(()) => of_kind(PacketType::PacketStat),
        Err((path, error)) => {
            // Whoever listens no more has said why.
            if error.kind() != ErrorKind::BrokenPipe {
                remember(failed, Fault::Here("read", path, again(&error)));
            }
            Packet { data: error.to_string().into_bytes(), ..of_kind(PacketType::PacketErr) }
        }
    };
    let _ = walk.packets.blocking_send(Ok(last));
}

fn send_files(root: &Path, mut wished: mpsc::Receiver<(u32, PathBuf)>, packets: &Packets, failed: &Failed) {
    while let Some((id, path)) = wished.blocking_recv() {
        let path = root.join(path);
        if let Err(error) = send_file(id, &path, packets) {
            if error.kind() != ErrorKind::BrokenPipe {
                remember(failed, Fault::Here("read", path.clone(), again(&error)));
                let packet = Packet { data: error.to_string().into_bytes(), ..of_kind(PacketType::PacketErr) };
                let _ = packets.blocking_send(Ok(packet));
            }
            return;
        }
    }
}

fn send_file(id: u32, path: &Path, packets: &Packets) -> Result<(), Error> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    loop {
        let mut data = vec![0; CHUNK];
        let read = file.read(&mut data)?;
        data.truncate(read);
        let packet = Packet { id, data, ..of_kind(PacketType::PacketData) };
        packets.blocking_send(Ok(packet)).map_err(|_| Error::from(ErrorKind::BrokenPipe))?;
        // An empty part is the end.
        if read == 0 {
            return Ok(());
        }
    }
}

struct Walk {
    root: PathBuf,
    /// Names at the top that are told of; `None`: all.
    only: Option<Vec<PathBuf>>,
    packets: Packets,
    numbered: Numbered,
    next: u32,
}

impl Walk {
    fn folder(&mut self, path: &Path, beneath: &Path) -> Result<(), (PathBuf, Error)> {
        let fault = |error| (path.to_owned(), error);
        let entries: Result<Vec<DirEntry>, Error> = std::fs::read_dir(path).map_err(fault)?.collect();
        let mut entries = entries.map_err(fault)?;
        entries.sort_by(|a, b| a.file_name().as_bytes().cmp(b.file_name().as_bytes()));
        for entry in entries {
            let name = beneath.join(entry.file_name());
            if self.only.as_ref().is_some_and(|only| !only.iter().any(|only| name.starts_with(only))) {
                continue;
            }
            let path = entry.path();
            let fault = |error| (path.clone(), error);
            let found = entry.metadata().map_err(fault)?;
            let Some(stat) = stat(&path, &name, &found).map_err(fault)? else { continue };
            if self.next >= MAX_THINGS {
                return Err(fault(Error::new(ErrorKind::FileTooLarge, "a context has too many files")));
            }
            if found.is_file() {
                self.numbered.lock().unwrap_or_else(PoisonError::into_inner).insert(self.next, name.clone());
            }
            self.next += 1;
            let packet = Packet { stat: Some(stat), ..of_kind(PacketType::PacketStat) };
            self.packets.blocking_send(Ok(packet)).map_err(|_| fault(ErrorKind::BrokenPipe.into()))?;
            if found.is_dir() {
                self.folder(&path, &name)?;
            }
        }
        Ok(())
    }
}

/// What is told of a thing: owners are root, as docker's client has it. Sockets, pipes and devices are no part of a context.
fn stat(path: &Path, name: &Path, found: &Metadata) -> Result<Option<Stat>, Error> {
    let kind = found.file_type();
    if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device() {
        return Ok(None);
    }
    let text = |path: &Path| {
        let text = path.to_str().map(str::to_owned);
        text.ok_or_else(|| Error::new(ErrorKind::InvalidFilename, "its name is not UTF-8"))
    };
    let mode = found.mode();
    let bit = |unix: u32, go: u32| if mode & unix == unix { go } else { 0 };
    let special = bit(0o4000, GO_SETUID) | bit(0o2000, GO_SETGID) | bit(0o1000, GO_STICKY);
    let (kind, size, linkname) = if found.is_dir() {
        (GO_DIR, 0, String::new())
    } else if found.is_symlink() {
        (GO_SYMLINK, 0, text(&std::fs::read_link(path)?)?)
    } else {
        (0, i64::try_from(found.len()).unwrap_or(i64::MAX), String::new())
    };
    Ok(Some(Stat {
        path: text(name)?,
        mode: mode & 0o777 | special | kind,
        size,
        mod_time: found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec()),
        linkname,
        ..Stat::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(root: &Path, only: Option<Vec<PathBuf>>) -> (Vec<Stat>, Numbered) {
        let (packets, mut stream) = mpsc::channel(64);
        let numbered = Numbered::default();
        let walk = Walk { root: root.to_owned(), only, packets, numbered: numbered.clone(), next: 0 };
        tell(walk, &Failed::default());
        let mut stats = Vec::new();
        while let Some(packet) = stream.blocking_recv() {
            stats.extend(packet.unwrap().stat);
        }
        (stats, numbered)
    }

    #[test]
    fn things_are_told_in_order_with_gos_modes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("a")).unwrap();
        std::fs::write(at("a/x"), "12345").unwrap();
        std::fs::write(at("a.b"), "").unwrap();
        std::fs::write(at("Dockerfile"), "FROM scratch").unwrap();
        std::fs::set_permissions(at("a/x"), std::fs::Permissions::from_mode(0o4755)).unwrap();
        std::os::unix::fs::symlink("a/x", at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let (stats, numbered) = told(folder.path(), None);
        let names: Vec<_> = stats.iter().map(|stat| stat.path.as_str()).collect();
        // Below a folder comes right after it, whatever a byte of a sibling's name says.
        assert_eq!(names, ["Dockerfile", "a", "a/x", "a.b", "link"]);
        assert_eq!((stats[2].mode, stats[2].size), (0o755 | GO_SETUID, 5));
        assert_eq!(stats[1].mode & GO_DIR, GO_DIR);
        assert_eq!((stats[4].mode & GO_SYMLINK, stats[4].linkname.as_str()), (GO_SYMLINK, "a/x"));
        let mut files: Vec<_> = numbered.lock().unwrap().clone().into_iter().collect();
        files.sort();
        assert_eq!(files, [(0, "Dockerfile".into()), (2, "a/x".into()), (3, "a.b".into())]);
        assert_eq!(told(folder.path(), Some(vec!["Dockerfile".into()])).0.len(), 1);
    }
}
