//! The keys of every mapping of the language, in the order of the contract. Readers know no other keys, and whoever helps to
//! write a recipe offers these: there is no second list. Knows no values.

/// A mapping of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// The recipe itself.
    Recipe,
    /// One of `steps`: each key is a kind, and a step has one.
    Step,
    /// `copy`.
    Copy,
    /// `write`.
    Write,
    /// `run`, where it is no script alone.
    Run,
    /// `unpack`.
    Unpack,
    /// `config`.
    Config,
    /// `healthcheck`.
    Healthcheck,
    /// One of `tests`.
    Test,
    /// `expect`.
    Expect,
    /// `file`.
    File,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Recipe,
        Self::Step,
        Self::Copy,
        Self::Write,
        Self::Run,
        Self::Unpack,
        Self::Config,
        Self::Healthcheck,
        Self::Test,
        Self::Expect,
        Self::File,
    ];

    /// Its keys.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Recipe => &["recipe", "name", "tag", "base", "platforms", "steps", "config", "tests"],
            Self::Step => &["packages", "copy", "write", "run", "remove", "unpack"],
            Self::Copy => &["from", "to", "owner", "mode", "exclude"],
            Self::Write => &["to", "content", "owner", "mode"],
            Self::Run => &["shell", "script", "network", "env", "secrets", "cache", "user"],
            Self::Unpack => &["from", "to", "owner"],
            Self::Config => &[
                "env",
                "user",
                "workdir",
                "entrypoint",
                "cmd",
                "expose",
                "labels",
                "volumes",
                "stop-signal",
                "healthcheck",
            ],
            Self::Healthcheck => &["test", "interval", "timeout", "start-period", "retries"],
            Self::Test => &["name", "run", "expect", "file", "network", "user"],
            Self::Expect => &["exit", "stdout", "stderr"],
            Self::File => &["path", "mode", "owner", "contains", "absent"],
        }
    }
}
