//! The demo's one way to the engine: a workspace and a recipe in, an image in its local store out. Seeds nothing.

use std::path::Path;

use crate::domain::oci::{Digest, Platform};
use crate::report::{Kind, Report};

/// What came out.
#[derive(Clone, Debug)]
pub(super) struct Product {
    /// The manifest.
    pub(super) digest: Digest,
    /// The host's own platform.
    pub(super) platform: Platform,
}

/// Bakes a recipe of the workspace in the folder `workspace` into that workspace's local store, for this host's
/// platform; a lock beside the recipe pins the base.
pub(super) async fn bake_into(workspace: &Path, recipe: &Path) -> Result<Product, Report> {
    let doing = format!("cannot bake {} of {}", recipe.display(), workspace.display());
    Err(Report::message(Kind::Failed, "not built yet").while_doing(doing))
}
