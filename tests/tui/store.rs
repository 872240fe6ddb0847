//! The Store screen: what it asks for, and what it shows.

use bakery::flows::browse::Found;
use bakery::tui::effect::Effect;
use bakery::tui::msg::Msg;
use bakery::tui::screens::{Screen, store};
use bakery::tui::update::{begin, update};

use super::golden::{SIZES, check, model};

#[test]
fn asks_for_the_stores_at_the_start_and_shows_names_at_once() {
    for (width, height) in SIZES {
        let mut model = model((width, height));
        let effects = begin(&mut model, Screen::Store);
        assert!(effects.contains(&Effect::Store(store::Effect::Survey)));
        check(&format!("store/beginning-{width}x{height}"), &model);
        let found = |found| Msg::Store(store::Msg::Found { store: "global".into(), found });
        update(&mut model, Msg::Store(store::Msg::Begun("global".into())));
        update(&mut model, found(Found::Repositories(vec!["java".into(), "python".into()])));
        let tags = Found::Tags { repository: "python".into(), tags: vec!["3.11".into(), "3.12".into()] };
        update(&mut model, found(tags));
        check(&format!("store/names-{width}x{height}"), &model);
    }
}
