//! The rows of the tree and of the table: what is folded, sifted, sorted and left out is settled here, once a change.

use std::cmp::Reverse;

use super::facts::urgency;
use super::{Circle, Model};
use crate::domain::lineage::{Best, Graph, Image};

/// A row of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The image's number.
    pub number: usize,
    /// How many images below it show above it.
    pub depth: usize,
    /// By depth, a bit each: another one on the same base follows further down.
    pub more: u64,
    /// Whether it has something to unfold, and that shows.
    pub open: Option<bool>,
    /// What is looked for; what is not shows for its sake.
    pub is_hit: bool,
}

/// Depths whose lines are drawn.
const DEEPEST: usize = 63;

/// All rows.
pub(super) fn make(model: &Model) -> Vec<Row> {
    let Some(graph) = model.graph() else { return Vec::new() };
    let within = within(model, graph);
    let is_there = |number: usize| model.facts.shown[number] && within.as_ref().is_none_or(|within| within[number]);
    if model.is_table { table(model, graph, is_there) } else { tree(model, graph, is_there) }
}

/// What belongs to the circle that is looked at.
fn within(model: &Model, graph: &Graph) -> Option<Vec<bool>> {
    let circle = model.circle.as_ref()?;
    let number = model.named(circle.name())?;
    let mut within = vec![false; graph.images().len()];
    match circle {
        Circle::Roots(_) => graph.way_down(number).into_iter().for_each(|number| within[number] = true),
        Circle::Heirs(_) => {
            within[number] = true;
            graph.descendants(number).into_iter().for_each(|number| within[number] = true);
            for follower in followers(model, graph, number) {
                within[follower] = true;
                graph.descendants(follower).into_iter().for_each(|number| within[number] = true);
                // The version of the base they are still on.
                if let Some(edge) = graph.base(follower) {
                    within[edge.base] = true;
                }
            }
        }
    }
    Some(within)
}

/// What follows a tag of an image, whatever version of it it is on.
pub(super) fn followers(model: &Model, graph: &Graph, number: usize) -> Vec<usize> {
    let image = &graph.images()[number];
    let followers = image.places.iter().filter_map(|place| model.facts.followers.get(&place.to_string()));
    let mut all: Vec<usize> = followers.flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn table(model: &Model, graph: &Graph, is_there: impl Fn(usize) -> bool) -> Vec<Row> {
    let is_listed = |number: &usize| {
        is_there(*number) && !graph.images()[*number].places.is_empty() && is_hit(model, graph, *number)
    };
    let mut numbers: Vec<usize> = (0..graph.images().len()).filter(is_listed).collect();
    if model.by_urgency {
        numbers.sort_by_key(|number| Reverse(urgency(graph, *number)));
    }
    numbers.into_iter().map(|number| Row { number, depth: 0, more: 0, open: None, is_hit: true }).collect()
}

fn tree(model: &Model, graph: &Graph, is_there: impl Fn(usize) -> bool) -> Vec<Row> {
    let hits: Option<Vec<bool>> = model.filter.is_active().then(|| {
        let is_hit = |number| is_there(number) && is_hit(model, graph, number);
        (0..graph.images().len()).map(is_hit).collect()
    });
    let kept = hits.as_ref().map(|hits| kept(model, graph, hits));
    let shows = |number: usize| is_there(number) && kept.as_ref().is_none_or(|kept| kept[number]);
    let ordered = |mut numbers: Vec<usize>| {
        if model.by_urgency {
            numbers.sort_by_key(|number| Reverse(model.facts.urgency[*number]));
        }
        numbers
    };
    let is_root = |number: &usize| shows(*number) && graph.base(*number).is_none_or(|edge| !shows(edge.base));
    let roots = ordered((0..graph.images().len()).filter(is_root).collect());
    let mut rows = Vec::new();
    // Number, depth, lines from above.
    let mut next: Vec<(usize, usize, u64)> = roots.into_iter().rev().map(|number| (number, 0, 0)).collect();
    while let Some((number, depth, more)) = next.pop() {
        let children: Vec<usize> = graph.children(number).iter().copied().filter(|child| shows(*child)).collect();
        let open = (!children.is_empty()).then(|| model.is_open(number));
        let is_hit = hits.as_ref().is_none_or(|hits| hits[number]);
        rows.push(Row { number, depth, more, open, is_hit });
        if open != Some(true) || rows.len() > graph.images().len() {
            continue;
        }
        let children = ordered(children);
        let bit = if depth < DEEPEST { 1 << (depth + 1) } else { 0 };
        let last = children.len() - 1;
        let lines = |at: usize| if at == last { more } else { more | bit };
        next.extend(children.into_iter().enumerate().rev().map(|(at, child)| (child, depth + 1, lines(at))));
    }
    rows
}

/// What is looked for, with everything it is built on.
fn kept(model: &Model, graph: &Graph, hits: &[bool]) -> Vec<bool> {
    let mut kept = hits.to_vec();
    for number in model.facts.order().iter().rev().copied().filter(|number| hits[*number] || model.facts.shown[*number])
    {
        if let Some(edge) = graph.base(number).filter(|_| kept[number]) {
            kept[edge.base] = true;
        }
    }
    kept
}

/// Whether the filter lets an image through: one of its words does, or of a turned filter all of them.
pub(super) fn is_hit(model: &Model, graph: &Graph, number: usize) -> bool {
    if !model.filter.is_active() {
        return true;
    }
    let image = &graph.images()[number];
    let is_turned = model.filter.text.starts_with('!');
    if is_turned && image.places.is_empty() {
        return false;
    }
    let words = words(model, graph, number);
    let names = image.places.iter().map(ToString::to_string);
    let mut texts = names.chain(words.into_iter().map(str::to_owned));
    match is_turned {
        true => texts.all(|text| model.filter.lets(&text)),
        false => texts.any(|text| model.filter.lets(&text)),
    }
}

/// What an image is found by besides its names. What no tag points to is nothing anybody looks for by how it stands.
fn words<'m>(model: &'m Model, graph: &'m Graph, number: usize) -> Vec<&'m str> {
    let image: &Image = &graph.images()[number];
    if image.places.is_empty() {
        return model.facts.once.get(&number).map(String::as_str).into_iter().collect();
    }
    let mut words = vec![image.holder().as_str()];
    words.push(graph.standing(number).as_str());
    words.extend(model.known.best(number).map(Best::as_str));
    words
}
