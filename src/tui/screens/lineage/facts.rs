//! What follows from who inherits from whom, counted once when it was read: how much is built on each image, what of it is
//! stale, what everything comes to. Knows no screen.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::domain::lineage::{Graph, Holder, Standing};
use crate::domain::text::escape;

/// How much an image asks for attention; the more, the greater. What is equal in that goes by age: what is stale for longer
/// comes first.
pub type Urgency = (u8, usize, Reverse<i64>);

/// How many images there are, of one sort of holder or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Under whatever names.
    pub images: usize,
    /// Stale by themselves or by something below.
    pub stale: usize,
    /// Nobody can tell.
    pub unknown: usize,
}

/// What was counted; by number of the image where it is a list.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// It, or something built on it, has a tag.
    pub(super) shown: Vec<bool>,
    /// Images with a tag that are built on it, directly.
    pub(super) direct: Vec<usize>,
    /// The same, however far above.
    pub(super) all: Vec<usize>,
    /// Of those, stale ones.
    pub(super) stale: Vec<usize>,
    /// The most urgent of it and of what is built on it.
    pub(super) urgency: Vec<Urgency>,
    /// By number of an image that no tag points to: the tag it was had by; escaped.
    pub(super) once: HashMap<usize, String>,
    /// By tag: the images that follow it.
    pub(super) followers: HashMap<String, Vec<usize>>,
    /// All images, what they are built on before them.
    order: Vec<usize>,
    /// By holder: its only store, whose name goes without saying.
    stores: [Option<String>; 3],
    totals: [Totals; 3],
}

fn place(holder: Holder) -> usize {
    match holder {
        Holder::Global => 0,
        Holder::Local => 1,
        Holder::Team => 2,
    }
}

impl Facts {
    /// Counts.
    pub fn of(graph: &Graph) -> Self {
        let images = graph.images();
        let mut facts = Self {
            shown: images.iter().map(|image| !image.places.is_empty()).collect(),
            direct: vec![0; images.len()],
            all: vec![0; images.len()],
            stale: vec![0; images.len()],
            urgency: (0..images.len()).map(|number| urgency(graph, number)).collect(),
            order: order(graph),
            ..Self::default()
        };
        facts.climb(graph);
        facts.names(graph);
        for (number, image) in images.iter().enumerate().filter(|(_, image)| !image.places.is_empty()) {
            let totals = &mut facts.totals[place(image.holder())];
            totals.images += 1;
            totals.stale += usize::from(graph.standing(number).is_stale());
            totals.unknown += usize::from(matches!(graph.standing(number), Standing::Unknown { .. }));
        }
        facts
    }

    /// From what is built on others down to what all is built on.
    fn climb(&mut self, graph: &Graph) {
        for number in self.order.iter().rev().copied() {
            let Some(edge) = graph.base(number) else { continue };
            let is_tagged = !graph.images()[number].places.is_empty();
            let is_stale = is_tagged && graph.standing(number).is_stale();
            let base = edge.base;
            self.shown[base] |= self.shown[number];
            self.direct[base] += usize::from(is_tagged);
            self.all[base] += self.all[number] + usize::from(is_tagged);
            self.stale[base] += self.stale[number] + usize::from(is_stale);
            self.urgency[base] = self.urgency[base].max(self.urgency[number]);
        }
    }

    fn names(&mut self, graph: &Graph) {
        let mut stores: [Option<&str>; 3] = [None; 3];
        let mut is_one = [true; 3];
        for held in graph.images().iter().flat_map(|image| &image.places) {
            let store = held.repository.split('/').next().unwrap_or("");
            let at = place(held.holder);
            is_one[at] &= stores[at].is_none_or(|known| known == store);
            stores[at] = Some(store);
        }
        for at in 0..3 {
            self.stores[at] = stores[at].filter(|_| is_one[at]).map(|store| format!("{store}/"));
        }
        for number in 0..graph.images().len() {
            let (Standing::Stale { follows, .. } | Standing::Current { follows }) = graph.standing(number) else {
                continue;
            };
            self.followers.entry(follows.clone()).or_default().push(number);
        }
        self.once = graph.once().into_iter().map(|(number, tag)| (number, escape(tag))).collect();
    }

    /// All images, what they are built on before them.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Counts of one sort of holder.
    pub fn of_holder(&self, holder: Holder) -> Totals {
        self.totals[place(holder)]
    }

    /// Counts of all.
    pub fn totals(&self) -> Totals {
        self.totals.iter().fold(Totals::default(), |sum, one| Totals {
            images: sum.images + one.images,
            stale: sum.stale + one.stale,
            unknown: sum.unknown + one.unknown,
        })
    }

    /// A reference without its store, whosever that is, where it goes without saying.
    pub(super) fn bare(&self, reference: &str) -> String {
        let store = self.stores.iter().flatten().find_map(|store| reference.strip_prefix(store.as_str()));
        store.unwrap_or(reference).to_owned()
    }

    /// The same of one sort of holder.
    pub(super) fn without_store(&self, holder: Holder, reference: &str) -> String {
        let store = self.stores[place(holder)].as_deref();
        store.and_then(|store| reference.strip_prefix(store)).unwrap_or(reference).to_owned()
    }

    /// An image's name without the store that goes without saying, by its first tag; escaped.
    pub(super) fn short(&self, graph: &Graph, number: usize) -> String {
        let image = &graph.images()[number];
        match (image.places.first(), self.once.get(&number)) {
            (Some(first), _) => escape(&self.without_store(image.holder(), &first.to_string())),
            (None, Some(once)) => {
                let once = self.without_store(Holder::Global, once);
                format!("{once} as it was, {}", image.digest.short())
            }
            (None, None) => format!("{}, no tag any more", image.digest.short()),
        }
    }
}

/// What one image asks for by itself.
pub(super) fn urgency(graph: &Graph, number: usize) -> Urgency {
    if graph.images()[number].places.is_empty() {
        return (0, 0, Reverse(0));
    }
    match graph.standing(number) {
        Standing::Stale { behind, since, .. } => (3, *behind, Reverse(since.unwrap_or(i64::MAX))),
        Standing::Through { .. } => (2, 0, Reverse(0)),
        Standing::Unknown { .. } => (1, 0, Reverse(0)),
        Standing::Current { .. } | Standing::Root => (0, 0, Reverse(0)),
    }
}

/// All images that a root leads to, what they are built on before them.
fn order(graph: &Graph) -> Vec<usize> {
    let mut order = Vec::with_capacity(graph.images().len());
    let mut next: Vec<usize> = (0..graph.images().len()).filter(|number| graph.base(*number).is_none()).collect();
    next.reverse();
    while let Some(number) = next.pop() {
        order.push(number);
        next.extend(graph.children(number).iter().rev());
    }
    order
}
