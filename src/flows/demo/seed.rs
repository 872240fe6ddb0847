//! The demo's files: keys, both workspaces, the global team's trees and recipes, two teams. Bakes nothing.

use std::path::{Path, PathBuf};

use super::runtimes::{HARDENING, MOVING, Programs, RUNTIMES, Runtime};
use crate::adapters::demo::{Tree, Userland};
use crate::adapters::files;
use crate::adapters::signing::{KeyFiles, Passphrase};
use crate::flows::keys;
use crate::report::Report;

/// No secret: it stands in the demo's own folder, and in its README.
const PASSPHRASE: &str = "demo";

/// A runtime larger than this, beside the system it stands on, makes the demo slow: a stand-in takes its place.
const MAX_RUNTIME_BYTES: u64 = 24 * 1024 * 1024;

const SKELETON: &[u8] = include_bytes!("texts/rootfs.tar.gz");

/// What the demo's two teams have, and the workspace around it.
const TEXTS: &[(&str, &str)] = &[
    ("bakery.yaml", include_str!("texts/bakery.yaml")),
    ("README.md", include_str!("texts/README.md")),
    (".gitignore", "/local-store/\n*.key\n/keys/passphrase\n"),
    (".global/bakery.yaml", include_str!("texts/global.yaml")),
    (
        "recipes/team-a/payments-api/payments-api.yaml",
        include_str!("../../../recipes/team-a/payments-api/payments-api.yaml"),
    ),
    (
        "recipes/team-a/payments-api/app/payments/__init__.py",
        include_str!("../../../recipes/team-a/payments-api/app/payments/__init__.py"),
    ),
    (
        "recipes/team-a/payments-api/app/payments/__main__.py",
        include_str!("../../../recipes/team-a/payments-api/app/payments/__main__.py"),
    ),
    (
        "recipes/team-a/payments-api/app/payments/ledger.py",
        include_str!("../../../recipes/team-a/payments-api/app/payments/ledger.py"),
    ),
    ("recipes/team-a/payments-api/var/.keep", ""),
    ("recipes/team-a/storefront/storefront.yaml", include_str!("../../../recipes/team-a/storefront/storefront.yaml")),
    ("recipes/team-a/storefront/site/index.html", include_str!("../../../recipes/team-a/storefront/site/index.html")),
    ("recipes/team-a/storefront/site/style.css", include_str!("../../../recipes/team-a/storefront/site/style.css")),
    ("recipes/team-b/reports/reports.yaml", include_str!("../../../recipes/team-b/reports/reports.yaml")),
    ("recipes/team-b/reports/app/report.py", include_str!("../../../recipes/team-b/reports/app/report.py")),
    ("recipes/team-b/reports/app/sales.csv", include_str!("../../../recipes/team-b/reports/app/sales.csv")),
    ("recipes/team-b/dashboard/dashboard.yaml", include_str!("texts/dashboard.yaml")),
    (
        "recipes/team-b/dashboard/pages/index.html",
        "<!doctype html>\n<title>Dashboard</title>\n<h1>Sold today: 555</h1>\n",
    ),
];

/// A global image, ready to be baked.
#[derive(Debug)]
pub(super) struct SeededImage {
    pub(super) runtime: &'static Runtime,
    pub(super) stand_in: bool,
    /// The recipe after a hardening, for the one image whose tag moves; beside its files stands the one before.
    pub(super) hardened: Option<String>,
}

impl SeededImage {
    /// Its recipe.
    pub(super) fn recipe_file(&self, root: &Path) -> PathBuf {
        let name = self.runtime.name;
        root.join(".global/recipes").join(name).join(format!("{name}.yaml"))
    }
}

/// Writes both workspaces and the teams' files.
pub(super) fn texts(root: &Path) -> Result<(), Report> {
    let mut tree = Tree::default();
    for (name, content) in TEXTS {
        tree.put(&format!("/{name}"), *content, 0o644)?;
    }
    Ok(tree.write_to(root)?)
}

/// Makes the keys of both sides under one passphrase that lies beside them.
pub(super) fn key_pairs(root: &Path) -> Result<(), Report> {
    let passphrase = Passphrase::from(PASSPHRASE);
    for name in ["global", "baker"] {
        keys::make_with(&KeyFiles::with_prefix(&root.join("keys").join(name)), &passphrase)?;
    }
    files::make_file(&root.join("keys/passphrase"), format!("{PASSPHRASE}\n").as_bytes(), 0o600)?;
    Ok(())
}

/// Collects the global team's trees from this host and writes them with their recipes.
pub(super) fn global_images(root: &Path) -> Result<Vec<SeededImage>, Report> {
    let userland = Userland::of_host();
    let system = userland.system()?;
    let mut seeded = Vec::new();
    for runtime in &RUNTIMES {
        let found = match runtime.programs {
            Programs::System => Some(system.clone()),
            Programs::Python => userland.python(&system, MAX_RUNTIME_BYTES)?,
            Programs::Named(names) => userland.program(names, &system, MAX_RUNTIME_BYTES)?,
            Programs::Never => None,
        };
        let stand_in = found.is_none();
        let mut tree = match found {
            Some(tree) => tree,
            None => standing_in(runtime)?,
        };
        for (path, content) in runtime.files {
            tree.put(path, *content, 0o644)?;
        }
        let hardened = (runtime.name == MOVING).then(|| runtime.recipe(stand_in, HARDENING));
        let image = SeededImage { runtime, stand_in, hardened };
        let recipe = image.recipe_file(root);
        files::make_file(&recipe, runtime.recipe(stand_in, "").as_bytes(), 0o644)?;
        tree.write_to(&recipe.with_file_name("rootfs"))?;
        if runtime.programs == Programs::System {
            files::make_file(&recipe.with_file_name("rootfs.tar.gz"), SKELETON, 0o644)?;
        }
        seeded.push(image);
    }
    Ok(seeded)
}

fn standing_in(runtime: &Runtime) -> Result<Tree, Report> {
    let mut tree = Tree::default();
    tree.put(&format!("/usr/bin/{}", runtime.command), runtime.stand_in(), 0o755)?;
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_a_recipe_names_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        texts(root).unwrap();
        key_pairs(root).unwrap();
        let images = global_images(root).unwrap();
        assert_eq!(images.len(), RUNTIMES.len());
        assert!(!images[0].stand_in, "the system is always this host's own");
        for image in &images {
            let file = image.recipe_file(root);
            let recipe: serde_yaml::Value = serde_yaml::from_str(&files::read_text(&file, 65536).unwrap()).unwrap();
            for step in recipe["steps"].as_sequence().unwrap() {
                let from = ["copy", "unpack"].iter().find_map(|kind| step.get(kind)?.get("from")?.as_str());
                assert!(from.is_none_or(|from| file.with_file_name(from).exists()), "{recipe:?}");
            }
        }
        assert_eq!(images.iter().filter(|image| image.hardened.is_some()).count(), 1);
        for name in ["bakery.yaml", ".global/bakery.yaml"] {
            let text = files::read_text(&root.join(name), 65536).unwrap();
            let workspace: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
            for (_, store) in workspace["stores"].as_mapping().unwrap() {
                let named = store["keys"].as_sequence().into_iter().flatten().chain(store.get("key"));
                for key in named.filter_map(serde_yaml::Value::as_str) {
                    assert!(root.join(name).with_file_name(key).exists(), "{name}: {key}");
                }
            }
        }
        let passphrase = Passphrase::from(PASSPHRASE);
        crate::adapters::signing::read_private(&root.join("keys/global.key"), &passphrase).unwrap();
        assert!(texts(root).is_err(), "nothing is written twice");
    }
}
