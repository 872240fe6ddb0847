//! `engines` of the workspace: builders that many bakes are spread over. Reaches none.

use std::path::Path;
use std::time::Duration;

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
    let tls = fields.value("tls", problems).and_then(|node| {
        let fields = Fields::open(node, "`tls`", &known(TLS), problems)?;
        let mut file = |key: &str| fields.text(key, problems).map(|text| below(root, text));
        let (ca, cert, key) = (file("ca"), file("cert"), file("key"));
        if ca.is_none() {
            problems.error(node.span, "`tls` names no `ca`").help("the PEM file of whoever vouches for the builder");
        }
        Some(TlsSettings { ca: ca?, cert, key })
    });
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
