//! The only loop: input, results and time in; `update`; effects out; a frame when something changed and the last one has
//! been written, at most 60 a second.

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::dress::Dress;
use super::effect::Effect;
use super::model::{Model, Surroundings};
use super::msg::Msg;
use super::perform::Performer;
use super::screens::{Screen, StoreName};
use super::settled::Settled;
use super::terminal::{Budget, Burst, Modes, Painter, guard_panics, read, sane};
use super::tour::Tour;
use super::update::{begin, replay, update};
use super::view::draw;
use super::widgets::Toast;
use crate::flows::Context;
use crate::flows::terminal::{self, Call, Outlet, Signals};
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
    /// Nothing is changed from it.
    pub readonly: bool,
    /// A tour from the beginning, this many times as fast.
    pub tour: Option<f64>,
    /// A bake to be played again, by its ID, and how many times as fast.
    pub replay: Option<(String, f64)>,
}

/// Least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// How often what depends on the time alone is drawn.
const CLOCK: Duration = Duration::from_millis(250);

/// The size drawn for where the terminal does not tell its own.
const UNTOLD: Size = Size { width: 80, height: 24 };
/// How long leaving may take, whatever the terminal does.
const LEAVING: Duration = Duration::from_millis(800);

/// Runs the terminal UI until the user leaves or the terminal goes.
pub async fn run(context: Context, start: Start) -> Result<(), Report> {
    let context = Arc::new(context);
    let dress = Dress::new(&context, &start)?;
    let size = crossterm::terminal::size().ok().and_then(|(width, height)| sane(width, height)).unwrap_or(UNTOLD);
    let mut model = Model::new(surroundings(&context), size, terminal::now());
    model.theme.clone_from(&dress.name);
    model.mouse = context.settings.mouse;
    model.tour = start.tour.map(Tour::new);
    model.settled = Settled::of(&context, start.readonly, &dress.name);
    model.bakes.pool.builders = context.builders();
    model.bakes.home = Some(context.home());
    let workspace = context.workspace.root.clone();
    let (mut performer, results) = Performer::new(context);
    guard_panics();
    let (written, frames) = mpsc::unbounded_channel();
    let (gone, hangup) = mpsc::channel(1);
    let outlet = terminal::outlet(move |result| {
        let _ = written.send(result.is_ok());
    })?;
    let signals = Signals::listen()?;
    terminal::watch_hangup(move || {
        let _ = gone.try_send(());
    })?;
    let modes = Modes::enter(&outlet, model.mouse).map_err(unusable)?;
    let mut effects = begin(&mut model, start.screen);
    if let Some((bake, speed)) = start.replay {
        performer.replay_at(speed);
        effects.extend(replay(&mut model, bake));
    }
    let mut house = Loop {
        model,
        dress,
        performer,
        painter: Painter::new(),
        outlet,
        modes: Some(modes),
        writing: false,
        due: true,
        hurried: true,
        budget: Budget::new(Instant::now()),
        burst: Burst::default(),
        over: None,
        lend: None,
        workspace,
    };
    for effect in effects {
        // None of the first effects is the terminal's own: none fails.
        house.perform(effect)?;
    }
    let result = house.turn(Sources { results, frames, hangup, signals }).await;
    house.performer.hand_on().await;
    let code = house.over.unwrap_or(if result.is_ok() { HUNG_UP } else { 1 });
    // Neither a reader that stalls nor a task that hangs keeps the process.
    terminal::end_within(LEAVING, code);
    if let Some(modes) = house.modes.take() {
        modes.leave(&house.outlet);
    }
    if code != 0 && result.is_ok() {
        terminal::end(code);
    }
    result
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
    dress: Dress,
    performer: Performer,
    painter: Painter,
    outlet: Outlet,
    modes: Option<Modes>,
    /// A frame is on its way: the next one waits.
    writing: bool,
    /// A frame is wanted.
    due: bool,
    /// The user waits for it.
    hurried: bool,
    /// What frames nobody waits for may cost.
    budget: Budget,
    /// Keys read and not yet taken in.
    burst: Burst,
    /// The exit code, once the terminal UI is over.
    over: Option<i32>,
    /// To whom the terminal is to be lent.
    lend: Option<Lend>,
    /// The workspace's folder.
    workspace: PathBuf,
}

