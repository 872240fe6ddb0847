//! A policy as it is shown: as JSON for scripts, and as the YAML that would say the same. Prints nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Demand, Policy, RegoFile};
use crate::domain::oci::Digest;

/// `90d`, or in hours where those are no whole days.
fn age(age: Duration) -> String {
    let hours = age.as_secs() / 3600;
    if hours.is_multiple_of(24) { format!("{}d", hours / 24) } else { format!("{hours}h") }
}

/// In the largest unit that says it exactly.
fn size(bytes: u64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match units.iter().find(|(_, scale)| bytes >= *scale && bytes.is_multiple_of(*scale)) {
        Some((unit, scale)) => format!("{}{unit}", bytes / scale),
        None => format!("{bytes}B"),
    }
}

impl Demand {
    /// The word of most keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forbid => "forbid",
            Self::Warn => "warn",
            Self::Allow => "allow",
        }
    }

    /// The word of `stale`.
    pub fn of_stale(self) -> &'static str {
        match self {
            Self::Forbid => "fail",
            Self::Warn => "warn",
            Self::Allow => "ignore",
        }
    }
}

impl Policy {
    /// With rules of the workspace's own: the digest covers them, too.
    #[must_use]
    pub fn with_rego(mut self, rego: Vec<RegoFile>) -> Self {
        let texts = rego.iter().map(|file| json!([file.name, file.text]));
        if !rego.is_empty() {
            let all = json!([self.digest, texts.collect::<Vec<Value>>()]);
            self.digest = Digest::of(all.to_string().as_bytes());
        }
        self.rego = rego;
        self
    }

    /// As scripts read it: the keys of the file, each with what is in force; `null` where nothing is asked.
    pub fn to_json(&self) -> Value {
        let exceptions = self.exceptions.iter().map(|exception| {
            json!({
                "check": exception.check,
                "path": exception.path,
                "reason": exception.reason,
                "until": exception.until.map(|day| day.to_string()),
                "line": exception.line,
            })
        });
        json!({
            "file": self.file,
            "digest": self.digest,
            "base": {
                "signed-by": self.base.signed_by,
                "allow": self.base.allow,
                "max-age": self.base.max_age.map(age),
                "stale": self.base.stale.of_stale(),
            },
            "image": {
                "user": self.image.user,
                "setuid": self.image.setuid.as_str(),
                "world-writable": self.image.world_writable.as_str(),
                "secrets": self.image.secrets.as_str(),
                "device-nodes": self.image.device_nodes.as_str(),
                "max-layer": self.image.max_layer.map(size),
                "max-total": self.image.max_total.map(size),
                "require-labels": self.image.require_labels,
                "forbid-paths": self.image.forbid_paths,
                "forbid-packages": self.image.forbid_packages,
                "builders": self.image.builders,
            },
            "exceptions": exceptions.collect::<Vec<Value>>(),
            "rego": self.rego.iter().map(|file| file.name.as_str()).collect::<Vec<&str>>(),
        })
    }
}
