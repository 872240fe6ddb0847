//! From a key to the bytes of its frame: 2,000 repositories, 100,000 tags, an image of 1,000,000 files; 1,000 keys at 120x40.
//! `cargo bench --bench screen`; prints p50, p99 and max, and what a cursor key writes.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement")]

use std::time::{Duration, Instant};

use bakery::domain::layer::{ContentDigest, Kind, Node, Tree};
use bakery::domain::oci::{DiffId, Digest, ImageConfig};
use bakery::flows::browse::Found;
use bakery::flows::compare::{Opened, OpenedLayer, Owner};
use bakery::tui::effect::Effect;
use bakery::tui::keymap::Key;
use bakery::tui::model::{Model, Surroundings};
use bakery::tui::msg::Msg;
use bakery::tui::screens::diff::{self, Held, Matter};
use bakery::tui::screens::{Compare, Screen, StoreName, store};
use bakery::tui::theme::{Depth, Look, Theme};
use bakery::tui::update::{begin, update};
use bakery::tui::view::draw;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use time::OffsetDateTime;

const KEYS: usize = 1000;

fn filled() -> Model {
    let global = StoreName { name: "global".into(), place: "registry.example/global".into(), is_local: false };
    let here = Surroundings { workspace: "payments".into(), host: "build-07".into(), stores: vec![global] };
    let mut model = Model::new(here, Size { width: 120, height: 40 }, OffsetDateTime::UNIX_EPOCH);
    begin(&mut model, Screen::Store);
    let tell =
        |model: &mut Model, found| update(model, Msg::Store(store::Msg::Found { store: "global".into(), found }));
    update(&mut model, Msg::Store(store::Msg::Begun("global".into())));
    let names = (0..2000).map(|number| format!("team-{:02}/image-{number:04}", number / 100));
    tell(&mut model, Found::Repositories(names.collect()));
    let tags = (0..100_000).map(|patch| format!("1.{}.{patch}", patch / 100)).collect();
    tell(&mut model, Found::Tags { repository: "team-00/image-0000".into(), tags });
    update(&mut model, Msg::Store(store::Msg::Surveyed { store: "global".into(), failure: None }));
    model
}

/// Presses `keys` in turn; what each took from key to bytes, and the bytes.
fn press(model: &mut Model, look: &Look, keys: &[&str]) -> (Vec<Duration>, Vec<usize>) {
    let area = Rect::new(0, 0, 120, 40);
    let mut shown = Buffer::empty(area);
    draw(model, look, &mut shown);
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for key in keys.iter().cycle().take(KEYS) {
        let key: Key = key.parse().unwrap();
        let begun = Instant::now();
        update(model, Msg::Key(key));
        let mut next = Buffer::empty(area);
        draw(model, look, &mut next);
        let mut bytes = Vec::new();
        CrosstermBackend::new(&mut bytes).draw(shown.diff(&next).into_iter()).unwrap();
        times.push(begun.elapsed());
        sizes.push(bytes.len());
        shown = next;
    }
    times.sort();
    sizes.sort_unstable();
    (times, sizes)
}

fn main() {
    let look = Theme::built_in("dark").unwrap().look(Depth::True, false);
    let mut model = filled();
    let mut report = |what: &str, before: &[&str], keys: &[&str]| {
        for key in before {
            update(&mut model, Msg::Key(key.parse().unwrap()));
        }
        let (times, sizes) = press(&mut model, &look, keys);
        let (p50, p99) = (KEYS / 2, KEYS * 99 / 100);
        println!(
            "{what:<34} key to frame p50 {:>6.2?} p99 {:>6.2?} max {:>6.2?}   bytes p50 {:>5} max {:>5}",
            times[p50],
            times[p99],
            times[KEYS - 1],
            sizes[p50],
            sizes[KEYS - 1]
        );
    };
    report("2,000 repositories, up and down", &["g", "g", "j", "j"], &["j", "k"]);
    report("2,000 repositories, down", &[], &["j"]);
    report("2,000 repositories, page down", &["g", "g"], &["pagedown"]);
    report("100,000 tags, up and down", &["g", "g", "j", "enter"], &["j", "k"]);
    report("100,000 tags, down", &[], &["j"]);
    report("100,000 tags, half a page", &["g", "g"], &["ctrl-d"]);
    report("100,000 tags, a filter typed", &["/"], &["1", "backspace"]);
    palette(&look);
    million(&look);
}

