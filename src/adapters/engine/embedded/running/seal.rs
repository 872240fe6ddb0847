//! An upper folder becomes a layer: its tar comes out of the sandbox, is compressed and indexed as it passes, and becomes
//! the snapshot the next step stands on.

use std::io::{self, Read, Write};

use tokio_util::sync::CancellationToken;

use super::runner::Runner;
use super::step::RunError;
use crate::adapters::engine::Packing;
use crate::adapters::engine::embedded::compress::LayerWriter;
use crate::adapters::engine::embedded::events::Progress;
use crate::adapters::engine::embedded::seal::Sealed;
use crate::adapters::engine::embedded::steps::StepError;
use crate::adapters::index::{IndexError, LayerIndex, collect};
use crate::adapters::sandbox::{Counts, PackRequest};
use crate::adapters::secrets::Secret;
use crate::adapters::store::layout::Layout;
use crate::domain::journal::LayerBlob;
use crate::domain::layer::{Limits, Scanner};
use crate::domain::mask::Finder;

/// What the making of a layer is told to, and stopped by.
pub(super) struct Around<'a> {
    pub(super) progress: &'a mut Progress,
    pub(super) cancel: &'a CancellationToken,
    /// What the layer may not hold (K-01).
    pub(super) secrets: &'a [Secret],
}

/// Reads the upper folder as a layer; `None` where nothing is different from what lies below.
pub(super) fn seal_upper(
    runner: &mut Runner,
    request: PackRequest,
    target: &Layout,
    packing: &Packing,
    around: Around<'_>,
) -> Result<(Counts, Option<Sealed>), StepError> {
    let cancel = around.cancel;
    let blob = target.begin_blob()?;
    let writer = LayerWriter::new(blob, packing).map_err(StepError::Compress)?;
    let (counts, taken) = runner.sandbox.pack(request, |pipe| take(pipe, writer, around)).map_err(|error| {
        match cancel.is_cancelled() {
            // Whoever stopped taking the tar is why it could not be written.
            true => StepError::Cancelled,
            false => RunError::from(error).into(),
        }
    })?;
    let (index, writer) = taken?;
    if counts == Counts::default() {
        return Ok((counts, None));
    }
    let written = writer.finish().map_err(StepError::Compress)?;
    let descriptor = written.target.commit(packing.compression.layer_media_type())?;
    let blob = LayerBlob { descriptor, diff_id: written.diff_id, uncompressed: written.uncompressed };
    Ok((counts, Some(Sealed { blob, index })))
}

/// Compresses the tar and looks into it on the way.
fn take<W: Write + Send + 'static>(
    pipe: std::fs::File,
    writer: LayerWriter<W>,
    Around { progress, cancel, secrets }: Around<'_>,
) -> Result<(LayerIndex, LayerWriter<W>), StepError> {
    let from = io::BufReader::with_capacity(128 << 10, pipe);
    let finders: Vec<_> = secrets.iter().filter_map(|secret| Some((secret, Finder::new(secret.value())?))).collect();
    let mut tee = Tee { from, to: writer, failed: None, passed: 0, finders, found: None };
    let mut scanner = Scanner::new(&mut tee, Limits::default());
    let collected = collect(&mut scanner, cancel, &mut || ());
    drop(scanner);
    if let Some(error) = tee.failed.take() {
        return Err(StepError::Compress(error));
    }
    let index = collected.map_err(|source| IndexError::Scan { blob: "of this step".into(), source })?;
    if cancel.is_cancelled() {
        return Err(StepError::Cancelled);
    }
    // What follows the last entry belongs to the layer's bytes, too.
    io::copy(&mut tee, &mut io::sink()).map_err(StepError::Compress)?;
    if let Some(secret) = tee.found {
        return Err(RunError::SecretKept(secret.name().to_owned()).into());
    }
    progress.reach(tee.passed)?;
    Ok((index, tee.to))
}

/// A reader that hands everything on, and sees which secrets pass.
struct Tee<'a, R, W> {
    from: R,
    to: W,
    failed: Option<io::Error>,
    passed: u64,
    finders: Vec<(&'a Secret, Finder)>,
    found: Option<&'a Secret>,
}

impl<R: Read, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        if let Err(error) = self.to.write_all(&buffer[..count]) {
            let kind = error.kind();
            self.failed = Some(error);
            return Err(kind.into());
        }
        self.passed += count as u64;
        for (secret, finder) in &mut self.finders {
            if finder.feed(&buffer[..count]) {
                self.found = Some(secret);
            }
        }
        Ok(count)
    }
}
