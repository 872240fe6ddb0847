//! Many bakes over several builders: whose turn it is, and where. Starts nothing, knows no clock but the one it is told.

mod board;
mod scheduler;
#[cfg(test)]
mod tests;

pub use board::{Board, Health, Seats};
pub use scheduler::{After, Builder, Next, Outcome, PAUSE, Pool, Why, Work};
