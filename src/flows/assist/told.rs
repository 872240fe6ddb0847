//! What there is to say of a value: of a user, a path, a package, an image, as the base, the stores and the files have it.

use std::path::Path;
use std::time::Duration;

use super::base::{BaseFacts, Sought};
use crate::adapters::inputs::list_beside;
use crate::domain::oci::{ImageRef, Place};
use crate::domain::recipe::assist::{Pointed, Wanted};
use crate::domain::text::{escape, escape_bytes};
use crate::domain::trust::{Signer, reason};
use crate::domain::units;
use crate::flows::Context;
use crate::flows::prepare::folder_of;
use crate::flows::verify::SignatureState;

/// How long a store is waited for that is asked about a signature.
const PATIENCE: Duration = Duration::from_millis(1500);

impl Context {
    /// Lines about a value in the text of a recipe in `file`; none where there is nothing to say.
    pub(super) async fn told(&self, file: &Path, pointed: &Pointed) -> Vec<String> {
        let text = pointed.text.as_str();
        match &pointed.wanted {
            Wanted::Nothing | Wanted::Tags(_) | Wanted::Groups => Vec::new(),
            Wanted::Images => self.image_told(file, pointed).await,
            Wanted::Beside(path) => beside(file, path).await,
            Wanted::Secrets if self.secrets.contains_key(text) => vec!["configured".to_owned()],
            Wanted::Secrets => vec!["not configured".to_owned()],
            wanted => {
                let facts = self.base_facts(file, pointed.base.as_deref(), pointed.platform.as_deref()).await;
                of_base(&facts, wanted, text)
            }
        }
    }

    async fn image_told(&self, file: &Path, pointed: &Pointed) -> Vec<String> {
        let facts = match self.base_facts(file, Some(&pointed.text), pointed.platform.as_deref()).await {
            Ok(facts) => facts,
            Err(why) => return vec![why],
        };
        let mut lines = vec![facts.digest.to_string()];
        let layers = units::count(facts.config.rootfs.diff_ids.len() as u64, "layer");
        lines.push(format!("{}, {layers}, {}", facts.config.platform(), units::bytes(facts.size)));
        lines.extend(facts.config.created.as_ref().map(|created| format!("made {}", escape(created))));
        let user = facts.config.config.as_ref().and_then(|exec| exec.user.as_deref()).filter(|user| !user.is_empty());
        lines.extend(user.map(|user| format!("runs as {}", escape(user))));
        let law = self.jurisdiction(&facts.reference, facts.reference.repository.as_ref());
        lines.push(match law.store {
            Some(store) => format!("judged by the keys of {store}"),
            None => "under no store of the workspace: nobody judges it".to_owned(),
        });
        lines.extend(self.signature_told(&facts.reference).await);
        lines.extend(facts.lacking.clone());
        lines
    }

    /// What the base's tag points to now, and whether that is signed; nothing where its store does not answer in a moment.
    async fn signature_told(&self, image: &ImageRef) -> Option<String> {
        let Place::Store(store) = &image.place else { return None };
        let (repository, tag) = (image.repository.as_ref()?, image.tag_or_latest()?);
        let question = format!("signature {image}");
        if self.known.silence(&question).is_some() {
            return None;
        }
        let source = self.sources(Some(store)).ok()?.into_iter().next()?;
        let looked = tokio::time::timeout(PATIENCE, source.look(repository.as_str(), tag.as_str())).await;
        let Ok(Ok(listed)) = looked else {
            self.known.keep_silence(&question, "it does not answer");
            return None;
        };
        Some(format!("{tag} points to {}, {}", listed.digest.as_ref()?.short(), signature(listed.signature.as_ref()?)))
    }
}

fn signature(state: &SignatureState) -> String {
    let signer = state.signer.as_ref().map(|signer| match signer {
        Signer::Key { name, .. } => escape(name),
        Signer::Identity { subject, .. } => escape(subject),
    });
    match (&*state.reason, signer) {
        (_, Some(signer)) => format!("signed by {signer}"),
        (reason::UNSIGNED, None) => "not signed".to_owned(),
        (reason::NOT_ASKED, None) => "and nobody asks for a signature".to_owned(),
        (reason::NO_KEYS, None) => "and its store names no keys to judge a signature by".to_owned(),
        (code, None) => format!("its signature does not count: {code}"),
    }
}

