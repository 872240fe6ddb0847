//! From the text of `bakery.yaml` and `config.yaml` to values. Touches no file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keyless::keyless;
use super::keys::keys;
use super::secrets::{secret, secrets};
use super::{
    CacheSettings, ClipboardSetting, PackSettings, Paths, STEP_TIMEOUT, StorePlace, StoreSettings, UserSettings,
    Workspace,
};
use crate::adapters::host::IdSetting;
use crate::adapters::signing::SignatureFormat;
use crate::domain::oci::{Compression, Registry, Repository};
use crate::domain::recipe::duration;
use crate::domain::units::parse_bytes;
use crate::domain::yaml::{self, Fields, Node, NodeKind, Problems, Reading, parse_scalar, quote};

/// The workspace that stands in a folder; relative paths begin there.
pub(super) fn workspace(bytes: &[u8], (root, paths): (&Path, &Paths), problems: &mut Problems) -> Option<Workspace> {
    const KEYS: &[&str] = &["bakery", "stores", "recipes", "policy", "engine", "secrets"];
    let node = yaml::read(bytes, problems)?;
    let fields = Fields::open(&node, "a workspace", KEYS, problems)?;
    if let Some(version) = fields.require("bakery", problems) {
        version.number("bakery", 1..=1, problems);
    }
    let mut stores = BTreeMap::new();
    if let Some(node) = fields.value("stores", problems) {
        read_stores(node, (root, paths), &mut stores, problems);
    }
    stores.entry("local".to_owned()).or_insert_with(|| StoreSettings {
        place: StorePlace::Layout(paths.data.join("store")),
        keys: Vec::new(),
        keyless: None,
        key: None,
        passphrase: None,
        signature_format: SignatureFormat::default(),
        publish: None,
        team: false,
        repositories: Vec::new(),
    });
    let path = |key: &str, problems: &mut Problems| fields.text(key, problems).map(|text| below(root, text));
    Some(Workspace {
        recipes: path("recipes", problems).unwrap_or_else(|| root.join("recipes")),
        policy: path("policy", problems),
        engine: match fields.value("engine", problems) {
            Some(node) => engine(node, problems).unwrap_or_default(),
            None => "embedded".into(),
        },
        secrets: fields.value("secrets", problems).map(|node| secrets(node, root, problems)).unwrap_or_default(),
        root: root.to_owned(),
        stores,
    })
}

fn read_stores(
    node: &Node,
    place: (&Path, &Paths),
    stores: &mut BTreeMap<String, StoreSettings>,
    problems: &mut Problems,
) {
    let NodeKind::Mapping(entries) = &node.kind else {
        problems.error(node.span, format!("`stores` must be a mapping, found {}", node.describe()));
        return;
    };
    for entry in entries {
        if !is_store_name(&entry.key) {
            problems
                .error(entry.span, format!("{} is no name for a store", quote(&entry.key)))
                .help("use lowercase letters, digits and -, so that it cannot be taken for a registry's host");
            continue;
        }
        if let Some(store) = read_store(&entry.key, &entry.value, place, problems) {
            stores.insert(entry.key.clone(), store);
        }
    }
}

fn is_store_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    name.bytes().all(allowed)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && !matches!(name, "localhost" | "oci" | "scratch")
}

fn read_store(
    name: &str,
    node: &Node,
    (root, paths): (&Path, &Paths),
    problems: &mut Problems,
) -> Option<StoreSettings> {
    const KEYS: &[&str] = &[
        "registry",
        "layout",
        "plain-http",
        "keys",
        "keyless",
        "key",
        "passphrase",
        "signature-format",
        "publish",
        "repositories",
        "team",
    ];
    let before = problems.len();
    let fields = Fields::open(node, "a store", KEYS, problems)?;
    let registry = fields.value("registry", problems).and_then(|node| prefix(node, "registry", problems));
    let layout = fields.text("layout", problems).map(|text| below(root, text));
    let plain_http = fields.boolean("plain-http", problems);
    let place = match (registry, layout) {
        (Some(_), Some(_)) => {
            problems.error(fields.span, format!("store {} has both `registry` and `layout`", quote(name)));
            None
        }
        (Some((host, prefix)), None) => {
            Some(StorePlace::Registry { host, prefix, plain_http: plain_http.unwrap_or(false) })
        }
        (None, Some(layout)) => Some(StorePlace::Layout(layout)),
        (None, None) if name == "local" => Some(StorePlace::Layout(paths.data.join("store"))),
        (None, None) => {
            // A slip in `registry` has been reported already.
            if problems.len() == before {
                problems
                    .error(fields.span, format!("store {} says not where it is", quote(name)))
                    .help("give it `registry: HOST/PREFIX` or `layout: FOLDER`");
            }
            None
        }
    };
    if name == "local" && matches!(place, Some(StorePlace::Registry { .. })) {
        problems
            .error(fields.span, "the local store must be a layout")
            .help("write `layout: FOLDER`, and the registry under `publish`");
    }
    let keys = fields.texts("keys", problems).unwrap_or_default();
    let repositories = match fields.value("repositories", problems).and_then(|node| node.list("repositories", problems))
    {
        Some(items) => items.iter().filter_map(|item| parse_scalar(item, "repositories", problems)).collect(),
        None => Vec::new(),
    };
    Some(StoreSettings {
        place: place?,
        keys: keys.into_iter().map(|(text, _)| below(root, text)).collect(),
        keyless: fields.value("keyless", problems).and_then(|node| keyless(node, root, problems)),
        key: fields.text("key", problems).map(|text| below(root, text)),
        passphrase: fields.value("passphrase", problems).and_then(|node| secret(node, root, problems)),
        signature_format: match fields.value("signature-format", problems) {
            Some(node) => signature_format(node, problems).unwrap_or_default(),
            None => SignatureFormat::default(),
        },
        publish: fields.value("publish", problems).and_then(|node| prefix(node, "publish", problems)),
        repositories,
        team: fields.boolean("team", problems).unwrap_or(false),
    })
}

