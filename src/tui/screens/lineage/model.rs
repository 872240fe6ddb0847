//! What the Lineage screen knows: the lineage, what is folded, sifted and marked of it, what was asked about it. Rows are
//! made when something changed, never at a key that only moves.

use std::collections::{BTreeSet, HashMap};

use super::facts::Facts;
use super::known::Known;
use super::live::Live;
use super::rows::Row;
use super::{Answer, rows};
use time::OffsetDateTime;

use crate::domain::lineage::{Graph, Holder, Image, Standing};
use crate::flows::lineage::Lineage;
use crate::tui::screens::Held;
use crate::tui::widgets::{Cursor, Filter};

/// How far the lineage is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Nobody asked yet.
    #[default]
    Not,
    /// Under way; what was there before shows.
    Going,
    /// It is there.
    Done,
    /// It was given up; what was there before shows.
    Stopped,
}

/// Only a part of the lineage, around one image; by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Circle {
    /// What is built on it, and what follows its tags: who is hit if it goes.
    Heirs(String),
    /// What it is built on, to the root.
    Roots(String),
}

impl Circle {
    /// The image.
    pub fn name(&self) -> &str {
        match self {
            Self::Heirs(name) | Self::Roots(name) => name,
        }
    }
}

/// What a base would be, being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Onto {
    /// The base's tag.
    pub base: String,
    /// What was typed; among `choices` it narrows.
    pub typed: Filter,
    /// What it could be: references, each with a word about it.
    pub choices: Vec<(String, String)>,
    /// Which of those that are left is selected.
    pub cursor: Cursor,
    /// Whether the selection was moved: then it is what is meant.
    pub moved: bool,
}

impl Onto {
    /// What is left of the choices.
    pub fn shown(&self) -> impl Iterator<Item = &(String, String)> {
        self.choices.iter().filter(|(reference, _)| self.typed.lets(reference))
    }
}

/// The screen's state.
#[derive(Debug, Default)]
pub struct Model {
    /// How far it is read.
    pub reading: Reading,
    /// How often it was asked for: answers to what was asked before are late.
    pub run: u64,
    /// All images.
    pub lineage: Option<Held<Lineage>>,
    /// What follows from that.
    pub facts: Facts,
    /// What is known of single images.
    pub known: Known,
    /// Something changed outside since it was read.
    pub(super) is_old: bool,
    /// When all stores were looked at last.
    pub(super) looked: Option<OffsetDateTime>,
    /// The screen is the one on show: then it follows the stores.
    pub(super) on_show: bool,
    /// Images that show nothing of what is built on them, by name.
    pub(super) folded: BTreeSet<String>,
    /// Only a part shows.
    pub circle: Option<Circle>,
    /// As a table rather than a tree.
    pub is_table: bool,
    /// What is most urgent comes first.
    pub by_urgency: bool,
    pub(super) rows: Vec<Row>,
    /// What is selected among them.
    pub cursor: Cursor,
    /// What is looked for.
    pub filter: Filter,
    /// Marked images, by name, in the order they were marked.
    pub marked: Vec<String>,
    /// Whether the right pane has the keys, and its first line shown.
    pub detail: Option<usize>,
    /// What was asked, and what came of it.
    pub answer: Option<Answer>,
    /// What a base would be, being typed.
    pub onto: Option<Onto>,
    /// The newest roll-out.
    pub live: Live,
}

impl Model {
    /// Who inherits from whom.
    pub fn graph(&self) -> Option<&Graph> {
        self.lineage.as_ref().map(|lineage| &lineage.graph)
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The number of the selected image.
    pub fn selected(&self) -> Option<usize> {
        self.rows.get(self.cursor.selected).map(|row| row.number)
    }

    /// The selected image.
    pub fn selected_image(&self) -> Option<&Image> {
        self.graph()?.images().get(self.selected()?)
    }

    /// An image by its name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        let images = self.graph()?.images();
        let of_tag = images.iter().position(|image| image.places.iter().any(|place| place.to_string() == name));
        of_tag.or_else(|| images.iter().position(|image| image.digest.to_string() == name))
    }

