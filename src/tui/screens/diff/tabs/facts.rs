//! Packages and settings that are not the same, as rows: what happened, its name, before and after. What an image runs as,
//! where there is one.

use crate::domain::layer::ChangeKind;
use crate::domain::layer::packages::{Installed, Package, PackageChange};
use crate::domain::oci::{ConfigChange, ImageConfig};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRow {
    /// What happened to it; nothing where there is one image.
    pub kind: Option<ChangeKind>,
    /// What it is.
    pub name: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is now.
    pub after: Option<String>,
}

impl FactRow {
    /// A fact of two images.
    pub fn changed(name: impl Into<String>, before: Option<String>, after: Option<String>) -> Self {
        let kind = match (&before, &after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        };
        Self { kind: Some(kind), name: name.into(), before, after }
    }
}

/// What is installed in one image.
pub(in crate::tui::screens::diff) fn packages_of(installed: &Installed) -> Vec<FactRow> {
    let row = |package: &Package| FactRow {
        kind: None,
        name: package.name.clone(),
        before: None,
        after: Some(version_of(package)),
    };
    let problems = installed.problems.iter().map(|problem| FactRow {
        kind: None,
        name: problem.path.clone(),
        before: None,
        after: Some(problem.reason.clone()),
    });
    problems.chain(installed.packages.iter().map(row)).collect()
}

/// Packages that are not the same.
pub(in crate::tui::screens::diff) fn packages_changed(changes: &[PackageChange]) -> Vec<FactRow> {
    let version = |package: &Option<Package>| package.as_ref().map(version_of);
    changes
        .iter()
        .map(|change| FactRow::changed(&change.name, version(&change.before), version(&change.after)))
        .collect()
}

fn version_of(package: &Package) -> String {
    if package.arch.is_empty() { package.version.clone() } else { format!("{} {}", package.version, package.arch) }
}

/// Settings that are not the same.
pub(in crate::tui::screens::diff) fn settings_changed(changes: &[ConfigChange]) -> Vec<FactRow> {
    changes.iter().map(|change| FactRow::changed(&change.field, change.before.clone(), change.after.clone())).collect()
}

/// What one image runs as.
pub(in crate::tui::screens::diff) fn settings_of(config: &ImageConfig) -> Vec<FactRow> {
    let Some(exec) = &config.config else { return Vec::new() };
    let words = |words: &Option<Vec<String>>| words.as_ref().filter(|words| !words.is_empty()).map(|all| all.join(" "));
    let names = |map: &Option<std::collections::BTreeMap<String, serde_json::Value>>| {
        let names: Vec<&str> = map.iter().flatten().map(|(name, _)| name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(" "))
    };
    let one = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let single = [
        ("user", one(&exec.user)),
        ("workdir", one(&exec.working_dir)),
        ("entrypoint", words(&exec.entrypoint)),
        ("cmd", words(&exec.cmd)),
        ("expose", names(&exec.exposed_ports)),
        ("volumes", names(&exec.volumes)),
        ("stop-signal", one(&exec.stop_signal)),
    ];
    let fact = |name: String, after: String| FactRow { kind: None, name, before: None, after: Some(after) };
    let mut rows: Vec<FactRow> =
        single.into_iter().filter_map(|(name, value)| Some(fact(name.into(), value?))).collect();
    let env = exec.env.iter().flatten().map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    rows.extend(env.map(|(name, value)| fact(format!("env.{name}"), value.into())));
    let labels = exec.labels.iter().flatten();
    rows.extend(labels.map(|(name, value)| fact(format!("label.{name}"), value.clone())));
    rows
}
