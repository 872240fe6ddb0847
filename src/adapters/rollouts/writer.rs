//! The single writer of a roll-out's journal, and what the journal comes to so far. What it took is in the file and synced;
//! after one failure it takes nothing more (H-02, H-03).

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use super::lines::Lines;
use crate::adapters::clock;
use crate::adapters::journal::{BakeFolder, JournalError, open_for_appending, open_for_reading, sync_folder};
use crate::domain::rollout::{Event, EventKind, State, encode};

/// Appends events; gives them place and time.
#[derive(Debug)]
pub struct RolloutWriter {
    file: File,
    path: PathBuf,
    seq: u64,
    length: u64,
    broken: bool,
    state: State,
}

impl RolloutWriter {
    /// Opens the journal, made where absent; cuts off a torn last line. The caller holds the roll-out's lock.
    pub fn open(folder: &BakeFolder) -> Result<Self, JournalError> {
        let path = folder.journal();
        let file = open_for_appending(&path).map_err(JournalError::io("open", &path))?;
        let reading = open_for_reading(&path).map_err(JournalError::io("open", &path))?;
        let (mut lines, mut state) = (Lines::of(reading, path.clone()), State::default());
        while let Some(line) = lines.next_line()? {
            let line = line.map_err(|source| JournalError::Damaged { path: path.clone(), source })?;
            line.event.iter().for_each(|event| state.apply(event));
        }
        file.set_len(lines.whole()).map_err(JournalError::io("cut", &path))?;
        file.sync_all().map_err(JournalError::io("sync", &path))?;
        sync_folder(folder.path())?;
        Ok(Self { file, path, seq: lines.seq(), length: lines.whole(), broken: false, state })
    }

    /// What the journal comes to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Appends one event; it lasts once this returns.
    pub fn append(&mut self, kind: EventKind) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        let event = Event { seq: self.seq + 1, at: clock::now_rfc3339(), kind };
        let mut line = encode(&event)?;
        line.push('\n');
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.broken = true;
            // A disk that is full gives back what the torn line took; where it does not, readers drop the line.
            let _ = self.file.set_len(self.length);
            return Err(JournalError::io("append to", &self.path)(error));
        }
        self.seq = event.seq;
        self.length += line.len() as u64;
        self.state.apply(&event);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(name: &str) -> EventKind {
        EventKind::CancelRequested { by: name.into() }
    }

    #[test]
    fn h10_a_torn_line_is_cut_and_what_is_damaged_takes_nothing_more() {
        let rollouts = tempfile::tempdir().unwrap();
        let folder = BakeFolder::create(rollouts.path()).unwrap();
        let mut writer = RolloutWriter::open(&folder).unwrap();
        writer.append(by("one")).unwrap();
        let mut following = Lines::open(&folder).unwrap();
        assert!(following.next_line().unwrap().unwrap().unwrap().text.contains("one"));
        assert!(following.next_line().unwrap().is_none());
        let whole = std::fs::read(folder.journal()).unwrap();
        let torn = [whole.as_slice(), b"{\"seq\":2,\"at"].concat();
        std::fs::write(folder.journal(), &torn).unwrap();
        drop(writer);
        let mut writer = RolloutWriter::open(&folder).unwrap();
        assert_eq!(std::fs::read(folder.journal()).unwrap(), whole);
        writer.append(by("two")).unwrap();
        let mut lines = Lines::open(&folder).unwrap();
        let seqs: Vec<u64> =
            std::iter::from_fn(|| lines.next_line().unwrap()).map(|line| line.unwrap().event.unwrap().seq).collect();
        assert_eq!(seqs, [1, 2]);
        let damaged = String::from_utf8(std::fs::read(folder.journal()).unwrap()).unwrap().replace("one", "eno");
        std::fs::write(folder.journal(), damaged).unwrap();
        assert!(matches!(RolloutWriter::open(&folder), Err(JournalError::Damaged { .. })));
        let mut lines = Lines::open(&folder).unwrap();
        assert_eq!(lines.next_line().unwrap().unwrap().unwrap_err().offset, 0);
        assert!(lines.next_line().unwrap().unwrap().unwrap().text.contains("two"));
    }
}
