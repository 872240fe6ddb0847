//! What the base, the stores, the files and the settings have to offer at a place of a recipe.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::base::{BaseFacts, Sought};
use crate::adapters::inputs::list_beside;
use crate::domain::layer::packages::{System, compare_versions};
use crate::domain::layer::{Seen, Tree};
use crate::domain::oci::annotation;
use crate::domain::recipe::assist::{Asked, Completion, Source, Wanted, values_of};
use crate::domain::recipe::{Owner, SecretSource};
use crate::domain::text::{escape, is_hazardous};
use crate::domain::trust::Contract;
use crate::domain::units;
use crate::flows::Context;
use crate::flows::prepare::folder_of;

/// Most candidates of a kind.
const MOST: usize = 2_000;
/// How long stores are waited for altogether, where names are wanted.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Most names of a store, or of a repository's tags, that are remembered.
const NAMES: usize = 20_000;

/// Candidates, and what is not among them and why.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) found: Vec<Completion>,
    pub(super) lacking: Option<String>,
}

impl Candidates {
    fn of(found: Vec<Completion>) -> Self {
        Self { found, lacking: None }
    }
}

impl Context {
    /// All there is for what is asked of a recipe in `file`.
    pub(super) async fn candidates(&self, file: &Path, asked: &Asked) -> Candidates {
        match &asked.wanted {
            Wanted::Nothing => Candidates::default(),
            Wanted::Images => self.image_names().await,
            Wanted::Tags(image) => self.tags_of(image).await,
            Wanted::Beside(folder) => beside(file, folder).await,
            Wanted::Secrets => Candidates::of(self.secrets.iter().map(secret).collect()),
            Wanted::Users
            | Wanted::Groups
            | Wanted::Paths { .. }
            | Wanted::Packages
            | Wanted::Variables
            | Wanted::Labels
            | Wanted::Ports => self.of_base(file, asked).await,
        }
    }

    async fn of_base(&self, file: &Path, asked: &Asked) -> Candidates {
        let facts = self.base_facts(file, asked.base.as_deref(), asked.platform.as_deref()).await;
        let mut candidates = match &facts {
            Ok(facts) => Candidates { found: from_base(facts, asked), lacking: facts.lacking.clone() },
            Err(why) => Candidates { found: Vec::new(), lacking: Some(why.clone()) },
        };
        match asked.wanted {
            Wanted::Packages => {
                let of_others = self.packages_of_others().await;
                candidates.found = packages(facts.as_deref().ok(), &of_others, asked.word());
            }
            Wanted::Labels => candidates.found.extend(self.labels_asked_for()),
            _ => {}
        }
        // What a config says is known without any layer.
        if facts.is_ok() && matches!(asked.wanted, Wanted::Variables | Wanted::Labels | Wanted::Ports) {
            candidates.lacking = None;
        }
        candidates
    }

    /// Repositories of all stores, asked at once.
    async fn image_names(&self) -> Candidates {
        let until = Instant::now() + PATIENCE;
        let stores: Vec<String> = self.store_names().map(str::to_owned).collect();
        let asked = stores.iter().map(|store| self.names_in(store, until));
        let mut candidates = Candidates::default();
        for (store, names) in stores.iter().zip(join_all(asked).await) {
            match names {
                Ok(names) => {
                    let note = format!("in {store}");
                    candidates.found.extend(names.iter().take(NAMES).map(|name| of_store(name, name, &note)));
                }
                Err(why) => candidates.lacking = Some(format!("{store}: {why}")),
            }
        }
        candidates
    }

    async fn names_in(&self, store: &str, until: Instant) -> Sought<Arc<Vec<String>>> {
        if let Some(names) = self.known.names().of(store) {
            return Ok(names);
        }
        if let Some(why) = self.known.silence(store) {
            return Err(why);
        }
        self.names_of(store, until).await.inspect_err(|why| self.known.keep_silence(store, why))
    }

