//! The Store screen: what it asks for, and what it shows.

use std::sync::Arc;

use bakery::domain::oci::{Digest, ImageConfig, ImageManifest};
use bakery::domain::text::is_hazardous;
use bakery::domain::trust::{CheckVerdict, Signer, reason};
use bakery::flows::browse::{Found, Inspection, LayerRow, Listed, PlatformImage, Referrer};
use bakery::flows::verify::SignatureState;
use bakery::report::{Kind, Report};
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, store, verify};
use bakery::tui::theme::Look;
use bakery::tui::update::{begin, update};
use bakery::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::golden::{SIZES, check, check_ascii, grids, model};

/// Keys by their names, one after the other.
pub fn press(model: &mut Model, keys: &[&str]) -> Vec<Effect> {
    keys.iter().flat_map(|key| update(model, Msg::Key(key.parse().unwrap()))).collect()
}

/// A survey's first message.
pub fn begun(model: &mut Model, name: &str) -> Vec<Effect> {
    update(model, Msg::Store(store::Msg::Begun(name.into())))
}

/// Repositories of a store, each with its tags.
pub fn found(model: &mut Model, name: &str, repositories: &[(&str, &[&str])]) -> Vec<Effect> {
    let names = repositories.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut all = vec![Found::Repositories(names)];
    all.extend(repositories.iter().map(|(repository, tags)| Found::Tags {
        repository: (*repository).into(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }));
    let msg = |found| Msg::Store(store::Msg::Found { store: name.into(), found });
    all.into_iter().flat_map(|found| update(model, msg(found))).collect()
}

/// The end of a survey.
pub fn surveyed(model: &mut Model, name: &str, failure: Option<Report>) -> Vec<Effect> {
    update(model, Msg::Store(store::Msg::Surveyed { store: name.into(), failure }))
}

fn looked(model: &mut Model, spot: (&str, &str, &str)) -> Vec<Effect> {
    signed(model, spot, None)
}

/// A row's facts, with what is known of its signature.
fn signed(
    model: &mut Model,
    (store, repository, tag): (&str, &str, &str),
    signature: Option<SignatureState>,
) -> Vec<Effect> {
    let seen = Ok(Listed {
        reference: format!("{store}/{repository}:{tag}"),
        digest: Some(Digest::of(tag.as_bytes())),
        size: 94_100_000,
        created: Some("2027-01-12T08:00:00Z".into()),
        platforms: vec!["linux/amd64".into(), "linux/arm64".into()],
        signature,
        age: None,
    });
    let (store, repository, tag) = (store.into(), repository.into(), tag.into());
    update(model, Msg::Store(store::Msg::Looked { store, repository, tag, seen }))
}

fn image(created_by: &str, label: &str) -> Inspection {
    let manifest: ImageManifest = serde_json::from_value(serde_json::json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::of(b"c"), "size": 2},
        "layers": [],
        "annotations": {
            "org.opencontainers.image.base.name": "global/os:12",
            "org.opencontainers.image.base.digest": Digest::of(b"base"),
        },
    }))
    .unwrap();
    let config: ImageConfig = serde_json::from_value(serde_json::json!({
        "created": "2027-01-12T08:00:00Z", "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []},
        "config": {
            "User": "app", "WorkingDir": "/srv", "Cmd": ["python3", "-m", "http.server"],
            "ExposedPorts": {"8080/tcp": {}}, "StopSignal": "SIGINT",
            "Env": ["LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:/opt/python/bin"],
            "Labels": {"org.opencontainers.image.title": label},
        },
        "history": [
            {"created_by": "/bin/sh -c #(nop) ADD rootfs.tar in /"},
            {"created_by": "ENV LANG=C.UTF-8", "empty_layer": true},
            {"created_by": created_by},
        ],
    }))
    .unwrap();
    let layer = |size, made: &str| LayerRow {
        digest: Digest::of(made.as_bytes()),
        diff_id: None,
        size,
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".into(),
        created_by: Some(made.into()),
    };
    let platform = |name: &str| PlatformImage { platform: Some(name.into()), digest: Digest::of(name.as_bytes()) };
    Inspection {
        reference: "global/python:3.12".into(),
        digest: Digest::of(b"python"),
        media_type: "application/vnd.oci.image.index.v1+json".into(),
        images: vec![platform("linux/amd64"), platform("linux/arm64")],
        platform: Some("linux/amd64".into()),
        size: 94_100_000,
        manifest: Some(manifest),
        history: config.history.clone(),
        config: Some(config),
        layers: vec![layer(63_300_000, "/bin/sh -c #(nop) ADD rootfs.tar in /"), layer(812, created_by)],
        referrers: vec![Referrer {
            digest: Digest::of(b"signature"),
            artifact_type: Some("application/vnd.dev.sigstore.bundle.v0.3+json".into()),
            size: 4_100,
        }],
    }
}

