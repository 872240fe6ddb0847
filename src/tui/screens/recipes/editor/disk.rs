//! The text and its file: saving, what somebody else wrote meanwhile, and the draft that survives a crash. Pure.

use super::update::wish;
use super::{Answer, Asked, Effect, Model, Text};
use crate::domain::recipe::Severity;
use crate::domain::units;
use crate::flows::drafts::Draft;
use crate::flows::edit::Saved;
use crate::report::Report;
use crate::tui::screens::{Around, Wish};
use crate::tui::widgets::Toast;

/// What follows a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing.
    Stay,
    /// The editor is over.
    Close,
    /// The recipe is baked.
    Bake,
    /// Bakery is left.
    Leave,
}

/// How the text stands to its file.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// What was read, or last saved.
    pub(super) saved: String,
    /// Whether the text differs from that.
    pub(super) modified: bool,
    /// What follows the save that is under way.
    saving: Option<Then>,
    /// What somebody else made of the file, and what was to follow our save.
    pub(super) theirs: Option<(Option<Vec<u8>>, Then)>,
    /// What somebody else made of it that was asked about already.
    seen: Option<Option<Vec<u8>>>,
    /// The state of the text that is being kept as a draft.
    keeping: Option<u64>,
    /// It was said that drafts cannot be kept.
    has_warned: bool,
    /// What was typed before a crash, not answered yet.
    pub(super) offer: Option<Draft>,
    /// What was cut or copied last.
    pub(super) clipboard: String,
}

impl Disk {
    /// This stands in the file.
    pub(super) fn read(&mut self, content: String) {
        (self.saved, self.modified) = (content, false);
        (self.theirs, self.seen) = (None, None);
    }
}

impl Model {
    pub(super) fn save(&mut self, then: Then) -> Vec<Wish> {
        if !self.disk.modified {
            return self.after_saving(then);
        }
        let expected = Some(self.disk.saved.clone().into_bytes());
        self.save_over(expected, then)
    }

    /// One save at a time: a second one would take the first for somebody else's.
    fn save_over(&mut self, expected: Option<Vec<u8>>, then: Then) -> Vec<Wish> {
        if let Some(following) = &mut self.disk.saving {
            *following = if then == Then::Stay { *following } else { then };
            return Vec::new();
        }
        let Some(text) = self.text().map(Text::content) else { return Vec::new() };
        self.disk.saving = Some(then);
        vec![wish(Effect::Save { file: self.file.clone(), expected, text })]
    }

