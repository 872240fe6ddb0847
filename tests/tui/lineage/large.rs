//! A fleet of thousands: what is folded, sifted and sorted of it is right, and every image has one row.

use std::collections::BTreeSet;

use bakery::domain::lineage::{Graph, Image};
use bakery::flows::lineage::Lineage;

use bakery::domain::lineage::{Best, Standing};
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::Held;
use bakery::tui::screens::lineage as screen;
use bakery::tui::theme::{Depth, Look, Theme};
use bakery::tui::update::update;
use bakery::tui::view::draw;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{assessment, image, names, of, press};

/// 10 bases of two versions each, 990 local images on them, 4000 of teams on those; every third base has moved.
fn large() -> Lineage {
    let mut images: Vec<Image> = Vec::new();
    for base in 0..10 {
        images.push(image(&format!("b{base} old"), &[&format!("global/base{base}:1.0")], 60));
        if base % 3 == 0 {
            images.push(image(&format!("b{base} new"), &[&format!("global/base{base}:1")], 5));
        } else {
            images.last_mut().unwrap().places.push(place(&format!("global/base{base}"), "1"));
        }
    }
    for own in 0..990 {
        let below = format!("b{} old own{own}", own % 10);
        images.push(image(&below, &[&format!("local/team-{}/app{own}:1", own % 7)], 30));
        for copy in 0..4 {
            let layers = format!("{below} copy{copy}");
            images.push(image(&layers, &[&format!("teams/t{copy}/svc{own}:1")], 20));
        }
    }
    Lineage { graph: Graph::of(images, &[]), unread: Vec::new() }
}

fn place(repository: &str, tag: &str) -> bakery::domain::lineage::Place {
    let holder = bakery::domain::lineage::Holder::Global;
    bakery::domain::lineage::Place { holder, repository: repository.into(), tag: tag.into() }
}

#[test]
fn rows_of_five_thousand_images_are_right_after_fold_filter_and_sort() {
    let mut model = of((140, 40), large());
    let all = 10 + 4 + 990 + 3960;
    let unique = |model: &bakery::tui::model::Model| names(model).into_iter().collect::<BTreeSet<_>>().len();
    assert_eq!((model.lineage.rows().len(), unique(&model)), (all, all));
    // What is built on an image follows it, one further in.
    let graph = model.lineage.graph().unwrap();
    let rows = model.lineage.rows();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.depth > 0) {
        let above = rows[..at].iter().rev().find(|above| above.depth < row.depth).unwrap();
        assert_eq!(graph.base(row.number).map(|edge| edge.base), Some(above.number));
    }
    press(&mut model, &["minus"]);
    assert_eq!(names(&model).len(), 14, "bases of both versions");
    press(&mut model, &["*"]);
    assert_eq!(names(&model).len(), all);
    press(&mut model, &["/", "a", "p", "p", "9", "8"]);
    let hits: Vec<String> =
        model.lineage.rows().iter().zip(names(&model)).filter(|(row, _)| row.is_hit).map(|(_, name)| name).collect();
    assert_eq!(hits.len(), 11, "app98 and app980 to app989: {hits:?}");
    assert!(hits.iter().all(|name| name.contains("/app98")), "{hits:?}");
    press(&mut model, &["esc", "t"]);
    assert_eq!(names(&model).len(), all);
    press(&mut model, &["s"]);
    let is_stale = |name: &String| {
        let images = model.lineage.graph().unwrap().images();
        let number = images.iter().position(|image| image.name() == *name).unwrap();
        model.lineage.graph().unwrap().standing(number).is_stale()
    };
    let order: Vec<bool> = names(&model).iter().step_by(97).map(is_stale).collect();
    assert!(order.is_sorted_by_key(|stale| !stale) && order[0] && !order[order.len() - 1], "{order:?}");
    let stale = model.lineage.facts.totals().stale;
    assert_eq!(stale, 4 * 99 * 5, "all on the four bases that moved");
    press(&mut model, &["/", "!", "s", "t", "a", "l", "e", "enter"]);
    assert_eq!(names(&model).len(), all - stale);
}

