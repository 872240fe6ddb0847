//! Bases found from layers, and what is stale, on images made of words: `image("a b c")` has three layers.

use super::*;
use crate::domain::oci::{DiffId, Digest, Platform};

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

/// An image under some places, named by its digest's word.
fn image(name: &str, layers: &str, places: &[&str]) -> Image {
    let place = |text: &&str| {
        let (repository, tag) = text.rsplit_once(':').unwrap();
        let holder = match repository.split('/').next().unwrap() {
            "global" => Holder::Global,
            "local" => Holder::Local,
            _ => Holder::Team,
        };
        Place { holder, repository: repository.into(), tag: tag.into() }
    };
    let diff_ids = layers.split_whitespace().map(|layer| DiffId(digest(layer))).collect();
    Image {
        digest: digest(name),
        places: places.iter().map(place).collect(),
        created: Some(100),
        parts: [(platform("linux/amd64"), Part { digest: digest(name), diff_ids })].into(),
        hint: None,
    }
}

fn at(created: i64, image: Image) -> Image {
    Image { created: Some(created), ..image }
}

fn on(base: &str, name: &str, image: Image) -> Image {
    let (repository, tag) = base.rsplit_once(':').unwrap();
    let (repository, tag) = (Some(repository.into()), Some(tag.into()));
    let hint = Hint { repository, tag, digest: Some(digest(name)), may_be_inherited: false };
    Image { hint: Some(hint), ..image }
}

/// `child <- base` for every child, and how each stands, by name.
fn told(images: Vec<Image>, pointed: &[Pointed]) -> Vec<String> {
    let graph = Graph::of(images, pointed);
    let name = |number: usize| graph.images()[number].name();
    let one = |number: usize| {
        let base = graph.base(number).map_or("-".to_owned(), |edge| name(edge.base));
        let behind = match graph.standing(number) {
            Standing::Stale { behind, .. } => format!(" {behind}"),
            _ => String::new(),
        };
        format!("{} <- {base} {}{behind}", name(number), graph.standing(number).as_str())
    };
    (0..graph.images().len()).map(one).collect()
}

#[test]
fn the_longest_stack_below_is_the_base_whoever_says_so() {
    let images = vec![
        image("os", "o", &["global/os:12"]),
        image("python", "o p", &["global/python:3"]),
        image("app", "o p a", &["local/app:1"]),
        image("other", "x", &["global/other:1"]),
        image("team", "o p a t", &["teams/app:1"]),
    ];
    assert_eq!(
        told(images, &[]),
        [
            "global/os:12 <- - root",
            "global/python:3 <- global/os:12 current",
            "local/app:1 <- global/python:3 current",
            "global/other:1 <- - root",
            "teams/app:1 <- local/app:1 current",
        ]
    );
}

#[test]
fn what_is_told_and_proven_goes_before_what_only_happens_to_be_longer() {
    let images = vec![
        image("python", "o p", &["global/python:3"]),
        // Another recipe with the same first step; an older version of the same recipe.
        on("global/python:3", "python", image("sibling", "o p a", &["local/sibling:1"])),
        on("global/python:3", "python", image("app1", "o p a", &["local/app:1"])),
        on("global/python:3", "python", image("app2", "o p a b", &["local/app:2"])),
        image("quiet", "o p a c", &["local/quiet:1"]),
    ];
    let told = told(images, &[]);
    assert_eq!(told[3], "local/app:2 <- global/python:3 current");
    assert_eq!(told[4], "local/quiet:1 <- global/python:3 current", "nobody says that a sibling is a base");
}

#[test]
fn what_an_image_was_told_of_its_base_by_its_base_is_no_word_of_its_own() {
    let handed_on = |image: Image| {
        let hint = image.hint.map(|hint| Hint { may_be_inherited: true, ..hint });
        Image { hint, ..image }
    };
    let images = vec![
        image("os", "o", &["global/os:12"]),
        on("global/os:12", "os", image("python", "o p", &["global/python:3"])),
        // A layer laid upon python by a program that leaves all annotations as they were, and one upon that.
        handed_on(on("global/os:12", "os", image("app", "o p a", &["teams/app:1"]))),
        handed_on(on("global/os:12", "os", image("more", "o p a b", &["teams/more:1"]))),
        // It really is on os.
        handed_on(on("global/os:12", "os", image("other", "o x", &["teams/other:1"]))),
        // A sibling with the same first step, by a program that says what it built upon.
        on("global/os:12", "os", image("sibling", "o p s", &["local/sibling:1"])),
    ];
    assert_eq!(
        told(images, &[])[1..],
        [
            "global/python:3 <- global/os:12 current",
            "teams/app:1 <- global/python:3 current",
            "teams/more:1 <- global/python:3 current",
            "teams/other:1 <- global/os:12 current",
            "local/sibling:1 <- global/os:12 current",
        ]
    );
}

