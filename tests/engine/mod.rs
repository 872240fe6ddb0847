//! The embedded engine, from a recipe's steps to an image other tools read.

mod base;
mod bytes;
mod cache;
mod image;
mod peers;
mod steps;
mod unpack;
