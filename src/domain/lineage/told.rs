//! All that is said of each image's base, the image's own word first: where to look, and what to choose among what layers prove.

use std::collections::HashMap;

use super::{FurtherHints, Hint, Image};
use crate::domain::oci::Digest;

/// What is said, by image.
pub(super) struct Told<'i> {
    hints: Vec<Vec<&'i Hint>>,
}

impl<'i> Told<'i> {
    pub(super) fn new(images: &'i [Image], further: &'i FurtherHints) -> Self {
        let mut saying: HashMap<&Digest, Vec<&Image>> = HashMap::new();
        for image in images {
            if let Some(digest) = image.hint.as_ref().and_then(|hint| hint.digest.as_ref()) {
                saying.entry(digest).or_default().push(image);
            }
        }
        let of = |image: &'i Image| {
            let own = image.hint.iter().filter(|hint| !is_inherited(image, hint, &saying));
            own.chain(further.get(&image.digest).into_iter().flatten()).collect()
        };
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

/// Whether an image says of its base what one below it says of its own, and need not have said it itself: then it is the
/// other's word, and nothing is said of this one's base.
fn is_inherited(image: &Image, hint: &Hint, saying: &HashMap<&Digest, Vec<&Image>>) -> bool {
    let same = hint.digest.as_ref().filter(|_| hint.may_be_inherited).and_then(|digest| saying.get(digest));
    let is_below = |other: &&&Image| other.lies_below(image).is_some() && image.lies_below(other).is_none();
    same.into_iter().flatten().any(|other| is_below(&other))
}
