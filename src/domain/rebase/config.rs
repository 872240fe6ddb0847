//! Three ways into one config: what the old base said, what the image made of it, what the new base says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::oci::{ConfigChange, ExecConfig, History, ImageConfig, config_changes};

/// Labels by which an image describes itself (image-spec annotations.md): title, version, revision. What the base says there is of
/// the base, and changes with each of its versions.
const OF_ITSELF: &str = "label.org.opencontainers.image.";

/// A field that the base and the image each changed, not to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigConflict {
    /// Which: `user`, `env.PATH`, `label.KEY`.
    pub field: String,
    /// What the old base said.
    pub was: Option<String>,
    /// What the image says.
    pub ours: Option<String>,
    /// What the new base says.
    pub base: Option<String>,
}

/// The image's config on its new base: the new base's, with what the image changed of the old one, its own history and its
/// own layers. `own_layers`: how many layers it has above the base.
///
/// # Errors
/// Every field that both changed.
pub fn merge(
    old: &ImageConfig,
    child: &ImageConfig,
    new: &ImageConfig,
    own_layers: usize,
) -> Result<ImageConfig, Vec<ConfigConflict>> {
    let by_base: BTreeMap<String, ConfigChange> =
        config_changes(old, new).into_iter().map(|change| (change.field.clone(), change)).collect();
    let ours = config_changes(old, child);
    let differs = |change: &&ConfigChange| {
        let base = by_base.get(&change.field);
        base.is_some_and(|base| base.after != change.after) && !change.field.starts_with(OF_ITSELF)
    };
    let conflicts: Vec<ConfigConflict> = ours.iter().filter(differs).map(|change| conflict(change, &by_base)).collect();
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let mut merged = new.clone();
    let changed: BTreeSet<&str> = ours.iter().map(|change| change.field.as_str()).collect();
    let none = ExecConfig::default();
    let from = child.config.as_ref().unwrap_or(&none);
    execution(merged.config.get_or_insert_default(), from, &changed);
    for name in changed.iter().filter_map(|field| field.strip_prefix("image.")) {
        follow(&mut merged.extra, &child.extra, name);
    }
    merged.created = if child.created == old.created { new.created.clone() } else { child.created.clone() };
    merged.author = if child.author == old.author { new.author.clone() } else { child.author.clone() };
    let inherited = child.rootfs.diff_ids.len().saturating_sub(own_layers);
    merged.rootfs.diff_ids.extend(child.rootfs.diff_ids.iter().skip(inherited).cloned());
    merged.history.extend(own_history(old, child, own_layers).into_iter().map(|mut line| {
        // A bake's lines carry the base's time.
        if line.created == old.created {
            line.created.clone_from(&new.created);
        }
        line
    }));
    Ok(merged)
}

/// What the history says of the image's own layers. Where it does not begin with the base's, it is counted by layers; where it
/// does not tell of every layer, each of ours gets a line that says nothing, so that no line is taken for another layer's.
fn own_history(old: &ImageConfig, child: &ImageConfig, own_layers: usize) -> Vec<History> {
    if child.history.starts_with(&old.history) {
        return child.history[old.history.len()..].to_vec();
    }
    let layers = child.rootfs.diff_ids.len();
    let mut made = child.history.iter().filter(|line| !line.empty_layer).count();
    if made != layers {
        return vec![History::default(); own_layers];
    }
    let above = |line: &&History| {
        let is_above = made <= own_layers;
        made -= usize::from(!line.empty_layer);
        is_above
    };
    child.history.iter().filter(above).cloned().collect()
}

fn conflict(change: &ConfigChange, by_base: &BTreeMap<String, ConfigChange>) -> ConfigConflict {
    let base = by_base.get(&change.field).and_then(|base| base.after.clone());
    ConfigConflict { field: change.field.clone(), was: change.before.clone(), ours: change.after.clone(), base }
}

/// Takes over what the image changed.
fn execution(to: &mut ExecConfig, from: &ExecConfig, changed: &BTreeSet<&str>) {
    let has = |field: &str| changed.contains(field);
    if has("user") {
        to.user.clone_from(&from.user);
    }
    if has("working_dir") {
        to.working_dir.clone_from(&from.working_dir);
    }
    if has("entrypoint") {
        to.entrypoint.clone_from(&from.entrypoint);
    }
    if has("cmd") {
        to.cmd.clone_from(&from.cmd);
    }
    if has("stop_signal") {
        to.stop_signal.clone_from(&from.stop_signal);
    }
    if has("healthcheck") {
        to.healthcheck.clone_from(&from.healthcheck);
    }
    let names = |kind: &'static str| changed.iter().filter_map(move |field| field.strip_prefix(kind));
    environment(to, from, &names("env.").collect());
    for (kind, to, from) in
        [("port.", &mut to.exposed_ports, &from.exposed_ports), ("volume.", &mut to.volumes, &from.volumes)]
    {
        names(kind).for_each(|name| member(to, from.as_ref().and_then(|set| set.get(name)).cloned(), name));
    }
    names("label.").for_each(|name| {
        member(&mut to.labels, from.labels.as_ref().and_then(|labels| labels.get(name)).cloned(), name);
    });
    names("config.").for_each(|name| follow(&mut to.extra, &from.extra, name));
}

/// In the order of the new base; what is new comes after it, in the image's order.
fn environment(to: &mut ExecConfig, from: &ExecConfig, changed: &BTreeSet<&str>) {
    let mut env = to.env.take().unwrap_or_default();
    let ours = from.env.as_deref().unwrap_or_default();
    env.retain(|line| !changed.contains(name_of(line)) || ours.iter().any(|own| name_of(own) == name_of(line)));
    for line in ours.iter().filter(|line| changed.contains(name_of(line))) {
        match env.iter_mut().find(|old| name_of(old) == name_of(line)) {
            Some(old) => old.clone_from(line),
            None => env.push(line.clone()),
        }
    }
    to.env = Some(env).filter(|env| !env.is_empty());
}

