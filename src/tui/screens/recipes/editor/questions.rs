//! What the editor asks before a text would be lost, and the answers. Decides nothing by itself.

use super::model::outer;
use super::{Answer, Effect, Model};
use crate::tui::screens::Wish;
use crate::tui::widgets::{Choice, Confirm};

fn choice(label: &str, then: Vec<Wish>) -> Choice {
    Choice { label: label.to_owned(), then }
}

fn answer(answer: Answer) -> Vec<Wish> {
    vec![Wish::Do(outer(Effect::Answer(answer)))]
}

impl Model {
    /// The question before bakery is left with changes that are not saved.
    pub fn before_leaving(&self) -> Option<Confirm> {
        self.modified.then(|| self.unsaved(answer(Answer::SaveAndLeave), vec![Wish::Leave]))
    }

    /// The question before the editor is left with changes that are not saved.
    pub(super) fn before_closing(&self) -> Option<Confirm> {
        self.modified.then(|| self.unsaved(answer(Answer::SaveAndClose), answer(Answer::Discard)))
    }

    fn unsaved(&self, save: Vec<Wish>, discard: Vec<Wish>) -> Confirm {
        Confirm {
            title: format!("save {}?", self.shown),
            text: "It has changes that are not in its file yet.".to_owned(),
            code: Vec::new(),
            choices: vec![choice("save", save), choice("keep editing", Vec::new()), choice("discard", discard)],
            focused: 0,
        }
    }

    /// The question after something else was found in the file than was read from it.
    pub(super) fn conflict(&self, is_gone: bool) -> Confirm {
        let overwrite = answer(Answer::Overwrite);
        let (title, text, others) = if is_gone {
            let others = vec![choice("write it anew", overwrite), choice("discard", answer(Answer::Discard))];
            ("is gone from disk", "Nothing was written. What you typed is still here.", others)
        } else {
            let others = vec![choice("overwrite", overwrite), choice("load theirs", answer(Answer::ReadAgain))];
            ("changed on disk", "Somebody else wrote it since it was read here. Nothing was overwritten.", others)
        };
        let mut choices = vec![choice("keep editing", Vec::new())];
        choices.extend(others);
        Confirm {
            title: format!("{} {title}", self.shown),
            text: text.to_owned(),
            code: Vec::new(),
            choices,
            focused: 0,
        }
    }
}
