//! What the editor asks before a text would be lost, and the answers. Decides nothing by itself.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::model::outer;
use super::{Answer, Effect, Model, Text};
use crate::flows::drafts::Draft;
use crate::tui::format;
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
        let discard = vec![Wish::Do(outer(Effect::DropDraft(self.file.clone()))), Wish::Leave];
        self.is_modified().then(|| self.unsaved(answer(Answer::SaveAndLeave), discard))
    }

    /// The question before the editor is left with changes that are not saved.
    pub(super) fn before_closing(&self) -> Option<Confirm> {
        self.is_modified().then(|| self.unsaved(answer(Answer::SaveAndClose), answer(Answer::Discard)))
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

    /// The question after something else was found in the file than was read from it; nothing, where it is gone.
    pub(super) fn conflict(&self, theirs: Option<&[u8]>, show: bool) -> Confirm {
        let overwrite = answer(Answer::Overwrite);
        let (title, text, others) = if theirs.is_none() {
            let others = vec![choice("write it anew", overwrite), choice("discard", answer(Answer::Discard))];
            ("is gone from disk", "Nothing was written. What you typed is still here.", others)
        } else {
            let mut others = vec![choice("overwrite", overwrite), choice("load theirs", answer(Answer::ReadAgain))];
            if !show {
                others.push(choice("diff", answer(Answer::ShowTheirs)));
            }
            ("changed on disk", "Somebody else wrote it since it was read here. Nothing was overwritten.", others)
        };
        let mine = self.text().map(Text::content).unwrap_or_default();
        let code = match theirs.map(std::str::from_utf8) {
            Some(Ok(theirs)) if show => difference(theirs, &mine),
            Some(Err(_)) if show => vec!["theirs is not UTF-8".to_owned()],
            _ => Vec::new(),
        };
        let text = if show { "Lines with - are theirs, lines with + are yours.".to_owned() } else { text.to_owned() };
        let mut choices = vec![choice("keep editing", Vec::new())];
        choices.extend(others);
        Confirm { title: format!("{} {title}", self.shown), text, code, choices, focused: 0 }
    }

    /// The question what becomes of a text that was typed before a crash.
    pub(super) fn offer(&self, draft: &Draft, show: bool) -> Confirm {
        let now = self.text().map(Text::content).unwrap_or_default();
        let since = if now == draft.before || self.text().is_none() {
            ""
        } else {
            " The file was changed since by somebody else."
        };
        let at = draft.at.get(..16).map_or(draft.at.clone(), |at| at.replace('T', " "));
        let mut choices = vec![
            choice("use what was typed", answer(Answer::UseDraft)),
            choice("use the file", answer(Answer::DropDraft)),
        ];
        if !show {
            choices.push(choice("diff", answer(Answer::ShowDraft)));
        }
        let text = if show {
            "Lines with - are the file's, lines with + are what was typed.".to_owned()
        } else {
            format!("It was typed here and never saved: the editor ended before ({at} UTC).{since}")
        };
        Confirm {
            title: format!("{} has text that was not saved", self.shown),
            text,
            code: if show { difference(&now, &draft.text) } else { Vec::new() },
            choices,
            focused: 0,
        }
    }
}

/// Lines of a difference shown at most, lines compared at most, columns of each.
const SHOWN: usize = 60;
const COMPARED: usize = 20_000;
const WIDE: usize = 96;

/// What makes `new` of `old`, line by line.
fn difference(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (before, after) = (&old[same..old.len() - tail], &new[same..new.len() - tail]);
    if before.len() + after.len() > COMPARED {
        return vec![format!("{} lines became {}", before.len(), after.len())];
    }
    let mut lines = Vec::new();
    let shown = |sign: char, number: usize, text: &str| {
        format::fit(&format!("{number:>4} {sign} {}", crate::domain::text::escape(text)), WIDE, "…")
    };
    for op in capture_diff_slices(Algorithm::Myers, before, after) {
        let (from, to) = (op.old_range(), op.new_range());
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        lines.extend(from.map(|at| shown('-', same + at + 1, before[at])));
        lines.extend(to.map(|at| shown('+', same + at + 1, after[at])));
        if lines.len() > SHOWN {
            break;
        }
    }
    if lines.is_empty() {
        lines.push("they are the same".to_owned());
    }
    lines
}
