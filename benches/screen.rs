//! From a key to the bytes of its frame: 2,000 repositories, 10,000 tags, 1,000 keys at 120x40.
//! `cargo bench --bench screen`; prints p50, p99 and max, and what a cursor key writes.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement")]

use std::time::{Duration, Instant};

use bakery::flows::browse::Found;
use bakery::tui::keymap::Key;
use bakery::tui::model::{Model, Surroundings};
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, StoreName, store};
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
    let tags = (0..10_000).map(|patch| format!("1.{}.{patch}", patch / 100)).collect();
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
    report("10,000 tags, up and down", &["g", "g", "j", "enter"], &["j", "k"]);
    report("10,000 tags, down", &[], &["j"]);
    report("10,000 tags, half a page", &["g", "g"], &["ctrl-d"]);
    report("10,000 tags, a filter typed", &["/"], &["1", "backspace"]);
}
