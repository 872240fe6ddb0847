//! What the process is told from outside at its start: colours, TLS. One place, so that nothing else asks.

use crate::adapters::process::{self, probe};

/// Whether NO_COLOR asks for none.
pub fn no_color() -> bool {
    process::environment("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether the terminal cannot move its cursor (V-03).
pub fn dumb_terminal() -> bool {
    process::environment("TERM").is_some_and(|term| term == "dumb")
}

/// Whether the locale has UTF-8; one that is not set is taken to.
pub fn utf8() -> bool {
    probe::locale_has_utf8()
}

/// Chooses rustls' provider; ring, since it needs nothing but a C compiler.
pub fn install_tls() {
    // Only a second call can fail, and then the provider is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// This program's own path, where a shell would not find it as `bakery`.
pub fn uninstalled_program() -> Option<String> {
    if probe::is_installed("bakery") { None } else { probe::own_path() }
}
