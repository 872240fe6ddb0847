//! What happens in the editor. Pure.

use super::model::{State, Then, outer};
use super::{Answer, Effect, Model, Msg, Text};
use crate::domain::recipe::{Problem, Severity};
use crate::domain::units;
use crate::flows::edit::Saved;
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Code, Key, Motion};
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::Toast;

/// A wish for one of the editor's effects.
pub(super) fn wish(effect: Effect) -> Wish {
    Wish::Do(outer(effect))
}

impl Model {
    /// A key's action.
    pub fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        let page = usize::from(self.text_area(around.body).height);
        let State::Open(text) = &mut self.state else {
            self.over = matches!(action, Action::Back | Action::Cancel);
            return Vec::new();
        };
        let changed = match action {
            Action::Move(motion) => {
                text.step(motion, page);
                false
            }
            Action::Indent => {
                text.paste("  ");
                true
            }
            Action::Undo => text.undo(),
            Action::Redo => text.redo(),
            Action::Save => return self.save(Then::Stay),
            Action::Bake => return self.save(Then::Bake),
            Action::Back => return self.close(),
            Action::EditOutside => return self.edit_outside(),
            _ => return Vec::new(),
        };
        self.follow(around);
        if changed { self.changed() } else { Vec::new() }
    }

    /// A key while text is typed.
    pub fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        let page = usize::from(self.text_area(around.body).height);
        let State::Open(text) = &mut self.state else { return Vec::new() };
        let changed = typed(text, key, page);
        self.follow(around);
        if changed { self.changed() } else { Vec::new() }
    }

    /// Text pasted.
    pub fn pasted(&mut self, pasted: &str, around: &Around) -> Vec<Wish> {
        let State::Open(text) = &mut self.state else { return Vec::new() };
        text.paste(pasted);
        self.follow(around);
        self.changed()
    }

    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) -> Vec<Wish> {
        match msg {
            Msg::Text { file, read } if file == self.file => self.opened(read, around),
            Msg::Judged { file, version, problems } if file == self.file && version == self.version => match problems {
                Ok(problems) => {
                    self.problems = problems;
                    Vec::new()
                }
                Err(report) => vec![Wish::Tell(Toast::failure(&report))],
            },
            Msg::Saved { file, text, outcome } if file == self.file => self.was_saved(text, outcome),
            Msg::Answer(answer) => self.answered(answer),
            // Of another recipe, or of a text that is no more.
            Msg::Text { .. } | Msg::Judged { .. } | Msg::Saved { .. } => Vec::new(),
        }
    }

    fn answered(&mut self, answer: Answer) -> Vec<Wish> {
        match answer {
            Answer::SaveAndClose => self.save(Then::Close),
            Answer::SaveAndLeave => self.save(Then::Leave),
            Answer::Overwrite => match self.theirs.take() {
                Some((theirs, then)) => self.save_over(theirs, then),
                None => Vec::new(),
            },
            Answer::Discard => {
                self.over = true;
                Vec::new()
            }
            Answer::ReadAgain => vec![wish(Effect::Read(self.file.clone()))],
        }
    }

    fn opened(&mut self, read: Result<(String, Vec<Problem>), Report>, around: &Around) -> Vec<Wish> {
        match read {
            Ok((content, problems)) => {
                let mut text = Text::new(&content);
                let error = problems.iter().find(|problem| problem.severity == Severity::Error);
                if let Some(first) = error.or_else(|| problems.first()) {
                    let at = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(0);
                    text.go(at(first.line), at(first.column));
                }
                (self.state, self.saved, self.problems) = (State::Open(Box::new(text)), content, problems);
                self.modified = false;
                self.version += 1;
                self.follow(around);
                Vec::new()
            }
            // What was typed is not given up for a text that cannot be had.
            Err(report) if self.text().is_some() => vec![Wish::Tell(Toast::failure(&report))],
            Err(report) => {
                self.state = State::Refused(report);
                Vec::new()
            }
        }
    }

    /// The text is another: it is judged anew.
    fn changed(&mut self) -> Vec<Wish> {
        let Some(text) = self.text().map(Text::content) else { return Vec::new() };
        self.modified = text != self.saved;
        self.version += 1;
        vec![wish(Effect::Judge { file: self.file.clone(), text, version: self.version })]
    }

    fn save(&mut self, then: Then) -> Vec<Wish> {
        if !self.modified {
            return self.after_saving(then);
        }
        let expected = Some(self.saved.clone().into_bytes());
        self.save_over(expected, then)
    }

    /// One save at a time: a second one would take the first for somebody else's.
    fn save_over(&mut self, expected: Option<Vec<u8>>, then: Then) -> Vec<Wish> {
        if let Some(following) = &mut self.saving {
            *following = if then == Then::Stay { *following } else { then };
            return Vec::new();
        }
        let Some(text) = self.text().map(Text::content) else { return Vec::new() };
        self.saving = Some(then);
        vec![wish(Effect::Save { file: self.file.clone(), expected, text })]
    }

    fn was_saved(&mut self, text: String, outcome: Result<Saved, Report>) -> Vec<Wish> {
        let then = self.saving.take().unwrap_or(Then::Stay);
        match outcome {
            Ok(Saved::Written) => {
                self.modified = self.text().is_some_and(|now| now.content() != text);
                self.saved = text;
                // What was typed since is not in the file: nothing may follow yet.
                self.after_saving(if self.modified { Then::Stay } else { then })
            }
            Ok(Saved::Changed(theirs)) => {
                let question = self.conflict(theirs.is_none());
                self.theirs = Some((theirs, then));
                vec![Wish::Ask(question)]
            }
            Err(report) => vec![Wish::Tell(Toast::failure(&report))],
        }
    }

    fn after_saving(&mut self, then: Then) -> Vec<Wish> {
        let errors = self.count(Severity::Error);
        let wrong =
            self.first_error().map(|first| format!("{}: line {}", units::count(errors as u64, "error"), first.line));
        let told = format!("saved {}", self.shown);
        let tell = |toast: Toast| vec![Wish::Tell(toast)];
        match (then, wrong) {
            (Then::Bake, Some(wrong)) => tell(Toast::warning(format!("{told}, not baked")).next(wrong)),
            (Then::Bake, None) => {
                self.over = true;
                vec![Wish::Bake(self.file.clone())]
            }
            (Then::Leave, _) => vec![Wish::Leave],
            (Then::Stay, Some(wrong)) => tell(Toast::done(told).next(wrong)),
            (Then::Stay, None) => tell(Toast::done(told).next("Alt-b bakes it")),
            (Then::Close, wrong) => {
                self.over = true;
                tell(Toast::done(told).next(wrong.unwrap_or_else(|| "b bakes it".to_owned())))
            }
        }
    }

    fn close(&mut self) -> Vec<Wish> {
        // A save under way ends first: what it finds may have to be asked about.
        if self.saving.is_none() && !self.modified {
            self.over = true;
            return Vec::new();
        }
        self.before_closing().map(Wish::Ask).into_iter().collect()
    }

    fn edit_outside(&self) -> Vec<Wish> {
        if self.modified {
            return vec![Wish::Tell(Toast::warning("save first: Ctrl-o"))];
        }
        vec![Wish::Do(Outer::EditOutside(self.file.clone()))]
    }

    /// Keeps the cursor in sight.
    pub(super) fn follow(&mut self, around: &Around) {
        self.offset = self.offset_in(around.body);
    }
}

/// A key in the text. Whether the text changed.
fn typed(text: &mut Text, key: Key, page: usize) -> bool {
    if let Some(c) = key.typed() {
        text.insert(c);
        return true;
    }
    let motion = match key.code {
        Code::Enter => {
            text.break_line();
            return true;
        }
        Code::Backspace => return text.backspace(),
        Code::Delete => return text.delete(),
        Code::Left | Code::Right if key.ctrl => {
            text.step_word(key.code == Code::Right);
            return false;
        }
        Code::Up => Motion::Up,
        Code::Down => Motion::Down,
        Code::Left => Motion::Left,
        Code::Right => Motion::Right,
        Code::Home => Motion::Top,
        Code::End => Motion::Bottom,
        Code::PageUp => Motion::PageUp,
        Code::PageDown => Motion::PageDown,
        _ => return false,
    };
    text.step(motion, page);
    false
}
