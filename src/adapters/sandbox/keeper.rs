//! The keeper: the process inside the namespaces that does what the worker asks, one thing at a time. It is number one in
//! its process namespace: its end is the end of everything in there, and the end of the worker is its own.

use std::cell::Cell;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{DumpableBehavior, PidfdFlags, Signal, pidfd_open, set_dumpable_behavior};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use super::kernel::{self, UnshareFlags};
use super::overlay;
use super::overlay::OverlayError;
use super::served::Served;
use super::step::{Birth, Mapping, become_step, make_stub};
use super::wire::{
    Exit, PackRequest, Received, Refusal, Reply, Request, SeenWire, StepSpec, UnpackRequest, hand_over, memory_file,
    receive, reply, take_over,
};
use crate::adapters::snapshot::{self, Marks, Owners, SeenOp, Upper, Watch};
use crate::domain::layer::Limits;

/// How this program is started to be a step's process.
pub(super) const INSIDE: &str = "__inside";
/// Exit code of a step's process that never became its program; it leaves the reason where its description was.
const NEVER_BEGAN: u8 = 125;
const REFUSED: &[u8] = b"refused ";
/// Changes told at once.
const BATCH: usize = 256;

/// Something that was asked for and cannot be done.
type Done = Result<Reply, Refusal>;

fn refusal(error: impl std::error::Error + 'static) -> Refusal {
    Refusal::of(&error)
}

fn io_refusal(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Refusal {
    let message = format!("{} cannot be {what}", path.display());
    move |error| Refusal { message, causes: vec![error.to_string()] }
}

/// Serves until the worker is gone.
pub(super) fn serve(mapping: Mapping) -> io::Result<()> {
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)?;
    // Its memory and descriptors are no step's business.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let socket = io::stdin();
    let keeper = Keeper { socket: socket.as_fd(), mapping, stacks: Cell::new(false) };
    reply(&Reply::Ready)?;
    loop {
        match receive(keeper.socket)? {
            Received::Closed => return Ok(()),
            // It was over already.
            Received::Stop => {}
            Received::Request(request, descriptors) => {
                let done = match request {
                    Request::Unpack(request) => keeper.unpack(&request, descriptors),
                    Request::Run(spec) => keeper.run(*spec, descriptors),
                    Request::Pack(request) => keeper.pack(&request, descriptors),
                    Request::Remove(folder) => remove(&folder),
                };
                reply(&done.unwrap_or_else(Reply::Refused))?;
            }
        }
    }
}

struct Keeper<'a> {
    socket: BorrowedFd<'a>,
    mapping: Mapping,
    /// Whether the kernel has been seen to stack folders.
    stacks: Cell<bool>,
}

fn remove(folder: &Path) -> Done {
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(Refusal { message: format!("{} is no folder to remove", folder.display()), causes: Vec::new() });
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let above = open(above, flags, Mode::empty()).map_err(io::Error::from).map_err(io_refusal("opened", above))?;
    snapshot::remove_tree(above.as_fd(), name).map_err(io_refusal("removed", folder))?;
    Ok(Reply::Removed)
}

