//! Screens without a terminal, as pictures: the same model, update, effects and view, until nothing is under way.

use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::dress::of_context;
use super::effect::Effect;
use super::model::Model;
use super::msg::Msg;
use super::perform::{Performer, Told, UnderWay, told};
use super::picture::Picture;
use super::run::surroundings;
use super::screens::{Compare, Screen, bake, bakes, recipes};
use super::theme::{self, Depth, Look};
use super::update::{begin, look_into, update, verify};
use super::view::draw;
use crate::domain::journal::EventKind;
use crate::flows::watch::Shelf;
use crate::flows::{Context, pictures};
use crate::report::{Kind, Report};

/// What pictures are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ShotRequest {
    /// Columns and rows.
    pub size: Size,
    /// Name of the theme; the user's own, else `dark`.
    pub theme: Option<String>,
    /// Plain characters only.
    pub ascii: bool,
    /// The bake that the Bake screen shows, a journal or an ID, and the last event shown of it.
    pub from: Option<(String, Option<u64>)>,
    /// What the Diff screen looks into; one image, what the Verify screen verifies.
    pub of: Option<Compare>,
}

/// One screen's picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// Which screen.
    pub screen: Screen,
    /// Its picture.
    pub picture: Picture,
    /// Something had not answered yet when the picture was made.
    pub unsettled: bool,
}

/// How long answers are waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long what never ends must be silent.
const QUIET: Duration = Duration::from_millis(300);

/// Makes the picture of a screen.
pub async fn shoot(context: &Arc<Context>, screen: Screen, request: &ShotRequest) -> Result<Shot, Report> {
    let look = look(context, request)?;
    let mut here = surroundings(context);
    // A picture is for others: which machine it was made on does not matter to them.
    here.host = String::new();
    let mut model = Model::new(here, request.size, pictures::time()?);
    let settled = match (&request.from, screen) {
        (Some((from, last)), Screen::Bake) => {
            show_journal(&mut model, context, (from, *last)).await?;
            true
        }
        (_, Screen::Diff | Screen::Verify) => settle(&mut model, (screen, request.of.clone()), context).await,
        _ => settle(&mut model, (screen, None), context).await,
    };
    let mut buffer = Buffer::empty(Rect::from((Position::ORIGIN, model.size)));
    draw(&model, &look, &mut buffer);
    Ok(Shot { screen, picture: Picture::of(&buffer, look.canvas), unsettled: !settled })
}

/// All colours, whatever this terminal has: the picture is looked at elsewhere.
fn look(context: &Context, request: &ShotRequest) -> Result<Look, Report> {
    let wanted = request.theme.as_deref().or(context.settings.theme.as_deref());
    let name = theme::automatic(Depth::True, wanted, None);
    Ok(of_context(context, &name)?.look(Depth::True, request.ascii))
}

/// Lets the screen come up and takes in what it asks for; `false` where patience ran out.
async fn settle(model: &mut Model, (screen, of): (Screen, Option<Compare>), context: &Arc<Context>) -> bool {
    let (mut performer, mut results) = Performer::new(Arc::clone(context));
    let patience = Instant::now() + PATIENCE;
    let mut known = Told::default();
    let mut effects = begin(model, screen);
    effects.extend(match (screen, of) {
        (Screen::Verify, Some(Compare::Image(image))) => verify(model, image),
        (_, Some(asked)) => look_into(model, asked),
        (_, None) => Vec::new(),
    });
    loop {
        effects.drain(..).for_each(|effect| performer.perform(effect));
        let under_way = performer.under_way(known);
        let until = match under_way {
            // Whoever is over has sent its answer before.
            UnderWay::Nothing => Instant::now(),
            UnderWay::Endless => Instant::now() + QUIET,
            UnderWay::Answers => patience,
        };
        tokio::select! {
            biased;
            msg = next(&mut results) => {
                known.shelf |= matches!(msg, Msg::Bakes(bakes::Msg::News(_)));
                known.recipes |= matches!(msg, Msg::Recipes(recipes::Msg::Listed(_)));
                effects = update(model, msg);
            }
            () = performer.one_over() => {}
            () = sleep_until(until.min(patience)) => return under_way != UnderWay::Answers,
        }
    }
}

async fn next(results: &mut mpsc::Receiver<Msg>) -> Msg {
    match results.recv().await {
        Some(msg) => msg,
        // The performer holds a sender: this end stays open.
        None => std::future::pending().await,
    }
}

/// Puts a bake on the Bake screen, as it stood after event `last`, and the clock to that moment.
async fn show_journal(model: &mut Model, context: &Context, (from, last): (&str, Option<u64>)) -> Result<(), Report> {
    let mut viewing = Shelf::from_environment().open_recorded(from)?;
    let mut records = Vec::new();
    while let Some(record) = viewing.next().await? {
        let Some(told) = told(&viewing, record)? else { continue };
        if last.is_some_and(|last| told.event.seq > last) {
            break;
        }
        records.push(told);
    }
    let Some(newest) = records.last() else {
        return Err(Report::message(Kind::Failed, format!("{from} holds no event of a bake")));
    };
    if let Ok(at) = OffsetDateTime::parse(&newest.event.at, &Rfc3339) {
        model.now = at;
    }
    let over = matches!(newest.event.kind, EventKind::BakeFinished { .. });
    // A journal that stops before the bake's end was left by a worker that is gone; one stopped at an event goes on.
    let lost = !over && last.is_none();
    let bake = records.iter().find_map(|told| match &told.event.kind {
        EventKind::BakeStarted(started) => Some(started.bake.clone()),
        _ => None,
    });
    let bake = bake.unwrap_or_else(|| viewing.bake().to_owned());
    let around = model.around();
    model.screen = Screen::Bake;
    // The journal is here already: what would read it, or look at stores again, has nothing to do.
    drop(model.bake.watch(bake.clone(), false, &around));
    let wanted = update(model, Msg::Bake(bake::Msg::Records { bake: bake.clone(), records }));
    for effect in wanted {
        let Effect::Bake(bake::Effect::Changes { bake, step, stack }) = effect else { continue };
        // A journal from elsewhere has its layers elsewhere: then what was seen is shown.
        if let Ok(read) = context.layer_changes(&bake, *stack).await {
            drop(update(model, Msg::Bake(bake::Msg::Changes { bake, step, read: Ok(Box::new(read)) })));
        }
    }
    if over || lost {
        drop(update(model, Msg::Bake(bake::Msg::Ended { bake, lost })));
    }
    Ok(())
}
