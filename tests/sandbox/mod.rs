//! The sandbox, tried with the real program as root and as an ordinary user: what steps may not see, do or leave behind.
//!
//! Reading order: `bench` (a workspace with a canary beside it), `escapes` and `images` (who tries to get out), `secrets`,
//! `ends` and `kills` (what is left), `ids` (one id only).

mod bench;
mod ends;
mod escapes;
mod ids;
mod images;
mod kills;
mod secrets;
