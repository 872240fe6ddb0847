//! What a registry is opened with. Plain values; reads nothing.

use std::time::Duration;

use super::credential::AuthFiles;
use crate::domain::oci::{Registry, Repository};

/// Which registry, and how to treat it.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Host and port.
    pub host: Registry,
    /// Path put in front of every repository; listings keep only what lies below it.
    pub prefix: Option<Repository>,
    /// Speak plain HTTP to it. Loopback hosts that offer no TLS are spoken to in plain HTTP without it.
    pub plain_http: bool,
    /// Where credentials are looked up.
    pub auth_files: AuthFiles,
    /// How long to wait and how often to try.
    pub patience: Patience,
}

impl RegistryOptions {
    /// The registry at `host`, with the user's auth files and usual patience.
    pub fn new(host: Registry) -> Self {
        Self {
            host,
            prefix: None,
            plain_http: false,
            auth_files: AuthFiles::from_environment(),
            patience: Patience::default(),
        }
    }

    /// With a path in front of every repository.
    #[must_use]
    pub fn prefix(self, prefix: Option<Repository>) -> Self {
        Self { prefix, ..self }
    }

    /// Speaking plain HTTP.
    #[must_use]
    pub fn plain_http(self, plain_http: bool) -> Self {
        Self { plain_http, ..self }
    }
}

/// How long to wait and how often to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Waiting this long for 16 KiB, or for an answer, is a stall.
    pub idle: Duration,
    /// Tries of one request.
    pub attempts: u32,
    /// First pause between tries; doubles each time.
    pub backoff: Duration,
    /// Longest sum of pauses, whatever `Retry-After` asks for.
    pub pauses: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            attempts: 5,
            backoff: Duration::from_millis(250),
            pauses: Duration::from_secs(30),
        }
    }
}
