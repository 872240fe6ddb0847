//! The tour: captions over the real screens, and keys pressed as though somebody sat there. A table of stops, and a driver
//! that hands their keys to `update`. Pure: time comes as a message.

mod bar;
mod stops;

pub(super) use bar::draw;
pub use stops::{STOPS, Stop};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use time::{Duration, OffsetDateTime};

use super::effect::Effect;
use super::keymap::{Code, Key, Sequence};
use super::model::{Model, Overlay};
use super::msg::Msg;
use super::theme::Look;
use super::update::{pressed, update};
use super::view;
use super::widgets::Toast;
use stops::Act;

/// Rows the caption takes.
pub(super) const ROWS: u16 = 5;
/// Seconds between two keys.
const KEY: f64 = 0.4;
/// How long a screen is waited for before the tour goes on all the same.
const PATIENCE: Duration = Duration::seconds(40);

/// Where the tour is.
#[derive(Clone, Debug, PartialEq)]
pub struct Tour {
    /// How many times as fast; infinite for tests.
    speed: f64,
    stop: usize,
    /// The next of the stop's acts, and the next key of it.
    at: (usize, usize),
    /// Since when that is waited for.
    since: Option<OffsetDateTime>,
    /// Somebody asked to go on: no pause until the next stop.
    hurried: bool,
    /// Keys of this stop pressed so far, as they are shown.
    pressed: Vec<String>,
}

/// What is to be done now.
enum Next {
    /// Nothing: wait on.
    Wait,
    /// This key is pressed.
    Key(Key, String),
    /// The act is over.
    Over,
}

impl Tour {
    /// At its beginning.
    pub fn new(speed: f64) -> Self {
        Self { speed, stop: 0, at: (0, 0), since: None, hurried: false, pressed: Vec::new() }
    }

    /// The stop it is at, and its number from 1.
    pub(super) fn stop(&self) -> Option<(usize, &'static Stop)> {
        STOPS.get(self.stop).map(|stop| (self.stop + 1, stop))
    }

    fn go(&mut self, stop: usize) {
        *self = Self { stop, ..Self::new(self.speed) };
    }

    /// Shows a key as pressed; what is typed is one word in quotes.
    fn show(&mut self, key: String) {
        let typing = matches!(STOPS[self.stop].acts[self.at.0], Act::Type(_));
        match self.pressed.last_mut() {
            Some(word) if typing && self.at.1 > 0 => word.insert_str(word.len() - 1, &key),
            _ if typing => self.pressed.push(format!("\"{key}\"")),
            _ => self.pressed.push(key),
        }
    }

    /// The keys of an act, each with how it is shown.
    fn keys(act: Act) -> Vec<(Key, String)> {
        match act {
            Act::Press(keys) => {
                let read = |name: &str| Some((name.parse().ok()?, shown(name)));
                keys.split(' ').filter_map(read).collect()
            }
            Act::Type(text) => text.chars().map(|c| (Key::plain(Code::Char(c)), c.into())).collect(),
            Act::Await(_) | Act::Read(_) => Vec::new(),
        }
    }
}

/// A key as people read it.
fn shown(name: &str) -> String {
    // None of those that the tour presses has a sign that plain terminals lack.
    Sequence::read(name).map_or_else(|_| name.to_owned(), |sequence| sequence.shown(true))
}

/// Takes what comes while the tour is on; `None` for what it leaves to `update`.
pub(super) fn intercept(model: &mut Model, msg: &Msg) -> Option<Vec<Effect>> {
    let tour = model.tour.as_mut()?;
    match msg {
        Msg::Key(key) => match (key.code, key.ctrl) {
            (Code::Char('c'), true) => None,
            (Code::Char(' ' | 'n') | Code::Enter | Code::Right, _) => {
                tour.hurried = true;
                Some(advance(model))
            }
            (Code::Char('p') | Code::Left | Code::Backspace, _) => {
                let before = tour.stop.saturating_sub(1);
                // A text being typed, or a question, is no place to begin at: what lies over the screen goes first.
                tour.go(before);
                model.overlay = Overlay::None;
                Some(press(model, Key::plain(Code::Esc)))
            }
            (Code::Char('q') | Code::Esc, _) => Some(leave(model, "you left the tour")),
            _ => Some(Vec::new()),
        },
        // Its own hands are on the keys.
        Msg::Paste(_) | Msg::Mouse(_) => Some(Vec::new()),
        Msg::Clock(now) => {
            model.now = *now;
            model.toasts.expire(*now);
            Some(advance(model))
        }
        _ => None,
    }
}

