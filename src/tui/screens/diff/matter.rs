//! What is looked into: one image with its layers, or two and what is not the same of them. Made once, outside `update`,
//! since it counts every file; never changed after.

use std::sync::Arc;

use super::facts::{FactRow, packages_changed, packages_of, settings_changed, settings_of};
use crate::domain::layer::{Changed, CompareOptions, Comparison, LayerShare, Ownership, Totals};
use crate::flows::compare::{Compared, Opened, OpenedLayer};

/// One of the images looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// The one compared with.
    Before,
    /// The one compared; the only one where there is one.
    After,
}

/// Whose changes the list of files shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Part {
    /// All there is: what differs between two images, everything that is in one.
    #[default]
    All,
    /// What one layer changes, counted from 0.
    Layer(Which, u32),
}

/// What becomes of a layer between two images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is one image.
    Only,
    /// Both have it, with all that is below it.
    Shared,
    /// Only the image before has it.
    Gone,
    /// Only the image after has it.
    New,
}

/// A layer, as the list of layers shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerRow {
    /// Whose.
    pub which: Which,
    /// Its place, counted from 0.
    pub number: u32,
    /// What becomes of it.
    pub fate: Fate,
    /// The layer.
    pub layer: OpenedLayer,
    /// What it holds, uncompressed.
    pub share: LayerShare,
}

/// One image, or two.
#[derive(Clone, Debug)]
pub struct Matter {
    /// The image compared with.
    pub before: Option<Opened>,
    /// The image.
    pub after: Opened,
    /// All changes between the two, or everything in the one.
    pub files: Arc<Comparison>,
    /// What they come to.
    pub totals: Totals,
    /// Packages that are not the same.
    pub packages: Vec<FactRow>,
    /// Settings that are not the same; of one image those it has.
    pub config: Vec<FactRow>,
    /// Layers: of two images those both have first, then those that went, then those that came.
    pub layers: Vec<LayerRow>,
    /// Who owns the bytes of the image after: what layers of a base hold, and what layers made here hold.
    pub owned: (LayerShare, LayerShare),
    /// How little of its bytes is wasted, 1 at most.
    pub efficiency: f64,
}

impl Matter {
    /// One image.
    pub fn alone(image: Opened) -> Self {
        let files = image.everything();
        let facts = (packages_of(&image.packages), settings_of(&image.config));
        Self::of((None, image), files, facts)
    }

    /// Two images.
    pub fn pair(compared: Compared) -> Self {
        let Compared { before, after, files, config, packages } = compared;
        Self::of((Some(before), after), files, (packages_changed(&packages), settings_changed(&config)))
    }

    fn of(
        (before, after): (Option<Opened>, Opened),
        files: Comparison,
        (packages, config): (Vec<FactRow>, Vec<FactRow>),
    ) -> Self {
        let ownership = after.ownership();
        let layers = layer_rows(before.as_ref(), &after, &ownership);
        let (mut global, mut local) = (LayerShare::default(), LayerShare::default());
        for (layer, share) in after.layers.iter().zip(&ownership.layers) {
            if layer.owner.is_local { &mut local } else { &mut global }.add(share);
        }
        Self {
            before,
            after,
            totals: files.totals(),
            files: Arc::new(files),
            packages,
            config,
            layers,
            owned: (global, local),
            efficiency: ownership.efficiency,
        }
    }

    /// One of the images.
    pub fn image(&self, which: Which) -> &Opened {
        match (which, &self.before) {
            (Which::Before, Some(before)) => before,
            _ => &self.after,
        }
    }

    /// The images a part's changes lie between: what was there before, what is there after.
    pub fn sides(&self, part: Part) -> (Which, Which) {
        match part {
            Part::All => (Which::Before, Which::After),
            Part::Layer(which, _) => (which, which),
        }
    }

    /// Whether a part is all there is in one image, which all was added.
    pub fn is_everything(&self, part: Part) -> bool {
        self.before.is_none() && part == Part::All
    }

    /// The changes of a part.
    pub fn changes(&self, part: Part) -> Arc<Comparison> {
        match part {
            Part::All => Arc::clone(&self.files),
            Part::Layer(which, layer) => Arc::new(self.image(which).layer_changes(layer, CompareOptions::default())),
        }
    }

    /// The layer that made a change, counted from 0; `None` where it was not made, but is not there in the image after.
    pub fn made_by(&self, part: Part, changed: &Changed<'_>) -> Option<(u32, &OpenedLayer)> {
        let number = match part {
            Part::All => changed.layer()?,
            Part::Layer(_, layer) => changed.layer().unwrap_or(layer),
        };
        self.layer(self.sides(part).1, number)
    }

    /// The layer that had put what stood there before.
    pub fn was_by(&self, part: Part, changed: &Changed<'_>) -> Option<(u32, &OpenedLayer)> {
        self.layer(self.sides(part).0, changed.before.and_then(|seen| seen.layer())?)
    }

    fn layer(&self, which: Which, number: u32) -> Option<(u32, &OpenedLayer)> {
        Some((number, self.image(which).layers.get(number as usize)?))
    }

    /// Layers that could not be read in whole.
    pub fn problems(&self) -> impl Iterator<Item = &LayerRow> {
        self.layers.iter().filter(|row| row.layer.problem.is_some())
    }
}

fn layer_rows(before: Option<&Opened>, after: &Opened, owned: &Ownership) -> Vec<LayerRow> {
    let row = |which, fate, owned: &Ownership, (number, layer): (usize, &OpenedLayer)| LayerRow {
        which,
        number: u32::try_from(number).unwrap_or(u32::MAX),
        fate,
        layer: layer.clone(),
        share: owned.layers.get(number).copied().unwrap_or_default(),
    };
    let Some(before) = before else {
        let all = after.layers.iter().enumerate();
        return all.map(|numbered| row(Which::After, Fate::Only, owned, numbered)).collect();
    };
    let shared = before.layers.iter().zip(&after.layers).take_while(|(a, b)| a.diff_id == b.diff_id).count();
    let of_before = before.ownership();
    let numbered = || after.layers.iter().enumerate();
    let common = numbered().take(shared).map(|numbered| row(Which::After, Fate::Shared, owned, numbered));
    let gone = before.layers.iter().enumerate().skip(shared);
    let gone = gone.map(|numbered| row(Which::Before, Fate::Gone, &of_before, numbered));
    let new = numbered().skip(shared).map(|numbered| row(Which::After, Fate::New, owned, numbered));
    common.chain(gone).chain(new).collect()
}
