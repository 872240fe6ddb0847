//! The tour as a recording: the real screens on a stage. Waiting for people to read costs the recording time, not whoever
//! makes it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::msg::Msg;
use super::super::perform::UnderWay;
use super::super::screens::Screen;
use super::super::stage::Stage;
use super::super::tour::Tour;
use super::super::update::begin;
use super::{Cast, CastRequest, FRAME};
use crate::flows::{Context, pictures};
use crate::report::{Kind, Report};

/// How long something that happens is waited for before time is let go by.
const MOMENT: Duration = Duration::from_millis(15);
/// A tour that takes longer than this has lost its way.
const LONGEST: u64 = 1_800_000;

/// Records the tour of the workspace from its beginning to its end.
pub async fn record_tour(context: &Arc<Context>, request: &CastRequest) -> Result<String, Report> {
    let began = pictures::time()?;
    let mut stage = Stage::new(context, &request.scenery, began)?;
    stage.model.tour = Some(Tour::new(request.speed));
    let title = format!("bakery: a tour of {}", stage.model.here.workspace);
    let mut cast = Cast::new(request.scenery.size, &title, began.unix_timestamp(), stage.look.canvas);
    let effects = begin(&mut stage.model, Screen::Store);
    stage.perform(effects);
    let failed = |error: std::io::Error| Report::new(Kind::Failed, &error);
    let (mut at, mut stop) = (0, None);
    while at < LONGEST {
        stage.take(Msg::Clock(began + Duration::from_millis(at)));
        let Some(tour) = &stage.model.tour else { break };
        let here = tour.stop().map(|(number, stop)| (number, stop.title));
        if let Some((number, title)) = here.filter(|_| here != stop) {
            cast.event(at, "m", &format!("{number} {title}"));
        }
        stop = here;
        let (buffer, cursor) = stage.frame();
        cast.frame(at, buffer, cursor).map_err(failed)?;
        // What is under way takes its own time; where nothing is, time goes by at once.
        let (from, moment) = (Instant::now(), Instant::now() + Duration::from_millis(FRAME));
        while stage.under_way() == UnderWay::Answers && Instant::now() < moment && stage.next(moment).await {}
        while from.elapsed() < Duration::from_millis(FRAME) && stage.next(Instant::now() + MOMENT).await {}
        at += FRAME.max(u64::try_from(from.elapsed().as_millis()).unwrap_or(FRAME));
    }
    let (buffer, cursor) = stage.frame();
    cast.frame(at, buffer, cursor).map_err(failed)?;
    Ok(cast.finish(at))
}