/// Does all that is due now; at most to the end of one stop, so that each is seen.
fn advance(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    let begun = model.tour.as_ref().map(|tour| tour.stop);
    loop {
        let Some(tour) = &model.tour else { return effects };
        if tour.stop >= STOPS.len() {
            effects.extend(leave(model, "that was the tour"));
            return effects;
        }
        if Some(tour.stop) != begun {
            return effects;
        }
        let next = next(model);
        let now = model.now;
        let Some(tour) = &mut model.tour else { return effects };
        match next {
            Next::Wait => return effects,
            Next::Key(key, shown) => {
                tour.show(shown);
                tour.at.1 += 1;
                tour.since = Some(now);
                effects.extend(press(model, key));
            }
            Next::Over => {
                (tour.at, tour.since) = ((tour.at.0 + 1, 0), None);
                if STOPS.get(tour.stop).is_none_or(|stop| tour.at.0 >= stop.acts.len()) {
                    let (stop, since) = (tour.stop + 1, Some(now));
                    tour.go(stop);
                    tour.since = since;
                }
            }
        }
    }
}

/// What is due.
fn next(model: &mut Model) -> Next {
    let now = model.now;
    let shows = match model.tour.as_ref().and_then(|tour| STOPS.get(tour.stop)?.acts.get(tour.at.0)) {
        Some(Act::Await(texts)) => shows(model, texts),
        Some(_) => true,
        None => return Next::Over,
    };
    let Some(tour) = &mut model.tour else { return Next::Over };
    let act = STOPS[tour.stop].acts[tour.at.0];
    let since = *tour.since.get_or_insert(now);
    let quick = tour.hurried || tour.speed.is_infinite();
    let passed = |seconds: f64| quick || (now - since).as_seconds_f64() >= seconds / tour.speed;
    match act {
        Act::Await(_) if shows || now - since > PATIENCE => Next::Over,
        Act::Await(_) => Next::Wait,
        Act::Read(seconds) if passed(f64::from(seconds)) => Next::Over,
        Act::Press(_) | Act::Type(_) => {
            let keys = Tour::keys(act);
            let pause = if matches!(act, Act::Type(_)) { KEY / 4.0 } else { KEY };
            match keys.into_iter().nth(tour.at.1) {
                None => Next::Over,
                Some((key, shown)) if passed(pause) => Next::Key(key, shown),
                Some(_) => Next::Wait,
            }
        }
        Act::Read(_) => Next::Wait,
    }
}

/// Presses a key as though it had come from outside.
fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    // The tour never ends the terminal UI.
    pressed(model, key).into_iter().filter(|effect| *effect != Effect::Leave).collect()
}

/// Whether the screen says one of `texts`, the caption aside.
fn shows(model: &Model, texts: &[&str]) -> bool {
    let mut buffer = Buffer::empty(Rect::from((Position::ORIGIN, model.size)));
    view::draw(model, &Look::of_roles(true), &mut buffer);
    let below = model.body().bottom();
    let lines = super::picture::lines(&buffer);
    lines.iter().take(usize::from(below)).skip(1).any(|line| texts.iter().any(|text| line.contains(text)))
}

/// Ends the tour; the screens have their room again.
fn leave(model: &mut Model, why: &str) -> Vec<Effect> {
    model.tour = None;
    let mut effects = update(model, Msg::Resized(model.size));
    effects.extend(update(model, Msg::Tell(Toast::done(why).next("? shows the keys of where you are, q leaves"))));
    effects
}
