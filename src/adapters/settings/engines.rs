//! `engines` of the workspace: builders that many bakes are spread over. Reaches none.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::WORKSPACE_FILE;
use super::forms::below;
use super::schema::{EngineSettings, TlsSettings};
use crate::domain::document::{BUILDER, TLS, keys as known};
use crate::domain::engine::EngineAddress;
use crate::domain::oci::{ImageRef, Place};
use crate::domain::recipe::duration;
use crate::domain::yaml::{Fields, Node, Problems, Reading, parse_scalar, quote};

pub(super) fn engines(node: &Node, root: &Path, problems: &mut Problems) -> Vec<EngineSettings> {
    let Some(items) = node.list("engines", problems) else { return Vec::new() };
    if items.is_empty() {
        problems.error(node.span, "`engines` is empty").help("leave it out, and `engine` bakes alone");
    }
    let mut engines: Vec<EngineSettings> = Vec::new();
    for item in items {
        let Some(engine) = builder(item, root, problems) else { continue };
        if engines.iter().any(|other| other.name == engine.name) {
            problems.error(item.span, format!("two engines are called {}", quote(&engine.name)));
        }
        engines.push(engine);
    }
    engines
}

fn builder(node: &Node, root: &Path, problems: &mut Problems) -> Option<EngineSettings> {
    let fields = Fields::open(node, "an engine", &known(BUILDER), problems)?;
    let name = fields.require("name", problems).and_then(|node| {
        let text = node.text("name", problems)?;
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let fits = text.bytes().all(allowed) && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 64;
        if !fits {
            problems
                .error(node.span, format!("{} is no name for an engine", quote(text)))
                .help("use lowercase letters, digits, - and _");
        }
        fits.then(|| text.to_owned())
    });
    let engine =
        fields.require("engine", problems).and_then(|node| parse_scalar::<EngineAddress>(node, "engine", problems));
    let slots = fields.value("slots", problems).map_or(Some(1), |node| node.number("slots", 1..=1000, problems));
    let mut platforms = Vec::new();
    if let Some(items) = fields.value("platforms", problems).and_then(|node| node.list("platforms", problems)) {
        platforms = items.iter().filter_map(|item| parse_scalar(item, "platforms", problems)).collect();
    }
    let timeout = fields.value("timeout", problems).and_then(|node| {
        let text = node.text("timeout", problems)?;
        let time = duration(text).or((text == "0").then_some(0));
        if time.is_none() {
            problems.error(node.span, format!("`timeout`: {} is no duration", quote(text))).help("write 90s or 10m");
        }
        time.filter(|time| *time > 0).map(Duration::from_nanos)
    });
    let tls = fields.value("tls", problems).and_then(|node| tls(node, (engine.as_ref(), root), problems));
    let slots = usize::try_from(slots?).ok()?;
    let (from, to) = (caches(&fields, "cache_from", problems), caches(&fields, "cache_to", problems));
    let engine = engine?;
    if !(from.is_empty() && to.is_empty()) && engine.kind() != "buildkit" {
        problems.error(node.span, format!("{engine} keeps no steps in registries")).help("only BuildKit does");
    }
    Some(EngineSettings { name: name?, engine, slots, platforms, tls, timeout, cache_from: from, cache_to: to })
}

/// Images in registries, each with the registry's name.
fn caches(fields: &Fields<'_>, key: &str, problems: &mut Problems) -> Vec<String> {
    let mut images = Vec::new();
    for (text, span) in fields.texts(key, problems).unwrap_or_default() {
        match ImageRef::parse(text, |_| false) {
            Ok(ImageRef { place: Place::Registry(_), .. }) => images.push(text.to_owned()),
            Ok(_) => {
                problems.error(span, format!("`{key}`: {} is in no registry", quote(text)));
            }
            Err(error) => {
                let why = crate::domain::text::escape(&error.to_string());
                problems.error(span, format!("`{key}`: {why}")).help("write registry.example/NAME");
            }
        }
    }
    images
}

fn tls(node: &Node, (engine, root): (Option<&EngineAddress>, &Path), problems: &mut Problems) -> Option<TlsSettings> {
    let fields = Fields::open(node, "`tls`", &known(TLS), problems)?;
    let mut places = [(0, 0); 3];
    let mut file = |at: usize, key: &str| {
        let node = fields.value(key, problems)?;
        places[at] = (node.span.start.line, node.span.start.column);
        node.text(key, problems).map(|text| below(root, text))
    };
    let (ca, cert, key) = (file(0, "ca"), file(1, "cert"), file(2, "key"));
    if ca.is_none() {
        problems.error(node.span, "`tls` names no `ca`").help("the PEM file of whoever vouches for the builder");
    }
    if cert.is_some() != key.is_some() {
        problems.error(node.span, "`tls` names one of `cert` and `key`").help("name both, or neither");
    }
    match engine {
        Some(engine) if !is_over_tcp(engine) => {
            problems
                .error(node.span, format!("{engine} is not reached over TCP: `tls` has nothing to secure there"))
                .help("take `tls` away, or name the engine by its host and port");
        }
        Some(EngineAddress::Docker(_) | EngineAddress::Podman(_)) if cert.is_none() => {
            problems.error(node.span, "`tls` of a docker or podman engine takes all of `ca`, `cert` and `key`");
        }
        _ => {}
    }
    Some(TlsSettings { ca: ca?, cert, key, places })
}

/// Whether certificates mean anything on the way to an engine.
fn is_over_tcp(engine: &EngineAddress) -> bool {
    let elsewhere = ["unix://", "ssh://", "docker-container://", "podman-container://", "kube-pod://"];
    match engine {
        EngineAddress::Docker(Some(place)) | EngineAddress::Podman(Some(place)) | EngineAddress::BuildKit(place) => {
            !elsewhere.iter().any(|kind| place.starts_with(kind))
        }
        EngineAddress::Embedded
        | EngineAddress::Docker(None)
        | EngineAddress::Podman(None)
        | EngineAddress::Buildx(_) => false,
    }
}

/// A file that `tls` of an engine names cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{WORKSPACE_FILE}:{}:{}: {}: `tls` of {engine} names no file that can be read", place.0, place.1, path.display())]
pub struct TlsFileError {
    /// The engine, as the workspace names it.
    pub engine: String,
    /// Which file.
    pub path: PathBuf,
    /// Where it is named: line and column.
    pub place: (u32, u32),
    /// Why not.
    pub source: io::Error,
}

impl EngineSettings {
    /// Sees whether the files `tls` names are there and can be read; the first that cannot is the error.
    pub fn check_tls(&self) -> Result<(), TlsFileError> {
        let Some(tls) = &self.tls else { return Ok(()) };
        let files = [Some(&tls.ca), tls.cert.as_ref(), tls.key.as_ref()];
        for (path, place) in files.into_iter().zip(tls.places) {
            let Some(path) = path else { continue };
            // A folder opens, and gives nothing.
            let read = File::open(path).and_then(|mut file| file.read(&mut [0; 1]));
            if let Err(source) = read {
                return Err(TlsFileError { engine: self.name.clone(), path: path.clone(), place, source });
            }
        }
        Ok(())
    }
}