fn of_base(facts: &Sought<std::sync::Arc<BaseFacts>>, wanted: &Wanted, text: &str) -> Vec<String> {
    let facts = match facts {
        Ok(facts) => facts,
        Err(why) => return vec![why.clone()],
    };
    let exec = facts.config.config.as_ref();
    match wanted {
        Wanted::Users => account(facts, text),
        Wanted::Paths { .. } => path(facts, text),
        Wanted::Packages => package(facts, text),
        Wanted::Variables => {
            let pairs = exec.and_then(|exec| exec.env.as_deref()).unwrap_or_default();
            let found = pairs.iter().filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == text);
            vec![found.map_or_else(|| "the base has none of this name".to_owned(), |(_, value)| in_base(value))]
        }
        Wanted::Labels => {
            let found = exec.and_then(|exec| exec.labels.as_ref()?.get(text));
            vec![found.map_or_else(|| "the base has none of this name".to_owned(), |value| in_base(value))]
        }
        Wanted::Ports => {
            let named = if text.contains('/') { text.to_owned() } else { format!("{text}/tcp") };
            let exposed = exec.and_then(|exec| exec.exposed_ports.as_ref()).is_some_and(|all| all.contains_key(&named));
            if exposed { vec!["the base exposes it already".to_owned()] } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

fn in_base(value: &str) -> String {
    format!("{} in the base", escape(&value.chars().take(200).collect::<String>()))
}

/// What is not known of a base, else that it has none of what was asked.
fn none_of(facts: &BaseFacts, otherwise: String) -> String {
    facts.lacking.clone().unwrap_or(otherwise)
}

fn account(facts: &BaseFacts, text: &str) -> Vec<String> {
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    let by = |name: &str, id: u32, wanted: &str| name == wanted || wanted.parse() == Ok(id);
    let mut lines = Vec::new();
    match facts.users.iter().find(|known| by(&known.name, known.uid, user)) {
        Some(known) => {
            let (name, uid, gid) = (escape(&known.name), known.uid, known.gid);
            lines.push(format!("{name}: uid {uid}, gid {gid}"));
            lines.push(format!("home {}, shell {}", escape(&known.home), escape(&known.shell)));
        }
        None => lines.push(none_of(facts, format!("the base has no user {user}"))),
    }
    if let Some(group) = group.filter(|group| !group.is_empty()) {
        let known = facts.groups.iter().find(|known| by(&known.name, known.gid, group));
        lines.push(match known {
            Some(known) => format!("group {}: gid {}", escape(&known.name), known.gid),
            None => none_of(facts, format!("the base has no group {group}")),
        });
    }
    lines
}

fn path(facts: &BaseFacts, text: &str) -> Vec<String> {
    let Some(opened) = &facts.opened else { return facts.lacking.clone().into_iter().collect() };
    let tree = &opened.tree;
    let resolved = tree.resolve(text.as_bytes(), false).unwrap_or_default();
    let Some(seen) = tree.find(&resolved).and_then(|id| tree.seen_at(id, tree.layers())) else {
        return vec![none_of(facts, "not in the base".to_owned())];
    };
    let kind = match seen.target() {
        Some(target) => format!("symlink to {}", escape_bytes(target)),
        None if seen.is_file() => format!("file, {}", units::bytes(seen.size())),
        None => seen.type_name().to_owned(),
    };
    let (uid, gid) = (seen.uid(), seen.gid());
    let user = facts.users.iter().find(|user| user.uid == uid).map(|user| user.name.as_str());
    let group = facts.groups.iter().find(|group| group.gid == gid).map(|group| group.name.as_str());
    let shown = |name: Option<&str>, id: u32| name.map_or_else(|| id.to_string(), escape);
    let mut lines = vec![format!("{kind}, {:04o}, {}:{}", seen.mode(), shown(user, uid), shown(group, gid))];
    if let Some(layer) = seen.layer() {
        lines.push(format!("of layer {} of {}", layer + 1, tree.layers()));
    }
    lines
}

fn package(facts: &BaseFacts, text: &str) -> Vec<String> {
    let name = text.split(['=', ':', '/', '<', '>', '~']).next().unwrap_or(text);
    let Some(opened) = &facts.opened else { return facts.lacking.clone().into_iter().collect() };
    let found = opened.packages.packages.iter().find(|package| package.name == name);
    vec![match found {
        Some(package) => format!("{} {} is installed in the base", escape(name), escape(&package.version)),
        None if facts.installable.iter().any(|known| known == name) => "in the base's lists, not installed".to_owned(),
        None => none_of(facts, "not installed in the base".to_owned()),
    }]
}

async fn beside(file: &Path, path: &str) -> Vec<String> {
    let whole = path.trim_end_matches('/').to_owned();
    let (above, name) = whole.rsplit_once('/').map_or(("", whole.as_str()), |(above, name)| (above, name));
    let (here, above, name) = (folder_of(file).to_owned(), above.to_owned(), name.to_owned());
    const LOOKED_AT: usize = 100_000;
    let listed = tokio::task::spawn_blocking(move || list_beside(&here, &above, LOOKED_AT)).await;
    let found = listed.ok().and_then(Result::ok).and_then(|all| all.into_iter().find(|entry| entry.name == name));
    vec![match found {
        Some(entry) if entry.is_folder => "folder beside the recipe".to_owned(),
        Some(entry) => format!("file beside the recipe, {}", units::bytes(entry.size)),
        None => "nothing of this name beside the recipe".to_owned(),
    }]
}
