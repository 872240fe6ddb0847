//! A recorded bake as a recording: the Bake screen as a viewer saw it, in the bake's own time.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::super::msg::Msg;
use super::super::perform::UnderWay;
use super::super::screens::{Screen, bake};
use super::super::screenshot::{Recorded, recorded};
use super::super::stage::{Scenery, Stage};
use super::{Cast, FRAME, IDLE};
use crate::domain::projection::millis_of;
use crate::flows::{Context, pictures};
use crate::report::{Kind, Report};

/// What a recording is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct CastRequest {
    /// How large, and how it looks.
    pub scenery: Scenery,
    /// How many times as fast.
    pub speed: f64,
}

/// How long the exact changes of a layer are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records the bake `from`, a journal or an ID.
pub async fn record_bake(context: &Arc<Context>, from: &str, request: &CastRequest) -> Result<String, Report> {
    let Recorded { bake, records, lost } = recorded(from, None).await?;
    let mut stage = Stage::new(context, &request.scenery, pictures::time()?)?;
    let at = |told: &bake::Told| millis_of(&told.event.at).unwrap_or(0);
    let began = records.first().map_or(0, at);
    let around = stage.model.around();
    stage.model.screen = Screen::Bake;
    drop(stage.model.bake.watch(bake.clone(), false, &around));
    let mut roll = Roll { clock: began, at: 0, last: None, speed: request.speed, cast: None };
    for told in records {
        roll.wait_until(at(&told), &mut stage)?;
        stage.take(Msg::Bake(bake::Msg::Records { bake: bake.clone(), records: vec![told] }));
        let patience = Instant::now() + PATIENCE;
        while stage.under_way() == UnderWay::Answers && stage.next(patience).await {}
        if roll.cast.is_none() {
            let title = format!("bakery bake {}", stage.model.bake.view.reference());
            roll.cast = Some(Cast::new(request.scenery.size, &title, began / 1000, stage.look.canvas));
        }
    }
    stage.take(Msg::Bake(bake::Msg::Ended { bake, lost }));
    roll.finish(&mut stage)
}

/// Turns the bake's time into the recording's.
struct Roll {
    /// The bake's time, in milliseconds since 1970.
    clock: i64,
    /// The recording's time.
    at: u64,
    /// When the last frame was drawn.
    last: Option<u64>,
    speed: f64,
    cast: Option<Cast>,
}

impl Roll {
    /// Lets time go by until `next`, in which clocks tick and what happened shows.
    fn wait_until(&mut self, next: i64, stage: &mut Stage) -> Result<(), Report> {
        let gap = Duration::from_millis(u64::try_from(next - self.clock).unwrap_or(0)).div_f64(self.speed);
        let gap = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX).min(IDLE);
        let until = self.at + gap;
        // What happened last shows as soon as a frame may be drawn, if that is before something else happens.
        let mut tick = self.last.map_or(self.at, |last| self.at.max(last + FRAME));
        while tick < until {
            let passed = Duration::from_millis(tick - self.at).mul_f64(self.speed);
            let now = self.clock + i64::try_from(passed.as_millis()).unwrap_or(0);
            self.draw(tick, now.min(next), stage)?;
            tick += 250;
        }
        (self.at, self.clock) = (until, self.clock.max(next));
        Ok(())
    }

    fn draw(&mut self, at: u64, now: i64, stage: &mut Stage) -> Result<(), Report> {
        if let Ok(now) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(now) * 1_000_000) {
            stage.model.now = now;
        }
        let Some(cast) = &mut self.cast else { return Ok(()) };
        let (buffer, cursor) = stage.frame();
        self.last = Some(at);
        cast.frame(at, buffer, cursor).map_err(|error| Report::new(Kind::Failed, &error))
    }

    fn finish(mut self, stage: &mut Stage) -> Result<String, Report> {
        let at = self.last.map_or(self.at, |last| self.at.max(last + FRAME));
        self.draw(at, self.clock, stage)?;
        let nothing = || Report::message(Kind::Failed, "no event of a bake is recorded there");
        self.cast.map(|cast| cast.finish(at)).ok_or_else(nothing)
    }
}
