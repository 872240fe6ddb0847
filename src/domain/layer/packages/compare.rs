//! What changed between two lists of installed packages. Knows neither images nor where the lists come from.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

use super::package::{Package, System};
use super::version::compare_versions;

/// What happened to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is there now.
    Added,
    /// It is gone.
    Removed,
    /// Another version, newer by its system's rules.
    Upgraded,
    /// Another version, older by its system's rules.
    Downgraded,
    /// The same version by its system's rules, and yet something else: rebuilt, for another architecture, written otherwise.
    Changed,
}

impl ChangeKind {
    /// The word for people and for `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Changed => "changed",
        }
    }
}

/// One change; `before` or `after` is missing where the package was not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageChange {
    /// Name of the package; from outside.
    pub name: String,
    /// What happened.
    pub kind: ChangeKind,
    /// As it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Package>,
    /// As it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Package>,
}

type Sides<'a> = (Vec<&'a Package>, Vec<&'a Package>);

/// What is different in `after`, by name. A package is known by system, name and architecture; of several versions of
/// one (kernels), those on both sides are no change, and the rest are paired from the newest down.
pub fn compare(before: &[Package], after: &[Package]) -> Vec<PackageChange> {
    let mut named: BTreeMap<(&str, System), Sides> = BTreeMap::new();
    for package in before {
        named.entry((&package.name, package.system)).or_default().0.push(package);
    }
    for package in after {
        named.entry((&package.name, package.system)).or_default().1.push(package);
    }
    let mut changes = Vec::new();
    for (_, sides) in named {
        of_one_name(sides, &mut changes);
    }
    changes
}

fn of_one_name((before, after): Sides, changes: &mut Vec<PackageChange>) {
    let mut arches: BTreeMap<&str, Sides> = BTreeMap::new();
    for package in before {
        arches.entry(&package.arch).or_default().0.push(package);
    }
    for package in after {
        arches.entry(&package.arch).or_default().1.push(package);
    }
    let (mut gone, mut new): Sides = Default::default();
    for (_, (before, after)) in arches {
        let (before, after) = of_one_arch(before, after, changes);
        gone.extend(before);
        new.extend(after);
    }
    // One that went for one architecture and came for another is the same package.
    if let ([before], [after]) = (gone.as_slice(), new.as_slice()) {
        changes.push(pair(before, after));
        return;
    }
    changes.extend(gone.into_iter().map(|package| single(ChangeKind::Removed, package)));
    changes.extend(new.into_iter().map(|package| single(ChangeKind::Added, package)));
}

/// Tells the pairs, and gives back what has no partner.
fn of_one_arch<'a>(
    mut before: Vec<&'a Package>,
    mut after: Vec<&'a Package>,
    changes: &mut Vec<PackageChange>,
) -> Sides<'a> {
    before.sort_unstable();
    after.sort_unstable();
    let (_, (before, after)) = partners((before, after), Package::cmp);
    // The same version on both sides is a partner before any other.
    let (mut pairs, (mut before, mut after)) = partners((before, after), |old, new| old.version.cmp(&new.version));
    let newest_first = |a: &&Package, b: &&Package| compare_versions(a.system, &b.version, &a.version).then(b.cmp(a));
    before.sort_by(newest_first);
    after.sort_by(newest_first);
    let others = before.len().min(after.len());
    pairs.extend(before.drain(..others).zip(after.drain(..others)));
    changes.extend(pairs.into_iter().map(|(old, new)| pair(old, new)));
    (before, after)
}

