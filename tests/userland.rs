//! What the demo collects from this host, held against the host's own loader.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bakery::adapters::demo::{Loader, Tree, Userland, elf};

use crate::support::peers;

/// Libraries by `ldd`, without links; `None` where it gives no list.
fn by_ldd(program: &Path) -> Option<BTreeSet<PathBuf>> {
    let output = Command::new("ldd").arg(program).env("LC_ALL", "C").output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let paths = text.lines().filter_map(|line| line.split("=>").nth(1)).filter_map(|rest| rest.split(" (").next());
    paths.map(|path| Path::new(path.trim()).canonicalize().ok()).collect()
}

#[test]
fn libraries_are_those_the_hosts_loader_takes() {
    if !peers::need(&["ldd"]) {
        return;
    }
    let loader = Loader::of_host();
    let mut programs: Vec<PathBuf> = std::fs::read_dir("/usr/bin").unwrap().map(|e| e.unwrap().path()).collect();
    programs.sort();
    let mut compared = 0;
    for program in programs.iter().step_by(9) {
        let Ok(real) = program.canonicalize() else { continue };
        let (Ok(closure), Some(expected)) = (loader.closure(&real), by_ldd(&real)) else { continue };
        let interpreter = closure.interpreter.as_deref().and_then(|path| path.canonicalize().ok());
        let without = |found: BTreeSet<PathBuf>| -> BTreeSet<PathBuf> {
            found.into_iter().filter(|path| Some(path) != interpreter.as_ref()).collect()
        };
        let found = closure.libraries.values().map(|path| path.canonicalize().unwrap()).collect();
        assert_eq!(without(found), without(expected), "{}", real.display());
        assert_eq!(closure.absent, Vec::<String>::new(), "{}", real.display());
        compared += 1;
    }
    assert!(compared > 5, "only {compared} programs compared");
}

#[test]
fn every_file_of_the_host_is_read_or_refused() {
    let mut read = 0;
    for folder in ["/usr/bin", "/usr/lib", "/etc"] {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_file()
                && let Ok(mut file) = std::fs::File::open(entry.path())
            {
                read += usize::from(elf::read(&mut file).is_ok());
            }
        }
    }
    assert!(read > 10);
}

/// Runs a shell script with `folder` as its root; `None` where this user may not.
fn inside(folder: &Path, script: &str) -> Option<String> {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--root"]).arg(folder).args(["/bin/sh", "-euc", script]).env_clear();
    command.env("PATH", "/usr/bin:/bin");
    let probe = Command::new("unshare").args(["--user", "--map-root-user", "true"]).status().ok()?;
    if !probe.success() {
        eprintln!("SKIPPED inside {}: no user namespaces", folder.display());
        return None;
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_system_runs_by_itself() {
    let userland = Userland::of_host();
    let system = userland.system().unwrap();
    assert!(system.size() < 64 * 1024 * 1024);
    assert_eq!(system, userland.system().unwrap(), "the same host gives the same tree");
    let folder = tempfile::tempdir().unwrap();
    system.write_to(folder.path()).unwrap();
    let passwd = std::fs::read_to_string(folder.path().join("etc/passwd")).unwrap();
    assert!(passwd.contains("root:") && passwd.lines().all(|line| !line.contains(":1000:")), "{passwd}");
    if !peers::need(&["unshare"]) {
        return;
    }
    let said = inside(folder.path(), "test -n \"$(ls /)\"; . /etc/os-release; echo \"<$ID>\"; printf x | wc -c");
    if let Some(said) = said {
        assert!(said.starts_with('<') && said.trim_end().ends_with('1'), "{said}");
    }
}

#[test]
fn python_runs_on_the_system_where_the_host_has_it() {
    let userland = Userland::of_host();
    let system = userland.system().unwrap();
    let Some(python) = userland.python(&system, 48 * 1024 * 1024).unwrap() else {
        eprintln!("SKIPPED: no python3 outside users' folders");
        return;
    };
    assert!(!python.has(Path::new("/bin/sh")), "what is below is not carried again");
    let folder = tempfile::tempdir().unwrap();
    let mut both = Tree::default();
    both.merge(&system).unwrap();
    both.merge(&python).unwrap();
    both.write_to(folder.path()).unwrap();
    if peers::need(&["unshare"])
        && let Some(said) = inside(folder.path(), "python3 -c 'import json, http.server, re; print(json.dumps([1]))'")
    {
        assert_eq!(said.trim(), "[1]");
    }
}

#[test]
fn links_are_kept_and_loops_refused() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().canonicalize().unwrap();
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, real.join(name)).unwrap();
    std::fs::create_dir(real.join("lib")).unwrap();
    std::fs::write(real.join("lib/lib.so.1.2"), "content").unwrap();
    link("lib", "lib64");
    link("../lib64/lib.so.1.2", "lib/lib.so.1");
    link("round", "about");
    link("about", "round");
    rustix::fs::mknodat(rustix::fs::CWD, real.join("fifo"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();

    let mut tree = Tree::default();
    assert_eq!(tree.add(&real.join("lib64/lib.so.1")).unwrap(), real.join("lib/lib.so.1.2"));
    for refused in ["round", "fifo", "lib/lib.so.1/below", "absent"] {
        assert!(tree.add(&real.join(refused)).is_err(), "{refused}");
    }
    let written = tempfile::tempdir().unwrap();
    tree.write_to(written.path()).unwrap();
    let copy = written.path().join(real.strip_prefix("/").unwrap());
    assert_eq!(std::fs::read_link(copy.join("lib64")).unwrap(), Path::new("lib"));
    assert_eq!(std::fs::read_link(copy.join("lib/lib.so.1")).unwrap(), Path::new("../lib64/lib.so.1.2"));
    assert_eq!(std::fs::read_to_string(copy.join("lib64/lib.so.1")).unwrap(), "content");
    assert_eq!(tree.size(), 7);

    let mut more = tree.clone();
    more.put("/etc/own", "ours", 0o600).unwrap();
    assert!(more.put("/etc/own/below", "no", 0o600).is_err());
    let above = more.above(&tree);
    assert!(above.has(Path::new("/etc/own")) && above.has(Path::new("/etc")) && !above.has(&real.join("lib64")));
    assert_eq!(above.size(), 4);
}
