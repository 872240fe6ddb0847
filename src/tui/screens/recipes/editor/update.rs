//! What happens in the editor. Pure.

use unicode_width::UnicodeWidthChar;

use super::model::{State, Then, outer};
use super::{Answer, Effect, Model, Msg, Text};
use crate::domain::text::is_hazardous;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Code, Key, Motion};
use crate::tui::screens::{Around, Wish, recipes};
use crate::tui::widgets::{Choice, Confirm, Toast};

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
            Msg::Judged { file, version, problems } if file == self.file && version == self.version => {
                self.problems = problems;
                Vec::new()
            }
            Msg::Saved { file, text, failure } if file == self.file => match failure {
                None => self.saved(text),
                Some(report) => {
                    self.then = Then::Stay;
                    self.conflict(&report)
                }
            },
            Msg::Answer(Answer::SaveAndClose) => self.save(Then::Close),
            Msg::Answer(Answer::Discard) => {
                self.over = true;
                Vec::new()
            }
            Msg::Answer(Answer::ReadAgain) => vec![wish(Effect::Read(self.file.clone()))],
            // Of another recipe, or of a text that is no more.
            Msg::Text { .. } | Msg::Judged { .. } | Msg::Saved { .. } => Vec::new(),
        }
    }

    fn opened(
        &mut self,
        read: Result<(String, Vec<crate::domain::recipe::Problem>), crate::report::Report>,
        around: &Around,
    ) -> Vec<Wish> {
        match read {
            Ok((content, problems)) => {
                let mut text = Text::new(&content);
                if let Some(first) = problems.first() {
                    let at = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(0);
                    text.go(at(first.line), at(first.column));
                }
                (self.state, self.saved, self.problems) = (State::Open(Box::new(text)), content, problems);
                self.modified = false;
                self.version += 1;
                self.follow(around);
            }
            Err(report) => self.state = State::Refused(report),
        }
        Vec::new()
    }

    /// The text is another: it is judged anew.
    fn changed(&mut self) -> Vec<Wish> {
        let Some(text) = self.text().map(Text::content) else { return Vec::new() };
        self.modified = text != self.saved;
        self.version += 1;
        vec![wish(Effect::Judge { file: self.file.clone(), text, version: self.version })]
    }

    fn save(&mut self, then: Then) -> Vec<Wish> {
        let Some(text) = self.text().map(Text::content) else { return Vec::new() };
        if !self.modified {
            self.then = then;
            return self.saved(text);
        }
        self.then = then;
        vec![wish(Effect::Save { file: self.file.clone(), before: self.saved.clone(), text })]
    }

    fn saved(&mut self, text: String) -> Vec<Wish> {
        let now = self.text().map(Text::content);
        self.modified = now.is_some_and(|now| now != text);
        self.saved = text;
        let (errors, _) = self.counts();
        match std::mem::take(&mut self.then) {
            Then::Bake if errors == 0 => {
                self.over = true;
                vec![Wish::Bake(self.file.clone())]
            }
            Then::Bake => {
                let first =
                    self.problems.first().map(|p| format!("line {}: {}", p.line, p.message)).unwrap_or_default();
                vec![Wish::Tell(Toast::warning(format!("saved, not baked; {first}")))]
            }
            Then::Close => {
                self.over = true;
                Vec::new()
            }
            Then::Stay => {
                vec![Wish::Tell(Toast::done(format!("saved {}", self.shown)).next("Esc goes back, Alt-b bakes it"))]
            }
        }
    }

    fn close(&mut self) -> Vec<Wish> {
        if !self.modified {
            self.over = true;
            return Vec::new();
        }
        self.before_leaving().map(Wish::Ask).into_iter().collect()
    }

    /// The question before changes would be lost.
    pub fn before_leaving(&self) -> Option<Confirm> {
        let answer = |label: &str, answer: Option<Answer>| Choice {
            label: label.to_owned(),
            then: answer.map(|answer| Wish::Do(outer_answer(answer))).into_iter().collect(),
        };
        self.modified.then(|| Confirm {
            title: "unsaved changes".to_owned(),
            text: format!("{} has changes that are not saved.", self.shown),
            choices: vec![
                answer("save", Some(Answer::SaveAndClose)),
                answer("keep editing", None),
                answer("discard them", Some(Answer::Discard)),
            ],
            focused: 0,
        })
    }

    fn conflict(&self, report: &crate::report::Report) -> Vec<Wish> {
        let then = vec![Wish::Do(outer_answer(Answer::ReadAgain))];
        let text =
            format!("{}. What you typed is still here: copy what you need before you read it again.", report.message);
        vec![Wish::Ask(Confirm {
            title: "not saved".to_owned(),
            text,
            choices: vec![
                Choice { label: "keep editing".to_owned(), then: Vec::new() },
                Choice { label: "drop mine, read theirs".to_owned(), then },
            ],
            focused: 0,
        })]
    }

    fn edit_outside(&self) -> Vec<Wish> {
        if self.modified {
            return vec![Wish::Tell(Toast::warning("save first: Ctrl-o"))];
        }
        vec![Wish::Do(Outer::EditOutside(self.file.clone()))]
    }

    /// Keeps the cursor in sight.
    pub(super) fn follow(&mut self, around: &Around) {
        let area = self.text_area(around.body);
        let Some(text) = self.text() else { return };
        let (row, column) = text.cursor();
        let x: usize = text.lines().get(row).map_or(0, |line| line.chars().take(column).map(width_of).sum());
        let (height, width) = (usize::from(area.height).max(1), usize::from(area.width).max(8));
        let (mut top, mut left) = self.offset;
        if row < top {
            top = row;
        } else if row >= top + height {
            top = row + 1 - height;
        }
        if x < left {
            left = x.saturating_sub(4);
        } else if x + 1 >= left + width {
            left = x + 6 - width.min(x + 6);
        }
        self.offset = (top, left);
    }
}

/// Columns a character takes; what cannot be shown as it is takes one.
pub(super) fn width_of(c: char) -> usize {
    match c {
        '\t' => 2,
        c if is_hazardous(c) => 1,
        c => UnicodeWidthChar::width(c).unwrap_or(1),
    }
}

fn outer_answer(answer: Answer) -> Outer {
    Outer::Recipes(recipes::Effect::Editor(Effect::Answer(answer)))
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
        Code::Tab => {
            text.paste("  ");
            return true;
        }
        Code::Backspace => return text.backspace(),
        Code::Delete => return text.delete(),
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
