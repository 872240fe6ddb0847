//! Which images a roll-out moves, in which order, what each waits for, and what it leaves alone and why. From the lineage
//! alone: whether an image can be rebased is not known here.

use std::collections::{BTreeMap, BTreeSet};

use super::Owed;
use super::copies::{has_moved, is_called, ours};
use super::event::{Left, Planned};
use super::names::{Named, first_name};
use crate::domain::lineage::{Graph, Holder, Standing};

/// What is asked of a roll-out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only these, as `local/NAME:TAG`; all where empty.
    pub only: BTreeSet<String>,
    /// Hand what was published before on to where it was.
    pub publish: bool,
    /// What recipes make, as `local/NAME:TAG`: of an image's names, the one that can be baked again goes first.
    pub made: BTreeSet<String>,
    /// What earlier roll-outs were to hand on and did not, by place.
    pub owed: BTreeMap<String, Owed>,
    /// Other names of images that earlier roll-outs were to move and did not.
    pub names: BTreeMap<String, Named>,
}

/// Everything stale that is built on what the tag `base` pointed to, in dependency order.
pub fn plan(graph: &Graph, base: &str, wanted: &Wanted) -> Vec<Planned> {
    let stale = |number: &usize| graph.standing(*number).is_stale() && way_to(graph, *number, base).is_some();
    let has_own = |number: &usize| graph.images()[*number].places.iter().any(|place| place.holder == Holder::Local);
    let (own, copies): (Vec<usize>, Vec<usize>) = (0..graph.images().len()).filter(stale).partition(has_own);
    let mut planned: Vec<Found> = own.into_iter().flat_map(|number| found(graph, number, wanted)).collect();
    for copy in copies {
        hand_on(graph, copy, &mut planned, wanted);
    }
    lead(graph, &mut planned, wanted);
    settle(graph, base, planned, wanted)
}

/// How many steps below an image the one lies that follows the tag; `None` where none does.
fn way_to(graph: &Graph, number: usize, base: &str) -> Option<usize> {
    let follows = |at: &usize| matches!(graph.standing(*at), Standing::Stale { follows, .. } if follows == base);
    graph.way_down(number).iter().position(follows)
}

/// A name of an image, before it is known what it waits for.
struct Found {
    number: usize,
    planned: Planned,
    /// It is on its new base already, and only handed on.
    has_moved: bool,
}

/// A name of an image as it is found, to be moved.
fn as_found(graph: &Graph, number: usize, reference: &str) -> Option<Found> {
    let (image, edge) = (&graph.images()[number], graph.base(number)?);
    let planned = Planned {
        reference: reference.to_owned(),
        base: followed(graph, number),
        depth: 0,
        after: None,
        is_alias: false,
        before: image.digest.clone(),
        stands_on: graph.images()[edge.base].digest.clone(),
        places: Vec::new(),
        behind: BTreeMap::new(),
        left: None,
    };
    Some(Found { number, planned, has_moved: false })
}

/// Every name of an image of ours that is to be moved.
fn found(graph: &Graph, number: usize, wanted: &Wanted) -> Vec<Found> {
    let image = &graph.images()[number];
    let of = |holder: Holder| image.places.iter().filter(move |place| place.holder == holder).map(ToString::to_string);
    let mut own: Vec<String> = of(Holder::Local).collect();
    own.sort_by_key(|reference| !wanted.made.contains(reference));
    let moved = first_name(graph, number, wanted).map(|(first, _)| first);
    let Some(first) = moved.as_ref().or(own.first()) else { return Vec::new() };
    let mut names: Vec<Found> = Vec::with_capacity(own.len());
    for name in &own {
        // What a recipe makes goes its own way, even where two recipes come to the same today.
        let is_alias = name != first && !wanted.made.contains(name);
        let repository = |name: &str| name.rsplit_once(':').map(|(repository, _)| repository.to_owned());
        let beside = own.iter().filter(|other| wanted.made.contains(*other));
        let beside = beside.into_iter().find(|other| repository(other) == repository(name)).unwrap_or(first);
        let Some(found) = as_found(graph, number, name) else { continue };
        let after = is_alias.then(|| beside.clone());
        names.push(Found { planned: Planned { after, is_alias, ..found.planned }, ..found });
    }
    for place in of(Holder::Team).filter(|_| wanted.publish) {
        // The one that is called the same there, else the first.
        let called = |found: &Found| !found.planned.is_alias && is_called(&place, &found.planned.reference);
        let at = names.iter().position(called).unwrap_or(0);
        if let Some(found) = names.get_mut(at) {
            found.planned.places.push(place);
        }
    }
    names
}

