//! Which user and group ids steps that run something can have here. Maps none, starts nothing.

use crate::adapters::process::{identity, probe};
use crate::domain::plan::Ids;
use crate::report::{Kind, Report};

/// Ids an image may name: 0 to 65534 and `nobody`.
const ENOUGH: u32 = 65_536;

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
    /// The user as the image's root, and a range of subordinate ids for all others.
    Subordinate {
        /// First user id, and how many.
        users: (u32, u32),
        /// First group id, and how many.
        groups: (u32, u32),
    },
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
            Self::Root | Self::Subordinate { .. } => Ids::Exact,
            Self::Single { pretend: true } => Ids::Single,
            Self::Single { pretend: false } => Ids::Strict,
        }
    }
}

/// `id-mode: subordinate` where there are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no subordinate ids: {uids} uids, {gids} gids, newuidmap and newgidmap {}", if *tools { "there" } else { "absent" })]
pub struct IdModeError {
    /// Granted in `/etc/subuid`.
    pub uids: u32,
    /// Granted in `/etc/subgid`.
    pub gids: u32,
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
    users: Option<(u32, u32)>,
    groups: Option<(u32, u32)>,
    tools: bool,
}

/// Which ids steps get, by the user's setting and what the machine grants.
pub fn id_mode(setting: Option<IdSetting>) -> Result<IdMode, IdModeError> {
    let uid = rustix::process::geteuid();
    let (user, id) = (identity().user, uid.as_raw());
    let granted = Granted {
        root: uid.is_root(),
        users: probe::subordinate_range("/etc/subuid", &user, id),
        groups: probe::subordinate_range("/etc/subgid", &user, id),
        tools: probe::is_installed("newuidmap") && probe::is_installed("newgidmap"),
    };
    choose(setting, granted)
}

fn choose(setting: Option<IdSetting>, granted: Granted) -> Result<IdMode, IdModeError> {
    let Granted { root, users, groups, tools } = granted;
    if root {
        return Ok(IdMode::Root);
    }
    let enough = |range: Option<(u32, u32)>| range.filter(|(_, count)| *count >= ENOUGH);
    let wanted = matches!(setting, None | Some(IdSetting::Subordinate));
    if let (true, true, Some(users), Some(groups)) = (wanted, tools, enough(users), enough(groups)) {
        return Ok(IdMode::Subordinate { users, groups });
    }
    let count = |range: Option<(u32, u32)>| range.map_or(0, |(_, count)| count);
    match setting {
        Some(IdSetting::Subordinate) => Err(IdModeError { uids: count(users), gids: count(groups), tools }),
        None | Some(IdSetting::Single) => Ok(IdMode::Single { pretend: true }),
        Some(IdSetting::Strict) => Ok(IdMode::Single { pretend: false }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Option<(u32, u32)> = Some((100_000, 65_536));
    const ALL: Granted = Granted { root: false, users: RANGE, groups: RANGE, tools: true };

    #[test]
    fn root_has_all_ids_whatever_is_set() {
        for setting in [None, Some(IdSetting::Subordinate), Some(IdSetting::Single), Some(IdSetting::Strict)] {
            let mode = choose(setting, Granted { root: true, users: None, groups: None, tools: false });
            assert_eq!(mode, Ok(IdMode::Root));
        }
    }

    #[test]
    fn a_user_gets_what_the_machine_grants_unless_less_is_asked_for() {
        assert_eq!(choose(None, ALL), Ok(IdMode::Subordinate { users: (100_000, 65_536), groups: (100_000, 65_536) }));
        assert_eq!(choose(Some(IdSetting::Single), ALL), Ok(IdMode::Single { pretend: true }));
        assert_eq!(choose(Some(IdSetting::Strict), ALL), Ok(IdMode::Single { pretend: false }));
        for less in [
            Granted { users: Some((1, 1000)), ..ALL },
            Granted { groups: None, ..ALL },
            Granted { tools: false, ..ALL },
        ] {
            assert_eq!(choose(None, less), Ok(IdMode::Single { pretend: true }));
            assert_eq!(choose(None, less).map(IdMode::ids), Ok(Ids::Single));
            let error = choose(Some(IdSetting::Subordinate), less).unwrap_err();
            assert_eq!(error.tools, less.tools);
        }
    }
}
