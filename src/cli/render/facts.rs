//! What differs between two images beside their files, one a line: how they are run, what is installed. All of it comes from
//! outside, so all of it is escaped.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::changes::glyph;
use crate::domain::layer::ChangeKind;
use crate::domain::layer::packages::{ChangeKind as PackageKind, Package, PackageChange, Problem};
use crate::domain::oci::ConfigChange;
use crate::domain::text::escape;
use crate::flows::compare::Opened;

/// Longest value shown.
const VALUE: usize = 200;

/// `~     config  env.PATH  /bin → /usr/bin`.
pub fn config(change: &ConfigChange, color: bool) -> String {
    let name = escape(&change.field);
    line("config", &name, (change.before.as_deref(), change.after.as_deref()), color)
}

/// `~    package  curl  7.88.1-10 → 7.88.1-11  (upgraded)`.
pub fn package(change: &PackageChange, color: bool) -> String {
    let arch = |package: &Package| package.arch.clone();
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let versions = (before.map(|package| package.version.as_str()), after.map(|package| package.version.as_str()));
    let mut line = line("package", &escape(&change.name), versions, color);
    match (before.map(arch), after.map(arch)) {
        (Some(was), Some(is)) if was != is => line.push_str(&format!("  {}→{}", escape(&was), escape(&is))),
        _ => {}
    }
    match change.kind {
        PackageKind::Added | PackageKind::Removed => line,
        kind => format!("{line}  ({})", kind.as_str()),
    }
}

fn line(what: &str, name: &str, (before, after): (Option<&str>, Option<&str>), color: bool) -> String {
    let (kind, value) = match (before.map(shown), after.map(shown)) {
        (None, after) => (ChangeKind::Added, after.unwrap_or_default()),
        (Some(before), None) => (ChangeKind::Deleted, before),
        (Some(before), Some(after)) => (ChangeKind::Modified, format!("{before} → {after}")),
    };
    format!("{} {what:>9}  {name}  {value}", glyph(kind, color)).trim_end().to_owned()
}

fn shown(value: &str) -> String {
    let value = escape(value);
    match value.char_indices().nth(VALUE) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value,
    }
}

/// The databases of packages that could not be read, each with the image it is in.
pub fn problems<'o>(before: &'o Opened, after: &'o Opened) -> impl Iterator<Item = (&'o Opened, &'o Problem)> {
    [before, after].into_iter().flat_map(|opened| opened.packages.problems.iter().map(move |problem| (opened, problem)))
}

/// That what is installed by one of them is not compared.
pub fn unread(opened: &Opened, problem: &Problem) -> String {
    let (image, path, reason) = (escape(&opened.reference), escape(&problem.path), escape(&problem.reason));
    format!("warning: the packages of {image} in {path} are not compared: {reason}")
}

/// A package's change as scripts read it.
pub struct PackageRow<'c>(pub &'c PackageChange);

impl Serialize for PackageRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(change) = self;
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", change.kind.as_str())?;
        map.serialize_entry("name", &change.name)?;
        let system = after.or(before).map(|package| package.system.as_str());
        map.serialize_entry("system", &system)?;
        map.serialize_entry("arch", &after.or(before).map(|package| &package.arch))?;
        map.serialize_entry("before", &before.map(|package| &package.version))?;
        map.serialize_entry("after", &after.map(|package| &package.version))?;
        if let (Some(before), Some(after)) = (before, after)
            && before.arch != after.arch
        {
            map.serialize_entry("before_arch", &before.arch)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::packages::System;

    fn of(version: &str, arch: &str) -> Option<Package> {
        let (name, version, arch) = ("curl\x1b".to_owned(), version.to_owned(), arch.to_owned());
        Some(Package { name, arch, version, system: System::Dpkg, source: None, size: None })
    }

    #[test]
    fn one_line_says_what_was_and_what_is() {
        let change = |kind, before, after| PackageChange { name: "curl\x1b".into(), kind, before, after };
        let lines = [
            change(PackageKind::Upgraded, of("1", "amd64"), of("2", "amd64")),
            change(PackageKind::Changed, of("1", "amd64"), of("1", "all")),
            change(PackageKind::Added, None, of("1", "amd64")),
        ]
        .map(|change| package(&change, false));
        assert_eq!(
            lines,
            [
                "~   package  curl\\x1b  1 → 2  (upgraded)",
                "~   package  curl\\x1b  1 → 1  amd64→all  (changed)",
                "+   package  curl\\x1b  1"
            ]
        );
        let row = serde_json::to_value(PackageRow(&change(PackageKind::Removed, of("1", "amd64"), None))).unwrap();
        let expected = serde_json::json!({"kind": "removed", "name": "curl\x1b", "system": "dpkg", "arch": "amd64",
            "before": "1", "after": null});
        assert_eq!(row, expected);
        let label = ConfigChange { field: "label.a\u{202e}".into(), before: Some("x\ny".into()), after: None };
        assert_eq!(config(&label, false), "-    config  label.a\\u{202e}  x\\ny");
    }
}
