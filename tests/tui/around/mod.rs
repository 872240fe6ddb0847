//! Getting around: palette, own keys, marks, the way back, what is under way, what was done, questions answered in full, and
//! sessions that only look.

mod filters;
mod marks;
mod over;
mod palette;
mod readonly;
mod settled_keys;
mod trail;

use bakery::flows::follow::ShelfNews;
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, bakes, recipes};
use bakery::tui::update::{begin, update};

use super::golden::model;
use super::store::{begun, found, press, surveyed};

/// A workspace with two stores, recipes of every kind and bakes of every kind.
pub fn house(size: (u16, u16)) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Store);
    begun(&mut model, "global");
    found(&mut model, "global", &[("java", &["21", "17"]), ("nginx", &["1.27"]), ("python", &["3.12", "3.11"])]);
    begun(&mut model, "local");
    found(&mut model, "local", &[("team-a/payments-api", &["1.4.0", "1.3.9"]), ("team-b/reports", &["2.0.1"])]);
    surveyed(&mut model, "global", None);
    surveyed(&mut model, "local", None);
    update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(super::recipes::every()))));
    update(&mut model, Msg::Bakes(bakes::Msg::News(ShelfNews::All(super::bakes::mixed()))));
    model
}

/// Characters typed one after the other.
fn write(model: &mut Model, text: &str) -> Vec<Effect> {
    let key = |c: char| match c {
        ' ' => "space".to_owned(),
        c => c.to_string(),
    };
    text.chars().flat_map(|c| update(model, Msg::Key(key(c).parse().unwrap()))).collect()
}

/// What is shown, without the roles.
fn text(model: &Model) -> String {
    super::golden::grids(model, false).0
}
