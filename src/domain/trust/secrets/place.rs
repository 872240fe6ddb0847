//! Which files are looked into, and what they are for, by their paths alone.

/// Largest file looked into.
pub const MAX_SCANNED: u64 = 1 << 20;
/// Smallest one: no rule finds anything shorter.
const MIN_SCANNED: u64 = 12;

/// Endings of what holds no text.
const BINARY: &[&str] = &[
    "a", "bin", "bz2", "class", "db", "deb", "dll", "exe", "gif", "gmo", "gz", "ico", "jar", "jpeg", "jpg", "mo",
    "mp3", "mp4", "o", "otf", "pdf", "png", "pyc", "rpm", "so", "tgz", "ttf", "wasm", "webp", "whl", "woff", "woff2",
    "xz", "zip", "zst",
];

/// Folders of documentation: what stands there is written to be read.
const DOCUMENTS: &[&str] = &["usr/share/doc/", "usr/share/info/", "usr/share/locale/", "usr/share/man/"];
/// Where other people's libraries are installed: what they test themselves with is public.
const LIBRARIES: &[&str] =
    &["site-packages", "dist-packages", "node_modules", "gems", "registry", "mod", "vendor", "third_party"];
/// Folders of a library with made-up secrets in them.
const REHEARSALS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testdata",
    "test_data",
    "testsuite",
    "__tests__",
    "spec",
    "fixtures",
    "example",
    "examples",
    "sample",
    "samples",
    "doc",
    "docs",
    "demo",
    "demos",
];
/// Endings of templates, of which somebody makes the real file.
const TEMPLATES: &[&str] = &["dist", "example", "sample", "template", "tmpl", "tpl", "md", "rst", "adoc"];

/// What a file is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(u8);

impl Place {
    pub(super) const NETRC: Self = Self(1);
    pub(super) const PGPASS: Self = Self(2);
    pub(super) const KUBE: Self = Self(4);
    pub(super) const NPMRC: Self = Self(8);
    /// Well known to hold credentials.
    pub(super) const CREDENTIALS: Self = Self(16);
    /// Settings, which may name a server with its password.
    pub(super) const SETTINGS: Self = Self(32);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// What the file at `path` is for.
    pub(super) fn of(path: &[u8]) -> Self {
        let Ok(path) = std::str::from_utf8(path) else { return Self::default() };
        let (folder, name) = path.trim_start_matches('/').rsplit_once('/').unwrap_or(("", path));
        let below =
            |end: &str| folder == end || folder.ends_with(end) && folder[..folder.len() - end.len()].ends_with('/');
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if TEMPLATES.contains(&ending) {
            return Self::default();
        }
        let credentials = Self::CREDENTIALS.and(Self::SETTINGS);
        match name {
            ".netrc" | "_netrc" | "netrc" => Self::NETRC,
            "auth.conf" if below("etc/apt") => Self::NETRC,
            _ if below("etc/apt/auth.conf.d") => Self::NETRC,
            ".pgpass" | "pgpass.conf" => Self::PGPASS,
            "config" if below(".kube") => Self::KUBE,
            "kubeconfig" | "admin.conf" | "kubelet.conf" | "kubeconfig.yaml" | "kubeconfig.yml" => Self::KUBE,
            _ if ending == "kubeconfig" => Self::KUBE,
            ".npmrc" | "npmrc" => Self::NPMRC.and(credentials),
            ".env" | ".my.cnf" | ".pypirc" | ".git-credentials" | ".s3cfg" | ".boto" | "rclone.conf"
            | "wp-config.php" | ".terraformrc" | "terraform.tfvars" | "secrets.yml" | "secrets.yaml"
            | "secrets.json" | "secrets.toml" | "secrets.env" | "credentials" | "credentials.json"
            | "credentials.yml" | "credentials.yaml" | "credentials.toml" | "credentials.env" | "pip.conf"
            | ".msmtprc" | ".fetchmailrc" | ".dockercfg" | ".dockerconfigjson" | ".vault-token" => credentials,
            "hosts.yml" if below("gh") => credentials,
            _ if name.starts_with(".env.") || ending == "env" && !path.starts_with("usr/") => credentials,
            "config" if below(".git") => Self::SETTINGS,
            "Dockerfile" | "environment" | "sources.list" | ".wgetrc" | ".curlrc" | ".yarnrc" | ".yarnrc.yml" => {
                Self::SETTINGS
            }
            _ if is_setting(path, ending) => Self::SETTINGS,
            _ => Self::default(),
        }
    }
}

fn is_setting(path: &str, ending: &str) -> bool {
    let own = !["usr/", "var/", "lib/", "bin/"].iter().any(|start| path.trim_start_matches('/').starts_with(start));
    let endings = ["conf", "cfg", "ini", "yml", "yaml", "toml", "properties", "list", "sources"];
    own && endings.contains(&ending)
}

/// Whether the content of a file is worth a look.
pub(super) fn wants(path: &[u8], size: u64) -> bool {
    if !(MIN_SCANNED..=MAX_SCANNED).contains(&size) {
        return false;
    }
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let ending = name.iter().rposition(|byte| *byte == b'.').map_or(&b""[..], |dot| &name[dot + 1..]);
    let is_binary = BINARY.iter().any(|binary| binary.as_bytes().eq_ignore_ascii_case(ending));
    !is_binary && !DOCUMENTS.iter().any(|folder| path.starts_with(folder.as_bytes())) && !is_rehearsal(path)
}

/// Whether a path is of what an installed library tests or explains itself with.
fn is_rehearsal(path: &[u8]) -> bool {
    let is_one_of = |part: &[u8], all: &[&str]| all.iter().any(|one| one.as_bytes() == part);
    let mut installed = path.starts_with(b"usr/") && !path.starts_with(b"usr/src/");
    let mut parts = path.split(|byte| *byte == b'/').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            break;
        }
        installed |= is_one_of(part, LIBRARIES);
        if installed && is_one_of(part, REHEARSALS) {
            return true;
        }
    }
    false
}
