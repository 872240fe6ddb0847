//! What an image asks for, as lines, as cells of a table, as a document.

use serde_json::{Value, json};

use crate::cli::render::rebase::json as of_rebase;
use crate::domain::layer::packages::PackageChange;
use crate::domain::lineage::Best;
use crate::domain::text::escape;
use crate::domain::units::count;
use crate::flows::lineage::Assessment;

/// Most packages shown of one image; `--json` has them all.
const PACKAGES: usize = 20;

/// The best thing to do, in words.
pub fn best(best: &Best) -> String {
    match best {
        Best::UpToDate => "up to date".into(),
        Best::Rebase => "rebase".into(),
        Best::Rebake => "bake again".into(),
        Best::BaseFirst(base) => format!("move {base} first"),
        Best::Blocked(why) => format!("blocked: {why}"),
    }
}

/// `openssl 3.0.1 → 3.0.2`.
pub fn package(change: &PackageChange) -> String {
    let name = escape(&change.name);
    let version = |package: &Option<crate::domain::layer::packages::Package>| {
        package.as_ref().map(|package| escape(&package.version))
    };
    match (version(&change.before), version(&change.after)) {
        (Some(before), Some(after)) => format!("{name} {before} → {after}"),
        (Some(before), None) => format!("{name} {before} removed"),
        (None, Some(after)) => format!("{name} {after} added"),
        (None, None) => name,
    }
}

/// What there is to say below an image's own line.
pub fn lines(told: &Assessment, command: &str) -> Vec<String> {
    let mut lines = vec![format!("best: {}", best(&told.best))];
    if let Some(verdict) = told.verdict {
        lines.push(format!("verdict: {}", verdict.as_str()));
    }
    if let Some(recipe) = &told.recipe {
        lines.push(format!("recipe: {}", escape(&recipe.display().to_string())));
    }
    if let Some((touched, of)) = told.touched {
        let paths = count(of as u64, "path");
        lines.push(format!("the new base touches {touched} of its {paths}"));
    }
    if !told.packages.is_empty() {
        lines.push(format!("a move changes {}:", count(told.packages.len() as u64, "package")));
        lines.extend(told.packages.iter().take(PACKAGES).map(|change| format!("  {}", package(change))));
        if told.packages.len() > PACKAGES {
            lines.push(format!("  … and {} more; --json has them all", told.packages.len() - PACKAGES));
        }
    }
    match &told.best {
        Best::Rebase => lines.push(format!("help: bakery rebase {command}")),
        Best::Rebake => {
            let recipe = told.recipe.as_ref().map(|recipe| escape(&recipe.display().to_string())).unwrap_or_default();
            lines.push(format!("help: bakery update {recipe}, then bakery bake {recipe}"));
        }
        _ => {}
    }
    lines
}

/// As part of a document.
pub fn json(told: &Assessment) -> Value {
    let (base_first, why) = match &told.best {
        Best::BaseFirst(base) => (Some(base), None),
        Best::Blocked(why) => (None, Some(why)),
        _ => (None, None),
    };
    json!({
        "best": told.best.as_str(),
        "why": why,
        "base_first": base_first,
        "packages": told.packages,
        "verdict": told.verdict.map(|verdict| verdict.as_str()),
        "recipe": told.recipe.as_ref().map(|recipe| recipe.display().to_string()),
        "rebase": told.rebase.as_ref().map(|rebase| of_rebase(rebase)),
        "touched": told.touched.map(|(paths, of)| json!({"paths": paths, "of": of})),
    })
}
