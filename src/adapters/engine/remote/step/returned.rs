//! The layout a builder left: which of its layers are new, and which step made which. Believes no document more than the
//! digests in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use super::dockerfile::Written;
use crate::adapters::engine::embedded::StepError;
use crate::adapters::engine::remote::{BuilderError, GroundImage, GroundLayer, LayerFile};
use crate::adapters::index::{IndexError, decode};
use crate::adapters::secrets::Secret;
use crate::domain::mask::Finder;
use crate::domain::oci::{Compression, Descriptor, Digest, ImageConfig, ImageIndex, ImageManifest};

/// Largest document of a result.
const MAX_DOCUMENT: u64 = 4 << 20;

impl LayerFile {
    /// Its tar. That it is the blob it is called is seen where it arrives.
    pub(super) fn open(&self) -> Result<impl Read + use<>, StepError> {
        let name = || self.descriptor.digest.to_string();
        let read = |source| BuilderError::Io { action: "read", path: self.path.clone(), source };
        let file = File::open(&self.path).map_err(read)?;
        let compression = Compression::of_media_type(&self.descriptor.media_type);
        Ok(decode(file, compression).map_err(|source| IndexError::Decode { blob: name(), source })?)
    }
}

/// The layout a builder left.
pub(super) struct Returned {
    pub(super) builder: String,
    pub(super) folder: PathBuf,
}

impl Returned {
    pub(super) fn wrong(&self, what: impl Into<String>) -> StepError {
        BuilderError::Protocol { builder: self.builder.clone(), what: what.into() }.into()
    }

    fn document(&self, name: &str) -> Result<Vec<u8>, StepError> {
        let path = self.folder.join(name);
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(|_| self.wrong(format!("without {name}")))?;
        let read = file.take(MAX_DOCUMENT).read_to_end(&mut bytes);
        read.map_err(|source| BuilderError::Io { action: "read", path, source })?;
        Ok(bytes)
    }

    fn blob(digest: &Digest) -> String {
        format!("blobs/{}/{}", digest.algorithm().as_str(), digest.encoded())
    }

    fn manifest(&self) -> Result<ImageManifest, StepError> {
        let mut bytes = self.document("index.json")?;
        // An index may hold one image for one platform, and an index that does.
        for _ in 0..3 {
            if let Ok(index) = serde_json::from_slice::<ImageIndex>(&bytes)
                && let Some(first) = index.manifests.first()
            {
                bytes = self.document(&Self::blob(&first.digest))?;
                continue;
            }
            break;
        }
        serde_json::from_slice(&bytes).map_err(|_| self.wrong("with no image"))
    }

    /// The layers of each step of `text`, above the first `below`, which must be those of `ground` where that is given.
    /// `None` where several steps were sent and the builder does not tell which layer is whose.
    pub(super) fn own(
        &self,
        text: &Written,
        below: usize,
        ground: Option<&GroundImage>,
    ) -> Result<Option<Vec<Vec<LayerFile>>>, StepError> {
        let manifest = self.manifest()?;
        if manifest.layers.len() < below {
            return Err(self.wrong("with fewer layers than it was given"));
        }
        if let Some(ground) = ground {
            let same = |(layer, given): (&Descriptor, &GroundLayer)| layer.digest == given.diff_id.0;
            if !manifest.layers.iter().zip(&ground.layers).all(same) {
                return Err(self.wrong("with other layers below than it was given"));
            }
        }
        let own = manifest.layers[below..].iter().map(|descriptor| LayerFile {
            path: self.folder.join(Self::blob(&descriptor.digest)),
            descriptor: descriptor.clone(),
        });
        let own: Vec<LayerFile> = own.collect();
        if text.lines.len() == 1 {
            return Ok(Some(vec![own]));
        }
        let config = self.document(&Self::blob(&manifest.config.digest))?;
        let config = ImageConfig::parse(&config).map_err(|error| self.wrong(error.to_string()))?;
        let made: Vec<bool> = config.history.iter().map(|entry| !entry.empty_layer).collect();
        Ok(shared(own, text, &made))
    }
}

/// Layers to the steps that made them. `made` says of each instruction whether it made one; the last are the text's.
fn shared<T>(layers: Vec<T>, text: &Written, made: &[bool]) -> Option<Vec<Vec<T>>> {
    let lines: Vec<&str> = text.text.lines().collect();
    let is_ground = |line: &&&str| line.starts_with("FROM ") || line.starts_with("ADD ");
    let below = lines.iter().take_while(is_ground).count();
    let before = made.len().checked_sub(lines.len() - below)?;
    if made[before..].iter().filter(|made| **made).count() != layers.len() {
        return None;
    }
    let mut steps: Vec<Vec<T>> = text.lines.iter().map(|_| Vec::new()).collect();
    let mut layers = layers.into_iter();
    for (at, _) in made[before..].iter().enumerate().filter(|(_, made)| **made) {
        let line = below + at + 1;
        let step = text.lines.iter().position(|lines| lines.contains(&line))?;
        steps[step].push(layers.next()?);
    }
    Some(steps)
}

/// A reader that sees which secrets pass.
pub(super) struct Searched<'a, R> {
    from: R,
    finders: Vec<(&'a Secret, Finder)>,
    pub(super) found: Option<&'a Secret>,
}

impl<'a, R: Read> Searched<'a, R> {
    pub(super) fn for_any(secrets: &'a [Secret], from: R) -> Self {
        let finders = secrets.iter().filter_map(|secret| Some((secret, Finder::new(secret.value())?)));
        Self { from, finders: finders.collect(), found: None }
    }
}

impl<R: Read> Read for Searched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        for (secret, finder) in &mut self.finders {
            if finder.feed(&buffer[..count]) {
                self.found = Some(secret);
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_those_of_the_lines_that_made_them() {
        let text =
            Written { text: "FROM a\nENV A=1\nRUN x\nRUN y\nUSER b\nRUN z\n".into(), lines: vec![vec![3, 4], vec![6]] };
        let base = [true, false, true];
        let of = |own: &[bool], layers: &[u8]| shared(layers.to_vec(), &text, &[&base[..], own].concat());
        let all = [false, true, true, false, true];
        assert_eq!(of(&all, &[1, 2, 3]), Some(vec![vec![1, 2], vec![3]]));
        assert_eq!(of(&[false, true, false, false, true], &[1, 3]), Some(vec![vec![1], vec![3]]));
        assert_eq!(of(&[false, false, false, false, false], &[]), Some(vec![vec![], vec![]]));
        assert_eq!(of(&all, &[1, 2]), None, "a layer less than lines that made one");
        assert_eq!(of(&[true, true, true, false, false], &[1, 2, 3]), None, "a layer of a line that makes none");
        assert_eq!(shared(vec![1], &text, &[true]), None, "lines nobody tells of");
    }
}
