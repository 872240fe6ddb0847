//! The tree: what has no base at the left, what is built on it below.

use std::collections::BTreeMap;

use super::{Shown, assessment};
use crate::domain::lineage::{Holder, Standing};
use crate::domain::text::escape;
use crate::domain::units::count;

/// The lines.
pub fn lines(shown: &Shown<'_>, color: bool) -> Vec<String> {
    let graph = shown.graph();
    let mut tree = Tree { shown, color, once: graph.once(), lines: Vec::new() };
    let is_root = |number: &usize| graph.base(*number).is_none_or(|edge| !shown.picked[edge.base]);
    // What no tag points to and nothing is built on was somebody's base once: it says nothing now.
    let roots = shown.numbers().into_iter().filter(is_root).filter(|number| {
        !graph.images()[*number].places.is_empty() || graph.children(*number).iter().any(|child| shown.picked[*child])
    });
    roots.for_each(|root| tree.node(root, "", ""));
    tree.lines
}

struct Tree<'s> {
    shown: &'s Shown<'s>,
    color: bool,
    /// What no tag points to any more, by the tag it was had by.
    once: BTreeMap<usize, &'s str>,
    lines: Vec<String>,
}

impl Tree<'_> {
    fn node(&mut self, number: usize, lead: &str, below: &str) {
        let image = &self.shown.graph().images()[number];
        let (origin, code) = match image.holder() {
            Holder::Global => ("◆", "35"),
            Holder::Local => ("◇", "34"),
            Holder::Team => ("○", "36"),
        };
        let origin = self.paint(origin, code);
        let name = match image.places.as_slice() {
            [] => match self.once.get(&number) {
                Some(once) => format!("{} as it was, {}", escape(once), image.digest.short()),
                None => format!("{} (no tag any more)", image.digest.short()),
            },
            [_] => self.shown.name(number),
            [_, more @ ..] => format!("{} (+{})", self.shown.name(number), count(more.len() as u64, "tag")),
        };
        let (sign, words) = (self.sign(number), self.shown.words(number));
        let line = match (sign, words.is_empty()) {
            (Some(sign), false) => format!("{lead}{origin} {name}  {sign} {words}"),
            _ => format!("{lead}{origin} {name}"),
        };
        self.lines.push(line);
        let children = self.shown.ordered(self.shown.graph().children(number).iter().copied());
        if let Some(told) = self.shown.assessed.get(&number) {
            let stem = if children.is_empty() { "   " } else { "│  " };
            let own = image.places.iter().find(|place| place.holder == Holder::Local);
            let command = own.map(|own| escape(&own.to_string())).unwrap_or_default();
            self.lines.extend(assessment::lines(told, &command).into_iter().map(|line| format!("{below}{stem}{line}")));
        }
        for (at, child) in children.iter().enumerate() {
            let (branch, stem) = if at + 1 == children.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.node(*child, &format!("{below}{branch}"), &format!("{below}{stem}"));
        }
    }

    fn sign(&self, number: usize) -> Option<String> {
        // What a tag has left behind is no image that anybody keeps up to date.
        if self.shown.graph().images()[number].places.is_empty() {
            return None;
        }
        let code = match self.shown.graph().standing(number) {
            Standing::Root => return None,
            Standing::Current { .. } => "32",
            Standing::Stale { .. } | Standing::Through { .. } => "33",
            Standing::Unknown { .. } => "35",
        };
        Some(self.paint(self.shown.sign_of(number), code))
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
