//! An image in full as aligned lines. Everything in it comes from outside, so everything is escaped.

use crate::domain::text::escape;
use crate::domain::units::{bytes, count};
use crate::flows::browse::{Inspection, LayerRow};

/// Width of the names on the left.
const NAME: usize = 12;
/// Longest command shown.
const COMMAND: usize = 100;
/// Longest value shown, and most of one kind (J-08).
const VALUE: usize = 300;
const VALUES: usize = 100;

/// The lines, without colour.
pub fn lines(image: &Inspection) -> Vec<String> {
    let mut lines = Vec::new();
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{name:<NAME$}{}", escape(&cut(value, VALUE))));
        }
    };
    field("reference", &image.reference);
    field("digest", &image.digest.to_string());
    field("type", &image.media_type);
    let (mut name, none) = ("platforms", "-".to_owned());
    for entry in &image.images {
        field(name, &format!("{:<16}{}", entry.platform.as_ref().unwrap_or(&none), entry.digest));
        name = "";
    }
    field("platform", image.platform.as_deref().unwrap_or(""));
    field("created", image.created().unwrap_or("-"));
    field("size", &format!("{} in {}", bytes(image.size), count(image.layers.len() as u64, "layer")));
    for (name, key) in [
        ("user", "User"),
        ("workdir", "WorkingDir"),
        ("entrypoint", "Entrypoint"),
        ("cmd", "Cmd"),
        ("expose", "ExposedPorts"),
        ("volumes", "Volumes"),
        ("stop-signal", "StopSignal"),
        ("healthcheck", "Healthcheck"),
    ] {
        field(name, image.setting(key).as_deref().unwrap_or(""));
    }
    let exec = image.config.as_ref().and_then(|config| config.config.as_ref());
    list(&mut field, "env", exec.and_then(|exec| exec.env.clone()).unwrap_or_default());
    let labels = exec.and_then(|exec| exec.labels.clone()).unwrap_or_default();
    list(&mut field, "labels", labels.into_iter().map(|(key, value)| format!("{key}={value}")));
    let annotations = image.manifest.iter().flat_map(|manifest| &manifest.annotations);
    list(&mut field, "annotations", annotations.map(|(key, value)| format!("{key}={value}")));
    list(&mut field, "layers", image.layers.iter().map(layer));
    let without_layer = image.history.iter().filter(|entry| entry.empty_layer);
    list(&mut field, "history", without_layer.map(|entry| shortened(entry.created_by.as_deref().unwrap_or("-"))));
    let referrers = image.referrers.iter();
    list(
        &mut field,
        "referrers",
        referrers.map(|entry| format!("{}  {}", entry.digest, entry.artifact_type.as_deref().unwrap_or("-"))),
    );
    lines
}

fn list(field: &mut impl FnMut(&str, &str), name: &str, values: impl IntoIterator<Item = String>) {
    let mut values = values.into_iter();
    let mut name = name;
    for value in values.by_ref().take(VALUES) {
        field(name, &value);
        name = "";
    }
    match values.count() {
        0 => {}
        more => field("", &format!("… and {more} more")),
    }
}

fn layer(layer: &LayerRow) -> String {
    let made = layer.created_by.as_deref().map(shortened).unwrap_or_default();
    format!("{}  {:>9}  {made}", layer.digest, bytes(layer.size)).trim_end().to_owned()
}

pub(super) fn shortened(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), COMMAND)
}

fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
