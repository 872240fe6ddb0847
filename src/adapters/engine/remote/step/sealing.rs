//! What came back of a step, as the layer this machine would have made. Speaks to no builder.

use std::sync::Arc;

use super::asked::Asked;
use super::returned::Searched;
use crate::adapters::engine::embedded::{
    Brought, Contents, Progress, RunError, Sealing, Source, Spool, StepError, Telling, Work, index_of, seal,
};
use crate::adapters::engine::remote::LayerFile;
use crate::adapters::engine::remote::changes::take;
use crate::adapters::sandbox::Counts;
use crate::domain::layer::Stage;
use crate::domain::layer::packages::Database;
use crate::domain::recipe::{Action, Installed, Installer};

/// Seals a step's layers as one, on the tree below.
pub(super) fn seal_layers(work: &mut Work<'_>, asked: &Asked, layers: &[LayerFile]) -> Result<Brought, StepError> {
    let (around, cache) = (&work.around, work.cache);
    let mut spool = Spool::new(cache)?;
    let mut stage: Stage<'_, Source> = Stage::new(work.tree, around.created);
    let sift = asked.sift(around.created);
    for layer in layers {
        let mut plain = Searched::for_any(&asked.secrets, layer.open()?);
        take(&mut stage, &mut plain, &mut spool, &sift, around.cancel)?;
        if let Some(secret) = plain.found {
            return Err(RunError::SecretKept(secret.name().to_owned()).into());
        }
    }
    let set = stage.finish();
    let counts = Counts { added: set.added, modified: set.modified, deleted: set.deleted };
    let mut progress = Progress::new(around.events.clone(), around.step.clone(), None);
    let sealed = match set.changes.is_empty() {
        true => None,
        false => {
            let contents = Contents { inputs: None, spool: Some(Arc::new(spool.into_file())) };
            let (target, packing) = (around.target, around.packing);
            let sealing = Sealing { target, packing, created: around.created, contents, cancel: around.cancel };
            Some(seal(&set, &sealing, &mut progress)?)
        }
    };
    let mut packages = Vec::new();
    if let (Some(installer), Action::Packages(wanted)) = (asked.installer, work.action) {
        let mut databases = sealed.as_ref().map(|sealed| sealed.index.databases.clone()).unwrap_or_default();
        for layer in around.layers.iter().rev() {
            if !databases.is_empty() {
                break;
            }
            databases = index_of(around.target, cache, layer, around.cancel)?.databases;
        }
        packages = versions(installer, &wanted.names, &databases);
        let told: Vec<String> = packages.iter().map(|one| format!("{}={}", one.name, one.version)).collect();
        let mut telling = Telling::new(around.events.clone(), around.step.clone(), &[]);
        if !told.is_empty() && !telling.say(&format!("installed {}", told.join(" "))) {
            return Err(StepError::Cancelled);
        }
    }
    Ok(Brought { counts, sealed, packages, proven: false, millis: 0 })
}

/// What was asked for, as the databases of packages have it.
fn versions(installer: Installer, names: &[String], databases: &[Database]) -> Vec<Installed> {
    let query = installer.query(names);
    let asked = query.iter().skip_while(|word| *word != "--").skip(1);
    let asked: Vec<&str> = asked.map(|name| name.split(':').next().unwrap_or(name)).collect();
    let all = databases.iter().filter_map(|database| database.content.as_ref().ok()).flatten();
    let mut found: Vec<Installed> = all
        .filter(|package| asked.contains(&package.name.as_str()))
        .map(|package| Installed {
            name: package.name.clone(),
            version: package.version.clone(),
            architecture: package.arch.clone(),
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