#[test]
fn what_is_told_and_not_proven_is_no_base() {
    let images = vec![
        image("python", "o p", &["global/python:3"]),
        image("os", "o", &["global/os:12"]),
        on("global/python:3", "python", image("liar", "o a", &["local/liar:1"])),
    ];
    assert_eq!(told(images, &[])[2], "local/liar:1 <- global/os:12 current");
}

#[test]
fn a_tag_that_moved_makes_its_children_stale_and_theirs_told_or_not() {
    let images = vec![
        at(100, image("os", "o", &["global/os:12"])),
        at(300, image("new", "o p2", &["global/python:3"])),
        at(100, image("old", "o p", &[])),
        at(200, image("between", "o p1", &[])),
        on("global/python:3", "old", image("app", "o p a", &["local/app:1"])),
        image("quiet", "o p q", &["local/quiet:1"]),
        on("local/app:1", "app", image("above", "o p a z", &["local/above:1"])),
        on("global/python:3", "new", image("fresh", "o p2 f", &["local/fresh:1"])),
        on("global/os:12", "os", image("unrelated", "o u", &["local/unrelated:1"])),
    ];
    let pointed =
        [Pointed { repository: "global/python".into(), tag: "3".into(), digest: digest("between"), seen: None }];
    let old = digest("old");
    assert_eq!(
        told(images, &pointed)[4..],
        [
            format!("local/app:1 <- {old} stale 2"),
            format!("local/quiet:1 <- {old} stale 2"),
            "local/above:1 <- local/app:1 stale-below".to_owned(),
            "local/fresh:1 <- global/python:3 current".to_owned(),
            "local/unrelated:1 <- global/os:12 current".to_owned(),
        ]
    );
}

/// Images made reproducibly do not tell when: what was seen first stands for it.
#[test]
fn versions_without_a_date_are_counted_in_the_order_they_were_seen() {
    let undated = |name: &str, layers: &str, places: &[&str]| Image { created: None, ..image(name, layers, places) };
    let images = vec![
        undated("third", "o p3", &["global/python:3"]),
        undated("first", "o p1", &[]),
        undated("second", "o p2", &[]),
        undated("app", "o p1 a", &["local/app:1"]),
    ];
    let seen = |of: &str, at: i64| Pointed {
        repository: "global/python".into(),
        tag: "3".into(),
        digest: digest(of),
        seen: Some(at),
    };
    let graph = Graph::of(images, &[seen("first", 100), seen("second", 200), seen("third", 300)]);
    let app = graph.at("local/app:1").unwrap();
    let Standing::Stale { behind, since, .. } = graph.standing(app) else { panic!("{:?}", graph.standing(app)) };
    assert_eq!((*behind, *since), (2, Some(200)));
}

#[test]
fn a_retag_makes_nobody_stale_and_a_line_that_moved_does() {
    let images = vec![
        image("python", "p", &["global/python:3.12.6", "global/python:stable"]),
        on("global/python:3.12", "python", image("app", "p a", &["local/app:1"])),
    ];
    assert_eq!(told(images, &[])[1], "local/app:1 <- global/python:3.12.6 unknown", "the tag it names is gone");
    let line = |newer: i64| {
        vec![
            at(100, image("old", "p", &["global/python:3.12.6"])),
            at(newer, image("new", "p2", &["global/python:3.12", "global/python:3.12.7"])),
            image("app", "p a", &["local/app:1"]),
        ]
    };
    assert_eq!(told(line(200), &[])[2], "local/app:1 <- global/python:3.12.6 stale 1");
    assert_eq!(told(line(50), &[])[2], "local/app:1 <- global/python:3.12.6 current", "a line that lags behind");
    let both = vec![
        image("python", "p", &["global/python:3.12", "global/python:3.12.6"]),
        on("global/python:3.12", "python", image("app", "p a", &["local/app:1"])),
        image("quiet", "p q", &["local/quiet:1"]),
    ];
    assert!(told(both, &[])[1..].iter().all(|line| line.ends_with("current")));
}

