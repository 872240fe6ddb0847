//! The image config: what a container runs with, the diffIDs, the history. Source: image-spec config.md.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::digest::{ChainId, DiffId};
use super::json::{JsonError, parse_strict};
use super::platform::Platform;

/// Largest image config accepted, in bytes.
pub const MAX_CONFIG_BYTES: u64 = 4 << 20;

/// Why bytes are no image config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// JSON of another shape.
    #[error("not an image config: {0}")]
    Shape(#[source] serde_json::Error),
    /// `rootfs.type` other than `layers`.
    #[error("unsupported rootfs type {0:?}")]
    Rootfs(String),
}

/// The image configuration document. Fields unknown here survive in `extra`, so a child keeps what its base said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When the image was made (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// CPU architecture.
    pub architecture: String,
    /// CPU variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Operating system.
    pub os: String,
    /// What a container runs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ExecConfig>,
    /// The layers' diffIDs.
    pub rootfs: RootFs,
    /// How each layer came to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The `config` object: execution parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExecConfig {
    /// User (and group) the process runs as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Ports the image listens on: `8080/tcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<BTreeMap<String, Value>>,
    /// `NAME=value` pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// Command prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// Command, or arguments of the entrypoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Paths that hold volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volumes: Option<BTreeMap<String, Value>>,
    /// Working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Signal that stops a container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// Docker's health check object (reserved by the image-spec).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Value>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The `rootfs` object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// DiffIDs, bottom first.
    pub diff_ids: Vec<DiffId>,
}

/// One entry of `history`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By what command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether it made no layer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub empty_layer: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl ImageConfig {
    /// Parses strict JSON of the image config's shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        let value = parse_strict(bytes)?;
        let config: Self = serde_json::from_value(value).map_err(ConfigError::Shape)?;
        if config.rootfs.kind != "layers" {
            return Err(ConfigError::Rootfs(config.rootfs.kind.chars().take(80).collect()));
        }
        Ok(config)
    }

    /// The config of an image with nothing in it.
    pub fn scratch(platform: &Platform) -> Self {
        Self {
            created: None,
            author: None,
            architecture: platform.architecture.clone(),
            variant: platform.variant.clone(),
            os: platform.os.clone(),
            config: None,
            rootfs: RootFs { kind: "layers".into(), diff_ids: Vec::new() },
            history: Vec::new(),
            extra: Map::new(),
        }
    }

    /// The platform it is for.
    pub fn platform(&self) -> Platform {
        Platform { os: self.os.clone(), architecture: self.architecture.clone(), variant: self.variant.clone() }
    }

    /// Identity of its layer stack.
    pub fn chain_id(&self) -> Option<ChainId> {
        ChainId::of(&self.rootfs.diff_ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_survive_a_rewrite() {
        let text = r#"{"architecture":"amd64","os":"linux","config":{"User":"a","OnBuild":["x"]},"rootfs":{"type":"layers","diff_ids":[]},"docker_version":"1"}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        let again = serde_json::to_value(&config).unwrap();
        assert_eq!(again["docker_version"], "1");
        assert_eq!(again["config"]["OnBuild"][0], "x");
    }
}