/// 8 bases of two versions each, 40 local images on them, 192 of teams on those; every second base has moved.
fn of_240() -> Lineage {
    let mut images: Vec<Image> = Vec::new();
    for base in 0..8 {
        images.push(image(&format!("os b{base} old"), &[&format!("global/base{base}:1.0")], 60));
        if base % 2 == 0 {
            images.push(image(&format!("os b{base} new"), &[&format!("global/base{base}:1")], 5));
        } else {
            images.last_mut().unwrap().places.push(place(&format!("global/base{base}"), "1"));
        }
    }
    for own in 0..40 {
        let below = format!("os b{} old own{own}", own % 8);
        images.push(image(&below, &[&format!("local/team-{}/service-{own}:1.{own}", own % 7)], 30));
        for copy in 0..5 {
            images.push(image(&format!("{below} c{copy}"), &[&format!("teams/t{copy}/service-{own}:1.{own}")], 20));
        }
    }
    Lineage { graph: Graph::of(images, &[]), unread: Vec::new() }
}

/// What a key, or a message, has written to a terminal in true colour.
struct Screen {
    model: Model,
    look: Look,
    shown: Buffer,
}

impl Screen {
    fn new(model: Model) -> Self {
        let look = Theme::built_in("dark").unwrap().look(Depth::True, false);
        let mut screen = Self { model, look, shown: Buffer::empty(Rect::new(0, 0, 120, 40)) };
        screen.written();
        screen
    }

    fn written(&mut self) -> usize {
        let mut next = Buffer::empty(self.shown.area);
        draw(&self.model, &self.look, &mut next);
        let mut bytes = Vec::new();
        let changes = self.shown.diff(&next);
        if !changes.is_empty() {
            CrosstermBackend::new(&mut bytes).draw(changes.into_iter()).unwrap();
        }
        self.shown = next;
        bytes.len()
    }
}

#[test]
fn a_cursor_key_on_a_fleet_of_240_writes_little_and_a_look_that_finds_nothing_writes_nothing() {
    let mut model = of((120, 40), of_240());
    let lineage = model.lineage.lineage.clone().unwrap();
    for number in 0..lineage.graph.images().len() {
        let best = match lineage.graph.standing(number) {
            Standing::Stale { .. } => Best::Rebase,
            Standing::Through { .. } => Best::BaseFirst("local/team-a/app:1".into()),
            _ => Best::UpToDate,
        };
        let found = Ok(Held::new(assessment(&lineage.graph.images()[number].name(), best)));
        update(&mut model, Msg::Lineage(screen::Msg::Assessed { lineage: lineage.clone(), number, found }));
    }
    let mut screen = Screen::new(model);
    press(&mut screen.model, &["g", "g"]);
    screen.written();
    // Within what shows: where the list itself moves on, all its rows are others.
    let mut sizes: Vec<usize> = Vec::new();
    for key in ["j", "k"].into_iter().flat_map(|key| std::iter::repeat_n(key, 34)) {
        press(&mut screen.model, &[key]);
        sizes.push(screen.written());
    }
    sizes.sort_unstable();
    // From one sort of image to another what is below the values is said anew; what two stand on alike stays where it is.
    let [half, most_of_them, most] = [50, 90, 100].map(|part| sizes[(sizes.len() - 1) * part / 100]);
    eprintln!("a cursor key on a fleet of 240: half {half} bytes, nine in ten {most_of_them}, at most {most}");
    assert!(
        half < 1_200 && most_of_them < 2_900 && most < 4_600,
        "half {half}, nine in ten {most_of_them}, at most {most}"
    );
    let run = screen.model.lineage.run;
    update(&mut screen.model, Msg::Lineage(screen::Msg::Looked { run, lineage: None }));
    assert_eq!(screen.written(), 0);
}