impl Keeper<'_> {
    /// Whether nobody waits for what is being done.
    fn is_alone(&self) -> bool {
        let mut poll_for = [PollFd::from_borrowed_fd(self.socket, PollFlags::IN)];
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut poll_for, Some(&zero)).is_ok_and(|ready| ready > 0)
    }

    fn unpack(&self, request: &UnpackRequest, descriptors: Vec<OwnedFd>) -> Done {
        let tar = one(descriptors)?;
        let writes = (request.into.as_path(), request.work.as_path());
        let mut served = None;
        let root = if request.lowers.is_empty() {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            open(&request.into, flags, Mode::empty())
                .map_err(io::Error::from)
                .map_err(io_refusal("opened", &request.into))?
        } else {
            self.take_over_root(&request.lowers, &request.into)?;
            let lowers: Vec<&Path> = request.lowers.iter().map(PathBuf::as_path).collect();
            match self.kernel_refuses(writes.1) {
                None => overlay::mount(&lowers, Some(writes), self.mapping.rootless).map_err(refusal)?,
                Some(why) => {
                    let at = writes.1.with_file_name("merged");
                    let stack = Served::start(&lowers, writes, &at, &why).map_err(refusal)?;
                    served.insert(stack).root().map_err(refusal)?
                }
            }
        };
        let boxed = |paths: &[Vec<u8>]| paths.iter().map(|path| path.clone().into_boxed_slice()).collect();
        let marks = Marks { whiteouts: boxed(&request.whiteouts), opaques: boxed(&request.opaques) };
        let owners = if self.mapping.single { Owners::Ignore } else { Owners::Keep };
        let cancelled = || self.is_alone();
        let options = snapshot::Options { owners, limits: Limits::default(), cancelled: &cancelled };
        let tar = io::BufReader::with_capacity(128 << 10, std::fs::File::from(tar));
        let unpacked = snapshot::unpack(root.as_fd(), &marks, tar, &options).map_err(refusal)?;
        drop((root, served));
        Ok(Reply::Unpacked { skipped: unpacked.skipped })
    }

    /// Whether the kernel does not stack folders where `work` lies, tried beside it once.
    fn kernel_refuses(&self, work: &Path) -> Option<OverlayError> {
        if self.stacks.get() {
            return None;
        }
        let [lower, upper, own] = ["try-lower", "try-upper", "try-work"].map(|name| work.with_file_name(name));
        for folder in [&lower, &upper, &own] {
            let _ = std::fs::create_dir_all(folder);
        }
        match overlay::mount(&[&lower], Some((&upper, &own)), self.mapping.rootless) {
            Ok(_) => {
                self.stacks.set(true);
                None
            }
            Err(error) => Some(error),
        }
    }

    /// An upper folder's own root stands for the image's: mode and owner are those of what is below.
    fn take_over_root(&self, lowers: &[PathBuf], upper: &Path) -> Result<(), Refusal> {
        let Some(view) = overlay::view(lowers, self.mapping.rootless).map_err(refusal)? else { return Ok(()) };
        let copy = || -> io::Result<()> {
            let stat = rustix::fs::fstat(&view)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let root = open(upper, flags, Mode::empty())?;
            if !self.mapping.single {
                let ids = (rustix::fs::Uid::from_raw(stat.st_uid), rustix::fs::Gid::from_raw(stat.st_gid));
                rustix::fs::fchown(&root, Some(ids.0), Some(ids.1))?;
            }
            Ok(rustix::fs::fchmod(&root, Mode::from_raw_mode(stat.st_mode & 0o7777))?)
        };
        copy().map_err(io_refusal("made the root", upper))
    }

    fn pack(&self, request: &PackRequest, descriptors: Vec<OwnedFd>) -> Done {
        let out = one(descriptors)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let upper = open(&request.upper, flags, Mode::empty())
            .map_err(io::Error::from)
            .map_err(io_refusal("opened", &request.upper))?;
        let lower = overlay::view(&request.lowers, self.mapping.rootless).map_err(refusal)?;
        let discard: Vec<&str> = request.discard.iter().map(String::as_str).collect();
        snapshot::discard(upper.as_fd(), &discard).map_err(refusal)?;
        let cancelled = || self.is_alone();
        let job = Upper {
            upper: upper.as_fd(),
            lower: lower.as_ref().map(AsFd::as_fd),
            created: request.created,
            cancelled: &cancelled,
        };
        let mut out = io::BufWriter::with_capacity(128 << 10, std::fs::File::from(out));
        let packed = snapshot::pack(&job, &mut out).map_err(refusal)?;
        out.flush().map_err(refusal)?;
        Ok(Reply::Packed { added: packed.added, modified: packed.modified, deleted: packed.deleted })
    }

    fn run(&self, mut spec: StepSpec, mut descriptors: Vec<OwnedFd>) -> Done {
        let (Some(stderr), Some(stdout)) = (descriptors.pop(), descriptors.pop()) else {
            return Err(Refusal { message: "a step without its descriptors".into(), causes: Vec::new() });
        };
        let watch = self.prepare(&spec)?;
        let served = self.serve_stack(&mut spec)?;
        let birth = serde_json::to_vec(&Birth { spec, mapping: self.mapping }).map_err(refusal)?;
        let description = memory_file(&birth).map_err(refusal)?;
        let mut given = vec![description.as_fd()];
        given.extend(descriptors.iter().map(AsFd::as_fd));
        let mut child = give_birth(&given, stdout, stderr)
            .map_err(|error| Refusal { message: "no process for the step".into(), causes: vec![error.to_string()] })?;
        drop(descriptors);
        let exit = self.attend(&mut child, watch).map_err(refusal)?;
        drop(served);
        if exit == Exit::Code(NEVER_BEGAN.into())
            && let Some(refusal) = last_words(description)
        {
            return Err(refusal);
        }
        Ok(Reply::Exited(exit))
    }

    /// The stack by a program of the system, where the kernel refuses.
    fn serve_stack(&self, spec: &mut StepSpec) -> Result<Option<Served>, Refusal> {
        let Some((upper, work)) = &spec.writes else { return Ok(None) };
        let Some(why) = self.kernel_refuses(work) else { return Ok(None) };
        let lowers: Vec<&Path> = spec.lowers.iter().chain([&spec.stub]).map(PathBuf::as_path).collect();
        let served = Served::start(&lowers, (upper, work), &spec.merged, &why).map_err(refusal)?;
        spec.served = true;
        Ok(Some(served))
    }

    /// Mount points for what an image lacks, and eyes on the upper folder.
    fn prepare(&self, spec: &StepSpec) -> Result<Option<Watch>, Refusal> {
        let view = overlay::view(&spec.lowers, self.mapping.rootless).map_err(refusal)?;
        make_stub(spec, view.as_ref().map(AsFd::as_fd), self.mapping.single)?;
        let Some((upper, _)) = &spec.writes else { return Ok(None) };
        self.take_over_root(&spec.lowers, upper)?;
        if !spec.watched {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let upper = open(upper, flags, Mode::empty()).map_err(io::Error::from).map_err(io_refusal("opened", upper))?;
        Ok(Some(Watch::new(upper, view)))
    }

    /// Waits for the step, telling what it changes; ends it when told to, or when nobody is there any more.
    fn attend(&self, child: &mut Child, mut watch: Option<Watch>) -> io::Result<Exit> {
        let pid = rustix::process::Pid::from_child(child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let mut stopped = false;
        loop {
            let pause = match &watch {
                Some(watch) if !stopped => Some(watch.pause()),
                _ => None,
            };
            let [asked, over] = self.wait(&pidfd, pause)?;
            if over {
                break;
            }
            if asked && !stopped {
                stopped = true;
                rustix::process::pidfd_send_signal(&pidfd, Signal::KILL)?;
            }
            if let Some(watch) = &mut watch
                && !stopped
            {
                // What cannot be seen is not told: the layer is exact all the same.
                tell(&watch.look(BATCH).unwrap_or_default())?;
            }
        }
        let status = child.wait()?;
        if let Some(watch) = &mut watch
            && !stopped
        {
            tell(&watch.look(BATCH).unwrap_or_default())?;
        }
        Ok(match (stopped, status.code(), status.signal()) {
            (true, _, _) => Exit::Stopped,
            (false, Some(code), _) => Exit::Code(code),
            (false, None, signal) => Exit::Signal(signal.unwrap_or(0)),
        })
    }

    /// Whether the worker has something to say, and whether the process is over; after `pause` at the latest.
    fn wait(&self, pidfd: &OwnedFd, pause: Option<Duration>) -> io::Result<[bool; 2]> {
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        let mut poll_for = [
            PollFd::from_borrowed_fd(self.socket, PollFlags::IN),
            PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN),
        ];
        match poll(&mut poll_for, pause.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let asked = !poll_for[0].revents().is_empty();
        let over = !poll_for[1].revents().is_empty();
        // A wish to stop is taken off the socket; its closing stays there to be seen again.
        if asked && !over {
            let _ = receive(self.socket)?;
        }
        Ok([asked, over])
    }
}

/// The process of a step, the first of a new process namespace. It finds what it is given in its standard input: its
/// description, and the standard input it is to have.
fn give_birth(given: &[BorrowedFd<'_>], stdout: OwnedFd, stderr: OwnedFd) -> io::Result<Child> {
    let (giving, stdin) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    hand_over(giving.as_fd(), given)?;
    let own = rustix::fs::openat(CWD, "/proc/self/ns/pid", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    kernel::unshare(UnshareFlags::NEWPID)?;
    let child = Command::new("/proc/self/exe")
        .arg0("bakery-step")
        .arg(INSIDE)
        .env_clear()
        .stdin(Stdio::from(stdin))
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr))
        .spawn();
    // The next one gets a namespace of its own.
    move_into_thread_name_spaces(own.as_fd(), ThreadNameSpaceType::PROCESS_ID)?;
    child
}

/// The step's process, from its birth on; says in its description why it could not begin.
pub(super) fn inside() -> ExitCode {
    let Ok((description, mut given)) = take_over(io::stdin().as_fd()) else {
        return ExitCode::from(NEVER_BEGAN);
    };
    let mut description = std::fs::File::from(description);
    let mut text = Vec::new();
    let birth = description.read_to_end(&mut text).map_err(serde_json::Error::io);
    let refusal = match birth.and_then(|_| serde_json::from_slice::<Birth>(&text)) {
        Ok(birth) => {
            zeroize::Zeroize::zeroize(&mut text);
            match become_step(birth, given.pop()) {
                Ok(never) => match never {},
                Err(error) => refusal(error),
            }
        }
        Err(error) => refusal(error),
    };
    let words = serde_json::to_vec(&refusal).unwrap_or_default();
    let _ = description.rewind();
    let _ = description.set_len(0);
    let _ = description.write_all(&[REFUSED, &words].concat());
    ExitCode::from(NEVER_BEGAN)
}

fn last_words(description: OwnedFd) -> Option<Refusal> {
    let mut file = std::fs::File::from(description);
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(64 << 10).read_to_end(&mut text).ok()?;
    serde_json::from_slice(text.strip_prefix(REFUSED)?).ok()
}

fn tell(seen: &[snapshot::Seen]) -> io::Result<()> {
    if seen.is_empty() {
        return Ok(());
    }
    let wire = seen.iter().map(|seen| SeenWire {
        op: match seen.op {
            SeenOp::Added => 'a',
            SeenOp::Modified => 'm',
            SeenOp::Deleted => 'd',
        },
        path: seen.path.clone(),
        size: seen.size,
        mode: seen.mode,
        secrets: seen.secrets.iter().map(|hit| (hit.rule.to_owned(), hit.line, hit.masked.clone())).collect(),
    });
    reply(&Reply::Changed(wire.collect()))
}

fn one(mut descriptors: Vec<OwnedFd>) -> Result<OwnedFd, Refusal> {
    match (descriptors.pop(), descriptors.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(Refusal { message: "a request without its descriptor".into(), causes: Vec::new() }),
    }
}
