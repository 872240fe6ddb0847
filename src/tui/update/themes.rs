//! The choice of a theme: each is tried on while one moves over it. Pure.

use crate::tui::msg::ThemeChoice;
use crate::tui::screens::Wish;
use crate::tui::widgets::{Item, Live, Picker, Toast};

/// All themes; the one that is kept is selected. Moving tries each on.
pub(super) fn theme_picker(kept: &str, choices: Vec<ThemeChoice>) -> Picker {
    let wear = |name: &str, keep| vec![Wish::Theme { name: name.to_owned(), keep }];
    let at = choices.iter().position(|choice| choice.name == kept).unwrap_or(0);
    let moved = choices.iter().map(|choice| match choice.about {
        Ok(_) => wear(&choice.name, false),
        Err(_) => wear(kept, false),
    });
    let live = Live { moved: moved.collect(), left: wear(kept, false) };
    let items = choices.into_iter().map(|ThemeChoice { name, about }| match about {
        Ok(note) => Item { then: wear(&name, true), note, label: name },
        Err(why) => {
            let told = Wish::Tell(Toast::warning(why.clone()).next("mend it, or choose another"));
            Item { then: vec![Wish::Theme { name: kept.to_owned(), keep: false }, told], note: why, label: name }
        }
    });
    let mut picker = Picker::new("theme", items.collect());
    picker.live = Some(live);
    picker.select(at);
    picker
}
