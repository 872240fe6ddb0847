//! Programs on pipes and files: what goes in, what comes out, what stays.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use super::{at, fails, leftovers, ok, running, stocked};
use crate::support::pty::wait_until;

#[test]
fn a_programs_words_and_its_exit_status_come_through() {
    let Some(bakery) = stocked() else { return };
    let script = "echo out; echo err >&2; exit 7";
    let output = at(&bakery, &["shell", "global/os:12", "--", "sh", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("global/os:12 (") && told.contains("what you change here is thrown away"), "{told}");
    assert!(told.ends_with("err\n"), "{told}");
    let told = fails(&bakery, 1, &["shell", "-q", "global/os:12", "--", "nonesuch"]);
    assert!(told.starts_with("error: nonesuch cannot be started in the image\ncause: No such file"), "{told}");
    assert_eq!(leftovers(&bakery), [""; 0]);
}

#[test]
fn a_shell_reads_its_commands_from_a_pipe_and_nothing_it_does_stays() {
    let Some(bakery) = stocked() else { return };
    let before = ok(&bakery, &["store", "ls", "--json"]);
    for round in 0..2 {
        let mut child = at(&bakery, &["shell", "-q", "--user", "root", "global/os:12"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"ls /made 2>/dev/null\necho made > /made && rm /etc/passwd && ls /made\nexit 4\n").unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "/made\n", "round {round}");
    }
    assert_eq!(ok(&bakery, &["store", "ls", "--json"]), before);
}

#[test]
fn much_goes_through_whole_and_a_reader_that_leaves_ends_it() {
    let Some(bakery) = stocked() else { return };
    let mut child = at(&bakery, &["shell", "-q", "global/os:12", "--", "sha256sum"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bytes: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let digest = bakery::domain::oci::Digest::of(&bytes);
    assert_eq!(said, format!("{}  -\n", digest.encoded()));

    let endless = ["shell", "-q", "global/os:12", "--", "sh", "-c", "while :; do echo line; done"];
    let mut child = at(&bakery, &endless).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = [0; 5];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    assert_eq!((&first, child.wait().unwrap().code()), (b"line\n", Some(141)));
}

#[test]
fn none_of_the_users_files_can_be_reached_through_a_descriptor() {
    let Some(bakery) = stocked() else { return };
    let victim = bakery.write("victim", "canary");
    let (input, output) = (File::open(&victim).unwrap(), bakery.path("said"));
    let script =
        "for fd in /proc/self/fd/*; do readlink $fd; done; echo bad >&9; cat <&9; echo bad > /proc/self/fd/0; true";
    let shell = at(&bakery, &["shell", "-q", "--user", "root", "global/os:12", "--", "sh", "-c", script]);
    // As a careless script leaves them open: standard input a file, another one beside it.
    let mut careless = Command::new("sh");
    careless.arg("-c").arg("exec 9<>\"$0\"; exec \"$@\"").arg(&victim).arg(shell.get_program()).args(shell.get_args());
    careless.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
    careless.current_dir(bakery.path("shop")).stdin(input).stdout(File::create(&output).unwrap());
    let status = careless.stderr(Stdio::null()).status().unwrap();
    assert!(status.success());
    let said = std::fs::read_to_string(&output).unwrap();
    assert!(said.starts_with("pipe:[") && !said.contains("canary") && !said.contains("victim"), "{said}");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "canary");
}

#[test]
fn network_and_user_are_as_asked() {
    let Some(bakery) = stocked() else { return };
    let devices = |network: &str| {
        let said = ok(&bakery, &["shell", "-q", "--network", network, "global/os:12", "--", "cat", "/proc/net/dev"]);
        said.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect::<Vec<_>>()
    };
    let here = std::fs::read_to_string("/proc/net/dev").unwrap();
    assert_eq!(devices("none"), ["lo"]);
    assert_eq!(devices("host").len(), here.lines().count() - 2);
    let user = |user: &str| ok(&bakery, &["shell", "-q", "--user", user, "global/os:12", "--", "id", "-u"]);
    assert_eq!(user("root"), "0\n");
    if rustix::process::geteuid().is_root() {
        assert_eq!(user("1234:77"), "1234\n");
        assert_eq!(ok(&bakery, &["shell", "-q", "global/os:12", "--", "id", "-u"]), "65534\n", "the image's own");
    }
    let told = fails(&bakery, 1, &["shell", "-q", "--user", "nonesuch", "global/os:12", "--", "id"]);
    assert!(told.contains("nonesuch"), "{told}");
}

#[test]
fn images_are_named_as_everywhere() {
    let Some(bakery) = stocked() else { return };
    let layout = format!("oci:{}:os:12", bakery.path("shop/global-store").display());
    assert_eq!(ok(&bakery, &["shell", "-q", &layout, "--", "echo", "there"]), "there\n");
    for (code, target, part) in [
        (4, "global/nonesuch:1", "image global/nonesuch:1 cannot be had"),
        (2, "nonesuch", "nonesuch is neither an image nor a recipe"),
        (2, "nonesuch.yaml@2", "no recipe nonesuch.yaml"),
    ] {
        let told = fails(&bakery, code, &["shell", target, "--", "true"]);
        assert!(told.contains(part) && told.contains("help: "), "{told}");
    }
    assert!(fails(&bakery, 2, &["shell", "--json", "global/os:12"]).contains("JSON"));
}

#[test]
fn killed_outright_it_leaves_no_process_and_the_next_one_tidies_up() {
    let Some(bakery) = stocked() else { return };
    let word = format!("{}.5", 7_000_000 + std::process::id());
    let script = format!("echo ready; sleep {word}");
    let mut child = at(&bakery, &["shell", "-q", "global/os:12", "--", "sh", "-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 6];
    child.stdout.take().unwrap().read_exact(&mut ready).unwrap();
    wait_until("the program runs", || !running(&word).is_empty());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::KILL).unwrap();
    child.wait().unwrap();
    wait_until("everything it started is gone", || running(&word).is_empty());
    assert_eq!(leftovers(&bakery).len(), 1, "its scratch space");
    ok(&bakery, &["shell", "-q", "global/os:12", "--", "true"]);
    assert_eq!(leftovers(&bakery), [""; 0]);
}
