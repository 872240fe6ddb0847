//! Names of packages in the grammar of each installer. A name is an argument, and must never be anything else: no option,
//! no pattern, no wish to remove, no path (Y-07).
//!
//! Sources: Debian policy 5.6.1 and 5.6.12, apt-get(8); apk-world(5), apk-package(5); dnf(8) "specifying packages".

use super::Installer;
use crate::domain::text::escape;

/// Longest name with everything that belongs to it, in bytes.
const LONGEST: usize = 200;

/// Not a name of a package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Y-07: {installer} has no package name {name:?}: {why}")]
pub struct PackageNameError {
    /// The installer.
    pub installer: &'static str,
    /// The name, shortened, without characters that steer a terminal.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
}

pub(super) fn validate(installer: Installer, name: &str) -> Result<(), PackageNameError> {
    let checked = match name {
        "" => Err("it is empty"),
        _ if name.len() > LONGEST => Err("it is over 200 bytes long"),
        _ if name.starts_with('-') => Err("it would be an option"),
        _ => match installer {
            Installer::Apt => apt(name),
            Installer::Apk => apk(name),
            Installer::Dnf { .. } => dnf(name),
        },
    };
    let refuse = |why| {
        let name = escape(&name.chars().take(60).collect::<String>());
        PackageNameError { installer: installer.name(), name, why }
    };
    checked.map_err(refuse)
}

/// `name[:arch][=version]` or `name[:arch][/suite]`.
fn apt(text: &str) -> Result<(), &'static str> {
    let (name, version, suite) = match text.split_once('=') {
        Some((name, version)) => (name, Some(version), None),
        None => match text.split_once('/') {
            Some((name, suite)) => (name, None, Some(suite)),
            None => (text, None, None),
        },
    };
    let (name, arch) = match name.split_once(':') {
        Some((name, arch)) => (name, Some(arch)),
        None => (name, None),
    };
    if name.ends_with('-') {
        return Err("a hyphen at the end removes the package");
    }
    let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if name.len() < 2 || !begins(name, lower) || !name.bytes().all(|b| lower(b) || b"+-.".contains(&b)) {
        return Err("names are lowercase letters, digits and + - ., at least two, the first a letter or digit");
    }
    if arch
        .is_some_and(|arch| !begins(arch, lower) || !arch.bytes().all(|b| lower(b) || b == b'-') || arch.ends_with('-'))
    {
        return Err("after : an architecture is named, such as arm64");
    }
    if version.is_some_and(|version| !debian_version(version)) {
        return Err("after = a whole version is named, such as 1:2.4-1+b1");
    }
    let of_suite = |b: u8| b.is_ascii_alphanumeric() || b"+-._~".contains(&b);
    if suite.is_some_and(|suite| !begins(suite, |b| b.is_ascii_alphanumeric()) || !suite.bytes().all(of_suite)) {
        return Err("after / a release is named, such as bookworm-backports");
    }
    Ok(())
}

/// `[epoch:]upstream[-revision]`.
fn debian_version(text: &str) -> bool {
    let (epoch, rest) = text.split_once(':').map_or((None, text), |(epoch, rest)| (Some(epoch), rest));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".+-~:".contains(&b);
    epoch.is_none_or(digits)
        && begins(rest, |b| b.is_ascii_alphanumeric())
        && rest.bytes().all(allowed)
        && !rest.ends_with('-')
}

/// `name[@tag][OPversion]`.
fn apk(text: &str) -> Result<(), &'static str> {
    const OPERATORS: &[&str] = &["=", "<", ">", "<=", ">=", "~", "~=", "=~", "<~", ">~"];
    let operator = |c: char| matches!(c, '<' | '>' | '=' | '~');
    let end = text.find(operator).unwrap_or(text.len());
    let (named, constraint) = text.split_at(end);
    let (name, tag) = named.split_once('@').map_or((named, None), |(name, tag)| (name, Some(tag)));
    let word = |b: u8| b.is_ascii_alphanumeric();
    if !begins(name, word) || !name.bytes().all(|b| word(b) || b"+-._".contains(&b)) {
        return Err("names are letters, digits and + - . _, the first a letter or digit");
    }
    if tag.is_some_and(|tag| !begins(tag, word) || !tag.bytes().all(|b| word(b) || b"-._".contains(&b))) {
        return Err("after @ a tagged repository is named");
    }
    if constraint.is_empty() {
        return Ok(());
    }
    let version = constraint.trim_start_matches(operator);
    if !OPERATORS.contains(&&constraint[..constraint.len() - version.len()]) {
        return Err("a version stands after one of = < > <= >= ~");
    }
    match apk_version(version) {
        true => Ok(()),
        false => Err("a version is numbers with points, then a letter, _suffix, -rN, such as 3.11.2_rc1-r0"),
    }
}

