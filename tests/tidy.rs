//! The house rules as code: who may import whom, how large things may grow, which names are not used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bakery::tui::keymap::{Action, Keymap, Scope, TABLE};
use bakery::tui::palette::{Kind, of_scopes};

/// Folders of `src` and what each may name after `crate::`. Longest matching prefix decides.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain/text.rs", &[]),
    ("domain/units.rs", &[]),
    ("domain/mask.rs", &[]),
    ("domain/role_style.rs", &["domain::role_style", "domain::yaml"]),
    ("domain/oci", &["domain::oci", "domain::text"]),
    ("domain/document", &["domain::document"]),
    ("domain/yaml", &["domain::yaml", "domain::text"]),
    ("domain/recipe", &["domain::recipe", "domain::oci", "domain::text", "domain::yaml"]),
    ("domain/plan", &["domain::plan", "domain::recipe", "domain::oci", "domain::text"]),
    ("domain/layer", &["domain::layer", "domain::oci", "domain::text", "domain::units"]),
    ("domain/rebase", &["domain::rebase", "domain::layer", "domain::oci"]),
    ("domain/lineage", &["domain::lineage", "domain::oci"]),
    (
        "domain/rollout",
        &["domain::rollout", "domain::journal", "domain::lineage", "domain::oci", "domain::projection", "domain::text"],
    ),
    ("domain/engine", &["domain::engine", "domain::oci", "domain::recipe"]),
    ("domain/pool", &["domain::pool", "domain::oci"]),
    ("domain/dockerfile", &["domain::dockerfile", "domain::recipe", "domain::oci", "domain::text", "domain::plan"]),
    (
        "domain/trust",
        &[
            "domain::trust",
            "domain::plan",
            "domain::layer",
            "domain::oci",
            "domain::recipe",
            "domain::text",
            "domain::units",
            "domain::yaml",
        ],
    ),
    (
        "domain/journal",
        &[
            "domain::journal",
            "domain::trust",
            "domain::plan",
            "domain::layer",
            "domain::oci",
            "domain::recipe",
            "domain::text",
        ],
    ),
    ("domain/projection", &["domain"]),
    ("adapters", &["adapters", "domain", "report"]),
    ("flows", &["flows", "adapters", "domain", "report"]),
    ("cli", &["cli", "tui", "flows", "domain", "report"]),
    ("tui", &["tui", "flows", "domain", "report"]),
    ("report.rs", &["report", "domain::text"]),
];

/// Names that say nothing, or say the wrong thing (glossary).
const FORBIDDEN_NAMES: &[&str] = &[
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "manager",
    "handler",
    "stuff",
    "manifest_list",
    "dough",
    "oven",
    "crumb",
    "kitchen",
    "crust",
];

/// Files over 500 lines, each with its reason.
const LARGE_FILES: &[(&str, &str)] = &[];

/// Folders with more than 12 files, each with its reason.
const LARGE_FOLDERS: &[(&str, &str)] = &[
    ("src/cli", "one file a command, as the contract lists them"),
    ("src/flows", "one file a thing a baker does"),
    ("src/adapters/engine/remote/buildkit", "one file a service of the session, one a thing a builder tells"),
    ("src/adapters/store/registry", "one file an endpoint of the protocol, one a protection against it"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(below), &mut found);
    found.sort();
    assert!(below != "src" || !found.is_empty(), "no source below {below}");
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The part before the unit tests.
fn production(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

/// Paths named after `crate::`, with one level of braces unfolded.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') || code[..at].ends_with("in ") {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let path: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
        let path = path.trim_end_matches(':').to_owned();
        if rest[path.len()..].starts_with("::{") && path.matches("::").count() == 0 {
            let inside: String = rest[path.len() + 3..].chars().take_while(|c| *c != ';').collect();
            for part in inside.split(',') {
                let first: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !first.is_empty() {
                    found.insert(format!("{path}::{first}"));
                }
            }
        } else {
            found.insert(path);
        }
    }
    found
}

#[test]
fn imports_run_one_way() {
    let mut broken = Vec::new();
    for (file, text) in rust_files("src") {
        let inside = file.strip_prefix("src/").unwrap();
        if matches!(inside, "lib.rs" | "main.rs") {
            continue;
        }
        let rule =
            MAY_IMPORT.iter().filter(|(place, _)| inside.starts_with(place)).max_by_key(|(place, _)| place.len());
        let allowed = match rule {
            Some((_, allowed)) => *allowed,
            None if inside == "domain/mod.rs" => continue,
            None => panic!("{file}: no rule says what it may import; add its room to MAY_IMPORT"),
        };
        for path in imports(production(&text)) {
            let fits = allowed.iter().any(|a| path == *a || path.starts_with(&format!("{a}::")));
            if !fits {
                broken.push(format!("{file} imports crate::{path}"));
            }
        }
    }
    assert!(broken.is_empty(), "imports against the house's direction:\n{}", broken.join("\n"));
}

