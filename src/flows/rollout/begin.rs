//! Starting a roll-out in a process of its own, going on with one, stopping one, and which there are. Moves no image.

use std::path::PathBuf;

use serde::Serialize;

use super::RolloutOptions;
use super::draft::Draft;
use super::follow::{Following, read};
use crate::adapters::journal::{BakeFolder, is_held, list, prune};
use crate::adapters::process::{ask_to_stop, identity, is_worker_of, start_detached};
use crate::adapters::rollouts::at_work;
use crate::adapters::signing::Passphrase;
use crate::domain::rollout::{Progress, RolloutStatus, State};
use crate::flows::Context;
use crate::report::{Kind, Report};

/// Name of the request in a roll-out's folder.
pub(super) const REQUEST: &str = "request.json";
/// Name of the note that says who asked to stop.
pub(super) const CANCEL_NOTE: &str = "cancel";
/// Roll-outs that are over, of all workspaces, that are kept.
const KEPT: usize = 100;

/// A roll-out in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RolloutRow {
    /// Its ULID.
    pub rollout: String,
    /// The base's tag; escaped.
    pub base: String,
    /// How it stands.
    pub status: RolloutStatus,
    /// When it began: seconds since 1970.
    pub began: i64,
    /// Images moved.
    pub done: usize,
    /// Images that could not be moved.
    pub failed: usize,
    /// Images not tried.
    pub skipped: usize,
    /// Images to come, or under way.
    pub open: usize,
}

impl Context {
    /// Begins one in a process of its own, which outlives this one; gives its ID.
    pub async fn begin_rollout(&self, base: &str, options: &RolloutOptions) -> Result<String, Report> {
        self.refuse_second_rollout(None)?;
        let draft = self.draft_rollout(base, options).await?;
        let text = serde_json::to_vec(&draft).map_err(|error| Report::new(Kind::Failed, &error))?;
        let rollouts = self.paths.rollouts();
        let folder = BakeFolder::create(&rollouts)?;
        let begun = match folder.write(REQUEST, &text) {
            Ok(()) => self.start_rollout(&folder).await,
            Err(error) => Err(error.into()),
        };
        if let Err(report) = begun {
            let report = report.while_doing(format!("the roll-out of {} did not start", draft.base));
            if folder.journal().exists() {
                return Err(report.help(format!("go on with it: bakery rollout --resume {}", folder.id())));
            }
            // What is sent to its log finds that there.
            if !report.help.as_ref().is_some_and(|help| help.contains("worker.log")) {
                folder.remove()?;
            }
            return Err(report);
        }
        // Forgetting old ones is housekeeping: that it fails is no reason for this one to.
        let _ = prune(&rollouts, KEPT);
        Ok(folder.id().to_owned())
    }

    /// Goes on with one whose process is gone, or that was stopped. One that is done stays as it is.
    pub async fn resume_rollout(&self, id: &str) -> Result<(), Report> {
        let folder = self.rollout_folder(id)?;
        if is_held(&folder)? {
            let message = format!("roll-out {} is at work", folder.id());
            return Err(Report::message(Kind::Usage, message).help(attach(folder.id())));
        }
        let ended = read(&folder)?.ended();
        if ended == Some(RolloutStatus::Done) {
            return Ok(());
        }
        self.refuse_second_rollout(Some(folder.id()))?;
        let draft = draft_of(&folder)?;
        let now = self.points_to(&draft.base).await?;
        if now != draft.onto {
            let message = format!("{} has moved on since roll-out {} began", draft.base, folder.id());
            return Err(Report::message(Kind::Failed, message)
                .help(format!("`bakery rollout {}` takes up what is left, onto what it is now", draft.base)));
        }
        self.start_rollout(&folder).await
    }

    /// Asks one to stop: what is under way ends, nothing further begins.
    pub fn cancel_rollout(&self, id: &str) -> Result<(), Report> {
        let folder = self.rollout_folder(id)?;
        let id = folder.id();
        let over = |why: &str| Report::message(Kind::Failed, format!("roll-out {id} cannot be cancelled: {why}"));
        if !is_held(&folder)? {
            return Err(over("nobody is at work on it"));
        }
        let state = read(&folder)?;
        let (pid, host) = state.worker().ok_or_else(|| over("its journal has no beginning"))?;
        let me = identity();
        if *host != me.host {
            return Err(over(&format!("it runs on {host}")).help("cancel it there"));
        }
        folder.write(CANCEL_NOTE, me.user.as_bytes())?;
        let still_it = || is_held(&folder).unwrap_or(false) && is_worker_of(*pid, id);
        ask_to_stop(*pid, still_it).map_err(|error| {
            Report::new(Kind::Failed, &error).while_doing(format!("roll-out {id} cannot be cancelled"))
        })
    }

    /// The newest roll-out of this workspace, if there is one.
    pub fn newest_rollout(&self) -> Result<Option<Progress>, Report> {
        self.own_rollouts()?.next().transpose()
    }

