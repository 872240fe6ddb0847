//! A registry over the distribution API. Source: distribution-spec. This file is the map of the folder.
//!
//! Every request goes through `client`: our own transport over `reqwest`, with redirects off. oci-client hides its
//! HTTP client, follows redirects and token realms wherever they lead, reads bodies without a bound and never retries,
//! so it lends what carries no such hazard: the documents a registry answers with (error envelope, tag list, catalog)
//! and its challenge grammar; what is sent where is decided here.
//!
//! - `store`: what a registry is opened with, and the port in terms of the rest.
//! - `client`: one request: scheme, authorization, redirects, retries, bounded bodies. `destination`: where it may go. `roots`: whom
//!   it is believed to be.
//! - `auth`, `credential`: challenges and tokens; docker's and podman's auth files and credential helpers.
//! - `pull`, `push`, `manifest`, `listing`, `referrer`: the endpoints.
//! - `known`: what was answered before, and whether it still holds.
//! - `retry`, `failure`: how long to try, and what to say then.

mod auth;
mod client;
mod credential;
mod destination;
mod failure;
mod known;
mod listing;
mod manifest;
mod pull;
mod push;
mod referrer;
mod retry;
mod roots;
mod store;

pub use credential::AuthFiles;
pub(in crate::adapters) use credential::{Credential, Credentials};
pub use retry::Patience;
pub use store::{RegistryOptions, RegistryStore};
