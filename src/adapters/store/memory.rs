//! A store in memory, for tests of everything above the port.

/// Holds everything in maps.
#[derive(Default)]
pub struct MemoryStore {}