/// 100,000 images in the palette: opened, then a word typed and taken away; each turn counts by itself.
fn palette(look: &Look) {
    let mut model = filled();
    let tags = (0..90_000).map(|patch| format!("2.{}.{patch}", patch / 100)).collect();
    let found = Found::Tags { repository: "team-00/image-0001".into(), tags };
    update(&mut model, Msg::Store(store::Msg::Found { store: "global".into(), found }));
    let (mut opening, mut typing) = (Vec::new(), Vec::new());
    let turn = |model: &mut Model, msg: Msg, times: &mut Vec<Duration>| {
        let begun = Instant::now();
        let effects = update(model, msg);
        let mut next = Buffer::empty(Rect::new(0, 0, 120, 40));
        draw(model, look, &mut next);
        times.push(begun.elapsed());
        effects.contains(&Effect::FindMore)
    };
    let typed = ["i", "m", "a", "g", "e", "1", "9", "9", "backspace", "backspace", "backspace"];
    for _ in 0..20 {
        let key = |key: &str| Msg::Key(key.parse().unwrap());
        let mut more = turn(&mut model, key("colon"), &mut opening);
        for name in typed {
            while more {
                more = turn(&mut model, Msg::FindMore, &mut typing);
            }
            more = turn(&mut model, key(name), &mut typing);
        }
        turn(&mut model, key("esc"), &mut opening);
    }
    for (what, mut times) in [("palette of 100,000, opened, closed", opening), ("palette of 100,000, typed", typing)] {
        times.sort();
        let (p50, p99, max) = (times[times.len() / 2], times[times.len() * 99 / 100], times[times.len() - 1]);
        println!("{what:<34} turn p50 {p50:>6.2?} p99 {p99:>6.2?} max {max:>6.2?}");
    }
}

/// An image of a million files in some 10,000 folders.
fn large() -> Opened {
    let mut tree = Tree::default();
    let mut layering = tree.begin_layer(&[], &[]).unwrap();
    for n in 0..1_000_000_u32 {
        let path = match n % 10 {
            0 => format!("srv/flat/file-{n:06}"),
            _ => format!("srv/modules/scope-{:02}/package-{:04}/lib/file-{n:06}.js", n % 100, n % 10_000),
        };
        let digest = Some(ContentDigest([u8::try_from(n % 251).unwrap(); 32]));
        let kind = Kind::File { size: u64::from(n.wrapping_mul(2_654_435_761) >> 18), digest };
        let node = Node { kind, mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() };
        layering.entry(path.as_bytes(), node).unwrap();
    }
    layering.finish();
    let config: ImageConfig = serde_json::from_value(serde_json::json!({
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
    }))
    .unwrap();
    let layer = OpenedLayer {
        digest: Digest::of(b"layer"),
        diff_id: DiffId(Digest::of(b"layer")),
        size: 1,
        created_by: None,
        owner: Owner { image: "local/large:1".into(), is_local: true, proven: true },
        problem: None,
    };
    Opened::detached("local/large:1", config, tree, vec![layer])
}

/// A frame drawn anew: what it takes from here to its bytes.
fn frame(model: &Model, look: &Look, shown: &mut Buffer) -> usize {
    let mut next = Buffer::empty(shown.area);
    draw(model, look, &mut next);
    let mut bytes = Vec::new();
    CrosstermBackend::new(&mut bytes).draw(shown.diff(&next).into_iter()).unwrap();
    *shown = next;
    bytes.len()
}

