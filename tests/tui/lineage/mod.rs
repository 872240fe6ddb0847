//! The Lineage screen: what it shows of a fleet, and what its keys do. Fleets are made up of words: a layer a word.

mod keys;
mod large;
mod live;
mod screens;
mod watched;

use bakery::domain::layer::ChangeKind;
use bakery::domain::layer::packages::{ChangeKind as PackageKind, Package, PackageChange, System};
use bakery::domain::lineage::{Best, Graph, Hint, Holder, Image, Part, Place, Pointed};
use bakery::domain::oci::{DiffId, Digest};
use bakery::domain::rebase::{ConfigConflict, PathConflict, Why};
use bakery::domain::trust::CheckVerdict;
use bakery::flows::lineage::{Assessment, Lineage};
use bakery::flows::rebase::{Answer, InTheWay, Rebase};
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::lineage::{self, Row};
use bakery::tui::screens::{Held, Screen};
use bakery::tui::update::{begin, update};

use super::golden::{model, now};

const DAY: i64 = 86_400;

pub fn digest(word: &str) -> Digest {
    Digest::of(word.as_bytes())
}

/// An image of these layers under these tags, made so many days ago; named by the last layer.
pub fn image(layers: &str, places: &[&str], days: i64) -> Image {
    let place = |text: &&str| {
        let (repository, tag) = text.rsplit_once(':').unwrap();
        let holder = match repository.split('/').next().unwrap() {
            "global" => Holder::Global,
            "local" => Holder::Local,
            _ => Holder::Team,
        };
        Place { holder, repository: repository.into(), tag: tag.into() }
    };
    let own = digest(layers);
    let diff_ids = layers.split_whitespace().map(|layer| DiffId(digest(layer))).collect();
    Image {
        digest: own.clone(),
        places: places.iter().map(place).collect(),
        created: Some(now().unix_timestamp() - days * DAY),
        parts: [("linux/amd64".parse().unwrap(), Part { digest: own, diff_ids })].into(),
        hint: None,
    }
}

/// The same, saying that it is on `base`, which had these layers.
pub fn on(base: &str, layers: &str, image: Image) -> Image {
    let (repository, tag) = base.rsplit_once(':').unwrap();
    let (repository, tag) = (Some(repository.into()), Some(tag.into()));
    let hint = Hint { repository, tag, digest: Some(digest(layers)), ..Hint::default() };
    Image { hint: Some(hint), ..image }
}

fn pointed(place: &str, layers: &str) -> Pointed {
    let (repository, tag) = place.rsplit_once(':').unwrap();
    Pointed { repository: repository.into(), tag: tag.into(), digest: digest(layers), seen: None }
}

/// Three global bases, five local images, three of teams.
pub fn fleet() -> Lineage {
    let images = vec![
        image("os", &["global/os:12"], 90),
        image("os py3", &["global/python:3.12", "global/python:stable"], 6),
        image("os redis", &["global/redis:7.4"], 20),
        image("os ng2", &["global/nginx:1.27"], 12),
        image("os py2", &[], 30),
        image("os py1", &[], 60),
        image("os ng1", &[], 60),
        image("os py1 pay", &["local/team-a/payments-api:1.4.0"], 40),
        image("os py1 search", &["local/team-a/search:2.0"], 40),
        image("os py3 reports", &["local/team-b/reports:2.0.1"], 3),
        image("os ng1 gate", &["local/team-c/gateway:0.9"], 50),
        on("global/batch:1", "os", image("os batch", &["local/team-d/batch:1"], 50)),
        image("os py1 pay jobs", &["teams/team-a/jobs:1"], 35),
        image("os py1 pay ledger", &["teams/team-c/ledger:2"], 35),
        image("os py3 reports web", &["teams/team-b/web:5"], 2),
    ];
    let pointed = [
        pointed("global/python:3.12", "os py1"),
        pointed("global/python:3.12", "os py2"),
        pointed("global/nginx:1.27", "os ng1"),
    ];
    Lineage { graph: Graph::of(images, &pointed), unread: Vec::new() }
}

pub fn number(lineage: &Lineage, name: &str) -> usize {
    lineage.graph.images().iter().position(|image| image.name() == name).unwrap()
}

