//! Whose keys judge an image, and what it may be called in signatures: told from where it lies, never from what it says of
//! itself. Source: contract section 2.

use std::path::Path;

use super::Context;
use crate::adapters::files;
use crate::adapters::settings::{StorePlace, StoreSettings};
use crate::domain::engine::EngineAddress;
use crate::domain::oci::{ImageRef, Place, Registry, Repository};

/// Where an image stands before the law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flows) struct Jurisdiction {
    /// The store of the workspace whose keys judge it; `None` where it lies under none.
    pub(in crate::flows) store: Option<String>,
    /// Its path in that store.
    pub(in crate::flows) repository: String,
    /// What it may be called in a signature that names one: paths without registry and tag.
    pub(in crate::flows) names: Vec<String>,
    /// Made here rather than inherited.
    pub(in crate::flows) is_local: bool,
}

/// A prefix an image lies under.
struct Under<'c> {
    store: &'c str,
    settings: &'c StoreSettings,
    rest: String,
    length: usize,
    published: bool,
}

impl Context {
    /// Who judges an image: its store, or the store under whose `registry` or `publish` prefix it lies; the longest wins.
    pub(in crate::flows) fn jurisdiction(&self, image: &ImageRef, repository: Option<&Repository>) -> Jurisdiction {
        let path = repository.map(Repository::as_str).unwrap_or_default();
        match &image.place {
            Place::Store(name) => self.of_store(name, path),
            Place::Registry(host) => self.of_registry(host, path),
            Place::Layout(folder) => {
                let folder = self.beneath_root(folder);
                match self.workspace.stores.iter().find(|(_, settings)| lies_in(settings, &folder)) {
                    Some((name, _)) => self.of_store(name, path),
                    // A layout outside the workspace: whoever names it, made or fetched it.
                    None => nobody(path, true),
                }
            }
        }
    }

    fn of_store(&self, name: &str, path: &str) -> Jurisdiction {
        let settings = self.workspace.stores.get(name);
        Jurisdiction {
            store: settings.map(|_| name.to_owned()),
            repository: path.to_owned(),
            names: settings.map(|settings| names(settings, path)).unwrap_or_default(),
            is_local: name == "local",
        }
    }

    fn of_registry(&self, host: &Registry, path: &str) -> Jurisdiction {
        let mut found: Vec<Under<'_>> = Vec::new();
        for (store, settings) in &self.workspace.stores {
            if let StorePlace::Registry { host: known, prefix, .. } = &settings.place {
                found.extend(under((known, prefix.as_ref()), (host, path), (store, settings), false));
            }
            if let Some((known, prefix)) = &settings.publish {
                found.extend(under((known, prefix.as_ref()), (host, path), (store, settings), true));
            }
        }
        // Of two as long, what is inherited goes before what is published: it takes no more than it must.
        let longest = found.into_iter().max_by_key(|under| (under.length, !under.published));
        match longest {
            None => nobody(path, false),
            Some(under) => Jurisdiction {
                store: Some(under.store.to_owned()),
                names: names(under.settings, &under.rest),
                repository: under.rest,
                is_local: under.published || under.store == "local",
            },
        }
    }

    /// The one full name of a repository, whatever this workspace calls the store it is in: `registry.example/global/python`.
    pub(in crate::flows) fn full_name(&self, image: &ImageRef, repository: &Repository) -> String {
        match &image.place {
            Place::Store(name) => match self.workspace.stores.get(name).map(|settings| &settings.place) {
                Some(StorePlace::Registry { host, prefix: Some(prefix), .. }) => {
                    format!("{host}/{prefix}/{repository}")
                }
                Some(StorePlace::Registry { host, prefix: None, .. }) => format!("{host}/{repository}"),
                Some(StorePlace::Layout(folder)) => format!("oci:{}:{repository}", folder.display()),
                // As other tools name a daemon's images.
                Some(StorePlace::Daemon { at: EngineAddress::Podman(_), .. }) => {
                    format!("containers-storage:{repository}")
                }
                Some(StorePlace::Daemon { .. }) => format!("docker-daemon:{repository}"),
                None => format!("{name}/{repository}"),
            },
            Place::Registry(host) => format!("{host}/{repository}"),
            Place::Layout(folder) => format!("oci:{}:{repository}", self.beneath_root(folder).display()),
        }
    }
}

