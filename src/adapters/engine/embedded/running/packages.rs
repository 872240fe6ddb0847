//! `packages`: installed by the image's own program, by argument lists; its lists, logs and caches are no change; the
//! versions it chose are told.

use super::listen::Captured;
use super::runner::{Runner, shelf_error};
use super::step::{RunError, StepRun};
use crate::adapters::engine::embedded::seal::Sealed;
use crate::adapters::engine::embedded::steps::StepError;
use crate::adapters::sandbox::{Counts, StepSpec};
use crate::domain::layer::{Kind, Tree};
use crate::domain::recipe::{Installed, Installer, Packages};

/// A layer of packages.
pub(in crate::adapters::engine) struct PackagesMade {
    pub(in crate::adapters::engine) counts: Counts,
    pub(in crate::adapters::engine) sealed: Option<Sealed>,
    /// What was asked for, in the versions that came.
    pub(in crate::adapters::engine) installed: Vec<Installed>,
}

impl StepRun<'_> {
    /// A `packages` step; `tree` is what lies below.
    pub(in crate::adapters::engine) fn packages(
        &self,
        runner: &mut Runner,
        packages: &Packages,
        tree: &Tree,
    ) -> Result<PackagesMade, StepError> {
        let has = |path: &str| {
            let found = tree.resolve(path.as_bytes(), true).ok().and_then(|path| tree.node(&path));
            found.is_some_and(|node| matches!(node.kind, Kind::File { .. }))
        };
        let installer = Installer::detect(&has).ok_or(RunError::NoInstaller)?;
        for name in &packages.names {
            installer.validate(name).map_err(RunError::from)?;
        }
        let mut room = self.room(runner)?;
        let mut telling = self.telling(runner, &[]);
        telling.without_traces_of(installer);
        let mut env = self.environment();
        env.extend(installer.environment(self.created).into_iter().map(|(name, value)| (name.to_owned(), value)));
        let commands = installer.commands(&packages.names);
        for (at, argv) in commands.into_iter().enumerate() {
            if at > 0 {
                // What the kernel keeps beside an upper folder is good for one mount.
                let upper = room.scratch.upper();
                room.scratch = runner.shelf.scratch_for(upper).map_err(shelf_error(&runner.cache))?;
            }
            let what = argv.join(" ");
            let spec = StepSpec { env: env.clone(), argv, services: false, ..self.spec(&room) };
            self.execute(runner, spec, &what, &mut telling)?;
        }
        let installed = self.ask_versions(runner, installer, packages, &room)?;
        let versions: Vec<String> = installed.iter().map(|one| format!("{}={}", one.name, one.version)).collect();
        if !versions.is_empty() && !telling.say(&format!("installed {}", versions.join(" "))) {
            return Err(StepError::Cancelled);
        }
        let discard = installer.discarded().map(str::to_owned).collect();
        let (counts, sealed) = self.seal(runner, room, discard, &[])?;
        Ok(PackagesMade { counts, sealed, installed })
    }

    /// What came, as the program's own database has it; read, not written.
    fn ask_versions(
        &self,
        runner: &mut Runner,
        installer: Installer,
        packages: &Packages,
        room: &super::step::Room,
    ) -> Result<Vec<Installed>, StepError> {
        let scratch = runner.shelf.scratch().map_err(shelf_error(&runner.cache))?;
        let mut lowers = vec![room.scratch.upper()];
        lowers.extend(room.lowers.iter().cloned());
        let spec = StepSpec {
            lowers,
            writes: None,
            merged: scratch.merged(),
            stub: scratch.stub(),
            network: crate::domain::recipe::Network::None,
            env: self.environment(),
            argv: installer.query(&packages.names),
            watched: false,
            ..self.spec(room)
        };
        let mut captured = Captured::default();
        runner.sandbox.run(spec, self.timeout, &mut captured).map_err(RunError::from)?;
        Ok(installer.parse_query(&captured.out))
    }
}
