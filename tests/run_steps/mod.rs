//! Steps that run, end to end: as root and as an ordinary user, on real distributions and on a tiny image of this host's
//! own commands, judged by other tools.

mod apt;
pub mod bench;
mod bounds;
mod cached;
mod distributions;
mod failing;
mod kept;
mod live;
mod reproduced;
mod together;
mod watched;
