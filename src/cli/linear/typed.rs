//! Lines typed on standard input, bounded, one after the other. Knows no word.

use std::io::{self, BufRead, Read};

use tokio::sync::mpsc;

/// The longest line taken; the rest of it is the next one.
const LONGEST: u64 = 4096;
/// Lines on their way at most: a script that has more waits.
const ON_THE_WAY: usize = 16;

/// Standard input by lines.
pub(super) struct Typed(mpsc::Receiver<String>);

impl Typed {
    /// Reads from now on, in a thread of its own: a read that nobody waits for any more holds up nobody.
    pub(super) fn new() -> io::Result<Self> {
        let (tell, lines) = mpsc::channel(ON_THE_WAY);
        let read = move || {
            let mut input = io::stdin().lock();
            let mut line = Vec::new();
            while matches!(input.by_ref().take(LONGEST).read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
                line.clear();
                if tell.blocking_send(text).is_err() {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("typed".into()).spawn(read)?;
        Ok(Self(lines))
    }

    /// The next line; `None` at the end. Nothing is lost when this is dropped.
    pub(super) async fn next(&mut self) -> Option<String> {
        self.0.recv().await
    }
}
