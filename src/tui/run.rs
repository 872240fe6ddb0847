//! The only loop: input, results and time in; `update`; effects out; a frame when something changed and the last one has
//! been written, at most 60 a second.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::effect::Effect;
use super::model::{Model, Surroundings};
use super::msg::Msg;
use super::perform::Performer;
use super::screens::{Screen, StoreName};
use super::terminal::{Modes, Painter, guard_panics, read};
use super::theme::{self, Depth, Look};
use super::update::{begin, update};
use super::view::draw;
use super::widgets::Toast;
use crate::flows::terminal::{self, Call, Outlet, Signals};
use crate::flows::{Context, environment};
use crate::report::{Kind, Report};

/// How the terminal UI begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// The first screen.
    pub screen: Screen,
    /// Plain characters only.
    pub ascii: bool,
    /// No colours.
    pub no_color: bool,
}

/// Least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// How often what depends on the time alone is drawn.
const CLOCK: Duration = Duration::from_millis(250);

/// Runs the terminal UI until the user leaves or the terminal goes.
pub async fn run(context: Context, start: Start) -> Result<(), Report> {
    let failed = |error: std::io::Error| Report::new(Kind::Failed, &error).while_doing("cannot use the terminal");
    let look = look(&context, &start)?;
    let (width, height) = crossterm::terminal::size().map_err(failed)?;
    let size = Size { width, height };
    let mut model = Model::new(surroundings(&context), size, terminal::now());
    let (performer, results) = Performer::new(Arc::new(context));
    guard_panics();
    let (written, frames) = mpsc::unbounded_channel();
    let (gone, hangup) = mpsc::channel(1);
    let outlet = terminal::outlet(move |result| {
        let _ = written.send(result.is_ok());
    })?;
    let signals = Signals::listen()?;
    let modes = Modes::enter(model.mouse).map_err(failed)?;
    terminal::watch_hangup(move || {
        let _ = gone.try_send(());
    })?;
    let effects = begin(&mut model, start.screen);
    let mut house = Loop {
        model,
        look,
        performer,
        painter: Painter::new(),
        outlet,
        modes: Some(modes),
        writing: false,
        due: Some(Instant::now()),
        leaving: false,
    };
    for effect in effects {
        house.perform(effect)?;
    }
    house.turn(Sources { results, frames, hangup, signals }).await
}

/// Where things come from.
struct Sources {
    results: mpsc::Receiver<Msg>,
    frames: mpsc::UnboundedReceiver<bool>,
    hangup: mpsc::Receiver<()>,
    signals: Signals,
}

struct Loop {
    model: Model,
    look: Look,
    performer: Performer,
    painter: Painter,
    outlet: Outlet,
    modes: Option<Modes>,
    /// A frame is on its way: the next one waits.
    writing: bool,
    /// When the next frame may be drawn, if one is wanted.
    due: Option<Instant>,
    leaving: bool,
}

/// Messages taken in before a frame is drawn, at most: a flood must not keep the screen from showing it.
const AT_ONCE: usize = 2000;

impl Loop {
    async fn turn(&mut self, mut from: Sources) -> Result<(), Report> {
        let mut input = EventStream::new();
        let mut clock = Instant::now() + CLOCK;
        let mut last_frame = Instant::now() - FRAME;
        while !self.leaving {
            let wants_clock = self.model.wants_clock();
            let due = self.due.filter(|_| !self.writing);
            tokio::select! {
                biased;
                _ = from.hangup.recv() => return Ok(()),
                call = from.signals.next() => self.called(call)?,
                written = from.frames.recv() => match written {
                    Some(true) => self.writing = false,
                    _ => return Ok(()),
                },
                event = input.next() => match event {
                    Some(Ok(event)) => {
                        if let Some(msg) = read(event) {
                            self.take(msg)?;
                        }
                    }
                    // End of input, or a terminal that cannot be read: gone either way.
                    Some(Err(_)) | None => return Ok(()),
                },
                msg = from.results.recv() => {
                    if let Some(msg) = msg {
                        self.take(msg)?;
                        for _ in 0..AT_ONCE {
                            let Ok(msg) = from.results.try_recv() else { break };
                            self.take(msg)?;
                        }
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now).max(last_frame + FRAME)), if due.is_some() => {
                    last_frame = Instant::now();
                    self.frame()?;
                }
                () = sleep_until(clock), if wants_clock => {
                    clock = Instant::now() + CLOCK;
                    self.take(Msg::Clock(terminal::now()))?;
                }
            }
            if clock < Instant::now() && !self.model.wants_clock() {
                clock = Instant::now() + CLOCK;
            }
        }
        Ok(())
    }

    fn take(&mut self, msg: Msg) -> Result<(), Report> {
        self.model.now = terminal::now();
        for effect in update(&mut self.model, msg) {
            self.perform(effect)?;
        }
        self.due.get_or_insert_with(Instant::now);
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Report> {
        match effect {
            Effect::Leave => self.leaving = true,
            Effect::Redraw => self.painter.forget(),
            Effect::Suspend => self.suspend()?,
            other => self.performer.perform(other),
        }
        Ok(())
    }

    fn called(&mut self, call: Call) -> Result<(), Report> {
        match call {
            Call::End => self.leaving = true,
            Call::Suspend => self.suspend()?,
            Call::Resumed => {
                self.painter.forget();
                self.due = Some(Instant::now());
            }
        }
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), Report> {
        self.modes = None;
        let stopped = terminal::suspend();
        let failed =
            |error: std::io::Error| Report::new(Kind::Failed, &error).while_doing("cannot use the terminal again");
        self.modes = Some(Modes::enter(self.model.mouse).map_err(failed)?);
        self.painter.forget();
        if let Ok((width, height)) = crossterm::terminal::size() {
            self.take(Msg::Resized(Size { width, height }))?;
        }
        if !stopped {
            self.take(Msg::Tell(Toast::warning("there is no shell to go back to").next("q leaves")))?;
        }
        Ok(())
    }

    fn frame(&mut self) -> Result<(), Report> {
        self.due = None;
        let mut next = Buffer::empty(Rect::from((ratatui::layout::Position::ORIGIN, self.model.size)));
        let cursor = draw(&self.model, &self.look, &mut next);
        let failed = |error: std::io::Error| Report::new(Kind::Failed, &error).while_doing("cannot draw");
        if let Some(bytes) = self.painter.paint(next, cursor).map_err(failed)? {
            self.writing = true;
            self.outlet.write(bytes);
        }
        Ok(())
    }
}

fn look(context: &Context, start: &Start) -> Result<Look, Report> {
    let (colorterm, term) = (terminal::variable("COLORTERM"), terminal::variable("TERM"));
    let colorfgbg = terminal::variable("COLORFGBG");
    let depth = Depth::of(start.no_color, colorterm.as_deref(), term.as_deref());
    let name = theme::automatic(depth, context.settings.theme.as_deref(), colorfgbg.as_deref());
    let theme = theme::named(&name, context.theme_file(&name)?)?;
    Ok(theme.look(depth, start.ascii || !environment::utf8()))
}

/// Where bakery runs, for the model.
pub(super) fn surroundings(context: &Context) -> Surroundings {
    let root = &context.workspace.root;
    let workspace = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stores = context.store_places().into_iter().map(|(name, place)| {
        let is_local = name == "local";
        StoreName { name, place, is_local }
    });
    let mut stores: Vec<StoreName> = stores.collect();
    stores.sort_by_key(|store| store.is_local);
    Surroundings { workspace, host: terminal::host(), stores }
}
