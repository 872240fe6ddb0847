//! Evidence as JSON: what `bakery evidence` prints and rules in Rego read as `input`. Leaves nothing out without saying so.
//!
//! Members, always all of them; where something could not be established the member is `null`, and `gaps` says why:
//! - `reference`, `repository`, `tag`, `digest`, `platform` (`linux/amd64`): texts; `store`: the store's name, or `null`
//! - `local`: made here rather than inherited
//! - `index`: `null`, or `{digest, signatures, attestations}` of the index it was found through
//! - `created`: seconds since 1970, or `null`; `annotations`, `labels`: objects of texts; `config`: the image config
//! - `layers`: `[{number, digest, diff_id, size, media_type, inherited}]`, numbered from 1 at the bottom
//! - `inherited`: how many of them are its base's
//! - `signatures`: `[{form, at, outcome, …}]`; `attestations`: the same with `predicate_type` and, of good ones, `predicate`
//! - `changes`: what its own layers together do: `[{op, path, layer, type, mode, permissions, uid, gid, size}]`; `op` is
//!   `added`, `modified` or `deleted`; of what is deleted, the rest is what was there; `changes_left_out`: how many more
//! - `packages`: `[{name, version, arch, system, …}]`; `secrets`: `[{path, line, rule, masked, layer}]`, values masked
//! - `contract`: what it forbids its children: `{protected, user, forbid-packages, require-labels}`, or `null`
//! - `tag_now`: what its tag points to, or `null`; `last_seen`: `null`, or `{digest, created}`
//! - `gaps`: an object from member to `{reason, why}`; `base`: the base's evidence, or `null` (given to rules only)

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::evidence::{Evidence, Gap};
use super::signature::Attached;
use super::{Contract, reason};
use crate::domain::layer::{Changed, CompareOptions, Comparison};
use crate::domain::text::escape_bytes;

/// Most changes told.
pub const MAX_CHANGES: usize = 10_000;

/// Every member, as rules may name them below `input` and `input.base`.
pub const MEMBERS: &[&str] = &[
    "annotations",
    "attestations",
    "base",
    "changes",
    "changes_left_out",
    "config",
    "contract",
    "created",
    "digest",
    "gaps",
    "index",
    "inherited",
    "labels",
    "last_seen",
    "layers",
    "local",
    "packages",
    "platform",
    "reference",
    "repository",
    "secrets",
    "signatures",
    "store",
    "tag",
    "tag_now",
];

impl Evidence {
    /// All of it, as the module says.
    pub fn to_json(&self) -> Value {
        let mut gaps = Gaps(Map::new());
        let attached = gaps.known(&["signatures", "attestations"], self.attached.as_ref());
        let contract = Contract::of(self);
        let (changes, left_out) = self.shown_changes(&mut gaps);
        let index = self.index.as_ref().map(|(digest, attached)| {
            let attached = gaps.known(&["index"], attached.as_ref());
            json!({
                "digest": digest,
                "signatures": attached.map(|all| &all.signatures),
                "attestations": attached.map(|all| &all.attestations),
            })
        });
        json!({
            "reference": self.reference,
            "store": self.store,
            "repository": self.repository,
            "tag": self.tag,
            "local": self.is_local,
            "platform": self.platform.to_string(),
            "digest": self.digest,
            "index": index,
            "created": self.created,
            "annotations": self.annotations,
            "labels": self.config.config.as_ref().and_then(|config| config.labels.clone()).unwrap_or_default(),
            "config": plain(&*self.config),
            "layers": self.shown_layers(),
            "inherited": self.inherited,
            "signatures": attached.map(|all: &Attached| plain(&all.signatures)),
            "attestations": attached.map(|all| plain(&all.attestations)),
            "changes": changes,
            "changes_left_out": left_out,
            "packages": gaps.known(&["packages"], self.packages.as_ref()).map(|packages| plain(&**packages)),
            "secrets": gaps.known(&["secrets"], self.secrets.as_ref()).map(|secrets| {
                secrets.iter().map(shown_secret).collect::<Vec<Value>>()
            }),
            "contract": gaps.known(&["contract"], contract.as_ref()).map(plain),
            "tag_now": gaps.known(&["tag_now"], self.tag_now.as_ref()).map(plain),
            "last_seen": self.last_seen,
            "gaps": gaps.0,
        })
    }

    fn shown_layers(&self) -> Vec<Value> {
        let diff_ids = &self.config.rootfs.diff_ids;
        let layer = |(at, layer): (usize, &crate::domain::oci::Descriptor)| {
            json!({
                "number": at + 1,
                "digest": layer.digest,
                "diff_id": diff_ids.get(at),
                "size": layer.size,
                "media_type": layer.media_type,
                "inherited": at < self.inherited as usize,
            })
        };
        self.layers.iter().enumerate().map(layer).collect()
    }

    fn shown_changes(&self, gaps: &mut Gaps) -> (Value, u64) {
        let Some(tree) = gaps.known(&["changes"], self.tree.as_ref()) else { return (Value::Null, 0) };
        if tree.layers() < self.level() || self.inherited > self.level() {
            let gap = Gap { reason: reason::UNUSABLE, why: "not all layers are at hand".into() };
            gaps.known(&["changes"], Err::<&(), _>(&gap));
            return (Value::Null, 0);
        }
        let options = CompareOptions { times: false, moves: false };
        let comparison = Comparison::levels(tree, self.inherited, self.level(), options);
        let shown: Vec<Value> = comparison.iter().take(MAX_CHANGES).map(|changed| shown_change(&changed)).collect();
        let left_out = comparison.len().saturating_sub(MAX_CHANGES) as u64;
        if left_out > 0 {
            let why = format!("{left_out} of {} changes are left out", comparison.len());
            gaps.0.insert("changes".into(), json!({"reason": reason::TOO_MANY_CHANGES, "why": why}));
        }
        (Value::Array(shown), left_out)
    }
}

/// Why members are `null`.
struct Gaps(Map<String, Value>);

impl Gaps {
    fn known<T>(&mut self, members: &[&str], known: Result<T, &Gap>) -> Option<T> {
        known
            .map_err(|gap| members.iter().for_each(|member| drop(self.0.insert((*member).to_owned(), plain(gap)))))
            .ok()
    }
}

/// Types of ours are JSON; one that is not would be a gap of its own.
fn plain(value: &(impl Serialize + ?Sized)) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn shown_secret(secret: &super::SecretSeen) -> Value {
    json!({
        "path": format!("/{}", secret.path.trim_start_matches('/')),
        "line": secret.line,
        "rule": secret.rule,
        "masked": secret.masked,
        "layer": secret.layer + 1,
    })
}

fn shown_change(changed: &Changed<'_>) -> Value {
    let path = format!("/{}", escape_bytes(&changed.path()));
    let Some(seen) = changed.seen() else { return json!({"op": changed.kind.as_str(), "path": path}) };
    json!({
        "op": changed.kind.as_str(),
        "path": path,
        "layer": changed.layer().map(|layer| layer + 1),
        "type": seen.type_name(),
        "mode": seen.mode(),
        "permissions": format!("{:04o}", seen.mode()),
        "uid": seen.uid(),
        "gid": seen.gid(),
        "size": seen.size(),
    })
}