    /// Whether an image shows what is built on it.
    pub fn is_open(&self, number: usize) -> bool {
        self.filter.is_active()
            || self.graph().is_none_or(|graph| !self.folded.contains(&graph.images()[number].name()))
    }

    /// Whether an image is marked.
    pub fn is_marked(&self, number: usize) -> bool {
        let name = || self.graph().map(|graph| graph.images()[number].name());
        !self.marked.is_empty() && name().is_some_and(|name| self.marked.contains(&name))
    }

    /// Takes a lineage in. What is selected, folded and marked stays so; `is_as_before`: of which images what is known counts on.
    pub(super) fn take(&mut self, lineage: Held<Lineage>, is_as_before: impl Fn(usize) -> bool) {
        let anchor = self.selected_image().map(Image::name);
        let before = self.lineage.take();
        self.facts = Facts::of(&lineage.graph);
        let graph = &lineage.graph;
        let is_wanted = |number: &usize| {
            !graph.images()[*number].places.is_empty()
                && (graph.standing(*number).is_stale() || matches!(graph.standing(*number), Standing::Unknown { .. }))
        };
        let mut wanted: Vec<usize> = (0..graph.images().len()).filter(is_wanted).collect();
        wanted.sort_by_key(|number| std::cmp::Reverse(super::facts::urgency(graph, *number)));
        self.known = std::mem::take(&mut self.known).renewed((before.as_deref(), &lineage), wanted, is_as_before);
        self.lineage = Some(lineage);
        (self.reading, self.is_old) = (Reading::Done, false);
        let names: BTreeSet<String> = self.graph().into_iter().flat_map(Graph::images).map(Image::name).collect();
        self.marked.retain(|name| names.contains(name));
        self.folded.retain(|name| names.contains(name));
        if self.circle.as_ref().is_some_and(|circle| self.named(circle.name()).is_none()) {
            self.circle = None;
        }
        self.make_rows();
        match anchor.and_then(|name| self.named(&name)).and_then(|number| self.row_of(number)) {
            Some(at) => self.cursor.selected = at,
            None if before.is_none() => self.cursor.selected = self.first_stale().unwrap_or(0),
            None => {}
        }
    }

    /// The first row that is stale: where a baker begins.
    fn first_stale(&self) -> Option<usize> {
        let graph = self.graph()?;
        let is_stale =
            |row: &Row| graph.standing(row.number).is_stale() && !graph.images()[row.number].places.is_empty();
        self.rows.iter().position(is_stale)
    }

    /// Makes the rows anew, after the lineage, what is folded, the filter or the order changed.
    pub(super) fn make_rows(&mut self) {
        self.rows = rows::make(self);
    }

    /// The same, the selection on what it was on, or on the nearest that shows of what that is built on.
    pub(super) fn remake(&mut self) {
        let anchor = self.selected();
        self.make_rows();
        let Some(graph) = self.graph() else { return };
        let mut at = anchor;
        for _ in 0..graph.images().len() {
            let Some(number) = at else { break };
            if let Some(row) = self.row_of(number) {
                self.cursor.selected = row;
                return;
            }
            at = graph.base(number).map(|edge| edge.base);
        }
        self.cursor.selected = self.rows.iter().position(|row| row.is_hit).unwrap_or(0);
    }

    pub(super) fn row_of(&self, number: usize) -> Option<usize> {
        self.rows.iter().position(|row| row.number == number)
    }

    /// The name of an image in the local store.
    pub(super) fn own(&self, number: usize) -> Option<String> {
        let image = self.graph()?.images().get(number)?;
        image.places.iter().find(|place| place.holder == Holder::Local).map(ToString::to_string)
    }

    /// What is marked; where nothing is, what is selected.
    pub(super) fn meant(&self) -> Vec<usize> {
        if self.marked.is_empty() {
            return self.selected().into_iter().collect();
        }
        let images = self.graph().into_iter().flat_map(Graph::images).enumerate();
        let numbers: HashMap<String, usize> = images.map(|(number, image)| (image.name(), number)).collect();
        self.marked.iter().filter_map(|name| numbers.get(name).copied()).collect()
    }
}
