//! Whether the package managers themselves agree: about the order of versions, and about what real root file systems hold.

use std::cmp::Ordering;
use std::fs::File;
use std::path::Path;
use std::process::Command;

use bakery::adapters::index::{LayerIndex, collect, read, write};
use bakery::domain::layer::packages::{Installed, System, compare_versions, installed};
use bakery::domain::layer::{Kind, Limits, Scanner};
use tokio_util::sync::CancellationToken;

use crate::support::peers::need;
use crate::support::{debian, meadow};

#[test]
fn dpkg_orders_versions_the_same_way() {
    if !need(&["dpkg"]) {
        return;
    }
    let versions = [
        "0",
        "0~",
        "1",
        "1.0",
        "1.0-0",
        "1.0-1",
        "1.0-1+b1",
        "1.0-1~bpo12+1",
        "1.0~rc1-1",
        "1.0~~",
        "1.0a",
        "1.0+dfsg-1",
        "1.00",
        "1.10",
        "1.9",
        "1:0.1",
        "0:1.0",
        "2.36-9+deb12u10",
        "2.36-9+deb12u7",
        "2:1.0~beta1~svn1245-3",
        "1.0-1-2",
        "20240203",
    ];
    let dpkg = |a: &str, relation: &str, b: &str| {
        Command::new("dpkg").args(["--compare-versions", a, relation, b]).status().unwrap().success()
    };
    for (at, a) in versions.iter().enumerate() {
        for b in &versions[at..] {
            let theirs = match (dpkg(a, "lt", b), dpkg(a, "eq", b)) {
                (true, _) => Ordering::Less,
                (_, true) => Ordering::Equal,
                _ => Ordering::Greater,
            };
            assert_eq!(compare_versions(System::Dpkg, a, b), theirs, "{a} and {b}");
        }
    }
}

/// The index of a plain tar, and what is installed in it as the only layer.
fn of_tar(tar: &Path) -> (LayerIndex, Installed) {
    let mut scanner = Scanner::new(File::open(tar).unwrap(), Limits::default());
    let index = collect(&mut scanner, &CancellationToken::new(), &mut || ()).unwrap();
    let at = |path: &[u8]| {
        index.contents.entries.iter().rev().find(|entry| &*entry.path == path).and_then(|entry| match entry.node.kind {
            Kind::File { digest, .. } => digest,
            _ => None,
        })
    };
    let parts = index.contents.entries.iter().filter(|entry| entry.path.starts_with(b"var/lib/dpkg/status.d/"));
    let found = installed(at, parts.map(|entry| &entry.path), &index.databases);
    (index, found)
}

#[test]
fn dpkg_query_says_the_same_is_installed() {
    if !need(&["mmdebstrap", "dpkg-query", "tar"]) {
        return;
    }
    let tar = debian::rootfs();
    let (index, found) = of_tar(&tar);
    let folder = tempfile::tempdir().unwrap();
    debian::run(Command::new("tar").arg("-C").arg(folder.path()).arg("-xf").arg(&tar).arg("./var/lib/dpkg"));
    let format = "${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n";
    let mut query = Command::new("dpkg-query");
    query.arg("--admindir").arg(folder.path().join("var/lib/dpkg")).args(["-W", "-f", format]);
    let output = query.output().unwrap();
    let mut theirs: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    theirs.sort();
    let line = |package: &bakery::domain::layer::packages::Package| {
        let (name, version) = match &package.source {
            Some(source) => (&source.name, source.version.as_ref().unwrap_or(&package.version)),
            None => (&package.name, &package.version),
        };
        format!("{} {} {} {name} {version}", package.name, package.version, package.arch)
    };
    let mut ours: Vec<String> = found.packages.iter().map(line).collect();
    ours.sort();
    assert!(ours.len() > 20 && found.problems.is_empty());
    assert_eq!(ours, theirs);
    let path = folder.path().join("index");
    write(&path, &index);
    assert!(read(&path).unwrap() == index);
}

#[test]
fn rpms_own_database_is_read() {
    if !need(&["mmdebstrap"]) {
        return;
    }
    let (_, found) = of_tar(&meadow::rootfs());
    let told: Vec<String> = found
        .packages
        .iter()
        .map(|package| format!("{} {} {} {}", package.name, package.version, package.arch, package.system.as_str()))
        .collect();
    assert_eq!(told, ["meadow-release 1-1 noarch rpm"]);
    assert_eq!((found.systems, found.problems), (vec![System::Rpm], vec![]));
}
