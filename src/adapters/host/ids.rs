//! Which user and group ids steps that run something can have here. Maps none, starts nothing.

use crate::adapters::process::{identity, probe};
use crate::domain::plan::Ids;
use crate::report::{Kind, Report};

/// Ids an image may name: 0 to 65534 and `nobody`.
const ENOUGH: u64 = 65_536;

/// `id-mode` of the user's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSetting {
    /// Subordinate ids or nothing.
    Subordinate,
    /// One id; changes of owner and set-id bits are pretended to work, and lost.
    Single,
    /// One id; changes of owner to another one fail.
    Strict,
}

/// Which ids a step gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdMode {
    /// The host's own, because root bakes.
    Root,
    /// A range of the user's subordinate ids.
    Subordinate,
    /// The user's own as root, no other.
    Single {
        /// Whether changes of owner are pretended to work.
        pretend: bool,
    },
}

impl IdMode {
    /// What becomes of owners.
    pub fn ids(self) -> Ids {
        match self {
            Self::Root | Self::Subordinate => Ids::Exact,
            Self::Single { .. } => Ids::Single,
        }
    }
}

/// `id-mode: subordinate` where there are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no subordinate ids: {uids} uids, {gids} gids, newuidmap and newgidmap {}", if *tools { "there" } else { "absent" })]
pub struct IdModeError {
    /// Granted in `/etc/subuid`.
    pub uids: u64,
    /// Granted in `/etc/subgid`.
    pub gids: u64,
    /// Whether both programs are installed.
    pub tools: bool,
}

impl From<IdModeError> for Report {
    fn from(error: IdModeError) -> Self {
        Self::new(Kind::Usage, &error)
            .while_doing("`id-mode: subordinate` cannot be had")
            .help("install uidmap, and as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER")
    }
}

/// What this user has on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Granted {
    root: bool,
    uids: u64,
    gids: u64,
    tools: bool,
}

/// Which ids steps get, by the user's setting and what the machine grants.
pub fn id_mode(setting: Option<IdSetting>) -> Result<IdMode, IdModeError> {
    let uid = rustix::process::geteuid();
    let (user, id) = (identity().user, uid.as_raw());
    let granted = Granted {
        root: uid.is_root(),
        uids: probe::subordinate_ids("/etc/subuid", &user, id),
        gids: probe::subordinate_ids("/etc/subgid", &user, id),
        tools: probe::is_installed("newuidmap") && probe::is_installed("newgidmap"),
    };
    choose(setting, granted)
}

fn choose(setting: Option<IdSetting>, granted: Granted) -> Result<IdMode, IdModeError> {
    let Granted { root, uids, gids, tools } = granted;
    if root {
        return Ok(IdMode::Root);
    }
    let there = uids >= ENOUGH && gids >= ENOUGH && tools;
    match setting {
        None | Some(IdSetting::Subordinate) if there => Ok(IdMode::Subordinate),
        Some(IdSetting::Subordinate) => Err(IdModeError { uids, gids, tools }),
        None | Some(IdSetting::Single) => Ok(IdMode::Single { pretend: true }),
        Some(IdSetting::Strict) => Ok(IdMode::Single { pretend: false }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Granted = Granted { root: false, uids: 65_536, gids: 65_536, tools: true };

    #[test]
    fn root_has_all_ids_whatever_is_set() {
        for setting in [None, Some(IdSetting::Subordinate), Some(IdSetting::Single), Some(IdSetting::Strict)] {
            let mode = choose(setting, Granted { root: true, uids: 0, gids: 0, tools: false });
            assert_eq!(mode, Ok(IdMode::Root));
        }
    }

    #[test]
    fn a_user_gets_what_the_machine_grants_unless_less_is_asked_for() {
        assert_eq!(choose(None, ALL), Ok(IdMode::Subordinate));
        assert_eq!(choose(Some(IdSetting::Single), ALL), Ok(IdMode::Single { pretend: true }));
        assert_eq!(choose(Some(IdSetting::Strict), ALL), Ok(IdMode::Single { pretend: false }));
        for less in [Granted { uids: 1000, ..ALL }, Granted { gids: 0, ..ALL }, Granted { tools: false, ..ALL }] {
            assert_eq!(choose(None, less), Ok(IdMode::Single { pretend: true }));
            assert_eq!(choose(None, less).map(IdMode::ids), Ok(Ids::Single));
            let error = choose(Some(IdSetting::Subordinate), less).unwrap_err();
            assert_eq!((error.uids, error.gids, error.tools), (less.uids, less.gids, less.tools));
        }
    }
}
