//! From the text of `bakery.yaml` to a workspace. Touches no file.

use std::collections::BTreeMap;
use std::path::Path;

use super::engines::engines;
use super::forms::{below, daemon, engine};
use super::keyless::keyless;
use super::secrets::{secret, secrets};
use super::{Paths, StorePlace, StoreSettings, Workspace};
use crate::adapters::signing::SignatureFormat;
use crate::domain::document::{STORE, WORKSPACE, keys as known};
use crate::domain::oci::{Registry, Repository};
use crate::domain::yaml::{self, Fields, Node, NodeKind, Problems, Reading, parse_scalar, quote};

/// The workspace that stands in a folder; relative paths begin there.
pub(super) fn workspace(bytes: &[u8], (root, paths): (&Path, &Paths), problems: &mut Problems) -> Option<Workspace> {
    let node = yaml::read(bytes, problems)?;
    let fields = Fields::open(&node, "a workspace", &known(WORKSPACE), problems)?;
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
        repositories: Vec::new(),
        team: false,
    });
    let path = |key: &str, problems: &mut Problems| fields.text(key, problems).map(|text| below(root, text));
    Some(Workspace {
        recipes: path("recipes", problems).unwrap_or_else(|| root.join("recipes")),
        policy: path("policy", problems),
        engine: fields.value("engine", problems).and_then(|node| Some((engine(node, problems)?, node.span.start.line))),
        engines: fields.value("engines", problems).map(|node| engines(node, root, problems)).unwrap_or_default(),
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
    let before = problems.len();
    let fields = Fields::open(node, "a store", &known(STORE), problems)?;
    let registry = fields.value("registry", problems).and_then(|node| prefix(node, "registry", problems));
    let layout = fields.text("layout", problems).map(|text| below(root, text));
    let plain_http = fields.boolean("plain-http", problems).unwrap_or(false);
    let mut places: Vec<StorePlace> = Vec::new();
    places.extend(registry.map(|(host, prefix)| StorePlace::Registry { host, prefix, plain_http }));
    places.extend(layout.map(StorePlace::Layout));
    places.extend(daemon(&fields, name, &paths.cache, problems));
    if places.is_empty() && name == "local" {
        places.push(StorePlace::Layout(paths.data.join("store")));
    }
    // A slip in one of them has been reported already.
    if problems.len() == before && places.len() != 1 {
        let what = if places.is_empty() { "says not where it is" } else { "is in more than one place" };
        problems
            .error(fields.span, format!("store {} {what}", quote(name)))
            .help("give it one of `registry: HOST/PREFIX`, `layout: FOLDER`, `docker: default`, `podman: default`");
    }
    let place = places.pop();
    if name == "local" && place.as_ref().is_some_and(|place| !matches!(place, StorePlace::Layout(_))) {
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
}
