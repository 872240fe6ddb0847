//! What happens in the wizard. Pure.

use super::model::Step;
use super::{Effect, Model, Msg};
use crate::tui::effect::Effect as Outer;
use crate::tui::keymap::{Action, Key, Motion};
use crate::tui::screens::recipes;
use crate::tui::screens::{Around, Wish};

fn wish(effect: Effect) -> Wish {
    Wish::Do(Outer::Recipes(recipes::Effect::Wizard(effect)))
}

impl Model {
    /// What it wants at its beginning.
    pub fn begin() -> Vec<Wish> {
        vec![wish(Effect::Images)]
    }

    /// A wish that it begins, the base answered where one is given.
    pub fn wanted(base: Option<String>) -> Wish {
        wish(Effect::Begin(base))
    }

    /// A key's action.
    pub fn act(&mut self, action: Action, around: &Around) -> Vec<Wish> {
        match action {
            Action::Move(motion) => self.step_to(motion, around),
            Action::Open if !self.is_making => return self.take(),
            Action::Complete => {
                let answer = self.options().into_iter().nth(self.cursor.selected).map(|(name, _)| name);
                if let Some(answer) = answer {
                    self.field().text = answer;
                    self.cursor.go(0, self.options().len(), Self::room(around.body));
                }
            }
            Action::Back => match Step::ALL.iter().rev().find(|step| (**step as usize) < self.step as usize) {
                Some(before) => self.enter(*before),
                None => self.over = true,
            },
            Action::Cancel => self.over = true,
            _ => {}
        }
        Vec::new()
    }

    fn step_to(&mut self, motion: Motion, around: &Around) {
        let options = self.options();
        self.cursor.step(motion, options.len(), Self::room(around.body));
        // A name that is proposed is one to go on typing at.
        if self.step == Step::Name
            && let Some((name, _)) = options.into_iter().nth(self.cursor.selected)
        {
            self.field().text = name;
        }
        self.wrong = None;
    }

    /// Takes the answer, and goes on; after the last one the recipe is made.
    fn take(&mut self) -> Vec<Wish> {
        let answer = self.answer();
        self.wrong = self.refuses(&answer);
        if self.wrong.is_some() {
            return Vec::new();
        }
        self.field().text = answer;
        match Step::ALL.get(self.step as usize + 1) {
            Some(next) => {
                self.enter(*next);
                Vec::new()
            }
            None => {
                self.is_making = true;
                vec![wish(Effect::Make(self.asked()))]
            }
        }
    }

    /// A key while text is typed.
    pub fn typed(&mut self, key: Key, around: &Around) {
        if self.field().typed(key) {
            self.narrowed(around);
        }
    }

    /// Text pasted.
    pub fn pasted(&mut self, text: &str, around: &Around) {
        self.field().pasted(text);
        self.narrowed(around);
    }

    fn narrowed(&mut self, around: &Around) {
        self.wrong = None;
        if self.step != Step::Name {
            self.cursor.go(0, self.options().len(), Self::room(around.body));
        }
    }

    /// Takes one message in.
    pub fn receive(&mut self, msg: Msg, around: &Around) {
        match msg {
            // It has begun already.
            Msg::Begin(_) => {}
            Msg::Images(images) => {
                let selected = self.options().into_iter().nth(self.cursor.selected);
                self.images.extend(images);
                self.images.sort();
                self.images.dedup();
                // Made here after what is inherited.
                let local = |image: &String| {
                    let store = image.split('/').next().unwrap_or("");
                    self.stores.iter().any(|known| known.is_local && known.name == store)
                };
                let (ours, theirs): (Vec<String>, Vec<String>) = self.images.drain(..).partition(|image| local(image));
                self.images = theirs.into_iter().chain(ours).collect();
                if self.step == Step::Base && self.cursor.selected > 0 {
                    let options = self.options();
                    let at = options.iter().position(|option| Some(option) == selected.as_ref()).unwrap_or(0);
                    self.cursor.go(at, options.len(), Self::room(around.body));
                }
            }
            Msg::Read(failure) => {
                self.is_read = true;
                if self.wrong.is_none() && self.step == Step::Base {
                    self.wrong = failure.map(|report| report.message);
                }
            }
            Msg::Made(made) => {
                self.is_making = false;
                match made {
                    Ok(made) => (self.made, self.over) = (Some(made), true),
                    Err(report) => {
                        let help = report.help.map(|help| format!("; {help}")).unwrap_or_default();
                        self.wrong = Some(format!("{}{help}", report.message));
                    }
                }
            }
        }
    }
}