fn signature_format(node: &Node, problems: &mut Problems) -> Option<SignatureFormat> {
    let text = node.text("signature-format", problems)?;
    let known =
        [("both", SignatureFormat::Both), ("bundle", SignatureFormat::Bundle), ("legacy", SignatureFormat::Legacy)];
    let found = known.iter().find(|(name, _)| *name == text).map(|(_, format)| *format);
    if found.is_none() {
        problems
            .error(node.span, format!("unknown signature format {}", quote(text)))
            .help("formats are both, bundle (sigstore bundles), legacy (cosign's older .sig tags)");
    }
    found
}

/// `HOST[:PORT][/PATH]`.
fn prefix(node: &Node, what: &str, problems: &mut Problems) -> Option<(Registry, Option<Repository>)> {
    let text = node.text(what, problems)?;
    let bare = text.trim_end_matches('/');
    let (host, path) = match bare.split_once('/') {
        Some((host, path)) => (host, Some(path)),
        None => (bare, None),
    };
    let parsed = host.parse::<Registry>().and_then(|host| Ok((host, path.map(str::parse::<Repository>).transpose()?)));
    match parsed {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            let help = match text.split_once("://") {
                Some(_) => "leave the scheme out; `plain-http: true` asks for HTTP",
                None => "write HOST:PORT/PATH, such as registry.example:5000/global",
            };
            problems
                .error(node.span, format!("{}: {}", quote(what), crate::domain::text::escape(&error.to_string())))
                .help(help);
            None
        }
    }
}

fn engine(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("engine", problems)?;
    let (scheme, address) = text.split_once("://").map_or((text, None), |(scheme, address)| (scheme, Some(address)));
    let fits = match scheme {
        "embedded" => address.is_none(),
        "docker" | "podman" => address.is_none_or(|address| !address.is_empty()),
        "buildkit" => address.is_some_and(|address| !address.is_empty()),
        _ => false,
    };
    if !fits {
        let near = yaml::nearest(scheme, ["embedded", "docker", "podman", "buildkit"]);
        let mean = near.filter(|near| *near != scheme).map(|near| format!("; did you mean `{near}`?"));
        problems
            .error(node.span, format!("unknown engine {}{}", quote(text), mean.unwrap_or_default()))
            .help("engines are embedded, docker[://…], podman[://…], buildkit://…");
        return None;
    }
    Some(text.to_owned())
}

/// The user's settings; relative paths begin in `root`, their folder.
pub(super) fn user(bytes: &[u8], root: &Path, problems: &mut Problems) -> Option<UserSettings> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Some(UserSettings::default());
    }
    let node = yaml::read(bytes, problems)?;
    const KEYS: &[&str] = &[
        "pack",
        "parallel",
        "engine",
        "theme",
        "mouse",
        "readonly",
        "ascii",
        "clipboard",
        "keys",
        "id-mode",
        "step-timeout",
        "cache",
        "secrets",
    ];
    let fields = Fields::open(&node, "settings", KEYS, problems)?;
    let parallel = fields.value("parallel", problems).and_then(|node| node.number("parallel", 1..=256, problems));
    Some(UserSettings {
        pack: fields.value("pack", problems).and_then(|node| pack(node, problems)).unwrap_or_default(),
        parallel: parallel.and_then(|number| usize::try_from(number).ok()),
        engine: fields.value("engine", problems).and_then(|node| engine(node, problems)),
        theme: fields.value("theme", problems).and_then(|node| theme(node, problems)),
        mouse: fields.boolean("mouse", problems).unwrap_or(true),
        readonly: fields.boolean("readonly", problems).unwrap_or(false),
        ascii: fields.boolean("ascii", problems).unwrap_or(false),
        clipboard: fields.value("clipboard", problems).and_then(|node| clipboard(node, problems)).unwrap_or_default(),
        keys: fields.value("keys", problems).map(|node| keys(node, problems)).unwrap_or_default(),
        id_mode: fields.value("id-mode", problems).and_then(|node| id_mode(node, problems)),
        step_timeout: match fields.value("step-timeout", problems) {
            Some(node) => step_timeout(node, problems),
            None => Some(STEP_TIMEOUT),
        },
        cache: fields.value("cache", problems).and_then(|node| cache(node, problems)).unwrap_or_default(),
        secrets: fields.value("secrets", problems).map(|node| secrets(node, root, problems)).unwrap_or_default(),
    })
}