/// Every key's frame, what it waits for elsewhere, and the frame once that is there.
fn million(look: &Look) {
    let begun = Instant::now();
    let image = large();
    println!("1,000,000 files in a tree {:>34.2?}", begun.elapsed());
    let begun = Instant::now();
    let matter = Held::new(Matter::alone(image));
    println!("1,000,000 files looked into {:>32.2?}", begun.elapsed());
    let asked = Compare::Image("local/large:1".into());
    let mut model = filled();
    model.screen = Screen::Diff;
    model.diff.open(asked.clone());
    let mut shown = Buffer::empty(Rect::new(0, 0, 120, 40));
    let mut answer = |model: &mut Model, effects: Vec<Effect>| -> Vec<(Duration, Duration)> {
        let mut took = Vec::new();
        for effect in effects {
            let Effect::Diff(diff::Effect::List(request)) = effect else { continue };
            let begun = Instant::now();
            let listed = request.answer(&|| false);
            let elsewhere = begun.elapsed();
            let begun = Instant::now();
            update(model, Msg::Diff(diff::Msg::Listed(Box::new(listed))));
            frame(model, look, &mut shown);
            took.push((elsewhere, begun.elapsed()));
        }
        took
    };
    let effects = update(&mut model, Msg::Diff(diff::Msg::Opened { asked, matter: Ok(matter) }));
    answer(&mut model, effects);
    let mut shown = Buffer::empty(Rect::new(0, 0, 120, 40));
    let mut report = |model: &mut Model, what: &str, before: &[&str], keys: (&[&str], usize)| {
        for key in before {
            let effects = update(model, Msg::Key(key.parse().unwrap()));
            answer(model, effects);
        }
        let (mut times, mut sizes, mut waits, mut after) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for key in keys.0.iter().cycle().take(keys.1) {
            let begun = Instant::now();
            let effects = update(model, Msg::Key(key.parse().unwrap()));
            sizes.push(frame(model, look, &mut shown));
            times.push(begun.elapsed());
            for (elsewhere, then) in answer(model, effects) {
                waits.push(elsewhere);
                after.push(then);
            }
        }
        [&mut times, &mut waits, &mut after].into_iter().for_each(|all| all.sort());
        sizes.sort_unstable();
        let at = |all: &[Duration], part: usize| all.get(all.len() * part / 100).copied().unwrap_or_default();
        print!(
            "{what:<34} key to frame p50 {:>6.2?} p99 {:>6.2?} max {:>6.2?}   bytes p50 {:>5}",
            at(&times, 50),
            at(&times, 99),
            times.last().copied().unwrap_or_default(),
            sizes[sizes.len() / 2]
        );
        match after.last() {
            Some(most) => println!("   elsewhere p50 {:>6.2?}, then a frame of {:>6.2?} at most", at(&waits, 50), most),
            None => println!(),
        }
    };
    report(&mut model, "1,000,000 files, up and down", &["G"], (&["k", "j"], KEYS));
    report(&mut model, "1,000,000 files, open and close", &["g", "g", "j"], (&["enter", "j", "k", "enter"], KEYS));
    report(&mut model, "100,000 in one folder, open and close", &[], (&["enter"], 100));
    report(&mut model, "1,000,000 rows open, down", &["*"], (&["j"], KEYS));
    report(&mut model, "1,000,000 rows open, page down", &[], (&["pagedown", "ctrl-d"], KEYS));
    report(&mut model, "1,000,000 rows open, last and first", &[], (&["G", "g", "g"], 300));
    report(&mut model, "1,000,000 rows open, close, open", &["g", "g"], (&["enter"], 20));
    report(&mut model, "1,000,000 files sorted another way", &["-"], (&["s"], 12));
    report(&mut model, "the same, every folder open", &["*"], (&["s"], 12));
    report(&mut model, "1,000,000 paths, sorted", &["-", "T"], (&["s"], 12));
    report(&mut model, "1,000,000 paths, down", &[], (&["j"], KEYS));
    report(&mut model, "1,000,000 paths, owner and kind", &[], (&["o", "f"], 15));
    report(&mut model, "1,000,000 files, a filter typed", &["T", "/"], (&["9", "9", "backspace", "backspace"], 12));
}
