//! Files that are right and files that are not: the readers and the schemas agree on each.

use std::path::{Path, PathBuf};

use bakery::domain::document::Document;
use bakery::domain::document::Document::{Config, Lock, Policy, Theme, Workspace};
use serde_json::{Value, json};

use super::validator::errors;
use super::{reads, schema};
use crate::support::bakery::Bakery;

/// Every file below a folder whose name ends so.
fn files(below: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![below.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => pending.push(path),
                false if path.display().to_string().ends_with(ending) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

/// Texts with what they are, by their first key or their name.
fn sorted(paths: Vec<PathBuf>) -> Vec<(Document, String, String)> {
    let kinds = paths.into_iter().filter_map(|path| {
        let mut text = std::fs::read_to_string(&path).unwrap();
        // Templates, as they are filled in.
        for (gap, word) in [("name", "team-a/app"), ("tag", "1"), ("base", "global/os:12"), ("title", "app")] {
            text = text.replace(&format!("{{{{{gap}}}}}"), word);
        }
        let begins = |key: &str| text.lines().any(|line| line.starts_with(key));
        let name = path.file_name()?.to_str()?;
        let kind = match name {
            "policy.yaml" => Document::Policy,
            _ if name.ends_with(".lock") => Document::Lock,
            _ if begins("recipe:") => Document::Recipe,
            _ if begins("bakery:") => Document::Workspace,
            _ if begins("theme:") => Document::Theme,
            _ => return None,
        };
        Some((kind, path.display().to_string(), text))
    });
    kinds.collect()
}

fn number(kind: Document) -> usize {
    Document::ALL.iter().position(|known| *known == kind).unwrap()
}

/// Both say the same of each; gives how many are right, and how many are not.
fn agree(texts: &[(Document, String, String)]) -> (usize, usize) {
    let (right, wrong) = parted(texts);
    (right, wrong.len())
}

/// The same with the names of those that are not.
fn parted(texts: &[(Document, String, String)]) -> (usize, Vec<String>) {
    let instances: Vec<(usize, Value)> = texts
        .iter()
        .map(|(kind, name, text)| {
            let instance = serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (number(*kind), instance)
        })
        .collect();
    let Some(found) = errors(&Document::ALL.map(schema), &instances) else { return (0, Vec::new()) };
    let mut counts = (0, Vec::new());
    for ((kind, name, text), errors) in texts.iter().zip(found) {
        match reads(*kind, text) {
            Ok(()) => {
                assert!(
                    errors.is_empty(),
                    "{name} is right, its schema says otherwise:\n{}\n{text}",
                    errors.join("\n")
                );
                counts.0 += 1;
            }
            Err(why) => {
                assert!(!errors.is_empty(), "{name} is wrong ({why}), its schema does not see it:\n{text}");
                counts.1.push(format!("{name}: {why}"));
            }
        }
    }
    counts
}

#[test]
fn every_file_this_repository_ships_fits_its_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = sorted(files(&root.join("recipes"), ".yaml"));
    texts.extend(sorted(files(&root.join("themes"), ".yaml")));
    texts.extend(sorted(files(&root.join("src/flows/templates"), ".yaml")));
    assert!(texts.len() > 25, "{}", texts.len());
    // The one with NAME in it is no recipe yet.
    texts.retain(|(_, name, _)| !name.ends_with("templates/new.yaml"));
    let (right, wrong) = agree(&texts);
    assert!((right == texts.len() || right == 0) && wrong == 0, "{right} {wrong}");
}

#[test]
fn what_the_readme_shows_is_right() {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let kind = |block: &str| {
        let named = [
            ("# recipes/", Document::Recipe),
            ("# steps of a recipe", Document::Recipe),
            ("# bakery.yaml", Document::Workspace),
            ("# policy.yaml", Document::Policy),
            ("# config.yaml", Document::Config),
        ];
        named.into_iter().find(|(name, _)| block.starts_with(name)).map(|(_, kind)| kind)
    };
    let texts: Vec<_> = blocks.filter_map(|block| Some((kind(block)?, block.to_owned(), block.to_owned()))).collect();
    assert!(texts.len() >= 5, "{}", texts.len());
    let both = |text: &str| text.contains("script:") && text.contains("secrets:");
    assert!(
        texts.iter().any(|(kind, _, text)| *kind == Document::Recipe && both(text)),
        "how a script has its secrets"
    );
    // A block may show a part of a workspace.
    let whole = |(kind, name, text): (Document, String, String)| match kind {
        Document::Workspace if !text.contains("bakery: 1") => (kind, name, format!("bakery: 1\n{text}")),
        Document::Recipe if !text.contains("recipe: 1") => (kind, name, format!("{HEAD}{text}")),
        _ => (kind, name, text),
    };
    let texts: Vec<_> = texts.into_iter().map(whole).collect();
    let (right, wrong) = parted(&texts);
    assert!((right == texts.len() || right == 0) && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_demos_files_are_right_but_for_the_one_that_is_meant_to_be_wrong() {
    let bakery = Bakery::new();
    bakery.ok(&["demo", "--seed-only", "--dir", "shop", "-q"]);
    let shop = bakery.path("shop");
    let mut texts = sorted(files(&shop, ".yaml"));
    texts.extend(sorted(files(&shop.join("recipes"), ".lock")));
    assert!(texts.iter().filter(|(kind, ..)| *kind == Document::Recipe).count() > 5);
    let (right, wrong) = parted(&texts);
    if right > 0 {
        assert!(matches!(wrong.as_slice(), [only] if only.contains("dashboard.yaml")), "{right} right, {wrong:#?}");
    }
}

const HEAD: &str = "recipe: 1\nname: team-a/x\ntag: \"1.0\"\nbase: scratch\n";

/// Parts of recipes that are right.
const RIGHT: &[&str] = &[
    "steps: []",
    "platforms: [linux/amd64, linux/arm/v7]",
    "steps:\n  - packages: [curl, \"g++\", \"@tools\", 7zip]\n  - run: echo hi\n  - remove: [/usr/share/man]",
    "steps:\n  - run: {script: id, shell: [/bin/bash, -eu], network: none, env: {A: b}, secrets: [tok], cache: [/root/.cache], user: \"1000:1000\"}",
    "steps:\n  - run: {script: id, shell: /bin/bash -eu, user: 1000}",
    "steps:\n  - copy: {from: ., to: /, owner: app, mode: \"0644\", exclude: [\"**/*.pyc\"]}\n  - unpack: {from: a/b.tar, to: /opt/, owner: 0}",
    "steps:\n  - write: {to: /a..b/.c, content: 12}",
    "config: {user: 1000, workdir: /srv, expose: [8080, 53/udp], stop-signal: 15, cmd: [], volumes: [/data]}",
    "config: {healthcheck: {test: [CMD, a], interval: 1m30s, retries: 3}, labels: {a.b: c}, env: {a.b: c}}",
    "config: {healthcheck: {test: curl localhost}, stop-signal: SIGRTMIN+3, entrypoint: [a, b]}",
    "tests:\n  - {name: a, run: id, expect: {exit: 3, stdout: ok}, network: host, user: app}\n  - {name: b-2, file: {path: /x, mode: \"0644\", owner: \"a:b\", contains: x}}",
    "tests: [{name: a, file: {path: /x, absent: true}}]",
];

/// Parts that are not.
const WRONG: &[&str] = &[
    "stpes: []",
    "platforms: []",
    "platforms: [linux/x86_64]",
    "platforms: [windows/amd64]",
    "platforms: linux/amd64",
    "steps: {run: id}",
    "steps: [run]",
    "steps: [{}]",
    "steps: [{run: id, remove: [/a]}]",
    "steps: [{run: null}]",
    "steps: [{run: \"  \"}]",
    "steps: [{run: {script: id, network: bridge}}]",
    "steps: [{run: {script: id, shell: bash}}]",
    "steps: [{run: {script: id, shell: []}}]",
    "steps: [{run: {network: none}}]",
    "steps: [{run: {script: id, secrets: [\"a b\"]}}]",
    "steps: [{packages: []}]",
    "steps: [{packages: [\"--allow\"]}]",
    "steps: [{packages: [\"a;b\"]}]",
    "steps: [{packages: curl}]",
    "steps: [{copy: {from: app}}]",
    "steps: [{copy: {from: /etc/passwd, to: /a}}]",
    "steps: [{copy: {from: ../x, to: /a}}]",
    "steps: [{copy: {from: a/../../x, to: /a}}]",
    "steps: [{copy: {from: a, to: b}}]",
    "steps: [{copy: {from: a, to: /b/../c}}]",
    "steps: [{copy: {from: a, to: /b, mode: 644}}]",
    "steps: [{copy: {from: a, to: /b, mode: \"rw\"}}]",
    "steps: [{copy: {from: a, to: /b, owner: \"a b\"}}]",
    "steps: [{copy: {from: a, to: /b, ownr: app}}]",
    "steps: [{write: {to: /etc/, content: a}}]",
    "steps: [{write: {to: /etc/x}}]",
    "steps: [{remove: [/]}]",
    "steps: [{remove: []}]",
    "steps: [{remove: [a]}]",
    "steps: [{unpack: {from: a.tar}}]",
    "config: {user: \"a b\"}",
    "config: {cmd: python3}",
    "config: {expose: [0]}",
    "config: {expose: [80/http]}",
    "config: {volumes: [data]}",
    "config: {workdir: srv}",
    "config: {stop-signal: TERM}",
    "config: {labels: [a]}",
    "config: {env: {a: [b]}}",
    "config: {healthcheck: {interval: 5s}}",
    "config: {healthcheck: {test: a, interval: 5}}",
    "config: {healthcheck: {test: a, retries: 0}}",
    "tests: [{name: a}]",
    "tests: [{run: id}]",
    "tests: [{name: \"a b\", run: id}]",
    "tests: [{name: a, run: id, file: {path: /x}}]",
    "tests: [{name: a, file: {path: /x}, expect: {exit: 0}}]",
    "tests: [{name: a, run: id, expect: {exit: 300}}]",
    "tests: [{name: a, file: {path: x}}]",
    "tests: [{name: a, file: {path: /x, mode: \"9\"}}]",
];

#[test]
fn recipes_right_and_wrong() {
    let of = |part: &&str| (Document::Recipe, (*part).to_owned(), format!("{HEAD}{part}\n"));
    let mut texts: Vec<_> = RIGHT.iter().chain(WRONG).map(of).collect();
    for wrong in ["recipe: 2", "name: Team-A/x", "tag: \"a b\"", "base: \"\"", "base: [a]"] {
        let key = wrong.split(':').next().unwrap();
        let kept = HEAD.lines().filter(|line| !line.starts_with(&format!("{key}:")));
        let text = format!("{wrong}\n{}\n", kept.collect::<Vec<_>>().join("\n"));
        texts.push((Document::Recipe, wrong.to_owned(), text.clone()));
        let without = text.lines().skip(1).collect::<Vec<_>>().join("\n");
        texts.push((Document::Recipe, format!("without {key}"), without));
    }
    for (_, name, text) in &texts[..RIGHT.len()] {
        assert_eq!(reads(Document::Recipe, text), Ok(()), "{name}");
    }
    let (right, wrong) = agree(&texts);
    assert!(right == 0 || (right == RIGHT.len() && wrong == WRONG.len() + 10), "{right} {wrong}");
}

/// Other files that are right.
const RIGHT_OTHERS: &[(Document, &str)] = &[
    (Config, "# nothing\n"),
    (
        Config,
        "theme: mine\nroles: {stale: {fg: \"#ff9e64\"}, verdict.pass: {fg: bright-blue, bold: false}}\nmouse: false\n",
    ),
    (Config, "step-timeout: 0\ncache: {max-size: 20 GiB}\nkeys: {everywhere: {help: [f1]}}\nclipboard: \"off\"\n"),
    (
        Config,
        "pack: {compression: zstd, level: 3}\nid-mode: strict\nsecrets: {a: {env: B}, c: {file: ~/x}, d: {command: [e, f]}}\n",
    ),
    (Config, "cache: {max-size: 1000}\nengine: podman\nascii: true\nreadonly: true\n"),
    (
        Workspace,
        "bakery: 1\nstores: {global: {registry: \"a.example:5000/b/c\", plain-http: true, keys: [k]}, local: {key: k, signature-format: both}}\n",
    ),
    (
        Workspace,
        "bakery: 1\nstores: {a: {docker: default}, b: {podman: /run/p.sock, team: true}, c: {docker: \"tcp://h:1\"}}\n",
    ),
    (Workspace, "bakery: 1\nengine: \"docker://x\"\nsecrets: {a: {env: B}}\nrecipes: r\n"),
    (Policy, "base: {signed-by: [global], allow: [\"global/**\"], max-age: 90d, stale: fail}\n"),
    (
        Policy,
        "image: {user: 1000, setuid: warn, max-layer: 500MB, forbid-paths: [/a, \"**/b\"], require-labels: [a]}\n",
    ),
    (
        Policy,
        "exceptions: [{check: layer.setuid, path: /usr/bin/sudo, reason: ops, until: 2027-01-31}, {check: test.a, reason: b, until: never}]\n",
    ),
    (Theme, "theme: 1\ninherits: nord\nroles: {stale: {fg: default, ansi: bright-red}}\n"),
];

#[test]
fn settings_workspaces_policies_themes_and_locks_right_and_wrong() {
    let right = RIGHT_OTHERS;
    let wrong: &[(Document, &str)] = &[
        (Config, "tehme: dark\n"),
        (Config, "theme: ../mine\n"),
        (Config, "mouse: maybe\n"),
        (Config, "clipboard: x11\n"),
        (Config, "parallel: 0\n"),
        (Config, "step-timeout: 30\n"),
        (Config, "cache: {max-size: lots}\n"),
        (Config, "pack: {compression: lzma}\n"),
        (Config, "secrets: {a: {env: B, file: c}}\n"),
        (Config, "secrets: {a: {}}\n"),
        (Config, "roles: {stale: {fg: orange}}\n"),
        (Config, "roles: {stale: {fg: \"#12345\"}}\n"),
        (Config, "roles: {stale: {color: red}}\n"),
        (Config, "keys: {everywhere: help}\n"),
        (Config, "engine: dcoker\n"),
        (Workspace, "bakery: 2\n"),
        (Workspace, "stores: {}\n"),
        (Workspace, "bakery: 1\nstores: {Global: {layout: a}}\n"),
        (Workspace, "bakery: 1\nstores: {global: {registri: a}}\n"),
        (Workspace, "bakery: 1\nstores: {global: {registry: \"https://a.example\"}}\n"),
        (Workspace, "bakery: 1\nstores: {local: {signature-format: gpg}}\n"),
        (Workspace, "bakery: 1\nstores: {oci: {layout: a}}\n"),
        (Workspace, "bakery: 1\nstores: {here: {docker: \"http://h\"}}\n"),
        (Workspace, "bakery: 1\nstores: {here: {podman: \"\"}}\n"),
        (Policy, "{}\n"),
        (Policy, "base: {}\n"),
        (Policy, "base: {stale: never}\n"),
        (Policy, "base: {max-age: 90}\n"),
        (Policy, "image: {user: root}\n"),
        (Policy, "image: {setuid: deny}\n"),
        (Policy, "image: {forbid-paths: [a]}\n"),
        (Policy, "exceptions: [{check: layer.setuid, path: /a, reason: b}]\n"),
        (Policy, "exceptions: [{check: layer.setuid, path: /a, reason: b, until: soon}]\n"),
        (Policy, "exceptions: [{check: setuid, path: /a, reason: b, until: never}]\n"),
        (Theme, "theme: 2\ninherits: dark\n"),
        (Theme, "theme: 1\ninherits: dark\nroles: {stail: {}}\n"),
        (Theme, "theme: 1\ninherits: dark\nroles: {stale: {ansi: \"#010203\"}}\n"),
        (Theme, "theme: 1\ninherits: dark\ncanvas: {background: red}\n"),
        (Lock, "lock: 1\nbase: a\n"),
    ];
    let of = |(kind, text): &(Document, &str)| (*kind, text.to_string(), text.to_string());
    for (kind, text) in right {
        assert_eq!(reads(*kind, text), Ok(()), "{text}");
    }
    let (good, bad) = agree(&right.iter().chain(wrong).map(of).collect::<Vec<_>>());
    assert!(good == 0 || (good, bad) == (right.len(), wrong.len()), "{good} {bad}");
}

/// Every value of a document, one after the other, replaced by odd ones.
fn changed(document: &Value) -> Vec<Value> {
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, below) in map {
                    places(below, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
                }
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(number, below)| places(below, &format!("{at}/{number}"), found));
            }
            _ => {}
        }
        found.push(at.to_owned());
    }
    let mut found = Vec::new();
    places(document, "", &mut found);
    found.retain(|place| !place.is_empty());
    let odd = json!([
        "", " ", "a", "a b", "A", "/", "/a/", "../a", "a.b-c_d", "07", "0644", "1:1", "8080/tcp", "linux/amd64", "30s",
        "5MB", "\u{e9}\u{4e2d}", 0, 15, 70_000, 1.5, true, null, [], ["a"], [1], {}, {"a": "b"}
    ]);
    let odd = odd.as_array().unwrap();
    let pairs = found.iter().flat_map(|place| odd.iter().map(move |value| (place, value)));
    let changed = pairs.map(|(place, value)| {
        let mut changed = document.clone();
        *changed.pointer_mut(place).unwrap() = value.clone();
        changed
    });
    changed.collect()
}

