//! What exactly a sealed layer changes: read from the local store on the ground the bake's journal names. Bakes nothing and
//! fetches nothing; works for layers from the cache and for bakes of long ago, as long as their layers are stored.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Context;
use super::bake::{BakeRequest, REQUEST};
use crate::adapters::engine::embedded::layers;
use crate::adapters::journal::BakeFolder;
use crate::adapters::settings::Workspace;
use crate::adapters::store::layout::Layout;
use crate::domain::journal::{ChangeOp, LayerBlob};
use crate::domain::layer::{ChangeKind, CompareOptions, Comparison, Tree};
use crate::domain::oci::{Descriptor, DiffId};
use crate::domain::projection::{ChangeTree, LayerStack, OwnChange};
use crate::domain::text::escape_bytes;
use crate::report::{Kind, Report};

impl Context {
    /// The changes of the uppermost layer of `stack`, a layer of the bake `bake`. Dropping this ends the reading.
    pub async fn layer_changes(&self, bake: &str, stack: LayerStack) -> Result<ChangeTree, Report> {
        let (here, bake) = (self.clone(), bake.to_owned());
        let (there, local) = off_the_executor(move || here.of_bake(&bake)).await?;
        let mut below = match &stack.base {
            Some((base, manifest)) => layers::of_base(&there.base_here(base, &stack.platform, manifest).await?)?,
            None => Vec::new(),
        };
        let named = |layer: LayerBlob| (layer.descriptor, layer.diff_id);
        below.extend(stack.below.into_iter().map(named));
        let cancel = CancellationToken::new();
        let _ended_with_this = cancel.clone().drop_guard();
        let reading = Reading { local, cache: there.paths.cache.clone(), cancel };
        let layer = named(stack.layer);
        off_the_executor(move || reading.changes(&below, &layer)).await
    }

    /// The workspace a bake was made in, and its local store, which has the layers.
    pub(super) fn of_bake(&self, bake: &str) -> Result<(Self, Layout), Report> {
        let request = match BakeFolder::of(&self.paths.bakes(), bake) {
            Some(folder) => folder.read(REQUEST)?,
            None => None,
        };
        let request: Option<BakeRequest> = request.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut there = self.clone();
        if let Some(request) = request.filter(|request| request.workspace != self.workspace.root) {
            there.workspace = Workspace::load(Some(&request.workspace), &self.paths)?;
        }
        let gone = || Report::message(Kind::Failed, "the local store of that bake is not there any more");
        let local = there.local_if_present()?.and_then(|local| local.as_layout().cloned()).ok_or_else(gone)?;
        Ok((there, local))
    }
}

async fn off_the_executor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Report> + Send + 'static,
) -> Result<T, Report> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Report::new(Kind::Failed, &error))?
}

/// A layer, by blob and diffID.
type Named = (Descriptor, DiffId);

struct Reading {
    local: Layout,
    cache: std::path::PathBuf,
    cancel: CancellationToken,
}

impl Reading {
    fn changes(&self, below: &[Named], layer: &Named) -> Result<ChangeTree, Report> {
        let contents = |(blob, id): &Named| layers::contents(&self.local, &self.cache, (blob, id), &self.cancel);
        let refuse = |error| Report::new(Kind::Failed, &error);
        let mut tree = Tree::default();
        for layer in below.iter().chain([layer]) {
            tree.apply(&contents(layer)?).map_err(refuse)?;
        }
        let (from, to) = (tree.layers().saturating_sub(1), tree.layers());
        let options = CompareOptions { moves: false, ..CompareOptions::default() };
        Ok(as_tree(&Comparison::levels(&Arc::new(tree), from, to, options)))
    }
}

/// The first so many paths singly, all of them in the totals.
fn as_tree(comparison: &Comparison) -> ChangeTree {
    let mut tree = ChangeTree::default();
    for changed in comparison.iter() {
        let op = match changed.kind {
            ChangeKind::Added | ChangeKind::Moved => ChangeOp::Added,
            ChangeKind::Modified => ChangeOp::Modified,
            ChangeKind::Deleted => ChangeOp::Deleted,
        };
        let mode = changed.seen().map_or(0, |seen| seen.mode());
        let own = OwnChange { op, size: changed.size(), mode };
        tree.put(&escape_bytes(&changed.path()), own, changed.is_folder());
    }
    tree
}