#[test]
fn an_image_with_no_layer_of_its_own_is_built_on_what_is_inherited() {
    let images = vec![
        image("python", "p", &["global/python:3"]),
        image("configured", "p", &["local/configured:1"]),
        image("twin", "p", &["local/twin:1"]),
    ];
    assert_eq!(
        told(images, &[])[1..],
        ["local/configured:1 <- global/python:3 current", "local/twin:1 <- global/python:3 current"]
    );
}

#[test]
fn a_base_has_every_platform_its_child_has() {
    let two = |name: &str, layers: &str, places: &[&str]| {
        let mut image = image(name, layers, places);
        let diff_ids = image.parts[&platform("linux/amd64")].diff_ids.clone();
        let arm = Part { digest: digest(&format!("{name} arm")), diff_ids };
        image.parts.insert(platform("linux/arm64"), arm);
        image
    };
    let images = vec![
        two("os", "o", &["global/os:12"]),
        image("python", "o p", &["global/python:3"]),
        two("app", "o p a", &["local/app:1"]),
        // Its hint is the manifest of one platform of the index.
        on("global/os:12", "os arm", image("one", "o b", &["local/one:1"])),
    ];
    let told = told(images, &[]);
    assert_eq!(told[2], "local/app:1 <- global/os:12 current");
    assert_eq!(told[3], "local/one:1 <- global/os:12 current");
}

#[test]
fn everything_above_an_image_and_the_way_down_from_it() {
    let images = vec![
        image("os", "o", &["global/os:12"]),
        image("python", "o p", &["global/python:3"]),
        image("app", "o p a", &["local/app:1"]),
        image("web", "o w", &["local/web:1"]),
    ];
    let graph = Graph::of(images, &[]);
    assert_eq!((graph.descendants(0), graph.descendants(1)), (vec![1, 2, 3], vec![2]));
    assert_eq!(graph.way_down(2), [2, 1, 0]);
    assert_eq!(graph.find(&digest("web")), Some(3));
}

#[test]
fn images_that_are_said_to_stand_on_each_other_stand_on_what_their_layers_prove() {
    let images = || {
        vec![
            image("os", "o", &["global/os:12"]),
            image("app", "o a", &["local/app:1"]),
            image("web", "o a", &["local/web:1"]),
            image("top", "o a t", &["local/top:1"]),
        ]
    };
    let mut round = said("app", "local/web:1", "web");
    let one_way = Graph::with_hints(images(), &[], &round);
    assert_eq!(one_way.way_down(1), [1, 2, 0], "with the same layers the word decides");
    round.extend(said("web", "local/app:1", "app"));
    let graph = Graph::with_hints(images(), &[], &round);
    assert_eq!([graph.way_down(1), graph.way_down(2)], [[1, 0], [2, 0]]);
    assert_eq!(graph.descendants(0), [1, 2, 3]);
    let own = Graph::with_hints(images(), &[], &said("app", "local/app:1", "app"));
    assert_eq!(own.way_down(1), [1, 0], "nobody is its own base");
    assert_eq!([graph.standing(1).as_str(), own.standing(1).as_str()], ["current"; 2]);
}

/// What others say of the base of the image of this name.
fn said(name: &str, base: &str, version: &str) -> FurtherHints {
    let told = on(base, version, image(name, "", &[]));
    FurtherHints::from([(digest(name), vec![told.hint.unwrap()])])
}