fn nobody(path: &str, is_local: bool) -> Jurisdiction {
    Jurisdiction { store: None, repository: path.to_owned(), names: vec![path.to_owned()], is_local }
}

fn lies_in(settings: &StoreSettings, folder: &Path) -> bool {
    matches!(&settings.place, StorePlace::Layout(known) if files::is_same_place(known, folder))
}

fn under<'c>(
    (known, prefix): (&Registry, Option<&Repository>),
    (host, path): (&Registry, &str),
    (store, settings): (&'c str, &'c StoreSettings),
    published: bool,
) -> Option<Under<'c>> {
    let rest = match prefix {
        None => path,
        Some(prefix) => path.strip_prefix(prefix.as_str())?.strip_prefix('/')?,
    };
    let length = prefix.map_or(0, |prefix| prefix.as_str().len());
    (known == host && !rest.is_empty()).then(|| Under { store, settings, rest: rest.to_owned(), length, published })
}

/// With the store's prefix and without: who signs an image may know it by either.
fn names(settings: &StoreSettings, path: &str) -> Vec<String> {
    let mut names = vec![path.to_owned()];
    let mut prefixes = Vec::new();
    if let StorePlace::Registry { prefix: Some(prefix), .. } = &settings.place {
        prefixes.push(prefix);
    }
    if let Some((_, Some(prefix))) = &settings.publish {
        prefixes.push(prefix);
    }
    names.extend(prefixes.into_iter().map(|prefix| format!("{prefix}/{path}")));
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::adapters::settings::{Paths, UserSettings, Workspace};

    fn context() -> Context {
        let store = |place, publish| StoreSettings {
            place,
            keys: vec![],
            key: None,
            passphrase: None,
            signature_format: Default::default(),
            publish,
            repositories: vec![],
            team: false,
            keyless: None,
        };
        let registry = |prefix: &str| StorePlace::Registry {
            host: "reg.example:5000".parse().unwrap(),
            prefix: Some(prefix.parse().unwrap()),
            plain_http: false,
        };
        let stores = BTreeMap::from([
            ("global".to_owned(), store(registry("global"), None)),
            ("inner".to_owned(), store(registry("global/inner"), None)),
            (
                "local".to_owned(),
                store(StorePlace::Layout("/w/local".into()), Some(("reg.example:5000".parse().unwrap(), None))),
            ),
        ]);
        let workspace = Workspace {
            root: "/w".into(),
            stores,
            recipes: "/w/recipes".into(),
            policy: None,
            engine: None,
            engines: Vec::new(),
            secrets: BTreeMap::new(),
        };
        let paths = Paths::below(Path::new("/h"));
        Context {
            paths,
            workspace,
            settings: UserSettings::default(),
            secrets: BTreeMap::new(),
            passphrase: None,
            frozen_policy: None,
            known: Default::default(),
            frozen_now: None,
            makers: Default::default(),
            trees: Default::default(),
            keys: Default::default(),
            stores: Default::default(),
        }
    }

    fn judge(text: &str) -> (Option<String>, String, Vec<String>, bool) {
        let context = context();
        let image = context.parse_reference(text).unwrap();
        let found = context.jurisdiction(&image, image.repository.as_ref());
        (found.store, found.repository, found.names, found.is_local)
    }

    #[test]
    fn the_longest_prefix_judges_and_nothing_else_does() {
        let of = |store: &str, path: &str, names: &[&str], local| {
            (Some(store.to_owned()), path.to_owned(), names.iter().map(|name| (*name).to_owned()).collect(), local)
        };
        assert_eq!(judge("global/python:3"), of("global", "python", &["python", "global/python"], false));
        assert_eq!(judge("reg.example:5000/global/python"), judge("global/python"));
        let inner = of("inner", "x", &["x", "global/inner/x"], false);
        assert_eq!(judge("reg.example:5000/global/inner/x"), inner);
        assert_eq!(judge("reg.example:5000/globalx/y"), of("local", "globalx/y", &["globalx/y"], true));
        assert_eq!(judge("oci:/w/local:team/x:1"), of("local", "team/x", &["team/x"], true));
        assert_eq!(judge("other.example/global/python").0, None);
        assert_eq!(judge("oci:/elsewhere:a/b:1").0, None);
    }
}
