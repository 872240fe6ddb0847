//! Layers of a build, read in the storage of a daemon on this machine while it still goes on with what stands on them. Whether
//! they are of what it makes in the end is seen in the end, by whoever hears of them.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::SystemTime;

use bollard::Docker;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::said::Done;
use super::stored::{Storage, Stored, StoredLayer, copied};
use super::{Daemon, DaemonKind};
use crate::adapters::engine::remote::left::Left;
use crate::adapters::engine::remote::{Order, Told};
use crate::domain::oci::ImageConfig;

/// A layer in a storage: what it is called there, its folder, and whether it is known to be of this build.
type Place = (String, OwnedFd, bool);

impl Daemon {
    /// Reads layers of a build from `ground` up as its lines are done, and tells of them, until all is `over`. The first that
    /// cannot be had ends it: it is a shorter way, and no more.
    pub(super) async fn read_ahead(
        &self,
        docker: &Docker,
        (order, told): (&Order, &dyn Told),
        (ground, mark): (&str, Option<&str>),
        (mut dones, over): (UnboundedReceiver<Done>, &CancellationToken),
    ) {
        let since = SystemTime::now();
        let Some(ground) = self.stored(docker, ground).await else { return };
        let mark = mark.map(|mark| (ground.layers.len(), mark.to_owned()));
        let Ok(left) = Left::begin(&order.early) else { return };
        let (left, storage) = (Arc::new(left), Arc::new(ground.storage));
        let mut below: Vec<String> = ground.layers.into_iter().map(|layer| layer.id).collect();
        while let Some(done) = dones.recv().await {
            let stands = (&storage, &*below, mark.as_ref());
            let Some((id, folder, proven)) = self.next(docker, (&done, since), stands).await else { return };
            // What is still to be read then is read side by side.
            if over.is_cancelled() {
                return;
            }
            let stop = CancellationToken::new();
            let guard = stop.clone().drop_guard();
            let copying = tokio::task::spawn_blocking({
                let left = Arc::clone(&left);
                move || copied(&folder, &left, &stop)
            });
            let Ok(Ok(layer)) = copying.await else { return };
            drop(guard);
            if let Ok(mut read) = self.read.lock() {
                read.insert(id.clone(), layer.clone());
            }
            told.left(done.line, layer, proven);
            below.push(id);
        }
    }

    /// The layer of a line that is done, on top of those below.
    async fn next(
        &self,
        docker: &Docker,
        (done, since): (&Done, SystemTime),
        (storage, below, mark): (&Arc<Storage>, &[String], Option<&(usize, String)>),
    ) -> Option<Place> {
        match (self.kind, &done.image) {
            (DaemonKind::Podman, Some(image)) => {
                let is_id = (8..=64).contains(&image.len()) && image.bytes().all(|byte| byte.is_ascii_hexdigit());
                on_top(self.stored(docker, is_id.then_some(image)?).await?, below, mark)
            }
            // It has no image of the line, and of what was there before it nobody can tell which is the line's.
            (DaemonKind::Docker, None) if !done.cached => {
                let (storage, top) = (Arc::clone(storage), below.last()?.clone());
                let above = tokio::task::spawn_blocking(move || storage.above(&top, since)).await.ok()?;
                above.map(|(id, folder)| (id, folder, false))
            }
            _ => None,
        }
    }
}

/// The layer an image has above those. Its id was told among all that a step writes: that it is of this build its history says,
/// which has the build's own mark right above what the build stands on.
fn on_top(image: Stored, below: &[String], mark: Option<&(usize, String)>) -> Option<Place> {
    let mut layers = image.layers;
    let StoredLayer { id, folder, .. } = layers.pop()?;
    let history = ImageConfig::parse(&image.config).ok()?.history;
    let is_marked = |(at, mark): &(usize, String)| {
        let line = history.get(*at).and_then(|line| line.created_by.as_deref());
        line.is_some_and(|line| line.ends_with(mark.as_str()))
    };
    let proven = mark.is_some_and(is_marked);
    layers.iter().map(|layer| &layer.id).eq(below).then_some((id, folder, proven))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::oci::{DiffId, Digest};

    fn image(root: &Path, ids: &[&str], history: &[&str]) -> Stored {
        let layer = |id: &&str| {
            std::fs::create_dir_all(root.join("overlay").join(id).join("diff")).unwrap();
            let folder = std::fs::File::open(root.join("overlay").join(id).join("diff")).unwrap().into();
            StoredLayer { diff_id: DiffId(Digest::of(id.as_bytes())), id: (*id).to_owned(), folder }
        };
        let history: Vec<_> = history.iter().map(|line| serde_json::json!({ "created_by": line })).collect();
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux", "history": history, "rootfs": { "type": "layers", "diff_ids": [] },
        });
        Stored {
            config: config.to_string().into_bytes(),
            layers: ids.iter().map(layer).collect(),
            storage: Storage::open(root, "overlay").unwrap(),
        }
    }

    #[test]
    fn an_image_is_of_a_build_whose_mark_stands_where_the_build_begins() {
        let folder = tempfile::tempdir().unwrap();
        let mark = (1, "LABEL bakery.build=m1".to_owned());
        let made = |ids: &[&str], history: &[&str]| {
            let below = ["base".to_owned(), "one".to_owned()];
            on_top(image(folder.path(), ids, history), &below, Some(&mark)).map(|(id, _, proven)| (id, proven))
        };
        let own = ["bakery", "/bin/sh -c #(nop) LABEL bakery.build=m1", "/bin/sh -c x"];
        let other = ["bakery", "/bin/sh -c #(nop) LABEL bakery.build=m2", "/bin/sh -c #(nop) LABEL bakery.build=m1"];
        assert_eq!(made(&["base", "one", "two"], &own), Some(("two".to_owned(), true)));
        assert_eq!(made(&["base", "one", "two"], &other), Some(("two".to_owned(), false)));
        // An image a program named that stands on something else, or is too far on.
        for ids in [&["base", "two"][..], &["other", "one", "two"], &["base", "one", "two", "three"], &["base", "one"]]
        {
            assert_eq!(made(ids, &own), None, "{ids:?}");
        }
    }
}
