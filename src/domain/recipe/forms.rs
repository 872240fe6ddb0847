//! The forms small texts of a recipe must have: ports, durations, signals, names, globs.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};

use super::schema::{Network, Owner};
use crate::domain::text::escape;
use crate::domain::yaml::{Node, Problems, Reading, quote, text_map};

/// A glob over paths: `*` stays within a folder, `**` does not.
pub fn glob(pattern: &str) -> Result<GlobMatcher, String> {
    let built = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| escape(&error.kind().to_string()))
}

/// What may be a package name to any installer; never an option, never shell (Y-07). Whether it is one to the image's own
/// is known when the image is.
pub(super) fn is_package(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+._:~^=<>@/-".contains(&b);
    let first = |b: u8| b.is_ascii_alphanumeric() || b == b'@';
    text.bytes().next().is_some_and(first) && text.bytes().all(allowed) && text.len() <= 200
}

/// Letters, digits, `_`, `.`, `-`, beginning with a letter or digit.
pub(super) fn is_word(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && text.bytes().all(allowed) && text.len() <= 100
}

/// What Go, and so OCI, calls an architecture that others call otherwise.
pub(super) fn architecture_alias(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "x86_64" | "x64" => Some("amd64"),
        "aarch64" => Some("arm64"),
        "i386" | "i686" | "x86" => Some("386"),
        "armhf" | "armv7l" => Some("arm/v7"),
        _ => None,
    }
}

/// `8080`, `8080/tcp`: with its protocol.
pub fn port(text: &str) -> Option<String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    let fits = plain && number.parse::<u16>().is_ok_and(|n| n > 0);
    (fits && matches!(protocol, "tcp" | "udp" | "sctp")).then(|| format!("{number}/{protocol}"))
}

/// `1m30s`, `500ms`: nanoseconds.
pub fn duration(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(|b| b.is_ascii_lowercase()).count();
        let unit: u64 = match &rest[..letters] {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        rest = &rest[letters..];
        total = total.checked_add(number.checked_mul(unit)?)?;
    }
    (!text.is_empty()).then_some(total)
}

/// Signals by name, for stopping a container.
pub(super) const SIGNALS: &[&str] = &[
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// A signal's name or number.
pub fn is_signal(text: &str) -> bool {
    let real_time = |prefix: &str, sign: char| {
        text.strip_prefix(prefix).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix(sign).is_some_and(|n| n.parse::<u8>().is_ok_and(|n| n <= 15))
        })
    };
    SIGNALS.contains(&text)
        || real_time("SIGRTMIN", '+')
        || real_time("SIGRTMAX", '-')
        || text.parse::<u8>().is_ok_and(|n| (1..=64).contains(&n))
}

/// `host` or `none`.
pub(super) fn network(node: &Node, problems: &mut Problems) -> Option<Network> {
    match node.text("network", problems)? {
        "host" => Some(Network::Host),
        "none" => Some(Network::None),
        other => {
            problems.error(node.span, format!("unknown network {}", quote(other))).help("write host or none");
            None
        }
    }
}

/// `user[:group]`, kept as text.
pub(super) fn user(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("user", problems)?;
    match text.parse::<Owner>() {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            problems.error(node.span, format!("`user`: {}", escape(&error.to_string())));
            None
        }
    }
}

/// `NAME: value` pairs for an environment.
pub(super) fn env(node: &Node, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for (name, (value, span)) in text_map(node, "env", problems).unwrap_or_default() {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || name.contains(['=', '\0', '\n']) {
            problems
                .error(span, format!("Y-08: {} is no name of a variable", quote(name)))
                .help("letters, digits and _; not beginning with a digit");
            continue;
        }
        if !name.bytes().all(word) || name.starts_with(|c: char| c.is_ascii_digit()) {
            problems.warning(span, format!("Y-08: shells cannot read a variable named {}", quote(name)));
        }
        env.insert(name.to_owned(), value.to_owned());
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_durations_signals() {
        assert_eq!(port("8080").as_deref(), Some("8080/tcp"));
        assert_eq!(port("53/udp").as_deref(), Some("53/udp"));
        for text in ["0", "65536", "80/http", "8000-8010", "", "/tcp", "+80", "080"] {
            assert_eq!(port(text), None, "{text}");
        }
        assert_eq!(duration("1m30s"), Some(90_000_000_000));
        assert_eq!(duration("500ms"), Some(500_000_000));
        for text in ["", "30", "s", "1.5s", "-1s", "30 s", "99999999999999h", "1d"] {
            assert_eq!(duration(text), None, "{text}");
        }
        for text in ["SIGTERM", "15", "SIGRTMIN+3", "SIGRTMAX"] {
            assert!(is_signal(text), "{text}");
        }
        for text in ["TERM", "SIGNOPE", "0", "65", "SIGRTMIN+99", ""] {
            assert!(!is_signal(text), "{text}");
        }
    }

    #[test]
    fn y07_package_names_are_never_options_or_shell() {
        for text in [
            "curl",
            "libstdc++6",
            "python3=3.11.2-1",
            "gcc-12:arm64",
            "py3-pip>23",
            "foo/stable",
            "7zip",
            "@tools",
            "@^env",
        ] {
            assert!(is_package(text), "{text}");
        }
        for text in ["-o", "--allow-untrusted", "a;b", "$(id)", "a b", "`id`", "a'b", "a\"b", "a\nb", "", "&x", "a|b"] {
            assert!(!is_package(text), "{text}");
        }
    }

    #[test]
    fn globs_keep_within_folders() {
        let any = glob("**/*.pyc").unwrap();
        assert!(any.is_match("a/b/c.pyc") && any.is_match("c.pyc") && !any.is_match("c.py"));
        let top = glob("*.pyc").unwrap();
        assert!(top.is_match("c.pyc") && !top.is_match("a/c.pyc"));
        assert!(glob("[a").is_err());
    }
}
