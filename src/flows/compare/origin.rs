//! Who made a layer: found from content. An image is the base of another when its diffIDs are the beginning of the other's;
//! names and digests in annotations only say where to look.

use serde::Serialize;

/// The image that brought a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// How the lowest image of the chain is named that has the layer.
    pub image: String,
    /// Made here: no base brought it.
    pub is_local: bool,
    /// Whether that image was looked at, and its diffIDs are the beginning of this one's. What nobody could look at is taken
    /// from the annotations, unproven.
    pub proven: bool,
}
