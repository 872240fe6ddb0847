//! Bytes to the terminal from a thread of their own, in order: a reader that stalls holds up nobody (V-07). Knows not
//! what they mean.

use std::io::{self, Write};
use std::sync::{Mutex, TryLockError, mpsc};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Held while bytes are on their way, so that the last ones come last.
static WRITING: Mutex<()> = Mutex::new(());

/// Takes frames, writes them in order.
#[derive(Debug)]
pub struct Outlet {
    jobs: mpsc::Sender<Job>,
}

#[derive(Debug)]
enum Job {
    /// To be written, then told.
    Frame(Vec<u8>),
    /// To be written; nobody waits for it.
    Aside(Vec<u8>),
    /// Everything before it is written.
    Mark(mpsc::SyncSender<()>),
}

impl Outlet {
    /// Starts the thread. `written` is called after each frame: with an error once, then never again.
    pub fn start(written: impl Fn(io::Result<()>) + Send + 'static) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let write = move || {
            for job in queue {
                let (bytes, is_frame) = match job {
                    Job::Frame(bytes) => (bytes, true),
                    Job::Aside(bytes) => (bytes, false),
                    Job::Mark(done) => {
                        let _ = done.send(());
                        continue;
                    }
                };
                let guard = WRITING.lock();
                let result = write_all(&bytes);
                drop(guard);
                let failed = result.is_err();
                if is_frame || failed {
                    written(result);
                }
                if failed {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("outlet".into()).spawn(write)?;
        Ok(Self { jobs })
    }

    /// Hands a frame over. Does not wait.
    pub fn write(&self, frame: Vec<u8>) {
        // The thread is gone after a failure that was told.
        let _ = self.jobs.send(Job::Frame(frame));
    }

    /// Hands over bytes that are no frame: `written` is not told.
    pub fn aside(&self, bytes: Vec<u8>) {
        let _ = self.jobs.send(Job::Aside(bytes));
    }

    /// Waits until all that was handed over is written, at most `patience`; says whether it is.
    pub fn flush(&self, patience: Duration) -> bool {
        let (done, wait) = mpsc::sync_channel(1);
        self.jobs.send(Job::Mark(done)).is_ok() && wait.recv_timeout(patience).is_ok()
    }
}

/// Past `io::stdout`, whose lock a stalled write would keep from everybody, the exit included.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let out = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Somebody who shares the terminal made it not wait.
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::new(&out, PollFlags::OUT)], None)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes a few bytes from wherever one is, past the queue, unless the terminal takes none: for a program that ends. No
/// outlet writes any more after that.
pub fn write_last(bytes: &[u8], patience: Duration) {
    let until = Instant::now() + patience;
    let guard = loop {
        match WRITING.try_lock() {
            Ok(guard) => break Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => break Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() > until => break None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    // Kept for good.
    std::mem::forget(guard);
    let out = rustix::stdio::stdout();
    let wait = Timespec::try_from(until.saturating_duration_since(Instant::now())).ok();
    let mut polled = [PollFd::new(&out, PollFlags::OUT)];
    if matches!(poll(&mut polled, wait.as_ref()), Ok(1..)) && polled[0].revents().contains(PollFlags::OUT) {
        let _ = rustix::io::write(out, bytes);
    }
}

/// Ends the process with `code` when `patience` is over and it has not ended by itself: whatever holds it up.
pub fn end_within(patience: Duration, code: i32) {
    let wait = move || {
        std::thread::sleep(patience);
        std::process::exit(code);
    };
    if std::thread::Builder::new().name("end".into()).spawn(wait).is_err() {
        std::process::exit(code);
    }
}

/// Ends the process now.
pub fn end(code: i32) -> ! {
    let _ = io::stderr().flush();
    std::process::exit(code)
}

/// Panics where `BAKERY_PANIC` says so (`loop`: here; `thread`: in another); only builds with debug assertions listen.
#[allow(clippy::panic, reason = "this is what it is for")]
pub fn rehearse_panic() {
    if !cfg!(debug_assertions) {
        return;
    }
    match super::environment("BAKERY_PANIC").as_deref() {
        Some("loop") => std::panic::panic_any("rehearsed"),
        Some("thread") => drop(std::thread::spawn(|| std::panic::panic_any("rehearsed")).join()),
        _ => {}
    }
}
