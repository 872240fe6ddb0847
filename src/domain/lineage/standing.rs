//! How an image stands to what its base is now. A tag that points to an equal image under another name makes nobody stale.

use super::follow::Tags;
use super::told::Told;
use super::{Edge, Image, Pointed};

/// How an image stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing it is built on was found.
    Root,
    /// It is on what its base is now, and so is everything below it.
    Current {
        /// The tag its base is had by.
        follows: String,
    },
    /// Its base has moved on.
    Stale {
        /// The tag its base is had by.
        follows: String,
        /// Number of the image that tag points to now.
        now: usize,
        /// By how many versions of the base.
        behind: usize,
        /// When the first version after its own was made, or seen first where it does not tell: seconds since 1970.
        since: Option<i64>,
    },
    /// Its own base is what it was, but something below that has moved on.
    Through {
        /// Number of the image below it that is stale.
        stale: usize,
    },
    /// Nobody can tell: the tag it followed is gone.
    Unknown {
        /// The tag.
        follows: String,
    },
}

impl Standing {
    /// Its name in results.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Current { .. } => "current",
            Self::Stale { .. } => "stale",
            Self::Through { .. } => "stale-below",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether something it is built on has moved on.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Stale { .. } | Self::Through { .. })
    }
}

/// How all images stand, by number; and the tag the base of each is had by.
pub(super) fn all(
    images: &[Image],
    bases: &[Option<Edge>],
    (pointed, told): (&[Pointed], &Told<'_>),
) -> (Vec<Standing>, Vec<Option<String>>) {
    let tags = Tags::new(images, pointed, told);
    let one = |(number, edge): (usize, &Option<Edge>)| alone(&tags, images, number, *edge);
    let (mut standings, followed): (Vec<_>, Vec<_>) = bases.iter().enumerate().map(one).unzip();
    for image in 0..images.len() {
        if matches!(standings[image], Standing::Current { .. })
            && let Some(stale) = stale_below(image, bases, &standings)
        {
            standings[image] = Standing::Through { stale };
        }
    }
    (standings, followed)
}

/// As though what lies below its base did not matter.
fn alone(tags: &Tags<'_>, images: &[Image], number: usize, edge: Option<Edge>) -> (Standing, Option<String>) {
    let Some(edge) = edge else { return (Standing::Root, None) };
    let (image, base) = (&images[number], &images[edge.base]);
    let Some((repository, tag)) = tags.followed(number, edge.base) else {
        return (Standing::Unknown { follows: base.name() }, None);
    };
    let follows = format!("{repository}:{tag}");
    let followed = Some(follows.clone());
    let standing = match tags.now((repository, tag)) {
        Some(now) if images[now].serves_as(base, image) => Standing::Current { follows },
        Some(now) => {
            let (behind, since) = tags.between(repository, edge.base, now);
            Standing::Stale { follows, now, behind, since }
        }
        None => Standing::Unknown { follows },
    };
    (standing, followed)
}

/// The nearest image below that is stale by itself.
fn stale_below(image: usize, bases: &[Option<Edge>], standings: &[Standing]) -> Option<usize> {
    let mut at = bases[image]?.base;
    loop {
        match &standings[at] {
            Standing::Stale { .. } => return Some(at),
            Standing::Through { stale } => return Some(*stale),
            _ => at = bases[at]?.base,
        }
    }
}
