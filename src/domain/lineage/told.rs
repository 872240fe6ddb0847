//! All that is said of each image's base, the image's own word first: where to look, and what to choose among what layers prove.

use super::{FurtherHints, Hint, Image};

/// What is said, by image.
pub(super) struct Told<'i> {
    hints: Vec<Vec<&'i Hint>>,
}

impl<'i> Told<'i> {
    pub(super) fn new(images: &'i [Image], further: &'i FurtherHints) -> Self {
        let of = |image: &'i Image| image.hint.iter().chain(further.get(&image.digest).into_iter().flatten()).collect();
        Self { hints: images.iter().map(of).collect() }
    }

    /// Of one image.
    pub(super) fn of(&self, image: usize) -> &[&'i Hint] {
        self.hints.get(image).map_or(&[], Vec::as_slice)
    }

    /// Of all images.
    pub(super) fn all(&self) -> impl Iterator<Item = &'i Hint> + '_ {
        self.hints.iter().flatten().copied()
    }
}