    /// What came in time; kept only where it is all.
    async fn names_of(&self, store: &str, until: Instant) -> Sought<Arc<Vec<String>>> {
        let sources = self.sources(Some(store)).map_err(|report| escape(&report.message))?;
        let mut names = Vec::new();
        for source in &sources {
            let mut coming = source.names();
            while let Ok(next) = timeout_at(until, coming.next()).await {
                match next {
                    Some(Ok(name)) if names.len() < NAMES => names.push(name),
                    Some(Err(report)) => return Err(escape(&report.message)),
                    Some(Ok(_)) | None => {
                        let all = Arc::new(names);
                        self.known.names().keep(store, Arc::clone(&all));
                        return Ok(all);
                    }
                }
            }
        }
        if names.is_empty() && !sources.is_empty() {
            return Err("it does not answer".to_owned());
        }
        Ok(Arc::new(names))
    }

    async fn tags_of(&self, image: &str) -> Candidates {
        let question = format!("{image}:");
        let tags = match self.known.names().of(&question) {
            Some(tags) => Ok(tags),
            None => match self.known.silence(&question) {
                Some(why) => Err(why),
                None => self.tags_now(image).await.inspect_err(|why| self.known.keep_silence(&question, why)),
            },
        };
        match tags {
            Ok(tags) => {
                self.known.names().keep(&question, Arc::clone(&tags));
                let tag = |tag: &String| of_store(tag, &format!("{image}:{tag}"), "");
                Candidates::of(tags.iter().take(MOST).map(tag).collect())
            }
            Err(why) => Candidates { found: Vec::new(), lacking: Some(why) },
        }
    }

    /// The newest first, as far as names say.
    async fn tags_now(&self, image: &str) -> Sought<Arc<Vec<String>>> {
        let until = Instant::now() + PATIENCE;
        let parsed = self.parse_reference(image).map_err(|_| format!("{image} is no image"))?;
        let (store, repository) = self.open(&parsed).map_err(|report| escape(&report.message))?;
        let source = crate::flows::browse::Source::new("", store);
        let mut coming = source.tag_names(repository);
        let mut tags = Vec::new();
        while tags.len() < NAMES {
            match timeout_at(until, coming.next()).await {
                Ok(Some(Ok(tag))) => tags.push(tag),
                Ok(Some(Err(report))) => return Err(escape(&report.message)),
                Ok(None) => break,
                Err(_) if tags.is_empty() => return Err("its store does not answer".to_owned()),
                Err(_) => break,
            }
        }
        tags.sort_by(|a, b| newer(a, b));
        Ok(Arc::new(tags))
    }

    /// Packages that other recipes of the workspace install, the most usual first.
    async fn packages_of_others(&self) -> Arc<Vec<String>> {
        const QUESTION: &str = "packages of the workspace";
        if let Some(names) = self.known.names().of(QUESTION) {
            return names;
        }
        let context = self.clone();
        let read = tokio::task::spawn_blocking(move || context.recipe_packages()).await;
        let names = Arc::new(read.unwrap_or_default());
        self.known.names().keep(QUESTION, Arc::clone(&names));
        names
    }

    fn recipe_packages(&self) -> Vec<String> {
        let mut counts = std::collections::BTreeMap::<String, usize>::new();
        for text in self.recipe_texts() {
            for (name, _) in values_of(&text, "packages") {
                *counts.entry(name).or_default() += 1;
            }
        }
        let mut names: Vec<(String, usize)> = counts.into_iter().collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        names.into_iter().map(|(name, _)| name).collect()
    }

    /// Labels the policy asks for.
    fn labels_asked_for(&self) -> Vec<Completion> {
        let required = self.policy().map(|policy| policy.image.require_labels).unwrap_or_default();
        required.iter().map(|label| plain(label, "the policy asks for it", Source::Recipe)).collect()
    }
}

fn plain(text: &str, note: &str, source: Source) -> Completion {
    Completion { label: text.to_owned(), insert: text.to_owned(), note: note.to_owned(), source }
}

fn of_store(label: &str, insert: &str, note: &str) -> Completion {
    Completion { label: label.to_owned(), insert: insert.to_owned(), note: note.to_owned(), source: Source::Store }
}

