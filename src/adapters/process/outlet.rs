//! Bytes to the terminal from a thread of their own: a reader that stalls holds up nobody (V-07).

use std::io::{self, Write};
use std::sync::mpsc;

/// Takes frames, writes them in order.
#[derive(Debug)]
pub struct Outlet {
    frames: mpsc::Sender<Vec<u8>>,
}

impl Outlet {
    /// Starts the thread. `written` is called after each frame: with an error once, then never again.
    pub fn start(written: impl Fn(io::Result<()>) + Send + 'static) -> io::Result<Self> {
        let (frames, queue) = mpsc::channel::<Vec<u8>>();
        let write = move || {
            let mut out = io::stdout();
            for frame in queue {
                let result = out.write_all(&frame).and_then(|()| out.flush());
                let failed = result.is_err();
                written(result);
                if failed {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("outlet".into()).spawn(write)?;
        Ok(Self { frames })
    }

    /// Hands a frame over. Does not wait.
    pub fn write(&self, frame: Vec<u8>) {
        // The thread is gone after a failure that was told.
        let _ = self.frames.send(frame);
    }
}
