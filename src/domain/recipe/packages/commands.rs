//! What each installer is asked to do, as lists of arguments: no shell ever reads a name (Y-07).

use super::Installer;

/// A package that is in the image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its version, as the installer writes it.
    pub version: String,
    /// Its architecture, as the installer calls it.
    pub architecture: String,
}

/// Most packages read from one answer.
const MOST: usize = 100_000;

/// What every call of apt-get has: a mirror that does not answer is given up, not waited for; no change to a user of its
/// own for downloads, who does not exist where there is one id only.
const APT: &[&str] = &[
    "-q",
    "-o",
    "Acquire::Retries=2",
    "-o",
    "Acquire::http::Timeout=30",
    "-o",
    "Acquire::https::Timeout=30",
    "-o",
    "APT::Sandbox::User=root",
];

fn words(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn install(installer: Installer, names: &[String]) -> Vec<Vec<String>> {
    if names.is_empty() {
        return Vec::new();
    }
    let commands = match installer {
        Installer::Apt => {
            let update = [&["/usr/bin/apt-get", "update", "--error-on=any"][..], APT].concat();
            let install = [
                &["/usr/bin/apt-get", "install", "-y", "--no-install-recommends"][..],
                APT,
                // Lines instead of a terminal's; the image's own configuration files stay; packages asked for by name
                // are no regular expressions, which `python3.1` would be.
                &[
                    "-o",
                    "Dpkg::Use-Pty=0",
                    "-o",
                    "Dpkg::Options::=--force-confold",
                    "-o",
                    "APT::Cmd::Pattern-Only=true",
                ],
                // What was downloaded is not kept.
                &["-o", "APT::Keep-Downloaded-Packages=false", "--"],
            ];
            vec![words(&update), words(&install.concat())]
        }
        Installer::Apk => {
            vec![words(&["/sbin/apk", "add", "--no-cache", "--no-progress", "--wait", "30", "--"])]
        }
        Installer::Dnf { program } => {
            let options = ["--setopt=install_weak_deps=False", "--setopt=keepcache=0", "--setopt=retries=2"];
            vec![words(&[&[program, "install", "-y"][..], &options, &["--setopt=timeout=30", "--"]].concat())]
        }
    };
    with_names(commands, names)
}

/// The last command takes the names.
fn with_names(mut commands: Vec<Vec<String>>, names: &[String]) -> Vec<Vec<String>> {
    if let Some(last) = commands.last_mut() {
        last.extend(names.iter().cloned());
    }
    commands
}

pub(super) fn query(installer: Installer, names: &[String]) -> Vec<String> {
    let mut command = match installer {
        Installer::Apt => {
            const FORM: &str = "--showformat=${Package}\\t${Version}\\t${Architecture}\\t${db:Status-Abbrev}\\n";
            words(&["/usr/bin/dpkg-query", "--show", FORM, "--"])
        }
        Installer::Apk => words(&["/sbin/apk", "list", "--installed", "--"]),
        Installer::Dnf { .. } => {
            const FORM: &str = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\t%{ARCH}\\n";
            let all: &[&str] = if names.is_empty() { &["--all"] } else { &[] };
            words(&[&["/usr/bin/rpm", "--query", "--queryformat", FORM][..], all, &["--"]].concat())
        }
    };
    command.extend(names.iter().filter_map(|name| bare(installer, name)));
    command
}

/// A name as the installer's list of what is installed has it; `None` for a group.
fn bare(installer: Installer, name: &str) -> Option<String> {
    let end = match installer {
        Installer::Apt => name.find(['=', '/']),
        Installer::Apk => name.find(['@', '<', '>', '=', '~']),
        Installer::Dnf { .. } if name.starts_with('@') => return None,
        Installer::Dnf { .. } => None,
    };
    Some(name[..end.unwrap_or(name.len())].to_owned())
}

pub(super) fn parse_query(installer: Installer, output: &[u8]) -> Vec<Installed> {
    let text = String::from_utf8_lossy(output);
    let read = |line: &str| match installer {
        Installer::Apk => of_apk(line),
        Installer::Apt | Installer::Dnf { .. } => of_columns(line),
    };
    let mut found: Vec<Installed> = text.lines().filter_map(read).take(MOST).collect();
    found.sort();
    found.dedup();
    found
}

/// `name<TAB>version<TAB>arch`, and of dpkg a status: `ii ` is what is installed.
fn of_columns(line: &str) -> Option<Installed> {
    let mut columns = line.split('\t');
    let (name, version, architecture) = (columns.next()?, columns.next()?, columns.next()?);
    if columns.next().is_some_and(|status| status.as_bytes().get(1) != Some(&b'i')) {
        return None;
    }
    installed(name, version, architecture)
}

/// `musl-1.2.4-r2 x86_64 {musl} (MIT) [installed]`: the version begins at the last hyphen but one.
fn of_apk(line: &str) -> Option<Installed> {
    let mut parts = line.split_whitespace();
    let (package, architecture) = (parts.next()?, parts.next()?);
    let release = package.rfind("-r")?;
    let version = package[..release].rfind('-')?;
    installed(&package[..version], &package[version + 1..], architecture)
}

fn installed(name: &str, version: &str, architecture: &str) -> Option<Installed> {
    let plain = |text: &str| !text.is_empty() && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic());
    [name, version, architecture].into_iter().all(plain).then(|| Installed {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: architecture.to_owned(),
    })
}