#[test]
fn what_others_say_chooses_among_what_layers_prove_and_nothing_else() {
    let images = || {
        vec![
            at(100, image("old", "p", &[])),
            at(200, image("new", "p", &["global/python:3"])),
            image("app", "p a", &["local/app:1"]),
        ]
    };
    let stands = |further: &FurtherHints| {
        let graph = Graph::with_hints(images(), &[], further);
        (graph.base(2).unwrap(), graph.standing(2).as_str())
    };
    assert_eq!(stands(&FurtherHints::new()).0.base, 1, "what has a tag, of two with the same layers");
    let (edge, standing) = stands(&said("app", "global/python:3", "old"));
    assert_eq!((edge, standing), (Edge { base: 0, layers: 1, is_told: true }, "stale"));
    // What is not there, or not below, changes nothing.
    assert_eq!(stands(&said("app", "global/python:3", "gone")).0, Edge { base: 1, layers: 1, is_told: false });
    assert_eq!(stands(&said("app", "local/app:1", "app")).0.base, 1, "nobody is its own base");
    // The image's own word comes first.
    let mut images = images();
    let app = images.remove(2);
    images.push(on("global/python:3", "new", app));
    let graph = Graph::with_hints(images, &[], &said("app", "global/python:3", "old"));
    assert_eq!((graph.base(2).unwrap().base, graph.standing(2).as_str()), (1, "current"));
}

#[test]
fn the_followed_tag_is_known_however_an_image_stands() {
    let images = vec![
        at(100, image("os", "o", &[])),
        at(300, image("os2", "o2", &["global/os:12"])),
        on("global/os:12", "os", image("python", "o p", &["global/python:3"])),
        on("global/python:3", "python", image("app", "o p a", &["local/app:1"])),
    ];
    let graph = Graph::of(images, &[]);
    let python = graph.at("global/python:3").unwrap();
    let app = graph.at("local/app:1").unwrap();
    assert_eq!(graph.standing(app), &Standing::Through { stale: python });
    assert_eq!((graph.followed(app), graph.followed(python)), (Some("global/python:3"), Some("global/os:12")));
    assert_eq!((graph.followers("global/python:3"), graph.followers("global/py:3")), (vec![app], vec![]));
    assert_eq!(graph.at("global/python:33"), None);
}

#[test]
fn a_copy_belongs_to_the_image_it_was_made_from() {
    let images = vec![
        image("os", "o", &["global/os:12"]),
        image("app2", "o a2", &["local/team/app:1"]),
        image("tool", "o t", &["local/tool:1"]),
        image("app", "o a", &["teams/team/app:1"]),
        image("renamed", "o x", &["registry/acme/first:1"]),
        image("rebased", "o2 t", &["teams/else/other:9"]),
        image("os2", "o2", &["global/os:13"]),
        image("theirs", "o y", &["teams/theirs:1"]),
    ];
    let graph = Graph::of(images, &[]);
    let ours = |name: &str, published: &[&str]| {
        let published: Vec<String> = published.iter().map(|name| (*name).to_owned()).collect();
        copied_from(&graph, graph.at(name).unwrap(), |_| published.clone()).map(|number| graph.images()[number].name())
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(ours("teams/team/app:1", &[]), some("local/team/app:1"), "the same name and tag");
    assert_eq!(ours("registry/acme/first:1", &["tool"]), some("local/tool:1"), "where it was published from");
    assert_eq!(ours("teams/else/other:9", &[]), some("local/tool:1"), "the same layers on another base");
    assert_eq!(ours("teams/theirs:1", &[]), None);
    assert_eq!(ours("registry/acme/first:1", &["nothing"]), None);
}

#[test]
fn news_are_told_by_tag_once() {
    let look = |python: &str, places: &[&str]| {
        let images = vec![
            at(100, image("old", "p", if python == "old" { &["global/python:3"] } else { &[] })),
            at(200, image("new", "p2", if python == "new" { &["global/python:3"] } else { &["global/python:4"] })),
            on("global/python:3", "old", image("app", "p a", places)),
        ];
        Graph::of(images, &[])
    };
    let told = |before: &Graph, after: &Graph| -> Vec<String> {
        news(before, after).iter().map(|one| format!("{} {}", one.as_str(), one.place())).collect()
    };
    let (before, after) = (look("old", &["local/app:1"]), look("new", &["local/app:1"]));
    assert!(told(&before, &before).is_empty());
    let moved = ["moved global/python:3", "standing local/app:1", "gone global/python:4"];
    assert_eq!(told(&before, &after), moved);
    let more = look("old", &["local/app:1", "local/app:2"]);
    assert_eq!(told(&before, &more), ["appeared local/app:2"]);
    assert_eq!(told(&more, &before), ["gone local/app:2"]);
    let stands = news(&before, &after).remove(1);
    assert!(matches!(stands, News::Stands { before: "current", number: 2, .. }), "{stands:?}");
}
