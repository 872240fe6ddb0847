//! What keys do in the editor. Pure.

use super::model::State;
use super::{Model, Text};
use crate::domain::yaml::MAX_BYTES;
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Code, Key, Motion};
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::Toast;

/// What became of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    /// It is another one.
    Other,
    /// It is the same; the cursor may stand elsewhere.
    Same,
}

impl From<bool> for Became {
    fn from(changed: bool) -> Self {
        if changed { Self::Other } else { Self::Same }
    }
}

impl Model {
    /// A key's action.
    pub fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        if self.text().is_none() {
            self.over = matches!(action, Action::Back | Action::Cancel);
            return Vec::new();
        }
        if let Some(wishes) = self.act_inside(action, around) {
            return wishes;
        }
        match action {
            Action::Save => return self.save(super::disk::Then::Stay),
            Action::Bake => return self.save(super::disk::Then::Bake),
            Action::Back => return self.close(),
            Action::EditOutside => return self.edit_outside(),
            Action::Plan => return self.toggle_plan(around),
            Action::Filter => return self.begin_search(),
            Action::GoToLine => return self.begin_line(),
            Action::NextMatch | Action::PreviousMatch => {
                return self.search_on(action == Action::NextMatch, around);
            }
            Action::Explain => return self.explain(true),
            Action::Copy => return self.copy(),
            _ => {}
        }
        if let Some(question) = self.before_typing(action_edits(action)) {
            return question;
        }
        match action {
            Action::Indent if self.tab_completes() => return self.complete(true),
            Action::Complete => return self.complete(true),
            Action::NextProblem | Action::PreviousProblem => {
                return self.go_to_problem(action == Action::NextProblem, around);
            }
            Action::Paste => {
                let kept = self.disk.clipboard.clone();
                return self.pasted(&kept, around);
            }
            _ => {}
        }
        let page = self.page(around);
        let wishes = if action == Action::Cut { self.copy() } else { Vec::new() };
        let Some(text) = self.text_mut() else { return Vec::new() };
        let Some(became) = edited(text, action, page) else { return Vec::new() };
        self.after(became, None, around).into_iter().chain(wishes).collect()
    }

    /// An action of what lies over the text: the completion, the search, the explanation.
    fn act_inside(&mut self, action: Action, around: &Around) -> Option<Vec<Wish>> {
        if self.prompt.is_typed() {
            return self.act_in_prompt(action, around);
        }
        if self.assistance.popup.is_some() {
            match action {
                Action::Move(motion @ (Motion::Up | Motion::Down | Motion::HalfUp | Motion::HalfDown)) => {
                    self.step_popup(motion);
                    return Some(Vec::new());
                }
                Action::Complete => {
                    self.step_popup(Motion::Down);
                    return Some(Vec::new());
                }
                // Nothing was chosen: Enter is a new line, as in a text without help.
                Action::Open if !self.is_chosen() => {
                    self.assistance.popup = None;
                    let enter = Key::plain(Code::Enter);
                    return Some(self.typed(enter, around));
                }
                Action::Open | Action::Indent => return Some(self.accept(around)),
                Action::Back => {
                    self.assistance.popup = None;
                    return Some(Vec::new());
                }
                _ => self.assistance.popup = None,
            }
        }
        let explained = std::mem::take(&mut self.assistance.is_told);
        if action == Action::Back {
            let dropped = self.text_mut().is_some_and(Text::drop_mark);
            if explained || dropped || self.prompt.drop_it() {
                return Some(Vec::new());
            }
        }
        None
    }

    /// A key while text is typed.
    pub fn typed(&mut self, key: Key, around: &Around) -> Vec<Wish> {
        if self.prompt.is_typed() {
            return self.typed_in_prompt(key, around);
        }
        if let Some(question) = self.before_typing(true) {
            return question;
        }
        let page = self.page(around);
        let State::Open(text) = &mut self.state else { return Vec::new() };
        let became = typed(text, key, page);
        self.assistance.is_told = false;
        self.after(became, Some(key), around)
    }

    /// Text pasted.
    pub fn pasted(&mut self, pasted: &str, around: &Around) -> Vec<Wish> {
        if self.prompt.is_typed() {
            let line: String = pasted.lines().next().unwrap_or("").chars().filter(|c| !c.is_control()).collect();
            return line.chars().flat_map(|c| self.typed_in_prompt(Key::plain(Code::Char(c)), around)).collect();
        }
        if let Some(question) = self.before_typing(true) {
            return question;
        }
        let State::Open(text) = &mut self.state else { return Vec::new() };
        if text.bytes() + pasted.len() > MAX_BYTES {
            let told = "not pasted: the recipe would be larger than a recipe may be (1 MiB)";
            return vec![Wish::Tell(Toast::warning(told).next("keep large content in a file and `copy` it"))];
        }
        text.paste(pasted);
        self.assistance.popup = None;
        self.after(Became::Other, None, around)
    }

    /// After a key: the cursor stays in sight, what is known of the text is asked anew.
    fn after(&mut self, became: Became, key: Option<Key>, around: &Around) -> Vec<Wish> {
        let mut wishes = if became == Became::Other { self.changed() } else { Vec::new() };
        self.follow(around);
        wishes.extend(self.assist_after(became == Became::Other, key));
        wishes
    }

    /// To the beginning of what is wrong next, round the text's end.
    fn go_to_problem(&mut self, forward: bool, around: &Around) -> Vec<Wish> {
        let at = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(0);
        let mut places: Vec<(usize, usize)> =
            self.problems.iter().map(|problem| (at(problem.line), at(problem.column))).collect();
        places.sort_unstable();
        let Some(text) = self.text_mut() else { return Vec::new() };
        let here = text.cursor();
        let next = if forward {
            places.iter().find(|place| **place > here).or_else(|| places.first())
        } else {
            places.iter().rfind(|place| **place < here).or_else(|| places.last())
        };
        let Some(place) = next else { return vec![Wish::Tell(Toast::done("no problems"))] };
        text.drop_mark();
        text.go(place.0, place.1);
        self.after(Became::Same, None, around)
    }

    /// What is selected, else the cursor's line: kept for pasting, and into the terminal's clipboard.
    fn copy(&mut self) -> Vec<Wish> {
        let Some(text) = self.text() else { return Vec::new() };
        let copied = text.selected().unwrap_or_else(|| format!("{}\n", text.line()));
        self.disk.clipboard.clone_from(&copied);
        vec![Wish::Do(Outer::Copy(copied))]
    }

    fn edit_outside(&self) -> Vec<Wish> {
        if self.is_modified() {
            return vec![Wish::Tell(Toast::warning("save first: Ctrl-o"))];
        }
        vec![Wish::Do(Outer::EditOutside(self.file.clone()))]
    }
}

