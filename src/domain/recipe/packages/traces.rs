//! What installers leave behind that never counts. Found by installing the same packages twice and comparing: these are
//! the files that differed, or that only serve the next run of the installer. Keeps what a service needs to start.

use super::Installer;

/// Whatever the distribution: the loader's cache of what it has seen, the machine's identity, who logged in.
const EVERYWHERE: &[&str] = &[
    "/var/cache/ldconfig/aux-cache",
    "/etc/machine-id",
    "/var/lib/dbus/machine-id",
    "/var/log/lastlog",
    "/var/log/wtmp",
    "/var/log/btmp",
];

const APT: &[&str] = &[
    "/var/lib/apt/lists/**",
    "/var/lib/apt/periodic/**",
    "/var/cache/apt/**",
    "/var/log/apt/**",
    "/var/log/dpkg.log",
    "/var/log/alternatives.log",
    "/var/log/fontconfig.log",
    "/var/log/bootstrap.log",
    "/var/lib/dpkg/*-old",
    "/var/lib/dpkg/lock",
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/triggers/Lock",
    "/var/cache/debconf/*-old",
    "/var/cache/debconf/tmp.ci/**",
];

const APK: &[&str] = &["/var/cache/apk/**", "/etc/apk/cache/**", "/lib/apk/db/lock", "/var/log/apk.log"];

const DNF: &[&str] = &[
    "/var/cache/dnf/**",
    "/var/cache/libdnf5/**",
    "/var/cache/yum/**",
    "/var/log/dnf.*",
    "/var/log/dnf5.log*",
    "/var/log/hawkey.log*",
    "/var/log/yum.log",
    "/var/lib/dnf/history.sqlite*",
    "/var/lib/dnf/repos/**",
    "/usr/lib/sysimage/libdnf5/transaction_history.sqlite*",
    "/var/lib/rpm/.rpm.lock",
    "/usr/lib/sysimage/rpm/.rpm.lock",
    // Whoever opens the database makes it anew.
    "/var/lib/rpm/rpmdb.sqlite-shm",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite-shm",
];

/// Those of one installer. A pattern is a path, at most one `*` in its last part, or a folder and `/**`: what is in it.
pub(super) fn discarded(installer: Installer) -> impl Iterator<Item = &'static str> {
    let own = match installer {
        Installer::Apt => APT,
        Installer::Apk => APK,
        Installer::Dnf { .. } => DNF,
    };
    EVERYWHERE.iter().chain(own).copied()
}

pub(super) fn discards(installer: Installer, path: &[u8]) -> bool {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    discarded(installer).any(|pattern| matches(pattern.trim_start_matches('/'), path))
}

/// By hand, because this is asked of every path of a layer, and paths are bytes.
fn matches(pattern: &str, path: &[u8]) -> bool {
    if let Some(folder) = pattern.strip_suffix("**") {
        return path.len() > folder.len() && path.starts_with(folder.as_bytes());
    }
    let Some((before, after)) = pattern.split_once('*') else { return path == pattern.as_bytes() };
    let between = path.strip_prefix(before.as_bytes()).and_then(|rest| rest.strip_suffix(after.as_bytes()));
    between.is_some_and(|between| !between.contains(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Installer; 3] = [Installer::Apt, Installer::Apk, Installer::Dnf { program: "/usr/bin/dnf" }];

    #[test]
    fn traces_are_told_from_what_counts() {
        let [apt, apk, dnf] = ALL;
        for (installer, path) in [
            (apt, &b"/var/lib/apt/lists/deb.debian.org_dists_stable_InRelease"[..]),
            (apt, b"var/cache/apt/archives/partial"),
            (apt, b"/var/lib/dpkg/status-old"),
            (apt, b"/var/log/apt/\xff"),
            (apk, b"/etc/machine-id"),
            (dnf, b"/var/log/dnf.librepo.log"),
            (dnf, b"/usr/lib/sysimage/rpm/rpmdb.sqlite-shm"),
        ] {
            assert!(installer.discards(path), "{}", path.escape_ascii());
        }
        for (installer, path) in [
            (apt, &b"/var/lib/apt/lists"[..]),
            (apt, b"/var/lib/apt/extended_states"),
            (apt, b"/var/lib/dpkg/status"),
            (apt, b"/var/lib/dpkg/info/a-old"),
            (apt, b"/srv/var/log/dpkg.log"),
            (apk, b"/lib/apk/db/installed"),
            (dnf, b"/var/lib/rpm/rpmdb.sqlite"),
        ] {
            assert!(!installer.discards(path), "{}", path.escape_ascii());
        }
    }

    #[test]
    fn patterns_have_the_form_that_is_matched() {
        for installer in ALL {
            for pattern in installer.discarded() {
                let plain = pattern.strip_suffix("/**").unwrap_or(pattern);
                let (folder, name) = plain.rsplit_once('/').unwrap();
                assert!(pattern.starts_with('/') && !folder.contains('*'), "{pattern}");
                assert!(name.matches('*').count() <= 1, "{pattern}");
            }
        }
    }
}
