//! What the commands that look into images share: paths found in them, layers by their number, and layers that could not be
//! read told by name. Prints no result.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::run::Session;
use crate::domain::layer::{PathId, Seen};
use crate::domain::text::{escape, escape_bytes};
use crate::domain::yaml::nearest;
use crate::flows::compare::Opened;
use crate::report::{Kind, Report};

/// Whether layers could not be read: told already, and what is shown is not all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread(bool);

impl Unread {
    /// Tells which layers of an image could not be read, and why.
    pub(super) fn tell(opened: &Opened, session: &Session) -> Self {
        let mut unread = false;
        for (number, layer) in (1..).zip(&opened.layers) {
            let Some(problem) = &layer.problem else { continue };
            let what = format!("layer {number} of {} ({}) cannot be read", opened.reference, layer.digest);
            session.output.failure(&Report::message(Kind::Failed, problem).while_doing(what));
            unread = true;
        }
        Self(unread)
    }

    /// Of two images.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 || other.0)
    }

    /// The end of a command that has shown the rest.
    pub(super) fn end(self) -> Result<(), Report> {
        if self.0 { Err(Report::message(Kind::Failed, "")) } else { Ok(()) }
    }
}

/// The number of a layer as people count them, from 1 at the bottom; as layers are counted inside, from 0.
pub(super) fn layer_number(text: &str) -> Result<u32, String> {
    let number: u32 =
        text.parse().map_err(|_| "not a number of a layer; they count from 1 at the bottom".to_owned())?;
    number.checked_sub(1).ok_or_else(|| "layers count from 1 at the bottom".to_owned())
}

/// Refuses the number of a layer that is not there.
pub(super) fn check_layer(opened: &Opened, layer: Option<u32>) -> Result<(), Report> {
    let there = opened.tree.layers();
    match layer {
        Some(layer) if layer >= there => {
            let image = escape(&opened.reference);
            let numbers = match there {
                0 => "it has none".to_owned(),
                1 => "its only one is layer 1".to_owned(),
                _ => format!("it has layers 1 to {there}"),
            };
            Err(Report::message(Kind::Usage, format!("{image} has no layer {}", layer + 1)).help(numbers))
        }
        _ => Ok(()),
    }
}

/// Whether no base brought a layer.
pub(super) fn is_local(opened: &Opened, layer: Option<u32>) -> bool {
    layer.and_then(|layer| opened.layers.get(layer as usize)).is_some_and(|layer| layer.owner.is_local)
}

/// What stands at a path as the user wrote it, symlinks followed inside the image; what does not is told with the nearest
/// name there is.
pub(super) fn find<'o>(opened: &'o Opened, path: &OsStr) -> Result<(PathId, Seen<'o>), Report> {
    let tree = &opened.tree;
    let told = escape_bytes(path.as_bytes());
    let resolved = tree
        .resolve(path.as_bytes(), true)
        .map_err(|error| Report::new(Kind::Failed, &error).while_doing(told.clone()))?;
    let at = |path: PathId| tree.seen_at(path, tree.layers());
    if let Some(found) = tree.find(&resolved).and_then(|id| Some((id, at(id)?))) {
        return Ok(found);
    }
    let report = Report::message(Kind::Failed, format!("{} has no {told}", escape(&opened.reference)));
    // As far as the way leads.
    let mut folder = PathId::ROOT;
    let mut way = Vec::new();
    for part in resolved.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
        let here = shown(&way);
        if at(folder).is_some_and(|seen| !seen.is_folder()) {
            return Err(report.help(format!("{here} is no folder")));
        }
        let next = [&way[..], if way.is_empty() { b"" } else { b"/" }, part].concat();
        match tree.find(&next).filter(|id| at(*id).is_some()) {
            Some(id) => (folder, way) = (id, next),
            None => return Err(report.help(advice(opened, folder, part))),
        }
    }
    Err(report)
}

/// What a name that is not in a folder may have meant.
fn advice(opened: &Opened, folder: PathId, name: &[u8]) -> String {
    let tree = &opened.tree;
    let names: Vec<String> =
        tree.children_at(folder, tree.layers()).iter().map(|seen| escape_bytes(tree.name(seen.id()))).collect();
    let here = shown(&tree.path(folder));
    let near = nearest(&escape_bytes(name), names.iter().map(String::as_str));
    match (near, names.is_empty()) {
        (Some(near), _) => format!("did you mean {}/{near}?", here.trim_end_matches('/')),
        (None, true) => format!("{here} is empty"),
        (None, false) => format!("see what is there: bakery files {} {here}", escape(&opened.reference)),
    }
}

/// A path of an image for people: absolute, escaped.
fn shown(path: &[u8]) -> String {
    format!("/{}", escape_bytes(path))
}