/// A program that gets the terminal for a while.
enum Lend {
    /// The user's editor, with a file.
    Editor(PathBuf),
    /// A shell in an image.
    Shell(String),
}

/// Messages or keys taken in at once, at most: a flood of either must not keep the other waiting.
const AT_ONCE: usize = 500;
const KEYS_AT_ONCE: usize = 2048;
/// The exit code when the terminal has gone: as though SIGHUP had ended the process.
const HUNG_UP: i32 = 129;

impl Loop {
    /// Until it is over; without a word where the terminal has gone. Frames come before what they show, since they are
    /// at most 60 a second; keys come before results.
    async fn turn(&mut self, mut from: Sources) -> Result<(), Report> {
        let mut input = EventStream::new();
        let mut last_clock = Instant::now();
        let mut last_frame = Instant::now() - FRAME;
        while self.over.is_none() {
            if let Some(lend) = self.lend.take() {
                // Nobody else may read what is typed there.
                drop(input);
                self.lend_terminal(lend, &mut from.signals).await?;
                input = EventStream::new();
            }
            let wants_clock = self.model.wants_clock();
            let is_due = self.due && !self.writing;
            tokio::select! {
                biased;
                _ = from.hangup.recv() => return Ok(()),
                call = from.signals.next() => self.called(call)?,
                written = from.frames.recv() => match written {
                    Some(true) => {
                        self.writing = false;
                        terminal::rehearse_panic();
                    }
                    _ => return Ok(()),
                },
                () = sleep_until(self.not_before(last_frame)), if is_due => {
                    last_frame = Instant::now();
                    self.frame()?;
                }
                event = input.next() => {
                    let mut event = Poll::Ready(event);
                    for left in (0..KEYS_AT_ONCE).rev() {
                        match event {
                            Poll::Ready(Some(Ok(read))) => self.event(read)?,
                            // End of input, or a terminal that cannot be read: gone either way.
                            Poll::Ready(_) => return Ok(()),
                            Poll::Pending => break,
                        }
                        // What is read is taken in: nothing more is read where this is the last.
                        if self.over.is_some() || left == 0 {
                            break;
                        }
                        // With the loop's own waker: the stream keeps the first one it is polled with.
                        event = poll_fn(|context| Poll::Ready(input.poll_next_unpin(context))).await;
                    }
                    self.typed()?;
                }
                msg = from.results.recv() => {
                    let mut msg = msg;
                    for left in (0..AT_ONCE).rev() {
                        let Some(taken) = msg else { break };
                        self.take(taken)?;
                        msg = if left > 0 { from.results.try_recv().ok() } else { None };
                    }
                }
                () = sleep_until(last_clock + CLOCK), if wants_clock => {
                    last_clock = Instant::now();
                    self.take(Msg::Clock(terminal::now()))?;
                }
            }
        }
        Ok(())
    }

    /// When the next frame may be drawn: what a key asked for soon, what only came in when the line bears it.
    fn not_before(&self, last_frame: Instant) -> Instant {
        let soon = last_frame + FRAME;
        if self.hurried { soon } else { soon.max(self.budget.next()) }
    }

    fn event(&mut self, event: Event) -> Result<(), Report> {
        self.hurried = true;
        match read(event) {
            Some(Msg::Key(key)) => {
                self.burst.add(key);
                Ok(())
            }
            Some(msg) => self.typed().and_then(|()| self.take(msg)),
            None => Ok(()),
        }
    }

    /// Takes in the keys that were read, until one of them ends it.
    fn typed(&mut self) -> Result<(), Report> {
        while self.over.is_none()
            && let Some(msg) = self.burst.next(self.model.scopes().first().copied(), Instant::now())
        {
            self.take(msg)?;
        }
        Ok(())
    }