#[test]
fn no_editor_sees_a_mistake_where_bakery_sees_none() {
    let recipes = RIGHT.iter().map(|part| (Document::Recipe, format!("{HEAD}{part}\n")));
    let others = RIGHT_OTHERS.iter().map(|(kind, text)| (*kind, (*text).to_owned()));
    let mut instances = Vec::new();
    for (kind, text) in recipes.chain(others) {
        let document: Value = serde_yaml::from_str(&text).unwrap();
        let accepted = changed(&document).into_iter().filter(|changed| {
            let text = serde_yaml::to_string(changed).unwrap();
            reads(kind, &text).is_ok()
        });
        instances.extend(accepted.map(|changed| (number(kind), changed)));
    }
    assert!(instances.len() > 500, "{}", instances.len());
    let Some(found) = errors(&Document::ALL.map(schema), &instances) else { return };
    let alarms = instances.iter().zip(found).filter(|(_, errors)| !errors.is_empty());
    let alarms: Vec<String> =
        alarms.map(|((_, instance), errors)| format!("{}\n  {instance}", errors.join("\n"))).collect();
    assert!(alarms.is_empty(), "{} of {}:\n{}", alarms.len(), instances.len(), alarms.join("\n"));
}

#[test]
fn schemas_are_printed_and_written() {
    let bakery = Bakery::new();
    let all: Value = serde_json::from_str(&bakery.ok(&["schema"])).unwrap();
    for kind in Document::ALL {
        let one: Value = serde_json::from_str(&bakery.ok(&["schema", kind.name()])).unwrap();
        assert_eq!(one, all[kind.name()]);
        assert_eq!(one["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(one["$id"], format!("urn:bakery:schema:{}:1", kind.name()));
    }
    assert_eq!(bakery.json(&["schema", "recipe"]), all["recipe"]);
    bakery.ok(&["schema", "--out", "schemas"]);
    let written = std::fs::read_to_string(bakery.path("schemas/recipe.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), all["recipe"]);
    bakery.fails(2, &["schema", "recipes"]);
}
