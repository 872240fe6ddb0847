//! Screens as pictures: a stage set as asked, keys pressed on it, and what it shows then.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use super::effect::Effect;
use super::keymap::Key;
use super::msg::Msg;
use super::perform::told;
use super::picture::Picture;
use super::screens::{Compare, Screen, bake, bakes};
use super::stage::{Scenery, Stage};
use super::update::{begin, look_into, update, verify};
use crate::domain::journal::EventKind;
use crate::domain::projection::{Liveness, ShelfRow};
use crate::flows::Context;
use crate::flows::follow::ShelfNews;
use crate::flows::pictures::Moment;
use crate::flows::watch::Shelf;
use crate::report::{Kind, Report};

/// What pictures are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct ShotRequest {
    /// How large, and how it looks.
    pub scenery: Scenery,
    /// The recorded bake that is shown, a journal or an ID, and the moment it is shown at.
    pub from: Option<(String, Option<Moment>)>,
    /// What the Diff screen looks into; one image, what the Verify screen verifies.
    pub of: Option<Compare>,
    /// What time it is, but for a recorded bake.
    pub now: OffsetDateTime,
    /// What is pressed before the picture is made.
    pub keys: Vec<Key>,
}

/// One screen's picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// Which screen.
    pub screen: Screen,
    /// Its picture.
    pub picture: Picture,
    /// The same as plain text, one line a row.
    pub text: Vec<String>,
    /// Something had not answered yet when the picture was made.
    pub unsettled: bool,
}

/// How long answers are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the picture of a screen.
pub async fn shoot(context: &Arc<Context>, screen: Screen, request: &ShotRequest) -> Result<Shot, Report> {
    let mut stage = Stage::new(context, &request.scenery, request.now)?;
    let patience = Instant::now() + PATIENCE;
    let mut settled = true;
    match &request.from {
        Some((from, until)) => show_recorded(&mut stage, context, screen, (from, *until)).await?,
        None => {
            let mut effects = begin(&mut stage.model, screen);
            effects.extend(match (screen, request.of.clone()) {
                (Screen::Verify, Some(Compare::Image(image))) => verify(&mut stage.model, image),
                (Screen::Diff, Some(asked)) => look_into(&mut stage.model, asked),
                _ => Vec::new(),
            });
            stage.perform(effects);
            settled = stage.settle(patience).await;
        }
    }
    if !request.keys.is_empty() {
        for key in &request.keys {
            stage.press(*key, patience).await;
        }
        settled = stage.settle(patience).await;
    }
    let (buffer, _) = stage.frame();
    let picture = Picture::of(&buffer, stage.look.canvas);
    Ok(Shot { screen, picture, text: super::picture::lines(&buffer), unsettled: !settled })
}

/// Puts a recorded bake on a screen: on Bake all of it, on Verify its checks, on Diff the files it changes, on Bakes its
/// row. No journal holds more.
async fn show_recorded(
    stage: &mut Stage,
    context: &Context,
    screen: Screen,
    (from, until): (&str, Option<Moment>),
) -> Result<(), Report> {
    show_journal(stage, context, (from, until)).await?;
    let around = stage.model.around();
    match screen {
        Screen::Bakes => {
            let going = stage.model.bake.is_running();
            let row = ShelfRow::of(&stage.model.bake.view, if going { Liveness::Alive } else { Liveness::Gone });
            let news = bakes::Msg::News(ShelfNews::All(row.into_iter().collect()));
            stage.model.screen = Screen::Bakes;
            drop(update(&mut stage.model, Msg::Bakes(news)));
        }
        Screen::Verify => stage.model.bake.open_checks(&around),
        Screen::Diff => drop(stage.model.bake.open_changes()),
        Screen::Bake => {}
        Screen::Store | Screen::Recipes | Screen::Lineage => {
            return Err(Report::message(Kind::Usage, "a journal holds neither stores nor the texts of recipes")
                .help("--from is for the screens bake, verify, diff and bakes"));
        }
    }
    Ok(())
}

/// A bake read from its journal.
pub(super) struct Recorded {
    /// Its ID.
    pub(super) bake: String,
    /// What happened; at least one event.
    pub(super) records: Vec<bake::Told>,
    /// It has no end, and nobody is at it any more.
    pub(super) lost: bool,
}

/// Reads a journal up to a moment, else to its end.
pub(super) async fn recorded(from: &str, until: Option<Moment>) -> Result<Recorded, Report> {
    let mut viewing = Shelf::from_environment().open_recorded(from)?;
    let mut records: Vec<bake::Told> = Vec::new();
    while let Some(record) = viewing.next().await? {
        let Some(told) = told(&viewing, record)? else { continue };
        let begun = records.first().map_or(&told.event, |first| &first.event);
        if until.is_some_and(|until| until.is_before(&told.event, begun)) {
            break;
        }
        records.push(told);
    }
    let Some(newest) = records.last() else {
        return Err(Report::message(Kind::Failed, format!("{from} holds no event of a bake")));
    };
    // A journal that stops before the bake's end was left by a worker that is gone; one stopped at a moment goes on.
    let lost = !matches!(newest.event.kind, EventKind::BakeFinished { .. }) && until.is_none();
    let bake = records.iter().find_map(|told| match &told.event.kind {
        EventKind::BakeStarted(started) => Some(started.bake.clone()),
        _ => None,
    });
    Ok(Recorded { bake: bake.unwrap_or_else(|| viewing.bake().to_owned()), records, lost })
}

/// Puts a bake on the Bake screen as it stood at a moment, and the clock to that moment.
async fn show_journal(
    stage: &mut Stage,
    context: &Context,
    (from, until): (&str, Option<Moment>),
) -> Result<(), Report> {
    let Recorded { bake, records, lost } = recorded(from, until).await?;
    let model = &mut stage.model;
    if let Some(at) = records.last().and_then(|newest| OffsetDateTime::parse(&newest.event.at, &Rfc3339).ok()) {
        model.now = at;
    }
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
    if lost || stage.model.bake.view.outcome.is_some() {
        drop(update(&mut stage.model, Msg::Bake(bake::Msg::Ended { bake, lost })));
    }
    Ok(())
}
