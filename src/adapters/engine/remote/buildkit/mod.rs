//! BuildKit: a Dockerfile and a folder in, an OCI layout out, by its own protocol. Knows neither recipes nor plans.
//!
//! - `builder`: what implements the port; its options.
//! - `place`: where a daemon is and what proves who it is; `buildx`: the same as `docker buildx` wrote it down; `connect`: a
//!   stream to it (socket, TLS, a program's stdin and stdout, Docker's `/grpc`), and HTTP/2 over that.
//! - `session`: the connection on which the daemon asks us: `files` gives it the context, `answers` secrets and credentials,
//!   `content` the blobs of the `image` a build stands on, and takes those of the one it leaves; `receive` takes one as a tar.
//! - `solve`: one build from its start to its end; `progress`: what it tells, as lines of the Dockerfile; `failure`: why it
//!   gave nothing.

mod answers;
mod builder;
mod buildx;
mod connect;
mod content;
mod failure;
mod files;
mod image;
mod place;
mod progress;
mod receive;
mod session;
mod solve;

pub use builder::{BuildKitBuilder, Kept, Options};
pub use connect::{Duplex, Reach, Stream};
pub use place::{Place, PlaceError, TlsFiles};
