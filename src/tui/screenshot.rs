//! A screen without a terminal: the same model, effects and views, drawn once everything asked for is there.

use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::timeout;

use super::model::Model;
use super::msg::Msg;
use super::perform::{Performer, bake::told};
use super::run::surroundings;
use super::screens::{Screen, bake};
use super::theme::Look;
use super::update::{begin, update};
use super::view::draw;
use crate::flows::watch::Shelf;
use crate::flows::{Context, terminal};
use crate::report::{Kind, Report};

/// What to draw.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which screen.
    pub screen: Screen,
    /// Columns and rows.
    pub size: Size,
    /// A recorded journal for the Bake screen, and up to which event.
    pub journal: Option<(String, Option<u64>)>,
}

/// How long what was asked for is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing has to come before everything is taken to be there.
const QUIET: Duration = Duration::from_millis(150);

/// Draws one screen of a workspace.
pub async fn screenshot(context: Context, wanted: &Wanted, look: &Look) -> Result<Buffer, Report> {
    let mut model = Model::new(surroundings(&context), wanted.size, terminal::now());
    let (mut performer, mut results) = Performer::new(Arc::new(context));
    let effects = match &wanted.journal {
        // A recorded bake needs nothing else.
        Some((journal, until)) => {
            replayed(&mut model, journal, *until).await?;
            Vec::new()
        }
        None => begin(&mut model, wanted.screen),
    };
    effects.into_iter().for_each(|effect| performer.perform(effect));
    let settle = async {
        loop {
            match timeout(QUIET, results.recv()).await {
                Ok(Some(msg)) => update(&mut model, msg).into_iter().for_each(|effect| performer.perform(effect)),
                Ok(None) => break,
                Err(_) if performer.is_settled() => break,
                Err(_) => {}
            }
        }
    };
    // What is not there by then shows as what it is: on its way.
    let _ = timeout(PATIENCE, settle).await;
    model.screen = wanted.screen;
    let mut buffer = Buffer::empty(Rect::new(0, 0, wanted.size.width, wanted.size.height));
    draw(&model, look, &mut buffer);
    Ok(buffer)
}

/// Folds a recorded journal into the Bake screen; the time is that of its last event.
async fn replayed(model: &mut Model, journal: &str, until: Option<u64>) -> Result<(), Report> {
    let mut viewing = Shelf::from_environment().open_recorded(journal)?;
    let mut records = Vec::new();
    while let Some(record) = viewing.next().await? {
        records.extend(told(&viewing, record)?);
        if until.is_some_and(|until| records.last().is_some_and(|told| told.event.seq >= until)) {
            break;
        }
    }
    let Some(last) = records.last() else {
        return Err(Report::message(Kind::Failed, format!("{journal} holds no event")));
    };
    model.now = OffsetDateTime::parse(&last.event.at, &Rfc3339).unwrap_or(model.now);
    model.screen = Screen::Bake;
    let (bake, around) = (viewing.bake().to_owned(), model.around());
    model.bake.watch(bake.clone(), false, &around);
    update(model, Msg::Bake(bake::Msg::Records { bake: bake.clone(), records }));
    if until.is_none() {
        let lost = model.bake.view.outcome.is_none();
        update(model, Msg::Bake(bake::Msg::Ended { bake, lost }));
    }
    Ok(())
}