/// Higher versions first, names without numbers last.
fn newer(a: &str, b: &str) -> Ordering {
    let is_version = |tag: &str| tag.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    is_version(b).cmp(&is_version(a)).then_with(|| compare_versions(System::Dpkg, b, a)).then_with(|| a.cmp(b))
}

fn secret((name, source): (&String, &SecretSource)) -> Completion {
    let note = match source {
        SecretSource::Env(variable) => format!("from the variable {variable}"),
        SecretSource::File(path) => format!("from {}", escape(&path.display().to_string())),
        SecretSource::Command(_) => "from a program".to_owned(),
    };
    plain(name, &note, Source::Recipe)
}

async fn beside(file: &Path, folder: &str) -> Candidates {
    let (here, below) = (folder_of(file).to_owned(), folder.to_owned());
    let listed = tokio::task::spawn_blocking(move || list_beside(&here, &below, MOST)).await;
    let Ok(Ok(listed)) = listed else { return Candidates::default() };
    let own = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let lock = own.rsplit_once('.').map(|(stem, _)| format!("{stem}.lock")).unwrap_or_default();
    let shown = listed.into_iter().filter(|entry| {
        // The recipe itself and its lock are no part of the image.
        let is_own = folder.is_empty() && (entry.name == own || entry.name == lock);
        !is_own && !entry.name.contains(is_hazardous)
    });
    let completion = |entry: crate::adapters::inputs::Beside| {
        let ending = if entry.is_folder { "/" } else { "" };
        let label = format!("{}{ending}", entry.name);
        let note = if entry.is_folder { "folder".to_owned() } else { units::bytes(entry.size) };
        Completion { insert: format!("{folder}{label}"), label, note, source: Source::Files }
    };
    Candidates::of(shown.map(completion).collect())
}

fn from_base(facts: &BaseFacts, asked: &Asked) -> Vec<Completion> {
    let exec = facts.config.config.as_ref();
    match &asked.wanted {
        Wanted::Users => accounts(facts),
        Wanted::Groups => {
            let named = facts.groups.iter().filter(|group| is_account(&group.name));
            let group = |group: &crate::domain::layer::Group| Completion {
                insert: format!("{}{}", asked.head(), group.name),
                ..plain(&group.name, &format!("gid {}", group.gid), Source::Base)
            };
            named.map(group).collect()
        }
        Wanted::Paths { folder, folders } => match &facts.opened {
            Some(opened) => paths(&opened.tree, (folder, *folders), asked),
            None => Vec::new(),
        },
        Wanted::Variables => {
            let pairs = exec.and_then(|exec| exec.env.as_deref()).unwrap_or_default();
            let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
            pairs.filter(|(name, _)| !name.contains(is_hazardous)).map(|(name, value)| variable(name, value)).collect()
        }
        Wanted::Labels => {
            let labels = exec.and_then(|exec| exec.labels.as_ref());
            let required = labels.and_then(|labels| labels.get(annotation::CONTRACT));
            let contract = required.and_then(|text| Contract::parse(text).ok()).unwrap_or_default();
            let asked = contract.require_labels.iter().map(|label| plain(label, "the base asks for it", Source::Base));
            let known = labels.into_iter().flatten().filter(|(name, _)| !name.contains(is_hazardous));
            asked.chain(known.map(|(name, value)| variable(name, value))).collect()
        }
        Wanted::Ports => {
            let ports = exec.and_then(|exec| exec.exposed_ports.as_ref());
            ports.into_iter().flatten().map(|(port, _)| plain(port, "of the base", Source::Base)).collect()
        }
        _ => Vec::new(),
    }
}

/// Names the language takes.
fn is_account(name: &str) -> bool {
    !name.contains(':') && name.parse::<Owner>().is_ok()
}

