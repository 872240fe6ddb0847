//! `docker-bake.json`: one target a recipe, for `docker buildx bake`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::oci::Platform;

/// One recipe as a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BakeTarget {
    /// Its image: `NAME:TAG`.
    pub reference: String,
    /// Folder of its Dockerfile and files, relative to the bake file.
    pub context: String,
    /// Platforms it is for; none: the builder's.
    pub platforms: Vec<Platform>,
    /// What `FROM` names that is no registry's, by name: `oci-layout://…`, or another target's image, `target:NAME`.
    pub contexts: BTreeMap<String, String>,
    /// Secrets as buildx is told of them: `id=pip_token,env=PIP_TOKEN`.
    pub secrets: Vec<String>,
}

/// What a target is called: the image's name, in the letters such names have.
pub fn target_name(reference: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
    reference.chars().map(plain).collect()
}

/// The whole file. Targets whose images are the bases of others are named before those.
pub fn bake_file(targets: &[BakeTarget]) -> String {
    let names: Vec<String> = targets.iter().map(|target| target_name(&target.reference)).collect();
    let mut all = Map::new();
    for (name, target) in names.iter().zip(targets) {
        let mut written = json!({
            "context": target.context,
            "dockerfile": "Dockerfile",
            "tags": [target.reference],
        });
        if !target.platforms.is_empty() {
            written["platforms"] = target.platforms.iter().map(ToString::to_string).collect();
        }
        let context = |(name, place): (&String, &String)| {
            let other = targets.iter().find(|other| place.strip_prefix("target:") == Some(&other.reference));
            let place =
                other.map_or_else(|| place.clone(), |other| format!("target:{}", target_name(&other.reference)));
            (name.clone(), Value::from(place))
        };
        if !target.contexts.is_empty() {
            written["contexts"] = Value::Object(target.contexts.iter().map(context).collect());
        }
        if !target.secrets.is_empty() {
            written["secret"] = target.secrets.iter().cloned().collect();
        }
        all.insert(name.clone(), written);
    }
    let file = json!({"group": {"default": {"targets": names}}, "target": all});
    format!("{file:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_a_recipe_and_bases_among_them() {
        let base = BakeTarget { reference: "os:12".into(), context: "os".into(), ..BakeTarget::default() };
        let contexts = BTreeMap::from([("os:12".to_owned(), "target:os:12".to_owned())]);
        let child = BakeTarget {
            reference: "team-a/app:1.0".into(),
            context: "app".into(),
            platforms: vec!["linux/arm64".parse().unwrap()],
            contexts,
            secrets: vec!["id=t,env=T".into()],
        };
        let file: Value = serde_json::from_str(&bake_file(&[base, child])).unwrap();
        assert_eq!(file["group"]["default"]["targets"], json!(["os-12", "team-a-app-1-0"]));
        let child = &file["target"]["team-a-app-1-0"];
        assert_eq!(child["contexts"]["os:12"], "target:os-12");
        assert_eq!((&child["platforms"], &child["secret"]), (&json!(["linux/arm64"]), &json!(["id=t,env=T"])));
    }
}
