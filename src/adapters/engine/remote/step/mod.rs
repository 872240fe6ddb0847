//! Steps carried out by a builder: as many at once as may go together, as one Dockerfile; each gets the layer this machine
//! would have made. Knows no protocol.
//!
//! Reading order: `away` (a step's turn), `asked` (what a step asks in a builder's terms), `group` (which go together),
//! `dockerfile` (their text), `building` (while it is built), `heard` (the build, watched), `returned` (the layers that come
//! back), `sealing`.

mod asked;
mod away;
mod building;
mod dockerfile;
mod group;
mod heard;
mod returned;
mod sealing;

pub(super) use away::Away;