/// `1.2.3[a][_suffix[N]]…[~hash][-rN]`.
fn apk_version(text: &str) -> bool {
    let (text, release) = text.split_once("-r").map_or((text, None), |(text, release)| (text, Some(release)));
    let (text, hash) = text.split_once('~').map_or((text, None), |(text, hash)| (text, Some(hash)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let suffix = |text: &str| {
        let name = text.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(name, "alpha" | "beta" | "pre" | "rc" | "cvs" | "svn" | "git" | "hg" | "p")
    };
    let mut parts = text.split('_');
    let numbers = parts.next().unwrap_or("");
    let numbers = numbers.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(numbers);
    numbers.split('.').all(digits) && parts.all(suffix) && hash.is_none_or(hex) && release.is_none_or(digits)
}

/// `name[-[epoch:]version[-release]][.arch]`, `@group`, `@^environment`.
fn dnf(text: &str) -> Result<(), &'static str> {
    let word = |b: u8| b.is_ascii_alphanumeric();
    if let Some(group) = text.strip_prefix('@') {
        let group = group.strip_prefix('^').unwrap_or(group);
        return match begins(group, word) && group.bytes().all(|b| word(b) || b"+-._".contains(&b)) {
            true => Ok(()),
            false => Err("after @ a group is named by its id, such as development-tools"),
        };
    }
    if !begins(text, word) || !text.bytes().all(|b| word(b) || b"+-._~^:".contains(&b)) {
        return Err("names are letters, digits and + - . _ ~ ^ :, the first a letter or digit");
    }
    // An epoch belongs to a version: digits after a hyphen.
    match text.split_once(':') {
        None => Ok(()),
        Some((before, after)) => {
            let epoch = before.rsplit_once('-').is_some_and(|(name, epoch)| {
                !name.is_empty() && !epoch.is_empty() && epoch.bytes().all(|b| b.is_ascii_digit())
            });
            match epoch && begins(after, word) && !after.contains(':') {
                true => Ok(()),
                false => Err("before : an epoch is named, such as bind-32:9.18"),
            }
        }
    }
}

fn begins(text: &str, with: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Installer; 3] = [Installer::Apt, Installer::Apk, Installer::Dnf { program: "/usr/bin/dnf" }];

    #[test]
    fn names_in_each_grammar() {
        let [apt, apk, dnf] = ALL;
        let fit: &[(Installer, &[&str])] = &[
            (apt, &["curl", "g++", "libstdc++6", "gcc-12:arm64", "curl=7.88.1-10+deb12u5", "bind9=1:9.18.1-1~bpo11+1"]),
            (apt, &["foo/stable", "nginx/bookworm-backports", "python3.11", "7zip", "libc6:amd64=2.36-9"]),
            (apk, &["py3-pip", "musl", "gtk+3.0", "nginx@edge", "nginx@edge=1.25.3-r0", "python3>3.11", "a<=1.0"]),
            (apk, &["redis~7.2", "redis=~7", "busybox=1.36.1-r29", "x=1.0_rc1-r0", "x=1.0a_p20230101", "PyYAML"]),
            (dnf, &["httpd", "glibc.i686", "python3.11", "bind-32:9.18.28-2.el9.x86_64", "kernel-5.14.0~rc1^git1"]),
            (dnf, &["@development-tools", "@^server-product-environment", "gcc-c++", "NetworkManager"]),
        ];
        for (installer, names) in fit {
            for name in *names {
                assert_eq!(installer.validate(name), Ok(()), "{} {name}", installer.name());
            }
        }
    }

    #[test]
    fn y07_what_would_not_just_install_is_refused() {
        let [apt, apk, dnf] = ALL;
        let unfit: &[(Installer, &[&str])] = &[
            // A hyphen at the end removes; patterns and regular expressions choose others; paths are files.
            (apt, &["curl-", "cur?", "curl*", "^curl", "curl^", "~ninstalled", "./x.deb", "/x.deb", "../x", "a"]),
            (apt, &["Curl", "curl=", "curl=1*", "curl=-1", "curl=a:1", "curl:", "curl:a_b", "curl/", "curl/a/b", "_x"]),
            (
                apk,
                &[
                    "!curl",
                    "curl=",
                    "curl=x",
                    "curl><1.0",
                    "curl==1",
                    "curl@",
                    "curl@a@b",
                    "./x.apk",
                    "a/b",
                    "curl=1-rx",
                ],
            ),
            (
                dnf,
                &[
                    "cur*",
                    "cur?",
                    "[ab]",
                    "/usr/bin/curl",
                    "./x.rpm",
                    "http://h/x.rpm",
                    "@",
                    "@^",
                    "a:b",
                    "a-:1",
                    "x(y)",
                ],
            ),
        ];
        for (installer, names) in unfit {
            for name in *names {
                let error = installer.validate(name).expect_err(name);
                assert!(error.to_string().starts_with("Y-07: "), "{error}");
            }
        }
        for installer in ALL {
            for name in
                ["", "-o", "--allow-untrusted", "a;b", "$(id)", "a b", "`id`", "a'b", "a\"b", "a\nb", "&x", "a|b"]
            {
                assert!(installer.validate(name).is_err(), "{} {name:?}", installer.name());
            }
            assert!(installer.validate(&"a".repeat(201)).is_err());
        }
        let shown = apt.validate("a\x1b[2Jb").unwrap_err().to_string();
        assert!(!shown.contains('\x1b'), "{shown:?}");
    }

    proptest! {
        #[test]
        fn nothing_that_passes_is_more_than_a_name(name in "[-a-z0-9A-Z+._:~=<>@/^*?!\\[\\]()$;&| '\"`\n]{0,12}") {
            for installer in ALL {
                if installer.validate(&name).is_ok() {
                    prop_assert!(!name.starts_with(['-', '/', '.', '!', '~', '?']), "{name}");
                    prop_assert!(!name.contains(|c: char| c.is_whitespace() || "*?[]()$;&|'\"`!".contains(c)), "{name}");
                }
            }
        }
    }
}
