//! The real binary in a terminal of its own: a pseudo-terminal with its own session, read by an emulator. Tests read the
//! screen, never the bytes, unless the bytes are what they ask about.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// How long anything a test waits for may take.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A terminal with a program in it. Dropped, it hangs up and kills what is left.
pub struct Terminal {
    child: Child,
    /// The side of whoever sits there; `None` after hanging up.
    master: Option<Arc<File>>,
    /// Kept open: the kernel forgets the modes with the last one.
    slave: OwnedFd,
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

struct Shared {
    seen: Mutex<Seen>,
    news: Condvar,
    paused: AtomicBool,
    stop: AtomicBool,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    first: Option<Instant>,
}

impl Terminal {
    /// Starts `command` with its session, its controlling terminal and `columns` x `rows`.
    pub fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let slave = rustix::fs::open(name.as_str(), flags, rustix::fs::Mode::empty()).unwrap();
        tcsetwinsize(&slave, window(columns, rows)).unwrap();
        let mut inside = Command::new("setsid");
        inside.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                inside.env(name, value);
            }
        }
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave.try_clone().unwrap());
        let child = inside.spawn().expect("setsid of util-linux");
        let shared = Arc::new(Shared {
            seen: Mutex::new(Seen {
                parser: vt100::Parser::new(cells(rows), cells(columns), 0),
                raw: Vec::new(),
                first: None,
            }),
            news: Condvar::new(),
            paused: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let master = Arc::new(File::from(master));
        let reader = std::thread::spawn({
            let (master, shared) = (Arc::clone(&master), Arc::clone(&shared));
            move || read(&master, &shared)
        });
        Self { child, master: Some(master), slave, shared, reader: Some(reader) }
    }

    /// The process: `bakery` itself, or the shell around it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the screen is as `is_it` wants it; gives it. Panics with the screen when it never is.
    pub fn wait_for(&self, what: &str, is_it: impl Fn(&vt100::Screen) -> bool) -> vt100::Screen {
        let until = Instant::now() + DEADLINE;
        let mut seen = self.seen();
        while !is_it(seen.parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what} never came; the screen:\n{}", seen.parser.screen().contents());
            seen = self.shared.news.wait_timeout(seen, left.min(Duration::from_millis(100))).unwrap().0;
        }
        seen.parser.screen().clone()
    }

    /// Waits for a text anywhere on the screen.
    pub fn wait_text(&self, text: &str) -> vt100::Screen {
        self.wait_for(text, |screen| screen.contents().contains(text))
    }

    /// The screen now.
    pub fn screen(&self) -> vt100::Screen {
        self.seen().parser.screen().clone()
    }

    /// All bytes written so far.
    pub fn raw(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// How many they are.
    pub fn written(&self) -> usize {
        self.seen().raw.len()
    }

    /// When the first one came.
    pub fn first_byte(&self) -> Option<Instant> {
        self.seen().first
    }

    /// Waits until nothing has been written for `quiet`; gives the count of bytes so far.
    pub fn settle(&self, quiet: Duration) -> usize {
        let until = Instant::now() + DEADLINE;
        let mut seen = self.seen();
        let (mut count, mut since) = (seen.raw.len(), Instant::now());
        while since.elapsed() < quiet {
            assert!(Instant::now() < until, "the terminal is never quiet:\n{}", seen.parser.screen().contents());
            seen = self.shared.news.wait_timeout(seen, quiet.saturating_sub(since.elapsed())).unwrap().0;
            if seen.raw.len() != count {
                (count, since) = (seen.raw.len(), Instant::now());
            }
        }
        count
    }

    /// Types.
    pub fn send(&self, keys: impl AsRef<[u8]>) {
        self.master.as_deref().expect("hung up").write_all(keys.as_ref()).unwrap();
    }

    /// Another size, told as a terminal tells it.
    pub fn resize(&self, columns: u16, rows: u16) {
        if columns > 0 && rows > 0 {
            self.seen().parser.screen_mut().set_size(cells(rows), cells(columns));
        }
        tcsetwinsize(&self.slave, window(columns, rows)).unwrap();
    }

    /// The modes, as `stty -a` would tell them.
    pub fn modes(&self) -> String {
        let modes = tcgetattr(&self.slave).unwrap();
        let flags = (modes.input_modes, modes.output_modes, modes.control_modes, modes.local_modes);
        format!("{flags:?} {:?}", modes.special_codes)
    }

    /// Reads no more until `resume`: a link that stalls.
    pub fn stall(&self) {
        self.shared.paused.store(true, Ordering::SeqCst);
    }

    /// Reads again.
    pub fn resume(&self) {
        self.shared.paused.store(false, Ordering::SeqCst);
    }

    /// The window is closed, the connection lost.
    pub fn hang_up(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.master = None;
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the process to end; gives how, and after how long.
    pub fn ended(&mut self) -> (ExitStatus, Duration) {
        let from = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, from.elapsed());
            }
            assert!(from.elapsed() < DEADLINE, "never ends; the screen:\n{}", self.screen().contents());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it and asserts the exit code a shell would show.
    pub fn ends_with(&mut self, code: i32) -> Duration {
        let (status, took) = self.ended();
        let shown = status.code().or(status.signal().map(|signal| 128 + signal));
        assert_eq!(shown, Some(code), "{}", String::from_utf8_lossy(&self.raw()));
        took
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.hang_up();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Terminal {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap()
    }
}

/// Processor time of a process so far, its ended threads included.
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // A hundred a second on every Linux.
    Duration::from_millis(ticks * 10)
}

/// The kernel's letter for what a process does: `S` sleeps, `T` stopped; nothing when it is gone.
pub fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Waits for something that is not on the screen.
pub fn wait_until(what: &str, is_it: impl Fn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_it() {
        assert!(Instant::now() < until, "{what}: never");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("an emulator has at least one cell")
}

fn window(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn read(mut master: &File, shared: &Shared) {
    let mut chunk = vec![0; 1 << 16];
    let tick = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    while !shared.stop.load(Ordering::SeqCst) {
        if shared.paused.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        let fd = master.as_fd();
        if !matches!(poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&tick)), Ok(1..)) {
            continue;
        }
        let Ok(count @ 1..) = master.read(&mut chunk) else { return };
        let mut seen = shared.seen.lock().unwrap();
        seen.first.get_or_insert_with(Instant::now);
        seen.parser.process(&chunk[..count]);
        seen.raw.extend_from_slice(&chunk[..count]);
        shared.news.notify_all();
    }
}