    /// All of this workspace, newest first.
    pub fn rollouts(&self) -> Result<Vec<RolloutRow>, Report> {
        self.own_rollouts()?.map(|found| found.map(row)).collect()
    }

    /// The one whose ID begins so; the newest of this workspace where none is named.
    pub fn find_rollout(&self, prefix: Option<&str>) -> Result<String, Report> {
        match prefix {
            Some(prefix) => Ok(self.rollout_folder(prefix)?.id().to_owned()),
            None => self.newest_rollout()?.map(|progress| progress.id).ok_or_else(|| {
                Report::message(Kind::Usage, "nothing was rolled out in this workspace").help("bakery rollout BASE")
            }),
        }
    }

    /// Follows one from where it is, until it ends.
    pub fn follow_rollout(&self, id: &str) -> Result<Following, Report> {
        Following::open(&self.paths.rollouts(), self.rollout_folder(id)?)
    }

    async fn start_rollout(&self, folder: &BakeFolder) -> Result<(), Report> {
        let passphrase = self.passphrase.as_ref().map(Passphrase::as_bytes);
        start_detached(["__rollout", folder.id()], &folder.worker_log(), passphrase).await?.pid().map(drop)
    }

    /// Of this workspace, newest first. One whose journal or request cannot be read is passed over.
    fn own_rollouts(&self) -> Result<impl Iterator<Item = Result<Progress, Report>> + '_, Report> {
        let found = |folder: BakeFolder| {
            // Asked before the journal is read: one that ends in between is finished, never lost.
            let alive = is_held(&folder)?;
            Ok::<_, Report>(read(&folder)?.progress(alive))
        };
        Ok(self.own_folders()?.filter_map(move |folder| found(folder).transpose()))
    }

    /// What the journals of this workspace come to, newest first.
    pub(super) fn own_states(&self) -> Result<impl Iterator<Item = Result<State, Report>> + '_, Report> {
        Ok(self.own_folders()?.map(|folder| read(&folder)))
    }

    fn own_folders(&self) -> Result<impl Iterator<Item = BakeFolder> + '_, Report> {
        let is_own = |folder: &BakeFolder| draft_of(folder).is_ok_and(|draft| draft.workspace == self.workspace.root);
        Ok(list(&self.paths.rollouts())?.into_iter().filter(is_own))
    }

    /// One roll-out of a workspace at a time.
    pub(super) fn refuse_second_rollout(&self, own: Option<&str>) -> Result<(), Report> {
        let others = at_work(&self.paths.rollouts())?;
        let here = |folder: &&BakeFolder| {
            Some(folder.id()) != own && draft_of(folder).is_ok_and(|draft| draft.workspace == self.workspace.root)
        };
        match others.iter().find(here) {
            Some(other) => Err(second(Some(other.id()))),
            None => Ok(()),
        }
    }

    fn rollout_folder(&self, prefix: &str) -> Result<BakeFolder, Report> {
        let (rollouts, wanted): (PathBuf, _) = (self.paths.rollouts(), prefix.to_ascii_uppercase());
        let mut found = list(&rollouts)?;
        found.retain(|folder| !wanted.is_empty() && folder.id().starts_with(&wanted));
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(Report::message(Kind::Usage, format!("no roll-out {prefix:?}"))
                .help("list them: bakery rollout --list")),
            count => Err(Report::message(Kind::Usage, format!("{count} roll-outs begin with {prefix:?}"))
                .help("give more of the ID")),
        }
    }
}

/// What a roll-out was asked.
pub(super) fn draft_of(folder: &BakeFolder) -> Result<Draft, Report> {
    let text = folder.read(REQUEST)?;
    let text = text.ok_or_else(|| Report::message(Kind::Usage, format!("no request for roll-out {}", folder.id())))?;
    serde_json::from_slice(&text).map_err(|error| {
        Report::new(Kind::Failed, &error).while_doing(format!("request of roll-out {} cannot be read", folder.id()))
    })
}

/// Somebody else is at it.
pub(super) fn second(other: Option<&str>) -> Report {
    let message = match other {
        Some(id) => format!("roll-out {id} is at work in this workspace"),
        None => "another roll-out is at work in this workspace".to_owned(),
    };
    Report::message(Kind::Failed, message).help(other.map_or_else(|| "bakery rollout --list".to_owned(), attach))
}

fn attach(id: &str) -> String {
    format!("watch it: bakery rollout --attach {id}; stop it: bakery rollout --cancel {id}")
}

fn row(progress: Progress) -> RolloutRow {
    let (done, failed, skipped, open) = progress.counts();
    let Progress { id, base, status, began, .. } = progress;
    RolloutRow { rollout: id, base, status, began, done, failed, skipped, open }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The terminal UI does all of this in tasks of its own.
    fn travels<T: Send>(_: T) {}

    #[test]
    fn what_takes_time_can_be_done_on_any_thread() {
        let _ = |context: Context, options: RolloutOptions, mut following: Following| {
            travels(context.begin_rollout("b", &options));
            travels(context.resume_rollout("b"));
            travels(context.plan_rollout("b", &options));
            travels(following.next());
        };
    }
}