/// Two stores, read; the newest python in full at the right.
pub fn read(size: (u16, u16)) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Store);
    begun(&mut model, "global");
    found(&mut model, "global", &[("java", &["21.0.5"]), ("python", &["3.11", "3.12"]), ("redis", &["7.4.1"])]);
    surveyed(&mut model, "global", None);
    begun(&mut model, "local");
    found(&mut model, "local", &[("team-a/payments-api", &["1.4.0"])]);
    surveyed(&mut model, "local", None);
    for spot in [("global", "java", "21.0.5"), ("global", "python", "3.12"), ("local", "team-a/payments-api", "1.4.0")]
    {
        looked(&mut model, spot);
    }
    press(&mut model, &["down"]);
    let made = "RUN /bin/sh -c apt-get update && apt-get install -y python3 # buildkit";
    inspected(&mut model, "global/python:3.12", Ok(Arc::new(image(made, "Python"))));
    model
}

fn inspected(model: &mut Model, reference: &str, seen: Result<Arc<Inspection>, Report>) {
    update(model, Msg::Store(store::Msg::Inspected { reference: reference.into(), seen }));
}

fn unreachable() -> Report {
    Report::message(Kind::Unreachable, "cannot reach registry.example")
        .while_doing("cannot list registry.example/global")
        .help("check the address under `stores:` in bakery.yaml, and the network between here and there")
}

fn text(model: &Model) -> String {
    grids(model, false).0
}

#[test]
fn asks_for_the_stores_at_the_start_and_shows_names_at_once() {
    for (width, height) in SIZES {
        let mut model = model((width, height));
        let effects = begin(&mut model, Screen::Store);
        assert!(effects.contains(&Effect::Store(store::Effect::Survey)));
        check(&format!("store/beginning-{width}x{height}"), &model);
        begun(&mut model, "global");
        found(&mut model, "global", &[("java", &[]), ("python", &["3.11", "3.12"])]);
        check(&format!("store/names-{width}x{height}"), &model);
    }
}

#[test]
fn shows_repositories_tags_and_one_image_in_full() {
    for (width, height) in SIZES.into_iter().chain([(200, 60)]) {
        let mut model = read((width, height));
        check(&format!("store/repositories-{width}x{height}"), &model);
        press(&mut model, &["enter"]);
        check(&format!("store/tags-{width}x{height}"), &model);
        press(&mut model, &["enter"]);
        check(&format!("store/image-{width}x{height}"), &model);
    }
    check_ascii("store/ascii-80x24", &read((80, 24)));
}

#[test]
fn an_unreachable_store_says_what_to_do_and_the_other_stays_usable() {
    for (width, height) in SIZES {
        let mut model = model((width, height));
        begin(&mut model, Screen::Store);
        begun(&mut model, "global");
        surveyed(&mut model, "global", Some(unreachable()));
        begun(&mut model, "local");
        found(&mut model, "local", &[("team-a/payments-api", &["1.4.0"])]);
        surveyed(&mut model, "local", None);
        assert!(text(&model).contains("cannot list registry.example/global"));
        check(&format!("store/unreachable-{width}x{height}"), &model);
        assert_eq!(model.store.selected().map(|spot| spot.1), Some("team-a/payments-api".into()));
        press(&mut model, &["g", "g", "o"]);
        check(&format!("store/unreachable-store-{width}x{height}"), &model);
        assert!(press(&mut model, &["r"]).contains(&Effect::Store(store::Effect::ReadAgain)));
    }
}

