//! What a step asks, in a builder's terms, and what a builder leaves in a layer by itself. Asks nobody.

use std::collections::BTreeMap;

use crate::adapters::engine::embedded::{RunError, StepError, Work, environment, owner_ids};
use crate::adapters::engine::remote::changes::Sift;
use crate::adapters::secrets::{Secret, resolve};
use crate::domain::layer::Kind;
use crate::domain::oci::Digest;
use crate::domain::recipe::{Action, Installer, Network, Owner, Run};

/// What keeps an installer from starting services, in the image and in the context.
pub(super) const SERVICES: (&str, &str, &str) = ("usr/sbin/policy-rc.d", "services", "#!/bin/sh\nexit 101\n");

/// A step's wishes.
pub(super) struct Asked {
    pub(super) commands: Vec<Vec<String>>,
    pub(super) env: Vec<(String, String)>,
    pub(super) user: Option<String>,
    /// Who may read its secrets and owns fresh caches.
    pub(super) ids: (u32, u32),
    pub(super) network: Network,
    /// What the builder calls its caches, and where they are.
    pub(super) caches: Vec<(String, String)>,
    pub(super) secrets: Vec<Secret>,
    pub(super) installer: Option<Installer>,
}

impl Asked {
    /// What the step `action` asks. One that comes `later` may have a user whom a step before it makes.
    pub(super) fn of(action: &Action, work: &Work<'_>, later: bool) -> Result<Self, StepError> {
        let around = &work.around;
        let mut env = environment(around.env);
        env.push(("SOURCE_DATE_EPOCH".to_owned(), around.created.to_string()));
        let mut asked = Self {
            commands: Vec::new(),
            env,
            user: None,
            ids: (0, 0),
            network: Network::Host,
            caches: Vec::new(),
            secrets: Vec::new(),
            installer: None,
        };
        match action {
            Action::Run(run) => {
                let script = ["-c".to_owned(), run.script.clone()];
                asked.commands.push(run.shell.iter().cloned().chain(script).collect());
                asked.env.extend(run.env.iter().map(|(name, value)| (name.clone(), value.clone())));
                asked.network = run.network;
                asked.user.clone_from(&run.user);
                asked.ids = match ids(run, work) {
                    Err(_) if later && !mounts(run) => (0, 0),
                    ids => ids?,
                };
                asked.caches = run.cache.iter().map(|place| cache(around.owner, place.parts())).collect();
                asked.secrets = resolve(&run.secrets, around.secrets)?;
            }
            Action::Packages(packages) => {
                let installer = installer(work).ok_or(RunError::NoInstaller)?;
                for name in &packages.names {
                    installer.validate(name).map_err(RunError::from)?;
                }
                let more = installer.environment(around.created).into_iter();
                asked.env.extend(more.map(|(name, value)| (name.to_owned(), value)));
                asked.commands = installer.commands(&packages.names);
                asked.installer = Some(installer);
            }
            _ => return Err(StepError::NoInputs),
        }
        // The last of several wins, and only that is said.
        let all: BTreeMap<String, String> = asked.env.into_iter().collect();
        asked.env = all.into_iter().collect();
        Ok(asked)
    }

    /// Whether what was read of the tree is still so, now that the steps before it are done.
    pub(super) fn holds(&self, action: &Action, work: &Work<'_>) -> bool {
        match action {
            Action::Run(run) => ids(run, work).is_ok_and(|ids| ids == self.ids || !mounts(run)),
            _ => installer(work) == self.installer,
        }
    }

    /// What the builder leaves in the layer by itself.
    pub(super) fn sift(&self, created: i64) -> Sift {
        let mut mounts: Vec<Vec<u8>> = Vec::new();
        if !self.secrets.is_empty() {
            mounts.push(b"run/secrets".to_vec());
        }
        if self.installer == Some(Installer::Apt) {
            mounts.push(SERVICES.0.into());
        }
        let shared = self.caches.iter().map(|(_, place)| place.trim_start_matches('/').into()).collect();
        Sift { mounts, shared, installer: self.installer, created: Some(created), whole: false }
    }

    /// One of its commands, in words.
    pub(super) fn what(&self, at: usize) -> String {
        match (self.installer, self.commands.get(at)) {
            (Some(_), Some(command)) => command.join(" "),
            _ => "the script".to_owned(),
        }
    }
}

/// Whether anything belongs to its user before it runs.
fn mounts(run: &Run) -> bool {
    !run.secrets.is_empty() || !run.cache.is_empty()
}

/// The numbers of the step's user.
fn ids(run: &Run, work: &Work<'_>) -> Result<(u32, u32), StepError> {
    match run.user.as_ref().map(|user| user.parse::<Owner>()) {
        Some(Ok(owner)) => owner_ids(Some(&owner), work.tree, work.remembered),
        _ => Ok((0, 0)),
    }
}

fn installer(work: &Work<'_>) -> Option<Installer> {
    Installer::detect(&|path: &str| {
        let found = work.tree.resolve(path.as_bytes(), true).ok().and_then(|path| work.tree.node(&path));
        found.is_some_and(|node| matches!(node.kind, Kind::File { .. }))
    })
}

/// A cache's name at the builder, the recipe's own, and its place.
fn cache<'p>(owner: &str, parts: impl Iterator<Item = &'p str>) -> (String, String) {
    let place: String = parts.map(|part| format!("/{part}")).collect();
    let name = Digest::of(format!("{owner}\n{place}").as_bytes());
    (format!("bakery-{}", &name.encoded()[..24]), place)
}
