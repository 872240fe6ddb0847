//! Values there is a list of, each with a few words.

use super::grammar::Value;

/// Folders that package managers and compilers fill, and that are worth keeping between bakes.
pub(super) const CACHES: &[&str] =
    &["/root/.cache", "/root/.npm", "/root/.m2", "/root/.cargo/registry", "/var/cache/apt"];

/// Labels that many tools read.
pub(super) const LABELS: &[&str] = &[
    "org.opencontainers.image.title",
    "org.opencontainers.image.description",
    "org.opencontainers.image.version",
    "org.opencontainers.image.source",
    "org.opencontainers.image.licenses",
    "org.opencontainers.image.vendor",
    "org.opencontainers.image.authors",
    "org.opencontainers.image.url",
];

/// The values of a kind, the most usual first.
pub(super) fn of(value: Value) -> &'static [(&'static str, &'static str)] {
    match value {
        Value::Version => &[("1", "the only version there is")],
        Value::Base => &[("scratch", "nothing is inherited")],
        Value::Platform => &[
            ("linux/amd64", "x86, 64 bits"),
            ("linux/arm64", "ARM, 64 bits"),
            ("linux/arm/v7", "ARM, 32 bits"),
            ("linux/386", "x86, 32 bits"),
            ("linux/ppc64le", "POWER"),
            ("linux/riscv64", "RISC-V"),
            ("linux/s390x", "IBM Z"),
        ],
        Value::Network => &[("none", "no network at all"), ("host", "the host's")],
        Value::Truth => &[("true", "nothing may stand there"), ("false", "it must stand there")],
        Value::Mode => &[
            ("0644", "all read, the owner writes"),
            ("0755", "all read and run, the owner writes"),
            ("0640", "owner and group read, the owner writes"),
            ("0750", "owner and group read and run, the owner writes"),
            ("0600", "the owner alone"),
            ("0700", "the owner alone, to run"),
            ("0444", "all read, nobody writes"),
        ],
        Value::Exit => &[("0", "it went well"), ("1", "it failed")],
        Value::Duration => &[("30s", "half a minute"), ("5s", ""), ("1m", ""), ("500ms", "")],
        Value::Port => &[("8080/tcp", "usual"), ("8443/tcp", "usual"), ("80/tcp", "usual"), ("443/tcp", "usual")],
        Value::Shell => {
            &[("/bin/sh", "every image with a shell has it"), ("/bin/bash", ""), ("-eu", "stop at the first error")]
        }
        Value::Signal => SIGNALS,
        _ => &[],
    }
}

const SIGNALS: &[(&str, &str)] = &[
    ("SIGTERM", "end, please: what runtimes send by default"),
    ("SIGINT", "as if by Ctrl-C"),
    ("SIGQUIT", "nginx ends gracefully"),
    ("SIGWINCH", "apache ends gracefully"),
    ("SIGHUP", "a terminal hung up"),
    ("SIGUSR1", "of the program's own"),
    ("SIGUSR2", "of the program's own"),
    ("SIGKILL", "at once, and nothing is tidied up"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recipe::forms;

    #[test]
    fn what_is_offered_is_what_readers_take() {
        for (signal, _) in of(Value::Signal) {
            assert!(forms::is_signal(signal), "{signal}");
        }
        for (port, _) in of(Value::Port) {
            assert_eq!(forms::port(port).as_deref(), Some(*port));
        }
        for (platform, _) in of(Value::Platform) {
            assert_eq!(platform.parse::<crate::domain::oci::Platform>().unwrap().to_string(), *platform);
        }
        for (time, _) in of(Value::Duration) {
            assert!(forms::duration(time).is_some(), "{time}");
        }
        for (mode, _) in of(Value::Mode) {
            assert!(mode.parse::<crate::domain::recipe::Mode>().is_ok(), "{mode}");
        }
    }
}