/// Finds whose older version a team has: that is handed on there once it has moved. What is nobody's of ours is left.
fn hand_on(graph: &Graph, copy: usize, planned: &mut Vec<Found>, wanted: &Wanted) {
    let image = &graph.images()[copy];
    let mut left: Option<(String, String)> = None;
    for place in image.places.iter().filter(|place| place.holder == Holder::Team).map(ToString::to_string) {
        let Some(ours) = ours(graph, copy, &place, wanted) else {
            let why = "a team's own, in no local store: whoever baked it moves it";
            left.get_or_insert((place, why.into()));
            continue;
        };
        let is_it = |found: &Found| found.planned.reference == ours.reference;
        let at = planned.iter().position(is_it).or_else(|| {
            let is_done = wanted.publish && has_moved(graph, ours.number);
            let found = as_found(graph, ours.number, &ours.reference).filter(|_| is_done)?;
            planned.push(Found { number: copy, has_moved: true, ..found });
            Some(planned.len() - 1)
        });
        match at.filter(|_| wanted.publish) {
            Some(at) => {
                planned[at].planned.behind.insert(place.clone(), image.digest.clone());
                planned[at].planned.places.push(place);
            }
            None => {
                let why = format!("an older version of {}, which is not handed on", ours.reference);
                left.get_or_insert((place, why));
            }
        }
    }
    let Some((name, why)) = left else { return };
    let left = Some(Left { why, counts: false });
    planned.extend(
        as_found(graph, copy, &name).map(|found| Found { planned: Planned { left, ..found.planned }, ..found }),
    );
}

/// A first name that has moved already goes before those it left behind.
fn lead(graph: &Graph, planned: &mut Vec<Found>, wanted: &Wanted) {
    for at in 0..planned.len() {
        let number = planned[at].number;
        let Some((first, there)) = first_name(graph, number, wanted).filter(|_| planned[at].planned.is_alias) else {
            continue;
        };
        if !planned.iter().any(|found| found.planned.reference == first) {
            planned.extend(as_found(graph, there, &first).map(|found| Found { number, has_moved: true, ..found }));
        }
    }
}

/// The tag an image's base is had by.
pub(super) fn followed(graph: &Graph, number: usize) -> String {
    match graph.standing(number) {
        Standing::Current { follows } | Standing::Stale { follows, .. } | Standing::Unknown { follows } => {
            follows.clone()
        }
        Standing::Through { .. } | Standing::Root => {
            let Some(base) = graph.base(number).map(|edge| &graph.images()[edge.base]) else { return String::new() };
            let hint = graph.images()[number].hint.as_ref();
            let told = hint.and_then(|hint| Some((hint.repository.as_ref()?, hint.tag.as_ref()?)));
            let told = told.and_then(|(repository, tag)| {
                base.places.iter().find(|place| place.repository == *repository && place.tag == *tag)
            });
            told.map_or_else(|| base.name(), ToString::to_string)
        }
    }
}