#[test]
fn the_domain_is_pure() {
    let banned = [
        "std::fs",
        "std::net::Tcp",
        "std::process",
        "std::env",
        "std::thread",
        "tokio",
        "ratatui",
        "crossterm",
        "reqwest",
        "rustix",
        "SystemTime",
        "Instant::now",
        "println!",
        "eprintln!",
    ];
    let mut broken = Vec::new();
    for (file, text) in rust_files("src/domain") {
        for (number, line) in production(&text).lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for word in banned.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{file}:{}: {word}", number + 1));
            }
        }
    }
    assert!(broken.is_empty(), "the domain touches the world:\n{}", broken.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["src", "tests", "benches"] {
        if !root().join(folder).exists() {
            continue;
        }
        for (file, text) in rust_files(folder) {
            let first = text.lines().next().unwrap_or("");
            assert!(first.starts_with("//! ") && first.len() > 20, "{file} must begin with `//! what it is`");
            for (number, line) in text.lines().enumerate() {
                let bare = line.trim();
                assert!(!(bare == "///" && number == 0), "{file}:{}: empty doc comment", number + 1);
            }
        }
    }
}

#[test]
fn nothing_grows_past_its_room() {
    for (file, text) in rust_files("src") {
        let lines = production(&text).lines().count();
        let excused = LARGE_FILES.iter().any(|(name, _)| *name == file);
        assert!(lines <= 500 || excused, "{file} has {lines} lines; split it by what it is about");
        assert!(file.matches('/').count() <= 5, "{file} lies too deep");
    }
    for (name, reason) in LARGE_FILES.iter().chain(LARGE_FOLDERS) {
        assert!(root().join(name).exists() && !reason.is_empty(), "stale exception for {name}");
    }
    let mut per_folder = std::collections::BTreeMap::<String, usize>::new();
    for (file, _) in rust_files("src") {
        let folder = file.rsplit_once('/').unwrap().0.to_owned();
        *per_folder.entry(folder).or_default() += 1;
    }
    for (folder, count) in per_folder {
        let excused = LARGE_FOLDERS.iter().any(|(name, _)| *name == folder);
        assert!(count <= 12 || excused, "{folder} has {count} files");
    }
}

#[test]
fn unsafe_stands_in_one_file() {
    let word = ["unsafe", " {"].concat();
    let with: Vec<String> =
        rust_files("src").into_iter().filter(|(_, text)| text.contains(&word)).map(|(path, _)| path).collect();
    assert_eq!(with, ["src/adapters/sandbox/kernel.rs"]);
}

/// Names of a protocol's, which its generated traits have.
const NAMED_ELSEWHERE: &[&str] = &["get_secret", "get_token_authority"];

#[test]
fn names_say_something() {
    for (file, text) in rust_files("src") {
        for part in file.trim_end_matches(".rs").split('/') {
            assert!(!FORBIDDEN_NAMES.contains(&part), "{file}: {part} says nothing");
        }
        for line in production(&text).lines().filter(|l| !l.trim_start().starts_with("//")) {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            while let Some(word) = words.next() {
                if !matches!(word, "fn" | "struct" | "enum" | "mod" | "trait" | "type") {
                    continue;
                }
                let Some(name) = words.next() else { break };
                let parts: Vec<String> = split_name(name);
                for forbidden in FORBIDDEN_NAMES {
                    assert!(!parts.iter().any(|p| p == forbidden), "{file}: `{word} {name}` uses {forbidden}");
                }
                if NAMED_ELSEWHERE.contains(&name) {
                    continue;
                }
                assert!(!name.starts_with("get_") && !name.starts_with("do_"), "{file}: fn {name}: name what it gives");
            }
        }
    }
}

/// `FooBar` and `foo_bar` as lowercase words.
fn split_name(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            words.push(String::new());
        }
        if c != '_'
            && let Some(last) = words.last_mut()
        {
            last.extend(c.to_lowercase());
        }
    }
    words
}

#[test]
fn nothing_is_left_behind() {
    let markers =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("todo", "!("), "allow(dead_code"];
    for folder in ["src", "tests"] {
        for (file, text) in rust_files(folder) {
            for (number, line) in text.lines().enumerate() {
                for marker in markers.iter().filter(|m| line.contains(**m)) {
                    assert!(file == "tests/tidy.rs", "{file}:{}: {marker}", number + 1);
                }
            }
        }
    }
}

#[test]
fn the_top_level_stays_small() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "themes",
        "recipes",
        "tests",
        "screenshots",
        "benches",
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE",
        "rustfmt.toml",
        ".clippy.toml",
        ".ci",
        ".gitignore",
        ".git",
        "target",
        "deny.toml",
    ];
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            known.contains(&name.as_str()) || name.starts_with("target") || name.starts_with("bakery-demo"),
            "{name} does not belong at the top level"
        );
    }
}

#[test]
fn every_action_has_a_key_a_name_in_help_and_a_palette_entry() {
    let keymap = Keymap::default();
    for action in Action::ALL {
        let rows: Vec<_> = TABLE.iter().filter(|row| row.action == *action).collect();
        let name = action.name();
        assert!(rows.iter().any(|row| !row.keys.is_empty()), "{name} has no key");
        assert!(rows.iter().all(|row| !row.label.trim().is_empty()), "{name} has no name in help");
        let scopes: Vec<Scope> = rows.iter().map(|row| row.scope).collect();
        let is_it = |thing: &bakery::tui::palette::Thing| thing.kind == Kind::Action(*action) && !thing.text.is_empty();
        let things = of_scopes(&keymap, &scopes, false, |_| true);
        assert!(things.iter().any(is_it), "{name} has no palette entry");
    }
    for scope in Scope::ALL {
        assert!(TABLE.iter().any(|row| row.scope == *scope), "{} has no key", scope.name());
    }
}
