//! A window that slides over the body of an index file: numbers and runs of bytes, one after the other, in little
//! memory. Knows nothing of what they mean. `None`: the body ends too early, or says what cannot be.

use std::io::Read;

use crate::domain::layer::ContentDigest;

/// Bytes read at once.
const CAPACITY: usize = 256 << 10;
/// Most bytes of a LEB128 number.
const NUMBER: usize = 10;

/// The window.
pub(super) struct Window<R> {
    reader: R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Bytes of the body that are not in the buffer yet.
    ahead: u64,
}

impl<R: Read> Window<R> {
    /// Over the next `body` bytes of `reader`.
    pub(super) fn new(reader: R, body: u64) -> Self {
        Self { reader, buffer: vec![0; CAPACITY], at: 0, end: 0, ahead: body }
    }

    /// Bytes to come.
    pub(super) fn left(&self) -> u64 {
        self.ahead + (self.end - self.at) as u64
    }

    /// Makes the next `count` bytes stand in the buffer.
    fn fill(&mut self, count: usize) -> Option<()> {
        if self.end - self.at >= count {
            return Some(());
        }
        if count as u64 > self.left() {
            return None;
        }
        self.buffer.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        if self.buffer.len() < count {
            self.buffer.resize(count, 0);
        }
        while self.end < count {
            let room = self.buffer.len() - self.end;
            let want = usize::try_from(self.ahead).map_or(room, |ahead| ahead.min(room));
            let read = match self.reader.read(&mut self.buffer[self.end..self.end + want]) {
                Ok(0) => return None,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return None,
            };
            self.end += read;
            self.ahead -= read as u64;
        }
        Some(())
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&[u8]> {
        self.fill(count)?;
        let taken = &self.buffer[self.at..self.at + count];
        self.at += count;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        if self.end - self.at < NUMBER {
            let want = usize::try_from(self.left()).map_or(NUMBER, |left| left.min(NUMBER));
            self.fill(want)?;
        }
        let mut number = 0_u64;
        for (place, byte) in self.buffer[self.at..self.end].iter().take(NUMBER).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.at += place + 1;
                return Some(number);
            }
        }
        None
    }

    pub(super) fn short(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    /// How many follow: nothing counted takes less than a byte.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = self.number()?;
        if count > self.left() { None } else { usize::try_from(count).ok() }
    }

    pub(super) fn bytes(&mut self) -> Option<&[u8]> {
        let count = self.count()?;
        self.take(count)
    }

    pub(super) fn digest(&mut self) -> Option<ContentDigest> {
        self.take(32)?.try_into().ok().map(ContentDigest)
    }

    /// What `one` reads, as often as a number says.
    pub(super) fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        // What stands in the file decides what is allocated, never a number alone.
        let mut all = Vec::with_capacity(count.min(4096));
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }
}
