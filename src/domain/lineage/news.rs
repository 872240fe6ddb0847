//! What is new between two looks at the same stores, by tag.

use std::collections::BTreeMap;

use super::{Graph, Place, Standing};
use crate::domain::oci::Digest;

/// Something that is not what it was. Numbers are those of the later look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A tag was not there before.
    Appeared {
        /// Which.
        place: Place,
        /// The image it points to.
        number: usize,
    },
    /// A tag is not there any more.
    Gone {
        /// Which.
        place: Place,
        /// What it pointed to.
        before: Digest,
    },
    /// A tag points elsewhere.
    Moved {
        /// Which.
        place: Place,
        /// What it pointed to.
        before: Digest,
        /// The image it points to now.
        number: usize,
    },
    /// A tag points to what it pointed to, which stands otherwise to its base.
    Stands {
        /// Which.
        place: Place,
        /// How it stood: the name of its standing.
        before: &'static str,
        /// The image.
        number: usize,
    },
}

impl News {
    /// The tag it is about.
    pub fn place(&self) -> &Place {
        match self {
            Self::Appeared { place, .. }
            | Self::Gone { place, .. }
            | Self::Moved { place, .. }
            | Self::Stands { place, .. } => place,
        }
    }

    /// The image it points to now.
    pub fn number(&self) -> Option<usize> {
        match self {
            Self::Gone { .. } => None,
            Self::Appeared { number, .. } | Self::Moved { number, .. } | Self::Stands { number, .. } => Some(*number),
        }
    }

    /// Its name in results.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Appeared { .. } => "appeared",
            Self::Gone { .. } => "gone",
            Self::Moved { .. } => "moved",
            Self::Stands { .. } => "standing",
        }
    }
}

/// What is new, by tag.
pub fn news(before: &Graph, after: &Graph) -> Vec<News> {
    let (was, is) = (by_place(before), by_place(after));
    let mut news = Vec::new();
    for (place, number) in &is {
        let (place, number) = ((*place).clone(), *number);
        match was.get(&place) {
            None => news.push(News::Appeared { place, number }),
            Some(old) => {
                let digest = &before.images()[*old].digest;
                if *digest != after.images()[number].digest {
                    news.push(News::Moved { place, before: digest.clone(), number });
                } else if standing(before, *old) != standing(after, number) {
                    news.push(News::Stands { place, before: before.standing(*old).as_str(), number });
                }
            }
        }
    }
    let gone = was.iter().filter(|(place, _)| !is.contains_key(*place));
    news.extend(gone.map(|(place, number)| News::Gone {
        place: (*place).clone(),
        before: before.images()[*number].digest.clone(),
    }));
    news
}

fn by_place(graph: &Graph) -> BTreeMap<&Place, usize> {
    let images = graph.images().iter().enumerate();
    images.flat_map(|(number, image)| image.places.iter().map(move |place| (place, number))).collect()
}

/// How an image stands, without numbers, which are of one look only.
fn standing(graph: &Graph, number: usize) -> (&'static str, Option<&str>, Option<usize>, Option<&Digest>) {
    let standing = graph.standing(number);
    let (behind, about) = match standing {
        Standing::Stale { now, behind, .. } => (Some(*behind), Some(&graph.images()[*now].digest)),
        Standing::Through { stale } => (None, Some(&graph.images()[*stale].digest)),
        _ => (None, None),
    };
    (standing.as_str(), graph.followed(number), behind, about)
}