fn clipboard(node: &Node, problems: &mut Problems) -> Option<ClipboardSetting> {
    match node.text("clipboard", problems)? {
        "auto" => Some(ClipboardSetting::Auto),
        "osc52" => Some(ClipboardSetting::Osc52),
        "native" => Some(ClipboardSetting::Native),
        "off" => Some(ClipboardSetting::Off),
        other => {
            problems
                .error(node.span, format!("unknown clipboard {}", quote(other)))
                .help("write auto, osc52, native or off");
            None
        }
    }
}

fn id_mode(node: &Node, problems: &mut Problems) -> Option<IdSetting> {
    match node.text("id-mode", problems)? {
        "subordinate" => Some(IdSetting::Subordinate),
        "single" => Some(IdSetting::Single),
        "strict" => Some(IdSetting::Strict),
        other => {
            problems
                .error(node.span, format!("unknown id-mode {}", quote(other)))
                .help("write subordinate, single or strict");
            None
        }
    }
}

/// A duration; `None` for the plain number 0 and for what cannot be read.
fn step_timeout(node: &Node, problems: &mut Problems) -> Option<Duration> {
    if matches!(&node.kind, NodeKind::Scalar(scalar) if scalar.text == "0") {
        return None;
    }
    let text = node.text("step-timeout", problems)?;
    let nanos = duration(text);
    if nanos.is_none() {
        problems
            .error(node.span, format!("`step-timeout`: {} is no duration", quote(text)))
            .help("write 90s, 30m or 2h; 0 for none");
    }
    nanos.filter(|nanos| *nanos > 0).map(Duration::from_nanos)
}

fn cache(node: &Node, problems: &mut Problems) -> Option<CacheSettings> {
    let fields = Fields::open(node, "`cache`", &["max-size"], problems)?;
    let node = fields.value("max-size", problems)?;
    let text = node.text("max-size", problems)?;
    let max_size = parse_bytes(text);
    if max_size.is_none() {
        problems
            .error(node.span, format!("`max-size`: {} is no size", quote(text)))
            .help("write a number and its unit: 500MB, 20GB, 8GiB");
    }
    Some(CacheSettings { max_size })
}

/// A theme's name is a file's name too: it leads nowhere else.
fn theme(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("theme", problems)?;
    if is_theme_name(text) {
        return Some(text.to_owned());
    }
    problems
        .error(node.span, format!("{} is no name for a theme", quote(text)))
        .help("write dark, light, mono, or the name of a file in themes/ without .yaml");
    None
}

/// Lowercase letters, digits, `-` and `_`, up to 64.
pub(super) fn is_theme_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn pack(node: &Node, problems: &mut Problems) -> Option<PackSettings> {
    let fields = Fields::open(node, "`pack`", &["compression", "level"], problems)?;
    let named = fields.value("compression", problems);
    let compression = match named.and_then(|node| node.text("compression", problems).map(|text| (text, node.span))) {
        None | Some(("gzip", _)) => Compression::Gzip,
        Some(("zstd", _)) => Compression::Zstd,
        Some(("none", _)) => Compression::None,
        Some((other, span)) => {
            problems.error(span, format!("unknown compression {}", quote(other))).help("write gzip, zstd or none");
            return None;
        }
    };
    let highest = if compression == Compression::Zstd { 19 } else { 9 };
    let level = fields.value("level", problems).and_then(|node| node.number("level", 1..=highest, problems));
    Some(PackSettings { compression, level: level.and_then(|level| i32::try_from(level).ok()) })
}