/// Finds out what each waits for and how far it is from the base, and puts them in order.
fn settle(graph: &Graph, base: &str, found: Vec<Found>, wanted: &Wanted) -> Vec<Planned> {
    let (numbers, mut items): (Vec<(usize, bool)>, Vec<Planned>) =
        found.into_iter().map(|found| ((found.number, found.has_moved), found.planned)).unzip();
    let is_asked = |item: &Planned| wanted.only.is_empty() || wanted.only.contains(&item.reference);
    let led: BTreeSet<String> =
        items.iter().filter(|item| item.is_alias && is_asked(item)).filter_map(|item| item.after.clone()).collect();
    for (item, (_, has_moved)) in items.iter_mut().zip(&numbers) {
        // What is there already keeps nobody waiting.
        let leads = *has_moved && led.contains(&item.reference);
        if item.left.is_none() && !is_asked(item) && !leads {
            item.left = Some(Left { why: "not asked for".into(), counts: false });
        }
    }
    let by_name: BTreeMap<String, usize> =
        items.iter().enumerate().map(|(at, item)| (item.reference.clone(), at)).collect();
    for at in 0..items.len() {
        let (number, has_moved) = numbers[at];
        if items[at].is_alias || has_moved {
            continue;
        }
        let is_stale_itself = matches!(graph.standing(number), Standing::Stale { .. });
        let below = by_name.get(&items[at].base).copied().filter(|below| *below != at);
        match below {
            // Its base has moved on already: what becomes of the rest of it does not matter.
            Some(below) if items[below].left.is_some() && is_stale_itself => {}
            Some(below) => items[at].after = Some(items[below].reference.clone()),
            None if is_stale_itself || items[at].left.is_some() => {}
            None => {
                let stale = match graph.standing(number) {
                    Standing::Through { stale } => graph.images()[*stale].name(),
                    _ => items[at].base.clone(),
                };
                let why = format!("{stale}, which it is built on, has not been moved by whoever makes it");
                items[at].left = Some(Left { why, counts: true });
            }
        }
    }
    for (at, (number, _)) in numbers.iter().enumerate() {
        let below = |item: &Planned| {
            let after = item.after.as_ref().filter(|_| !item.is_alias);
            after.and_then(|after| by_name.get(after)).copied()
        };
        let (mut depth, mut here) = (0, primary(&items, &by_name, at));
        while let Some(next) = below(&items[here])
            && depth <= items.len()
        {
            (depth, here) = (depth + 1, primary(&items, &by_name, next));
        }
        if depth > items.len() {
            let left = Left { why: "what it is built on goes round in a circle".into(), counts: true };
            (items[at].left, items[at].after) = (Some(left), None);
        }
        let root = if here == at { *number } else { numbers[here].0 };
        items[at].depth = depth.min(items.len()) + way_to(graph, root, base).unwrap_or(0) + 1;
    }
    items.sort_by(|a, b| (a.depth, a.is_alias, &a.reference).cmp(&(b.depth, b.is_alias, &b.reference)));
    items
}