    pub(super) fn was_saved(&mut self, text: String, outcome: Result<Saved, Report>) -> Vec<Wish> {
        let then = self.disk.saving.take().unwrap_or(Then::Stay);
        match outcome {
            Ok(Saved::Written) => {
                let modified = self.text().is_some_and(|now| now.content() != text);
                self.disk.read(text);
                self.disk.modified = modified;
                let mut wishes = vec![wish(Effect::DropDraft(self.file.clone()))];
                if modified {
                    wishes = self.asked().and_then(|asked| self.keep(&asked)).into_iter().collect();
                }
                // What was typed since is not in the file: nothing may follow yet.
                wishes.extend(self.after_saving(if modified { Then::Stay } else { then }));
                wishes
            }
            Ok(Saved::Changed(theirs)) => {
                let question = self.conflict(theirs.as_deref(), false);
                self.disk.seen = Some(theirs.clone());
                self.disk.theirs = Some((theirs, then));
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

    pub(super) fn close(&mut self) -> Vec<Wish> {
        // A save under way ends first: what it finds may have to be asked about.
        if self.disk.saving.is_none() && !self.disk.modified {
            self.over = true;
            return Vec::new();
        }
        self.before_closing().map(Wish::Ask).into_iter().collect()
    }

    /// What stands in the file now, seen from outside.
    pub(super) fn on_disk(&mut self, now: Option<Vec<u8>>) -> Vec<Wish> {
        let is_ours = now.as_deref() == Some(self.disk.saved.as_bytes());
        let is_known = self.disk.seen.as_ref() == Some(&now);
        if is_ours || is_known || self.disk.saving.is_some() || self.text().is_none() || self.disk.offer.is_some() {
            return Vec::new();
        }
        if !self.disk.modified && now.is_some() {
            let told = Toast::done(format!("{} changed on disk: read again", self.shown));
            return vec![wish(Effect::Read(self.file.clone())), Wish::Tell(told)];
        }
        let question = self.conflict(now.as_deref(), false);
        self.disk.seen = Some(now.clone());
        self.disk.theirs = Some((now, Then::Stay));
        vec![Wish::Ask(question)]
    }

    /// Keeps the text against a crash; one at a time, the answer asks for the next.
    pub(super) fn keep(&mut self, asked: &Asked) -> Option<Wish> {
        if self.disk.keeping.is_some() {
            return None;
        }
        self.disk.keeping = Some(asked.version);
        Some(wish(Effect::KeepDraft { asked: asked.clone(), before: self.disk.saved.clone() }))
    }

    pub(super) fn kept(&mut self, version: u64, outcome: Result<(), Report>) -> Vec<Wish> {
        self.disk.keeping = None;
        let mut wishes = Vec::new();
        if let Err(report) = outcome
            && !std::mem::replace(&mut self.disk.has_warned, true)
        {
            wishes.push(Wish::Tell(Toast::failure(&report)));
        }
        if self.disk.modified && version != self.version {
            let asked = self.asked();
            wishes.extend(asked.and_then(|asked| self.keep(&asked)));
        }
        wishes
    }

    /// An editor that is gone left something behind.
    pub(super) fn draft_found(&mut self, draft: Result<Option<Draft>, Report>) -> Vec<Wish> {
        match draft {
            Ok(Some(draft)) if draft.text == self.disk.saved && self.text().is_some() => {
                vec![wish(Effect::DropDraft(self.file.clone()))]
            }
            // The text that shows may be what was kept itself.
            Ok(Some(_)) if self.disk.modified || self.disk.keeping.is_some() => Vec::new(),
            Ok(Some(draft)) => {
                let question = self.offer(&draft, false);
                self.disk.offer = Some(draft);
                vec![Wish::Ask(question)]
            }
            Ok(None) => Vec::new(),
            Err(report) => vec![Wish::Tell(Toast::failure(&report))],
        }
    }

    /// The question that has to be answered before a key changes the text, since the first change writes over the draft.
    pub(super) fn before_typing(&self, edits: bool) -> Option<Vec<Wish>> {
        let draft = self.disk.offer.as_ref().filter(|_| edits)?;
        Some(vec![Wish::Ask(self.offer(draft, false))])
    }

    pub(super) fn answered(&mut self, answer: Answer, around: &Around) -> Vec<Wish> {
        let forget = wish(Effect::DropDraft(self.file.clone()));
        match answer {
            Answer::SaveAndClose => self.save(Then::Close),
            Answer::SaveAndLeave => self.save(Then::Leave),
            Answer::Overwrite => match self.disk.theirs.take() {
                Some((theirs, then)) => self.save_over(theirs, then),
                None => Vec::new(),
            },
            Answer::Discard => {
                self.over = true;
                vec![forget]
            }
            Answer::ReadAgain => vec![wish(Effect::Read(self.file.clone()))],
            Answer::ShowTheirs => match &self.disk.theirs {
                Some((theirs, _)) => vec![Wish::Ask(self.conflict(theirs.as_deref(), true))],
                None => Vec::new(),
            },
            Answer::ShowDraft => match &self.disk.offer {
                Some(draft) => vec![Wish::Ask(self.offer(draft, true))],
                None => Vec::new(),
            },
            Answer::DropDraft => {
                self.disk.offer = None;
                vec![forget]
            }
            Answer::UseDraft => self.use_draft(around),
        }
    }

    /// What was typed before a crash takes the text's place. What stood in the file then is what a save expects there:
    /// somebody else's changes since are found by it.
    fn use_draft(&mut self, around: &Around) -> Vec<Wish> {
        let Some(draft) = self.disk.offer.take() else { return Vec::new() };
        let same_file = self.disk.saved == draft.before;
        let new = Text::new(&draft.text);
        match self.text_mut() {
            // One undo gives the file's text back.
            Some(text) if text.is_written_like(&new) => text.become_text(&draft.text),
            _ => self.show(new, Vec::new(), around),
        }
        self.disk.read(draft.before);
        let mut wishes = self.changed();
        self.follow(around);
        if !same_file {
            let told = format!("{} changed on disk since that was typed", self.shown);
            wishes.push(Wish::Tell(Toast::warning(told).next("saving asks before it is written over")));
        }
        wishes
    }
}
