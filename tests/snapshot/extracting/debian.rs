//! A real Debian, extracted by bakery and by GNU tar: the same files.

use super::{Cell, may_give_away};
use crate::support::bakery::peer;
use crate::support::debian::rootfs;
use crate::support::peers;

#[test]
fn a_debian_is_the_same_as_from_gnu_tar() {
    if !peers::need(&["mmdebstrap", "tar", "find"]) || !may_give_away() {
        return;
    }
    let tar = rootfs();
    let ours = Cell::new();
    let started = std::time::Instant::now();
    let unpacked = ours.layer(&std::fs::read(&tar).unwrap());
    let took = started.elapsed();
    let theirs = tempfile::tempdir().unwrap();
    let folder = theirs.path().display().to_string();
    let started = std::time::Instant::now();
    peer("tar", &["-C", &folder, "--numeric-owner", "--xattrs", "-xpf", &tar.display().to_string()]);
    eprintln!("{unpacked:?}: {took:?}, GNU tar {:?}", started.elapsed());
    let listing = |folder: &str| {
        // Devices are no part of a snapshot; fractions of seconds are none of an image.
        let format = "%P %y %m %U:%G %s %l %n %Ts\\n";
        let arguments = [folder, "!", "-type", "c", "!", "-type", "b", "-printf", format];
        let mut lines: Vec<String> = peer("find", &arguments)
            .lines()
            // How large a folder is says which names it once held.
            .map(|line| {
                let mut fields: Vec<&str> = line.split(' ').collect();
                if fields[1] == "d" {
                    fields.remove(4);
                }
                fields.join(" ")
            })
            .collect();
        lines.sort();
        lines
    };
    let (ours_listed, theirs_listed) = (listing(&ours.root().display().to_string()), listing(&folder));
    assert!(ours_listed.len() > 3000, "{}", ours_listed.len());
    let differing: Vec<_> = ours_listed.iter().zip(&theirs_listed).filter(|(ours, theirs)| ours != theirs).collect();
    assert!(
        differing.is_empty() && ours_listed.len() == theirs_listed.len(),
        "{:#?}",
        &differing[..differing.len().min(9)]
    );
    peer("diff", &["-r", "--no-dereference", "-x", "dev", &ours.root().display().to_string(), &folder]);
}