pub(super) fn environment(installer: Installer, created: i64) -> Vec<(&'static str, String)> {
    // Accounts, fonts' caches and compiled Python carry times within; all three take this one instead.
    let mut environment = vec![("SOURCE_DATE_EPOCH", created.to_string()), ("LC_ALL", "C.UTF-8".to_owned())];
    if installer == Installer::Apt {
        environment.push(("DEBIAN_FRONTEND", "noninteractive".to_owned()));
        environment.push(("DEBCONF_NONINTERACTIVE_SEEN", "true".to_owned()));
        // Services are not restarted, nobody is asked.
        environment.push(("NEEDRESTART_MODE", "l".to_owned()));
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    const DNF: Installer = Installer::Dnf { program: "/usr/bin/microdnf" };

    fn names() -> Vec<String> {
        ["curl=7.88.1-10", "g++"].map(str::to_owned).to_vec()
    }

    #[test]
    fn names_stand_behind_the_end_of_options_and_no_shell_is_called() {
        for installer in [Installer::Apt, Installer::Apk, DNF] {
            let commands = installer.commands(&names());
            let last = commands.last().unwrap();
            assert_eq!(last[last.len() - 3..], ["--", "curl=7.88.1-10", "g++"], "{last:?}");
            for command in &commands {
                assert!(command[0].starts_with("/") && !command[0].ends_with("/sh"), "{command:?}");
            }
            assert!(installer.commands(&[]).is_empty());
        }
        assert_eq!(DNF.commands(&names())[0][0], "/usr/bin/microdnf");
        assert_eq!(Installer::Apt.commands(&names())[0][..2], ["/usr/bin/apt-get", "update"]);
    }

    #[test]
    fn queries_ask_by_the_bare_name() {
        let asked = |installer: Installer, name: &str| installer.query(&[name.to_owned()]).pop();
        assert_eq!(asked(Installer::Apt, "gcc:arm64=12").as_deref(), Some("gcc:arm64"));
        assert_eq!(asked(Installer::Apt, "curl/stable").as_deref(), Some("curl"));
        assert_eq!(asked(Installer::Apk, "nginx@edge>1").as_deref(), Some("nginx"));
        assert_eq!(asked(DNF, "@tools").as_deref(), Some("--"));
        assert!(DNF.query(&[]).contains(&"--all".to_owned()));
    }

    #[test]
    fn answers_are_read() {
        let read = |installer: Installer, text: &str| -> Vec<String> {
            let found = installer.parse_query(text.as_bytes()).into_iter();
            found.map(|p| format!("{} {} {}", p.name, p.version, p.architecture)).collect()
        };
        let dpkg = "libc6\t2.41-12\tamd64\tii \nawk\t\t\tun \ncowsay\t3.03\tall\tii \nold\t1\tall\trc \nlibc6\t2.41-12\ti386\tii ";
        assert_eq!(read(Installer::Apt, dpkg), ["cowsay 3.03 all", "libc6 2.41-12 amd64", "libc6 2.41-12 i386"]);
        let apk = "WARNING: opening /x: No such file\npy3-pip-23.1-r0 noarch {py3-pip} (MIT) [installed]\nmusl-1.2.4_git20230717-r4 x86_64 {musl} (MIT) [installed]\n";
        assert_eq!(read(Installer::Apk, apk), ["musl 1.2.4_git20230717-r4 x86_64", "py3-pip 23.1-r0 noarch"]);
        let rpm = "bind\t32:9.18-2.el9\tx86_64\npackage nosuch is not installed\n";
        assert_eq!(read(DNF, rpm), ["bind 32:9.18-2.el9 x86_64"]);
        assert_eq!(read(DNF, "a\t\x1b[2J\tb\n"), Vec::<String>::new());
    }

    #[test]
    fn time_stamps_within_files_are_settled() {
        assert!(Installer::Apt.environment(7).contains(&("SOURCE_DATE_EPOCH", "7".to_owned())));
        assert!(Installer::Apt.environment(7).contains(&("DEBIAN_FRONTEND", "noninteractive".to_owned())));
        assert!(DNF.environment(7).iter().all(|(name, _)| !name.starts_with("DEB")));
    }
}