/// Users that people make first, root after them, then those of the system.
fn accounts(facts: &BaseFacts) -> Vec<Completion> {
    let rank = |uid: u32| match uid {
        1000..60_000 => 0,
        0 => 1,
        _ => 2,
    };
    let mut users: Vec<&crate::domain::layer::User> =
        facts.users.iter().filter(|user| is_account(&user.name)).collect();
    users.sort_by_key(|user| rank(user.uid));
    users.iter().map(|user| plain(&user.name, &format!("uid {}", user.uid), Source::Base)).collect()
}

fn variable(name: &str, value: &str) -> Completion {
    let short: String = value.chars().take(60).collect();
    plain(name, &format!("{} in the base", escape(&short)), Source::Base)
}

/// What stands in a folder of the base.
fn paths(tree: &Tree, (folder, folders): (&str, bool), asked: &Asked) -> Vec<Completion> {
    let Ok(resolved) = tree.resolve(folder.as_bytes(), true) else { return Vec::new() };
    let Some(id) = tree.find(&resolved) else { return Vec::new() };
    let word = asked.word().to_lowercase();
    let head = if asked.head().is_empty() { "/" } else { asked.head() };
    let completion = |seen: Seen<'_>| {
        let name = std::str::from_utf8(tree.name(seen.id())).ok()?;
        if name.contains(is_hazardous) || !name.to_lowercase().contains(&word) {
            return None;
        }
        let leads = leads_to_folder(tree, &resolved, &seen);
        if folders && !leads {
            return None;
        }
        let label = format!("{name}{}", if leads { "/" } else { "" });
        let note = match seen.target() {
            Some(target) => format!("-> {}", String::from_utf8_lossy(target).chars().take(60).collect::<String>()),
            None if seen.is_folder() => "folder".to_owned(),
            None if seen.is_file() => units::bytes(seen.size()),
            None => seen.type_name().to_owned(),
        };
        Some(Completion { insert: format!("{head}{label}"), label, note: escape(&note), source: Source::Base })
    };
    tree.children_at(id, tree.layers()).into_iter().filter_map(completion).take(MOST).collect()
}

fn leads_to_folder(tree: &Tree, folder: &[u8], seen: &Seen<'_>) -> bool {
    if seen.target().is_none() {
        return seen.is_folder();
    }
    let path = [folder, b"/", tree.name(seen.id())].concat();
    tree.resolve(&path, true).is_ok_and(|resolved| tree.is_folder(&resolved))
}

/// What can be installed, what others install, what is there already.
fn packages(facts: Option<&BaseFacts>, of_others: &[String], word: &str) -> Vec<Completion> {
    let installed = facts.and_then(|facts| facts.opened.as_ref()).map(|opened| &opened.packages.packages);
    let version = |name: &str| installed?.iter().find(|package| package.name == name).map(|package| &package.version);
    let note = |name: &str, otherwise: &str| match version(name) {
        Some(version) => format!("{} is installed", escape(version)),
        None => otherwise.to_owned(),
    };
    let fits = |name: &&String| word.is_empty() || name.contains(word);
    let lists = facts.map(|facts| facts.installable.as_slice()).unwrap_or_default();
    let others = of_others.iter().filter(fits).map(|name| plain(name, &note(name, "in other recipes"), Source::Recipe));
    let listed = lists.iter().filter(fits).map(|name| plain(name, &note(name, "in the base's lists"), Source::Base));
    let there = installed.into_iter().flatten().map(|package| &package.name).filter(fits);
    let there = there.map(|name| plain(name, &note(name, ""), Source::Base));
    let all = others.take(MOST).chain(listed.take(MOST)).chain(there.take(MOST));
    all.filter(|item| !item.label.contains(is_hazardous)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_tags_come_first() {
        let mut tags = ["latest", "3.9", "3.12", "v4", "3.12-slim", "edge"];
        tags.sort_by(|a, b| newer(a, b));
        assert_eq!(tags[4..], ["latest", "edge"], "{tags:?}");
        let at = |tag: &str| tags.iter().position(|other| *other == tag);
        assert!(at("3.12-slim") < at("3.9") && at("3.12") < at("3.9"), "{tags:?}");
    }
}