fn name_of(line: &str) -> &str {
    line.split('=').next().unwrap_or_default()
}

fn member<T>(set: &mut Option<BTreeMap<String, T>>, value: Option<T>, name: &str) {
    match value {
        Some(value) => {
            set.get_or_insert_default().insert(name.to_owned(), value);
        }
        None => {
            if let Some(set) = set {
                set.remove(name);
            }
        }
    }
}

fn follow(to: &mut serde_json::Map<String, Value>, from: &serde_json::Map<String, Value>, name: &str) {
    match from.get(name) {
        Some(value) => {
            to.insert(name.to_owned(), value.clone());
        }
        None => {
            to.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(exec: &Value, layers: &[&str], created: &str) -> ImageConfig {
        let ids: Vec<String> =
            layers.iter().map(|layer| crate::domain::oci::Digest::of(layer.as_bytes()).to_string()).collect();
        let history: Vec<Value> = layers.iter().map(|layer| json!({"created": created, "created_by": layer})).collect();
        serde_json::from_value(json!({
            "created": created, "architecture": "amd64", "os": "linux", "config": exec.clone(),
            "rootfs": {"type": "layers", "diff_ids": ids}, "history": history
        }))
        .unwrap()
    }

    #[test]
    fn each_side_keeps_what_it_alone_changed() {
        let old = config(
            &json!({"Env": ["PATH=/bin", "A=1", "GONE=1"], "User": "root", "Labels": {"v": "1"}, "Cmd": ["sh"]}),
            &["os"],
            "2026-01-01T00:00:00Z",
        );
        let child = config(
            &json!({"Env": ["PATH=/bin", "A=1", "GONE=1", "Z=9", "B=2"], "User": "app", "Labels": {"v": "1", "mine": "x"},
                "Entrypoint": ["/run"], "ExposedPorts": {"80/tcp": {}}}),
            &["os", "app"],
            "2026-01-01T00:00:00Z",
        );
        let new = config(
            &json!({"Env": ["PATH=/usr/bin", "A=1", "NEW=3"], "User": "root", "Labels": {"v": "2"}, "Cmd": ["sh"]}),
            &["os2", "os3"],
            "2026-02-01T00:00:00Z",
        );
        let merged = merge(&old, &child, &new, 1).unwrap();
        assert_eq!(
            serde_json::to_value(merged.config.unwrap()).unwrap(),
            json!({"Env": ["PATH=/usr/bin", "A=1", "NEW=3", "Z=9", "B=2"], "User": "app",
                "Labels": {"v": "2", "mine": "x"}, "Entrypoint": ["/run"], "ExposedPorts": {"80/tcp": {}}})
        );
        let words = |config: &ImageConfig| {
            config.history.iter().map(|line| line.created_by.clone().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(merged.rootfs.diff_ids, [&new.rootfs.diff_ids[..], &child.rootfs.diff_ids[1..]].concat());
        assert_eq!(merged.history.len(), 3);
        assert_eq!(merged.history[2].created.as_deref(), Some("2026-02-01T00:00:00Z"), "a bake's lines carry its time");
        assert_eq!(words(&child)[1], merged.history[2].created_by.clone().unwrap());
        assert_eq!(merged.created.as_deref(), Some("2026-02-01T00:00:00Z"));
    }

    #[test]
    fn what_both_changed_differently_is_a_conflict_and_what_both_changed_alike_is_none() {
        let of = |user: &str, path: &str| config(&json!({"User": user, "Env": [format!("PATH={path}")]}), &["os"], "x");
        let (old, child, new) = (of("a", "/1"), of("b", "/2"), of("c", "/2"));
        let conflicts = merge(&old, &child, &new, 0).unwrap_err();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            conflicts,
            [ConfigConflict { field: "user".into(), was: text("a"), ours: text("b"), base: text("c") }]
        );
        assert!(merge(&old, &of("b", "/1"), &of("b", "/9"), 0).is_ok());
        let called =
            |version: &str| config(&json!({"Labels": {"org.opencontainers.image.version": version}}), &["os"], "x");
        let merged = merge(&called("3.1"), &called("1.4.0"), &called("3.2"), 0).unwrap();
        assert_eq!(merged.config, called("1.4.0").config, "each says of itself what it is");
    }

    #[test]
    fn history_that_does_not_begin_with_the_bases_is_counted_by_layers_and_one_with_gaps_says_nothing() {
        let (old, new) = (config(&json!({}), &["os"], "x"), config(&json!({}), &["os2", "os3"], "y"));
        let mut child = config(&json!({}), &["os", "a", "b"], "x");
        child.history[0].created_by = Some("squashed".into());
        let empty = History { created_by: Some("ENV".into()), empty_layer: true, ..History::default() };
        child.history.insert(2, empty.clone());
        let words = |child: &ImageConfig| {
            let merged = merge(&old, child, &new, 2).unwrap();
            merged.history.into_iter().map(|line| line.created_by.unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!(words(&child), ["os2", "os3", "a", "ENV", "b"]);
        child.history.truncate(2);
        assert_eq!(words(&child), ["os2", "os3", "", ""]);
        child.history.clear();
        assert_eq!(words(&child), ["os2", "os3", "", ""]);
        let mut bare = old.clone();
        bare.history.clear();
        child = config(&json!({}), &["os", "a"], "x");
        child.history = vec![empty, child.history[1].clone()];
        let merged = merge(&bare, &child, &new, 1).unwrap();
        assert_eq!(merged.history.len(), 4, "a bake on a base without history has its own lines alone");
    }
}
