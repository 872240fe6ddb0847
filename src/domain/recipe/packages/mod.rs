//! What `packages` means to each program that installs packages: names it takes, arguments it is given, files it leaves
//! that never count. Starts nothing, looks into no image.

mod commands;
mod names;
mod traces;

pub use commands::Installed;
pub use names::PackageNameError;

/// A program that installs packages; which one is the image's own business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Installer {
    /// `apt-get`, on `dpkg`.
    Apt,
    /// `apk`.
    Apk,
    /// One of the family of `dnf`, on `rpm`.
    Dnf {
        /// Path of the program.
        program: &'static str,
    },
}

/// Programs by what is looked for in an image, the better one of a family first.
const PROGRAMS: &[(&str, Installer)] = &[
    ("/usr/bin/apt-get", Installer::Apt),
    ("/sbin/apk", Installer::Apk),
    ("/usr/bin/dnf5", Installer::Dnf { program: "/usr/bin/dnf5" }),
    ("/usr/bin/dnf", Installer::Dnf { program: "/usr/bin/dnf" }),
    ("/usr/bin/microdnf", Installer::Dnf { program: "/usr/bin/microdnf" }),
    ("/usr/bin/yum", Installer::Dnf { program: "/usr/bin/yum" }),
];

impl Installer {
    /// All there are, the better one of a family first: apt, apk, then those on `rpm`.
    pub fn all() -> impl Iterator<Item = Self> {
        PROGRAMS.iter().map(|(_, installer)| *installer)
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|installer| installer.name() == name)
    }

    /// The image's own, by the programs it has; `has` is asked for absolute paths.
    pub fn detect(has: &dyn Fn(&str) -> bool) -> Option<Self> {
        PROGRAMS.iter().find(|(path, _)| has(path)).map(|(_, installer)| *installer)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Apk => "apk",
            Self::Dnf { program } => program.rsplit('/').next().unwrap_or(program),
        }
    }

    /// Refuses a name its grammar does not have, or that would do anything but install (Y-07).
    pub fn validate(self, name: &str) -> Result<(), PackageNameError> {
        names::validate(self, name)
    }

    /// Argument lists to carry out in order, each without a shell. Names must have been validated.
    pub fn commands(self, names: &[String]) -> Vec<Vec<String>> {
        commands::install(self, names)
    }

    /// The argument list that tells which of `names` are installed in which version; of all packages where there are
    /// none. [`Installer::parse_query`] reads what it prints; names nobody installed make it end with a failure, which
    /// says nothing.
    pub fn query(self, names: &[String]) -> Vec<String> {
        commands::query(self, names)
    }

    /// What [`Installer::query`] printed, sorted. Lines of another form are passed over.
    pub fn parse_query(self, output: &[u8]) -> Vec<Installed> {
        commands::parse_query(self, output)
    }

    /// Environment of its commands, beside the image's own. `created`: seconds since 1970, for files that carry times
    /// within (accounts' last change, caches).
    pub fn environment(self, created: i64) -> Vec<(&'static str, String)> {
        commands::environment(self, created)
    }

    /// Globs of absolute paths whose changes never count: logs, lists and caches, which differ from run to run and which
    /// nothing in the image needs.
    pub fn discarded(self) -> impl Iterator<Item = &'static str> {
        traces::discarded(self)
    }

    /// Whether a change of `path`, absolute or not, is one of [`Installer::discarded`].
    pub fn discards(self, path: &[u8]) -> bool {
        traces::discards(self, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_programs() {
        let of = |programs: &[&str]| Installer::detect(&|path| programs.contains(&path)).map(Installer::name);
        assert_eq!(of(&["/usr/bin/apt-get", "/usr/bin/dnf"]), Some("apt"));
        assert_eq!(of(&["/sbin/apk"]), Some("apk"));
        assert_eq!(of(&["/usr/bin/yum", "/usr/bin/dnf"]), Some("dnf"));
        assert_eq!(of(&["/usr/bin/microdnf"]), Some("microdnf"));
        assert_eq!(of(&["/bin/sh"]), None);
    }
}