/// Whether an action changes a text.
fn action_edits(action: Action) -> bool {
    !matches!(
        action,
        Action::Move(_)
            | Action::Mark
            | Action::MarkAll
            | Action::NextProblem
            | Action::PreviousProblem
            | Action::Complete
    )
}

/// What an action makes of a text; `None` where it is none of the text's.
fn edited(text: &mut Text, action: Action, page: usize) -> Option<Became> {
    Some(match action {
        Action::Move(motion) => {
            text.step(motion, page);
            Became::Same
        }
        Action::Mark => {
            text.mark();
            Became::Same
        }
        Action::MarkAll => {
            text.mark_all();
            Became::Same
        }
        Action::Indent | Action::IndentLines => text.indent().into(),
        Action::Outdent => text.outdent().into(),
        Action::Comment => text.toggle_comment().into(),
        Action::LineUp => text.move_lines(false).into(),
        Action::LineDown => text.move_lines(true).into(),
        Action::Duplicate => text.duplicate_lines().into(),
        Action::DeleteLine => text.delete_lines().into(),
        Action::Cut if text.selection().is_some() => text.cut().is_some().into(),
        Action::Cut => text.delete_lines().into(),
        Action::Undo => text.undo().into(),
        Action::Redo => text.redo().into(),
        _ => return None,
    })
}

/// A key in the text.
fn typed(text: &mut Text, key: Key, page: usize) -> Became {
    if let Some(c) = key.typed() {
        text.insert(c);
        return Became::Other;
    }
    let motion = match key.code {
        Code::Enter => {
            text.break_line();
            return Became::Other;
        }
        Code::Backspace => return text.backspace().into(),
        Code::Delete => return text.delete().into(),
        Code::Left | Code::Right if key.ctrl => {
            text.step_word(key.code == Code::Right);
            return Became::Same;
        }
        Code::Home | Code::End if key.ctrl => {
            text.go_to_end(key.code == Code::End);
            return Became::Same;
        }
        Code::Up => Motion::Up,
        Code::Down => Motion::Down,
        Code::Left => Motion::Left,
        Code::Right => Motion::Right,
        Code::Home => Motion::Top,
        Code::End => Motion::Bottom,
        Code::PageUp => Motion::PageUp,
        Code::PageDown => Motion::PageDown,
        _ => return Became::Same,
    };
    text.step(motion, page);
    Became::Same
}