/// Pairs what is equal in two lists sorted by `order`; and the rest.
fn partners<'a>(
    (before, after): Sides<'a>,
    order: impl Fn(&Package, &Package) -> Ordering,
) -> (Vec<(&'a Package, &'a Package)>, Sides<'a>) {
    let (mut pairs, mut rest): (Vec<_>, Sides<'a>) = Default::default();
    let (mut before, mut after) = (before.into_iter().peekable(), after.into_iter().peekable());
    while let (Some(old), Some(new)) = (before.peek(), after.peek()) {
        match order(old, new) {
            Ordering::Less => rest.0.extend(before.next()),
            Ordering::Greater => rest.1.extend(after.next()),
            Ordering::Equal => pairs.extend(before.next().zip(after.next())),
        }
    }
    rest.0.extend(before);
    rest.1.extend(after);
    (pairs, rest)
}

fn pair(before: &Package, after: &Package) -> PackageChange {
    let kind = match compare_versions(before.system, &before.version, &after.version) {
        Ordering::Less => ChangeKind::Upgraded,
        Ordering::Greater => ChangeKind::Downgraded,
        Ordering::Equal => ChangeKind::Changed,
    };
    PackageChange { name: after.name.clone(), kind, before: Some(before.clone()), after: Some(after.clone()) }
}

fn single(kind: ChangeKind, package: &Package) -> PackageChange {
    let (before, after) = if kind == ChangeKind::Removed { (Some(package), None) } else { (None, Some(package)) };
    PackageChange { name: package.name.clone(), kind, before: before.cloned(), after: after.cloned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(system: System, list: &[&str]) -> Vec<Package> {
        let package = |text: &&str| {
            let mut words = text.split(' ').map(str::to_owned);
            let mut word = || words.next().unwrap_or_default();
            let (name, version, arch) = (word(), word(), word());
            Package { name, version, arch, system, source: None, size: word().parse().ok() }
        };
        list.iter().map(package).collect()
    }

    fn told(system: System, before: &[&str], after: &[&str]) -> Vec<String> {
        let changes = compare(&packages(system, before), &packages(system, after));
        let shown = |package: &Option<Package>| {
            package.as_ref().map_or("-".to_owned(), |p| format!("{}:{}", p.version, p.arch))
        };
        let line = |change: &PackageChange| {
            format!("{} {} {} {}", change.name, change.kind.as_str(), shown(&change.before), shown(&change.after))
        };
        changes.iter().map(line).collect()
    }

    #[test]
    fn every_kind_by_name() {
        let before = ["zlib 1.2-1 amd64", "libc6 2.36-9+deb12u7 amd64", "gone 1 all", "same 1 all", "rc 2.0 all"];
        let after =
            ["curl 7.88 amd64", "rc 2.0~rc1 all", "zlib 1.2-1 amd64 9", "libc6 2.36-9+deb12u10 amd64", "same 1 all"];
        assert_eq!(
            told(System::Dpkg, &before, &after),
            [
                "curl added - 7.88:amd64",
                "gone removed 1:all -",
                "libc6 upgraded 2.36-9+deb12u7:amd64 2.36-9+deb12u10:amd64",
                "rc downgraded 2.0:all 2.0~rc1:all",
                "zlib changed 1.2-1:amd64 1.2-1:amd64",
            ]
        );
        assert!(told(System::Dpkg, &after, &after).is_empty());
    }

    #[test]
    fn several_versions_of_one_name() {
        assert_eq!(
            told(
                System::Rpm,
                &["kernel 5.14-1 x86_64", "kernel 5.14-2 x86_64"],
                &["kernel 5.14-2 x86_64", "kernel 5.14-10 x86_64"]
            ),
            ["kernel upgraded 5.14-1:x86_64 5.14-10:x86_64"]
        );
        assert_eq!(
            told(System::Rpm, &["kernel 1-1 x86_64", "kernel 1-2 x86_64"], &["kernel 1-3 x86_64"]),
            ["kernel upgraded 1-2:x86_64 1-3:x86_64", "kernel removed 1-1:x86_64 -"]
        );
        assert_eq!(told(System::Rpm, &["k 1-1 a"], &["k 1-1 a", "k 1-2 a"]), ["k added - 1-2:a"]);
    }

    #[test]
    fn architectures_are_packages_of_their_own_until_one_takes_anothers_place() {
        assert_eq!(
            told(System::Dpkg, &["libc6 1 amd64", "libc6 1 i386"], &["libc6 2 amd64", "libc6 2 i386"]),
            ["libc6 upgraded 1:amd64 2:amd64", "libc6 upgraded 1:i386 2:i386"]
        );
        assert_eq!(told(System::Dpkg, &["a 1 all"], &["a 1 amd64"]), ["a changed 1:all 1:amd64"]);
        assert_eq!(told(System::Dpkg, &["a 1 all"], &["a 2 amd64"]), ["a upgraded 1:all 2:amd64"]);
        assert_eq!(
            told(System::Dpkg, &["a 1 i386"], &["a 1 amd64", "a 1 arm64"]),
            ["a removed 1:i386 -", "a added - 1:amd64", "a added - 1:arm64"]
        );
    }

    #[test]
    fn systems_do_not_mix() {
        let changes = compare(&packages(System::Apk, &["musl 1 x"]), &packages(System::Rpm, &["musl 1-1 x"]));
        let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
        assert_eq!(kinds, [ChangeKind::Removed, ChangeKind::Added]);
        let json = serde_json::to_value(&changes).unwrap();
        assert_eq!((&json[0]["kind"], &json[1]["after"]["system"]), (&"removed".into(), &"rpm".into()));
    }
}