pub(super) fn below(root: &Path, text: &str) -> PathBuf {
    // `./x` and `x` are one; the root is absolute, so the result is.
    root.join(text.strip_prefix("./").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Workspace, Vec<String>> {
        let mut problems = Problems::new();
        let paths = Paths::below(Path::new("/home/b"));
        let workspace = workspace(text.as_bytes(), (Path::new("/w"), &paths), &mut problems);
        if problems.is_empty() {
            Ok(workspace.unwrap())
        } else {
            Err(problems.into_sorted().into_iter().map(|p| format!("{}:{}: {}", p.line, p.column, p.message)).collect())
        }
    }

    #[test]
    fn the_contracts_example() {
        let text = "bakery: 1\nstores:\n  global:\n    registry: registry.example:5000/global\n    plain-http: false\n    keys: [keys/global.pub]\n  local:\n    layout: ./local-store\n    publish: registry.example:5000\n    key: keys/baker.key\n    keys: [keys/baker.pub]\nrecipes: recipes\npolicy: policy.yaml\nengine: embedded\n";
        let workspace = read(text).unwrap();
        assert_eq!(workspace.recipes, Path::new("/w/recipes"));
        assert_eq!(workspace.stores["local"].place, StorePlace::Layout("/w/local-store".into()));
        assert_eq!(workspace.stores["local"].key.as_deref(), Some(Path::new("/w/keys/baker.key")));
        assert_eq!(workspace.stores["local"].publish.as_ref().unwrap().0.as_str(), "registry.example:5000");
        let StorePlace::Registry { host, prefix, plain_http } = &workspace.stores["global"].place else { panic!() };
        assert_eq!(
            (host.as_str(), prefix.as_ref().unwrap().as_str(), *plain_http),
            ("registry.example:5000", "global", false)
        );
    }

    #[test]
    fn the_local_store_is_always_there() {
        assert_eq!(read("bakery: 1\n").unwrap().stores["local"].place, StorePlace::Layout("/home/b/data/store".into()));
        let keyed = read("bakery: 1\nstores: {local: {key: k}}\n").unwrap();
        assert_eq!(keyed.stores["local"].place, StorePlace::Layout("/home/b/data/store".into()));
    }

    #[test]
    fn all_problems_at_once_with_their_places() {
        let text = "bakery: 2\nstores:\n  Global: {registry: a.b}\n  x: {registri: a.b/c}\n  y: {registry: https://a.b/c}\n  local: {registry: a.b}\nengine: dcoker\nrecipe: r\n";
        let found = read(text).unwrap_err();
        let expected = [
            "1:9: `bakery` must be 1",
            "3:3: `Global` is no name for a store",
            "4:7: unknown key `registri` in a store; did you mean `registry`?",
            "5:17: `registry`: not a registry host: \"https:\"",
            "6:10: the local store must be a layout",
            "7:9: unknown engine `dcoker`; did you mean `docker`?",
            "8:1: unknown key `recipe` in a workspace; did you mean `recipes`?",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn user_settings() {
        let mut problems = Problems::new();
        let settings =
            user(b"pack: {compression: zstd, level: 3}\nparallel: 2\n", Path::new("/c"), &mut problems).unwrap();
        assert!(problems.is_empty());
        assert_eq!(settings.pack, PackSettings { compression: Compression::Zstd, level: Some(3) });
        assert_eq!(settings.parallel, Some(2));
        assert_eq!(user(b"theme: mine\n", Path::new("/c"), &mut problems).unwrap().theme.as_deref(), Some("mine"));
        assert!(problems.is_empty());
        user(b"theme: ../mine\n", Path::new("/c"), &mut problems);
        assert_eq!(problems.len(), 1);
        let text = b"id-mode: strict\nstep-timeout: 1m30s\ncache: {max-size: 20GB}\n";
        let settings = user(text, Path::new("/c"), &mut Problems::new()).unwrap();
        assert_eq!(settings.id_mode, Some(IdSetting::Strict));
        assert_eq!(settings.step_timeout, Some(Duration::from_secs(90)));
        assert_eq!(settings.cache.max_size, Some(20_000_000_000));
        let default = user(b"parallel: 2\n", Path::new("/c"), &mut Problems::new()).unwrap();
        assert_eq!(default.step_timeout, Some(Duration::from_secs(7200)));
        assert_eq!(default, UserSettings { parallel: Some(2), ..UserSettings::default() });
        for none in ["0", "0s", "\"0\""] {
            let mut problems = Problems::new();
            let settings = user(format!("step-timeout: {none}\n").as_bytes(), Path::new("/c"), &mut problems).unwrap();
            assert_eq!((settings.step_timeout, problems.len()), (None, 0), "{none}");
        }
        let mut wrong = Problems::new();
        user(b"id-mode: root\nstep-timeout: 30\ncache: {max-size: lots}\n", Path::new("/c"), &mut wrong);
        let places: Vec<(u32, u32)> = wrong.into_sorted().iter().map(|p| (p.line, p.column)).collect();
        assert_eq!(places, [(1, 10), (2, 15), (3, 19)]);
        user(b"pack: {compression: gzip, level: 12}\n", Path::new("/c"), &mut problems);
        assert!(problems.has_errors());
    }
}