#[test]
fn empty_stores_say_what_to_do_next() {
    let mut model = model((80, 24));
    begin(&mut model, Screen::Store);
    for name in ["global", "local"] {
        begun(&mut model, name);
        surveyed(&mut model, name, None);
    }
    check("store/empty-80x24", &model);
}

#[test]
fn a_filter_is_typed_in_line_two_and_marks_what_it_finds() {
    let mut model = read((80, 24));
    press(&mut model, &["/", "p", "a", "y"]);
    check("store/filter-80x24", &model);
    let area = Rect::new(0, 0, 80, 24);
    let cursor = draw(&model, &Look::of_roles(false), &mut Buffer::empty(area)).unwrap();
    let line = text(&model).lines().nth(1).unwrap().to_owned();
    assert_eq!(line.chars().take(usize::from(cursor.x)).collect::<String>(), "─ stores  /pay");
    assert_eq!(model.store.selected().map(|spot| spot.1), Some("team-a/payments-api".into()));
    press(&mut model, &["x"]);
    check("store/no-match-80x24", &model);
    press(&mut model, &["esc", "/", "!", "a", "enter"]);
    let shown = text(&model);
    assert!(shown.contains("redis") && !shown.contains("java") && shown.contains("2 of 4"), "{shown}");
}

#[test]
fn a_key_held_down_at_the_ends_moves_nothing() {
    let mut model = read((80, 24));
    press(&mut model, &["G"]);
    let before = text(&model);
    assert_eq!(press(&mut model, &["down", "down"]), []);
    assert_eq!(text(&model), before);
}

/// Every text an image or a registry supplies, hostile: X-01 to X-04.
#[test]
fn x01_x04_nothing_from_outside_reaches_a_cell() {
    let evil = "\x1b[2J\x1b]52;c;aGk=\x07\u{9b}31m\u{202e}gpj\u{200b}\r\n\tz";
    for size in [(60, 16), (80, 24), (140, 40)] {
        for ascii in [false, true] {
            let mut model = model(size);
            begin(&mut model, Screen::Store);
            begun(&mut model, "global");
            found(&mut model, "global", &[(evil, &[evil]), ("python", &["3.12"])]);
            surveyed(&mut model, "global", Some(Report { causes: vec![evil.into()], ..unreachable() }));
            let reference = format!("global/{evil}:{evil}");
            inspected(&mut model, &reference, Ok(Arc::new(image(evil, evil))));
            for keys in [&["up"][..], &["down"], &["enter"], &["enter"], &["G"]] {
                press(&mut model, keys);
                update(&mut model, Msg::Paste(evil.into()));
                let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
                draw(&model, &Look::of_roles(ascii), &mut buffer);
                for cell in &buffer.content {
                    assert!(!cell.symbol().chars().any(is_hazardous), "{:?} after {keys:?}", cell.symbol());
                }
            }
            let shown = grids(&model, ascii).0;
            assert!(shown.contains("x1b"), "{shown}");
        }
    }
}

#[test]
fn copies_the_reference_and_in_the_detail_the_digest() {
    let mut model = read((140, 40));
    assert_eq!(press(&mut model, &["y"]), [Effect::Copy("global/python:3.12".into())]);
    assert_eq!(press(&mut model, &["o", "y"]), [Effect::Copy(Digest::of(b"python").to_string())]);
}

fn state(verdict: CheckVerdict, reason: &'static str, by: Option<&str>) -> Option<SignatureState> {
    let signer = by.map(|name| Signer::Key { name: name.into(), fingerprint: "9e11aa02f31b77".into() });
    Some(SignatureState { verdict, reason: reason.into(), signer })
}

/// A repository of every state a signature can be in.
fn badges(size: (u16, u16)) -> Model {
    let mut model = read(size);
    let names = ["java", "nginx", "node", "python", "redis", "rust"];
    let all: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &["1"][..])).collect();
    begun(&mut model, "global");
    found(&mut model, "global", &all);
    surveyed(&mut model, "global", None);
    let states = [
        state(CheckVerdict::Pass, reason::SIGNED_LEGACY, Some("global")),
        state(CheckVerdict::Fail, reason::UNSIGNED, None),
        state(CheckVerdict::Fail, reason::WRONG_KEY, None),
        state(CheckVerdict::Pass, reason::SIGNED, Some("global")),
        state(CheckVerdict::Unknown, reason::UNREACHABLE, None),
        None,
    ];
    for (name, state) in names.into_iter().zip(states) {
        signed(&mut model, ("global", name, "1"), state);
    }
    inspected(&mut model, "global/python:1", Ok(Arc::new(image("RUN make", "Python"))));
    model
}