/// The name of the same image that goes first.
fn primary(items: &[Planned], by_name: &BTreeMap<String, usize>, at: usize) -> usize {
    let first = items[at].after.as_ref().filter(|_| items[at].is_alias).and_then(|after| by_name.get(after));
    first.copied().unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::lineage::{Hint, Image, Part, Place, Pointed};
    use crate::domain::oci::{DiffId, Digest};

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    /// An image of these layers, known by its word; on `base` (its tag, and its word) as it says itself.
    fn image(word: &str, layers: &str, places: &[&str], base: Option<(&str, &str)>) -> Image {
        let place = |text: &&str| {
            let (repository, tag) = text.rsplit_once(':').unwrap();
            let holder = match repository.split('/').next().unwrap() {
                "global" => Holder::Global,
                "local" => Holder::Local,
                _ => Holder::Team,
            };
            Place { holder, repository: repository.into(), tag: tag.into() }
        };
        let hint = base.map(|(base, word)| {
            let (repository, tag) = base.rsplit_once(':').unwrap();
            Hint {
                repository: Some(repository.into()),
                tag: Some(tag.into()),
                digest: Some(digest(word)),
                ..Hint::default()
            }
        });
        let diff_ids = layers.split_whitespace().map(|layer| DiffId(digest(layer))).collect();
        Image {
            digest: digest(word),
            places: places.iter().map(place).collect(),
            created: Some(layers.len() as i64),
            parts: [("linux/amd64".parse().unwrap(), Part { digest: digest(word), diff_ids })].into(),
            hint,
        }
    }

    /// The old base without a name, the new one under its tag; `rest` on them.
    fn planned(rest: Vec<Image>, wanted: &Wanted) -> Vec<Planned> {
        let mut images = vec![image("os-old", "o", &[], None), image("os-new", "n", &["global/os:12"], None)];
        images.extend(rest);
        let pointed =
            [Pointed { repository: "global/os".into(), tag: "12".into(), digest: digest("os-old"), seen: None }];
        plan(&Graph::of(images, &pointed), "global/os:12", wanted)
    }

    #[test]
    fn what_two_recipes_make_goes_two_ways_though_it_is_the_same_today() {
        let made = ["local/app:1", "local/web:1"].map(str::to_owned).into();
        let wanted = Wanted { publish: true, made, ..Wanted::default() };
        let names = ["local/app:1", "local/web:1", "local/web:latest", "teams/web:1", "teams/x:1"];
        assert_eq!(
            told(&planned(vec![image("same", "o s", &names, OS)], &wanted)),
            [
                "1 local/app:1 on global/os:12 [\"teams/x:1\"]",
                "1 local/web:1 on global/os:12 [\"teams/web:1\"]",
                "1 local/web:latest on global/os:12 after local/web:1",
            ]
        );
    }

    fn told(planned: &[Planned]) -> Vec<String> {
        let one = |item: &Planned| {
            let after = item.after.as_ref().map(|after| format!(" after {after}")).unwrap_or_default();
            let left = item.left.as_ref().map(|left| format!(" left {}", left.counts)).unwrap_or_default();
            let places = if item.places.is_empty() { String::new() } else { format!(" {:?}", item.places) };
            format!("{} {} on {}{after}{left}{places}", item.depth, item.reference, item.base)
        };
        planned.iter().map(one).collect()
    }

    const OS: Option<(&str, &str)> = Some(("global/os:12", "os-old"));

    fn fleet() -> Vec<Image> {
        vec![
            image("app", "o a", &["local/app:1", "local/app:latest", "teams/x:1"], OS),
            image("web", "o a w", &["local/web:1"], Some(("local/app:1", "app"))),
            image("theirs", "o a t", &["teams/own:1"], Some(("local/app:1", "app"))),
            image("python", "o p", &["global/python:3"], OS),
            image("tool", "o p l", &["local/tool:1"], Some(("global/python:3", "python"))),
            image("fresh", "n f", &["local/fresh:1"], Some(("global/os:12", "os-new"))),
        ]
    }

    #[test]
    fn bases_go_first_names_of_one_image_together_and_what_is_not_ours_is_left() {
        let all = Wanted { publish: true, ..Wanted::default() };
        assert_eq!(
            told(&planned(fleet(), &all)),
            [
                "1 local/app:1 on global/os:12 [\"teams/x:1\"]",
                "1 local/app:latest on global/os:12 after local/app:1",
                "2 local/tool:1 on global/python:3 left true",
                "2 local/web:1 on local/app:1 after local/app:1",
                "2 teams/own:1 on local/app:1 after local/app:1 left false",
            ]
        );
        let made = Wanted { made: ["local/app:latest".to_owned()].into(), ..Wanted::default() };
        assert_eq!(
            told(&planned(fleet(), &made))[..2],
            ["1 local/app:latest on global/os:12", "1 local/app:1 on global/os:12 after local/app:latest"]
        );
        let only = Wanted { only: ["local/web:1".to_owned()].into(), ..Wanted::default() };
        let told = told(&planned(fleet(), &only));
        assert!(told.contains(&"1 local/app:1 on global/os:12 left false".to_owned()), "{told:?}");
        assert!(told.contains(&"2 local/web:1 on local/app:1 after local/app:1".to_owned()), "{told:?}");
    }

    #[test]
    fn what_has_moved_and_was_not_handed_on_goes_to_the_teams_that_have_an_older_version() {
        let old = || vec![image("own", "o x", &["teams/own:1"], OS), image("base", "o a", &["teams/a:1"], OS)];
        let new = |layers: &str| image("moved", layers, &["local/a:1"], Some(("global/os:12", "os-new")));
        let all = Wanted { publish: true, ..Wanted::default() };
        let images = |layers: &str| old().into_iter().chain([new(layers)]).collect::<Vec<_>>();
        let own = "1 teams/own:1 on global/os:12 left false";
        // Rebased: the same layers above another base, under the same name.
        let rebased = planned(images("n a"), &all);
        assert_eq!(told(&rebased), ["1 local/a:1 on global/os:12 [\"teams/a:1\"]", own]);
        let [before, there] = [&rebased[0].before, rebased[0].found_at("teams/a:1")];
        assert_eq!((before, there, rebased[0].found_at("teams/b:1")), (&digest("moved"), &digest("base"), before));
        // Baked again: only a roll-out that says so knows; what another has by now is not touched.
        let theirs = "1 teams/a:1 on global/os:12 left false";
        assert_eq!(told(&planned(images("n b"), &all)), [theirs, own]);
        let owes = |found: &str| Wanted {
            owed: [("teams/a:1".to_owned(), Owed { reference: "local/a:1".into(), found: digest(found) })].into(),
            ..all.clone()
        };
        assert_eq!(told(&planned(images("n b"), &owes("base"))), told(&rebased));
        assert_eq!(told(&planned(images("n b"), &owes("other"))), [theirs, own]);
        let quiet = Wanted { publish: false, ..owes("base") };
        assert_eq!(told(&planned(images("n a"), &quiet)), [theirs, own]);
        // Behind once more itself: it is moved, then handed on.
        let behind =
            [image("moved", "m a", &["local/a:1"], Some(("global/os:12", "os-mid"))), image("os-mid", "m", &[], None)];
        let again = planned(old().into_iter().chain(behind).collect(), &all);
        assert_eq!(told(&again), told(&rebased));
        assert_eq!(again[0].stands_on, digest("os-mid"));
    }

    #[test]
    fn what_a_broken_roll_out_left_behind_is_found_again() {
        // The app is on the new base already; its old version has no name any more, and the web stands on that.
        let images = vec![
            image("app", "o a", &[], OS),
            image("app-new", "n a", &["local/app:1"], Some(("global/os:12", "os-new"))),
            image("web", "o a w", &["local/web:1"], Some(("local/app:1", "app"))),
        ];
        assert_eq!(told(&planned(images, &Wanted::default())), ["2 local/web:1 on local/app:1"]);
    }

    #[test]
    fn a_name_left_behind_follows_what_its_first_name_has_become_unless_that_was_made_anew() {
        let images = |moved: &[&str], rest: Vec<Image>| {
            let moved = image("moved", "n a", moved, Some(("global/os:12", "os-new")));
            [image("old", "o a", &["local/app:stable"], OS), moved].into_iter().chain(rest).collect::<Vec<_>>()
        };
        let left = |became: Option<&str>, found: &str| {
            let named = Named { first: "local/app:1".into(), found: digest(found), became: became.map(digest) };
            Wanted { names: [("local/app:stable".to_owned(), named)].into(), ..Wanted::default() }
        };
        let followed = ["1 local/app:1 on global/os:12", "1 local/app:stable on global/os:12 after local/app:1"];
        let own = ["1 local/app:stable on global/os:12"];
        for became in [Some("moved"), None] {
            assert_eq!(told(&planned(images(&["local/app:1"], vec![]), &left(became, "old"))), followed);
        }
        // Baked anew meanwhile, another image under that name by now, no image: it goes its own way.
        assert_eq!(told(&planned(images(&["local/app:1"], vec![]), &left(Some("other"), "old"))), own);
        assert_eq!(told(&planned(images(&["local/app:1"], vec![]), &left(None, "other"))), own);
        assert_eq!(told(&planned(images(&["local/app:2"], vec![]), &left(None, "old"))), own);
        let root = vec![image("scratch", "z", &["local/app:1"], None)];
        assert_eq!(told(&planned(images(&["local/app:2"], root), &left(None, "old"))), own);
        // Both are asked for where the one left behind is.
        let only = Wanted { only: ["local/app:stable".to_owned()].into(), ..left(None, "old") };
        assert_eq!(told(&planned(images(&["local/app:1"], vec![]), &only)), followed);
    }

    proptest! {
        #[test]
        fn whatever_stands_on_whatever_bases_come_first(shape in prop::collection::vec(0_usize..100, 1..15)) {
            let mut images: Vec<Image> = Vec::new();
            let mut layers: Vec<String> = Vec::new();
            for (number, below) in shape.iter().enumerate() {
                let below = below % (number + 1);
                let (word, name) = (format!("app{number}"), format!("local/app{number}:1"));
                let (base, on, under) = if below == 0 {
                    ("global/os:12".to_owned(), "os-old".to_owned(), "o".to_owned())
                } else {
                    let below = below - 1;
                    (format!("local/app{below}:1"), format!("app{below}"), layers[below].clone())
                };
                layers.push(format!("{under} l{number}"));
                images.push(image(&word, &layers[number], &[&name], Some((&base, &on))));
            }
            let planned = planned(images, &Wanted::default());
            prop_assert_eq!(planned.len(), shape.len());
            for (at, item) in planned.iter().enumerate() {
                prop_assert!(item.left.is_none());
                match &item.after {
                    None => prop_assert_eq!((item.depth, item.base.as_str()), (1, "global/os:12")),
                    Some(after) => {
                        let below = planned[..at].iter().find(|other| other.reference == *after);
                        prop_assert_eq!(below.map(|below| below.depth + 1), Some(item.depth));
                    }
                }
            }
        }
    }
}
