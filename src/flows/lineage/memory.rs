//! What is remembered of tags, in the words of this workspace: what is remembered of other workspaces' stores stays, and is not
//! looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::adapters::pointed::{PointedTags, Remembered};
use crate::adapters::settings::StorePlace;
use crate::domain::lineage::{Image, Pointed};
use crate::domain::oci::Digest;
use crate::flows::Context;

/// Repository, as references name it, and tag.
pub(super) type Name = (String, String);

/// What is remembered.
pub(super) struct Memory {
    file: PointedTags,
    /// The names of this workspace's stores, with their places.
    stores: Vec<(String, String)>,
    /// Of other workspaces.
    others: Vec<Remembered>,
    /// What tags pointed to, then and when.
    pub(super) pointed: BTreeSet<Pointed>,
    /// What tags pointed to at the last look.
    pub(super) last: BTreeMap<Name, Digest>,
}

impl Memory {
    /// Reads it.
    pub(super) fn read(context: &Context) -> Self {
        let file = PointedTags::new(&context.paths.state);
        let mut stores: Vec<(String, String)> =
            context.workspace.stores.iter().map(|(name, store)| (name.clone(), address(&store.place))).collect();
        if let Some((host, _)) = context.workspace.stores.get("local").and_then(|local| local.publish.clone()) {
            stores.push((host.to_string(), host.to_string()));
        }
        let (mut others, mut pointed, mut last) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        for tag in file.read() {
            let names: Vec<&String> =
                stores.iter().filter(|(_, place)| *place == tag.store).map(|(name, _)| name).collect();
            for name in &names {
                let repository = format!("{name}/{}", tag.repository);
                if tag.last {
                    last.insert((repository.clone(), tag.tag.clone()), tag.digest.clone());
                }
                let (digest, seen) = (tag.digest.clone(), tag.seen);
                pointed.insert(Pointed { repository, tag: tag.tag.clone(), digest, seen });
            }
            if names.is_empty() {
                others.push(tag);
            }
        }
        Self { file, stores, others, pointed, last }
    }

    /// Keeps what is known now, where it is something else.
    pub(super) fn keep(self, pointed: &BTreeSet<Pointed>, images: &[Image]) {
        let places = images.iter().flat_map(|image| image.places.iter().map(move |place| (place, &image.digest)));
        let last: BTreeMap<Name, Digest> =
            places.map(|(place, digest)| ((place.repository.clone(), place.tag.clone()), digest.clone())).collect();
        if *pointed == self.pointed && last == self.last {
            return;
        }
        let place = |label: &str| self.stores.iter().find(|(name, _)| name == label).map(|(_, place)| place.clone());
        let own = pointed.iter().filter_map(|tag| {
            let (label, repository) = tag.repository.split_once('/')?;
            let is_last = last.get(&(tag.repository.clone(), tag.tag.clone())) == Some(&tag.digest);
            Some(Remembered {
                store: place(label)?,
                repository: repository.to_owned(),
                tag: tag.tag.clone(),
                digest: tag.digest.clone(),
                seen: tag.seen,
                last: is_last,
            })
        });
        let mut all: Vec<Remembered> = own.collect();
        // Two names may be one store's.
        all.sort();
        all.dedup();
        self.file.keep([all, self.others].concat());
    }
}

/// Where a store is, in one word.
fn address(place: &StorePlace) -> String {
    match place {
        StorePlace::Registry { host, prefix: None, .. } => host.to_string(),
        StorePlace::Registry { host, prefix: Some(prefix), .. } => format!("{host}/{prefix}"),
        StorePlace::Layout(folder) => straight(folder).display().to_string(),
        StorePlace::Daemon { at, .. } => at.to_string(),
    }
}

/// Without the ways back in it.
fn straight(folder: &Path) -> PathBuf {
    folder.components().fold(PathBuf::new(), |mut way, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(way.pop()),
            other => way.push(other),
        }
        way
    })
}
