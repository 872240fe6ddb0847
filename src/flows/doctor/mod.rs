//! `doctor`: what this machine can do for a baker, each finding with its mend. Changes nothing that stays.

#[cfg(test)]
mod hosts;
mod mends;
mod places;
mod steps;

use serde::Serialize;

use super::Context;
use super::engines::words;
use super::pool::Asked;
use crate::adapters::engine::embedded::try_sandbox;
use crate::adapters::host::{self, IdSetting};
use crate::adapters::process::probe;
use crate::adapters::settings::{Paths, StorePlace, UserSettings, WORKSPACE_FILE};
use crate::report::Report;

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// There, and it works.
    Ok,
    /// Works, with less comfort.
    Weak,
    /// Not there; something bakery offers will not work.
    Lacking,
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable identifier: `userns`, `store.global`, ….
    pub id: String,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub found: String,
    /// What it is needed for.
    pub needed_for: &'static str,
    /// How to get it, where it lacks; several lines where it takes several commands.
    pub mend: Option<String>,
}

impl Finding {
    fn ok(id: impl Into<String>, needed_for: &'static str, found: impl Into<String>) -> Self {
        Self { id: id.into(), standing: Standing::Ok, found: found.into(), needed_for, mend: None }
    }

    fn lacking(id: impl Into<String>, needed_for: &'static str, found: impl Into<String>, mend: &str) -> Self {
        let mend = Some(mend.to_owned());
        Self { id: id.into(), standing: Standing::Lacking, found: found.into(), needed_for, mend }
    }

    fn weak(self) -> Self {
        Self { standing: Standing::Weak, ..self }
    }
}

/// Looks at everything. `context` is the workspace when there is one, or why there is none.
pub async fn examine(context: Result<&Context, &Report>) -> Vec<Finding> {
    let paths = context.map_or_else(|_| Paths::from_environment(), |c| c.paths.clone());
    let mut findings = vec![places::local_storage(&paths), places::free_space(&paths), places::detaching()];
    let setting = match context {
        Ok(context) => context.settings.id_mode,
        Err(_) => UserSettings::load(&paths).ok().and_then(|settings| settings.id_mode),
    };
    // Trying makes the cache folder: snapshots lie there, and nowhere else is what can be stacked there known.
    let trial = try_steps(&paths, setting).await;
    findings.extend(steps::judge(&probe::gather(&paths.cache), &trial, setting));
    findings.push(places::terminal());
    match context {
        Ok(context) => {
            findings.extend(stores(context).await);
            findings.extend(context.ask_engines().await.into_iter().map(engine));
        }
        Err(report) => {
            const FOR: &str = "everything but demo and init";
            let is_broken = report.message.contains(WORKSPACE_FILE);
            let mend = if is_broken {
                "mend that line; `bakery schema workspace` has all that may stand there"
            } else {
                "`bakery init` makes one"
            };
            let finding = Finding::lacking("workspace", FOR, &report.message, report.help.as_deref().unwrap_or(mend));
            findings.push(if is_broken { finding } else { finding.weak() });
        }
    }
    findings
}

/// Runs a step in an empty root; what it makes is removed.
async fn try_steps(paths: &Paths, setting: Option<IdSetting>) -> steps::Trial {
    let said = |report: Report| std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
    // `subids` and `ids` say what is wrong with a wish that cannot be had.
    let ids = host::id_mode(setting).or_else(|_| host::id_mode(None)).map_err(|error| said(error.into()))?;
    let cache = paths.cache.clone();
    let done = tokio::task::spawn_blocking(move || try_sandbox(&cache, ids)).await;
    done.map_err(|error| error.to_string())?.map_err(said)
}

/// What an engine answers: the configured one, where it is not this machine's own, or a builder of the workspace.
fn engine(asked: Asked) -> Finding {
    const FOR: &str = "steps that run something";
    let Asked { builder, engine, can } = asked;
    let id = builder.as_ref().map_or_else(|| "engine".to_owned(), |own| format!("engine.{}", own.name));
    let room = builder.as_ref().map(|own| {
        let slots = if own.slots == 1 { "1 slot".to_owned() } else { format!("{} slots", own.slots) };
        let platforms: Vec<String> = own.platforms.iter().map(ToString::to_string).collect();
        let platforms = if platforms.is_empty() { "any platform".to_owned() } else { platforms.join(", ") };
        format!("; {slots} for {platforms}")
    });
    let room = room.unwrap_or_default();
    match can {
        Ok(can) => Finding::ok(id, FOR, format!("{engine}: {}{room}", words(&can))),
        Err(report) => {
            let said = std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
            let mend = match builder {
                Some(_) => "start it, or mend `engines` in bakery.yaml; others bake meanwhile",
                None => "start it, or say where it is: `engine: docker://PATH`; `engine: embedded` needs none",
            };
            Finding::lacking(id, FOR, format!("{engine}: {said}{room}"), mend)
        }
    }
}

async fn stores(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in context.workspace.stores.keys() {
        findings.push(store(context, name).await);
    }
    findings
}

async fn store(context: &Context, name: &str) -> Finding {
    const FOR: &str = "reading bases, publishing images";
    let id = format!("store.{name}");
    if let Some(StorePlace::Layout(folder)) = context.workspace.stores.get(name).map(|store| &store.place)
        && name == "local"
        && !folder.exists()
    {
        return Finding::ok(id, FOR, format!("{}: not there yet, the first bake makes it", folder.display()));
    }
    let listed = match context.open_store(name) {
        Ok(store) => store.repositories(None).await.map(|page| (store.name(), page.items.len())).map_err(Report::from),
        Err(report) => Err(report),
    };
    match listed {
        Ok((place, count)) => Finding::ok(id, FOR, format!("{place}: answers, {count} repositories on its first page")),
        Err(report) => {
            let found = std::iter::once(&report.message).chain(&report.causes).cloned().collect::<Vec<_>>().join(": ");
            let mend = report.help.unwrap_or_else(|| "see bakery.yaml".into());
            Finding::lacking(id, FOR, found, &mend)
        }
    }
}