#[test]
fn every_row_says_who_vouches_for_it_once_somebody_looked() {
    for size in [(60, 16), (80, 24), (140, 40), (200, 60)] {
        let mut model = badges(size);
        check(&format!("store/badges-{}x{}", size.0, size.1), &model);
        press(&mut model, &["enter"]);
        check(&format!("store/badges-tags-{}x{}", size.0, size.1), &model);
    }
    check_ascii("store/badges-ascii-80x24", &badges((80, 24)));
    let text = text(&badges((140, 40)));
    assert!(text.lines().nth(1).unwrap().contains("2 signed · 1 unsigned ▲ · 1 not trusted ✖"), "{text}");
    assert!(text.contains("✔ signed by global (key 9e11aa02f31b…)"), "{text}");
}

#[test]
fn x05_no_name_of_a_store_stands_in_the_badge_column_or_looks_like_a_badge() {
    use super::verify::badges::{cells, passed};
    let evil = "✔ verified \x1b[32m✔";
    for size in [(60, 16), (80, 24), (140, 40), (200, 60)] {
        let mut model = model(size);
        begin(&mut model, Screen::Store);
        begun(&mut model, "global");
        found(&mut model, "global", &[(evil, &[evil]), ("python", &["3.12"])]);
        surveyed(&mut model, "global", None);
        signed(&mut model, ("global", evil, evil), state(CheckVerdict::Fail, reason::UNSIGNED, Some(evil)));
        let reference = format!("global/{evil}:{evil}");
        inspected(&mut model, &reference, Ok(Arc::new(image(evil, evil))));
        for keys in [&["up"][..], &["down"], &["enter"], &["enter"], &["G"]] {
            press(&mut model, keys);
            assert_eq!(passed(&cells(&model, false)), [], "{size:?} after {keys:?}");
        }
        // The real thing stands in its column, and nowhere else.
        press(&mut model, &["esc", "esc"]);
        signed(&mut model, ("global", evil, evil), state(CheckVerdict::Pass, reason::SIGNED, Some("global")));
        let list: Vec<u16> =
            passed(&cells(&model, false)).into_iter().filter(|(_, y)| *y == 4).map(|(x, _)| x).collect();
        assert_eq!(list.first(), Some(&2), "{size:?}");
    }
}

#[test]
fn v_verifies_the_selected_image() {
    let mut model = read((140, 40));
    let asked = |image: &str, run| Effect::Verify(verify::Effect::Verify { image: image.into(), run });
    assert_eq!(press(&mut model, &["v"]), [asked("global/python:3.12", 1)]);
    assert_eq!(model.screen, Screen::Verify);
    press(&mut model, &["1"]);
    let effects = press(&mut model, &["enter", "down", "v"]);
    assert!(effects.contains(&asked("global/python:3.11", 2)), "{effects:?}");
}

#[test]
fn an_image_that_is_only_in_a_daemon_comes_for_whoever_opens_it() {
    let mut model = read((140, 40));
    press(&mut model, &["enter"]);
    let Some((reference, _)) = model.store.image.clone() else { panic!("nothing is selected") };
    let away = Msg::Store(store::Msg::Away(reference.clone()));
    assert_eq!(update(&mut model, away), [], "to look at the list sends for nothing");
    assert!(text(&model).contains("not exported yet"), "{}", text(&model));
    let effects = press(&mut model, &["enter"]);
    assert_eq!(effects, [Effect::Store(store::Effect::Export(reference.clone()))]);
    assert!(text(&model).contains("reading its manifest"), "{}", text(&model));
    assert_eq!(press(&mut model, &["enter"]), [], "it is on its way");
    inspected(&mut model, &reference, Ok(Arc::new(image("make it", "x"))));
    assert!(text(&model).contains("make it"), "{}", text(&model));
}
