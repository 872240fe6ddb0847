//! `image.packages`: packages that may not be installed, whoever installed them.

use super::super::super::policy::Demand;
use super::super::super::{Evidence, Gap, Globs, reason};
use super::super::judged::{Judged, Offence};
use super::super::judging::Judging;
use crate::domain::layer::packages::Package;
use crate::domain::text::escape;
use crate::domain::units::count;

pub fn packages(judging: &Judging<'_>) -> Judged {
    let forbidden = &judging.case.policy.image.forbid_packages;
    if forbidden.is_empty() {
        return Judged::not_asked();
    }
    let globs = match Globs::new(forbidden) {
        Ok(globs) => globs,
        Err(error) => return Judged::unusable(&error),
    };
    let found = match installed(judging.case.evidence, &globs) {
        Ok(found) => found,
        Err(gap) => return Judged::unknown(&gap),
    };
    let about =
        |(package, line): (&Package, String)| Offence::about(reason::PACKAGES_FORBIDDEN, package.name.as_bytes(), line);
    Judged::of(Demand::Forbid, found.into_iter().map(about).collect(), || {
        let all = judging.case.evidence.packages.as_ref().map_or(0, |packages| packages.len());
        Judged::pass(reason::PACKAGES_CLEAN, vec![format!("none of {}", count(all as u64, "package"))])
    })
}

/// Installed packages whose name, or that of what they were built from, is one of these; each with a line.
pub fn installed<'e>(image: &'e Evidence, globs: &Globs) -> Result<Vec<(&'e Package, String)>, Gap> {
    let packages = image.packages.as_ref().map_err(Clone::clone)?;
    let found = packages.iter().filter_map(|package| {
        let glob = globs.which(package.name.as_bytes())?;
        let (name, version) = (escape(&package.name), escape(&package.version));
        Some((package, format!("{name} {version} ({}) is forbidden by {}", package.system.as_str(), escape(glob))))
    });
    Ok(found.collect())
}
