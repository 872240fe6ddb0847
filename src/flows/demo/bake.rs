//! The demo's one way to the engine: a recipe in, an image in a layout out. Seeds nothing.

use std::path::Path;

use crate::domain::oci::{Digest, Platform};
use crate::report::{Kind, Report};

/// What to bake.
#[derive(Debug)]
pub(super) struct Order<'a> {
    /// The recipe's text.
    pub(super) recipe: &'a str,
    /// The folder its inputs lie in.
    pub(super) folder: &'a Path,
    /// The base's digest where it is not what the tag points to.
    pub(super) base: Option<&'a Digest>,
}

/// What came out.
#[derive(Clone, Debug)]
pub(super) struct Product {
    /// The manifest.
    pub(super) digest: Digest,
    /// The host's own platform.
    pub(super) platform: Platform,
}

/// Bakes into the layout `target` for this host's platform; a base comes from the layout `bases`.
pub(super) async fn bake_into(_target: &Path, _bases: &Path, _order: &Order<'_>) -> Result<Product, Report> {
    Err(Report::message(Kind::Failed, "not built yet"))
}