/// What came of a rebase of an image, from `os py1` to `os py3`.
pub fn rebase(image: &str, answer: Answer) -> Rebase {
    let in_the_way = match answer {
        Answer::NeedsRebake => vec![InTheWay {
            platform: "linux/amd64".parse().unwrap(),
            paths: vec![PathConflict {
                why: Why::Over,
                ours: b"etc/ssl/openssl.cnf".to_vec(),
                base: b"etc/ssl/openssl.cnf".to_vec(),
                kind: ChangeKind::Modified,
            }],
            fields: vec![ConfigConflict {
                field: "env.PATH".into(),
                was: Some("/bin".into()),
                ours: Some("/srv/bin:/bin".into()),
                base: Some("/usr/bin:/bin".into()),
            }],
        }],
        _ => Vec::new(),
    };
    Rebase {
        reference: image.into(),
        before: digest("os py1 pay"),
        base: "global/python:3.12".into(),
        was: None,
        bases: Some((digest("os py1"), digest("os py3"))),
        answer,
        ran: false,
        in_the_way,
        refusal: None,
        checks: Vec::new(),
        after: None,
        is_done: false,
        tests: Default::default(),
        lock: None,
        carried: Default::default(),
    }
}

pub fn assessment(name: &str, best: Best) -> Assessment {
    let package = |name: &str, version: &str| Package {
        name: name.into(),
        arch: "amd64".into(),
        version: version.into(),
        system: System::Dpkg,
        source: None,
        size: None,
    };
    let change = |name: &str, kind, before: Option<&str>, after: Option<&str>| PackageChange {
        name: name.into(),
        kind,
        before: before.map(|version| package(name, version)),
        after: after.map(|version| package(name, version)),
    };
    let answer = match best {
        Best::Rebake => Answer::NeedsRebake,
        _ => Answer::Safe,
    };
    Assessment {
        digest: digest(name),
        rebase: Some(Box::new(rebase(name, answer))),
        touched: Some((usize::from(best == Best::Rebake), 31)),
        best,
        packages: vec![
            change("python3", PackageKind::Upgraded, Some("3.11.2-6"), Some("3.11.2-7")),
            change("libssl3", PackageKind::Upgraded, Some("3.0.11"), Some("3.0.13")),
            change("tzdata", PackageKind::Added, None, Some("2026a")),
        ],
        verdict: Some(CheckVerdict::Pass),
        recipe: Some("/w/recipes/pay/pay.yaml".into()),
    }
}

/// The screen while the stores are read.
pub fn reading(size: (u16, u16)) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Lineage);
    model
}

pub fn answer(model: &mut Model, lineage: Lineage) -> Vec<Effect> {
    let run = model.lineage.run;
    update(model, Msg::Lineage(lineage::Msg::Read { run, lineage: Held::new(lineage) }))
}

/// The screen with this fleet.
pub fn of(size: (u16, u16), lineage: Lineage) -> Model {
    let mut model = reading(size);
    answer(&mut model, lineage);
    model
}

pub fn assessed(model: &mut Model, name: &str, best: Best) {
    let lineage = model.lineage.lineage.clone().unwrap();
    let number = number(&lineage, name);
    let found = Ok(Held::new(assessment(name, best)));
    update(model, Msg::Lineage(lineage::Msg::Assessed { lineage, number, found }));
}

/// The screen with the fleet, and what is best done with it.
pub fn shown(size: (u16, u16)) -> Model {
    let mut model = of(size, fleet());
    assessed(&mut model, "local/team-a/payments-api:1.4.0", Best::Rebase);
    assessed(&mut model, "local/team-a/search:2.0", Best::Rebake);
    assessed(&mut model, "local/team-c/gateway:0.9", Best::Blocked("global/nginx:1.27 is not signed".into()));
    assessed(&mut model, "teams/team-a/jobs:1", Best::BaseFirst("local/team-a/payments-api:1.4.0".into()));
    model
}

pub fn unreadable(size: (u16, u16)) -> Model {
    let report = Report::message(Kind::Unreachable, "cannot reach registry.example").help("check the network");
    let lineage = Lineage { graph: Graph::of(Vec::new(), &[]), unread: vec![("global".into(), report)] };
    of(size, lineage)
}

pub fn press(model: &mut Model, keys: &[&str]) -> Vec<Effect> {
    keys.iter().flat_map(|key| update(model, Msg::Key(key.parse().unwrap()))).collect()
}

/// The name of the selected image; of one without a tag its digest.
pub fn selected(model: &Model) -> String {
    model.lineage.selected_image().map(|image| image.name()).unwrap_or_default()
}

/// Selects an image by its name.
pub fn select(model: &mut Model, name: &str) {
    press(model, &["*", "g", "g"]);
    for _ in 0..model.lineage.rows().len() {
        if selected(model) == name {
            return;
        }
        press(model, &["j"]);
    }
    panic!("{name} does not show");
}

/// The names of the rows, what has no tag by the word of its last layer.
pub fn names(model: &Model) -> Vec<String> {
    let graph = model.lineage.graph().unwrap();
    let name = |row: &Row| graph.images()[row.number].places.first().map_or("-".to_owned(), |place| place.to_string());
    model.lineage.rows().iter().map(name).collect()
}

/// Nothing, since nothing could be read.
pub fn unread() -> Lineage {
    Lineage { graph: Graph::of(Vec::new(), &[]), unread: Vec::new() }
}