    fn take(&mut self, msg: Msg) -> Result<(), Report> {
        self.model.now = terminal::now();
        for effect in update(&mut self.model, msg) {
            self.perform(effect)?;
        }
        self.due = true;
        Ok(())
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Report> {
        match effect {
            Effect::Leave => self.over = Some(0),
            Effect::Redraw => self.painter.forget(),
            Effect::Suspend => self.suspend()?,
            Effect::Send(bytes) => self.outlet.aside(bytes),
            Effect::EditOutside(path) => self.lend = Some(Lend::Editor(path)),
            Effect::Shell(target) => self.lend = Some(Lend::Shell(target)),
            Effect::Mouse(ours) => {
                if let Some(modes) = &self.modes {
                    modes.mouse(&self.outlet, ours).map_err(unusable)?;
                }
            }
            Effect::Theme { name, keep } => match self.dress.wear(&name) {
                Ok(()) => self.performer.perform(Effect::Theme { name, keep }),
                Err(report) => {
                    // What shows is what counts: it was not put on.
                    self.model.theme.clone_from(&self.dress.name);
                    self.take(Msg::Tell(Toast::failure(&report)))?;
                }
            },
            other => self.performer.perform(other),
        }
        Ok(())
    }

    fn called(&mut self, call: Call) -> Result<(), Report> {
        match call {
            Call::End(code) => self.over = Some(code),
            Call::Suspend => self.suspend()?,
            Call::Resumed => {
                // A terminal that hangs up continues whom it leaves behind, and then takes nothing any more.
                let again = self.modes.as_ref().map(|modes| modes.again(&self.outlet, self.model.mouse));
                if again.is_some_and(|again| again.is_err()) {
                    self.over = Some(HUNG_UP);
                }
                self.painter.forget();
                self.due = true;
            }
        }
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), Report> {
        if let Some(modes) = self.modes.take() {
            modes.leave(&self.outlet);
        }
        let stopped = terminal::suspend();
        self.come_back()?;
        if !stopped {
            self.take(Msg::Tell(Toast::warning("there is no shell to go back to").next("q leaves")))?;
        }
        Ok(())
    }

    /// Takes the terminal again after somebody else had it.
    fn come_back(&mut self) -> Result<(), Report> {
        self.modes = Some(Modes::enter(&self.outlet, self.model.mouse).map_err(unusable)?);
        self.painter.forget();
        match crossterm::terminal::size().ok().and_then(|(width, height)| sane(width, height)) {
            Some(size) => self.take(Msg::Resized(size)),
            None => Ok(()),
        }
    }

    async fn lend_terminal(&mut self, lend: Lend, signals: &mut Signals) -> Result<(), Report> {
        if let Some(modes) = self.modes.take() {
            modes.leave(&self.outlet);
        }
        let told = match &lend {
            Lend::Editor(path) => terminal::edit(path).await.err().map(|report| Toast::failure(&report)),
            Lend::Shell(target) => match terminal::shell(&self.workspace, target).await {
                Ok(ended) => ended.map(|how| shell_ended(target, &how)),
                Err(report) => Some(Toast::failure(&report)),
            },
        };
        // What was typed to stop it was not meant for us.
        signals.forget();
        self.come_back()?;
        if let Some(toast) = told {
            self.take(Msg::Tell(toast))?;
        }
        match lend {
            Lend::Editor(_) => self.take(Msg::EditedOutside),
            Lend::Shell(_) => Ok(()),
        }
    }

    fn frame(&mut self) -> Result<(), Report> {
        (self.due, self.hurried) = (false, false);
        let mut next = Buffer::empty(Rect::from((ratatui::layout::Position::ORIGIN, self.model.size)));
        let cursor = draw(&self.model, &self.dress.look, &mut next);
        let failed = |error: std::io::Error| Report::new(Kind::Failed, &error).while_doing("cannot draw");
        if let Some(bytes) = self.painter.paint(next, cursor).map_err(failed)? {
            self.writing = true;
            self.budget.spend(bytes.len(), Instant::now());
            self.outlet.write(bytes);
        }
        Ok(())
    }
}

/// A shell ends as its last command did, or did not begin at all: both are for the user to judge.
fn shell_ended(target: &str, how: &str) -> Toast {
    Toast::warning(format!("the shell ended with {how}")).next(format!("bakery shell {target} tells more"))
}

#[allow(clippy::needless_pass_by_value, reason = "the shape `map_err` takes")]
fn unusable(error: std::io::Error) -> Report {
    Report::new(Kind::Failed, &error).while_doing("cannot use the terminal")
}

/// The workspace as every screen's first line says it.
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
