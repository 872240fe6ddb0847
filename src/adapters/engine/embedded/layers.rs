//! What layers hold, for those who only want to look: from the indexes in the cache, else from the blobs. Bakes nothing.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::base::{Ground, index_of, layers_of};
use crate::adapters::engine::{BaseImage, EngineError};
use crate::adapters::store::layout::Layout;
use crate::domain::layer::LayerContents;
use crate::domain::oci::{Descriptor, DiffId};
use crate::report::{Kind, Report};

/// The layers of a base, bottom first: blob, and the diffID its config gives it.
pub fn of_base(base: &BaseImage) -> Result<Vec<(Descriptor, DiffId)>, EngineError> {
    Ok(layers_of(base)?.into_iter().map(|layer| (layer.blob, layer.diff_id)).collect())
}

/// What a layer in `target` holds, its blob proven to be the one named the first time it is read. Waits for the disk.
pub fn contents(
    target: &Layout,
    cache: &Path,
    (blob, diff_id): (&Descriptor, &DiffId),
    cancel: &CancellationToken,
) -> Result<LayerContents, Report> {
    let ground = Ground { blob: blob.clone(), diff_id: diff_id.clone() };
    index_of(target, cache, &ground, cancel).map(|index| index.contents).map_err(|error| {
        let failure = error.into_failure();
        let mut report = Report::message(Kind::of_exit_code(failure.exit_code), failure.message);
        report.causes = failure.causes;
        report.help = failure.help;
        report
    })
}
