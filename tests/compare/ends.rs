//! How the commands end: exit codes, readers that go away, terminals, what is no file.

use std::io::Read as _;
use std::process::Stdio;

use super::put;
use crate::support::bakery::Bakery;
use crate::support::engine::Tar;
use crate::support::pty::Terminal;

fn image() -> Bakery {
    let bakery = Bakery::new();
    let mut tar = Tar::new().folder("etc/", 0o755).file("etc/passwd", "root").symlink("loop", "loop");
    tar = tar
        .entry(b'3', "null", 0o666, ("", b""))
        .file("steer", "a\x1b]0;x\x07\tb\nc\u{202e}\n")
        .file("big", &"0123456789abcdef".repeat(1 << 16));
    put(&bakery.local(), "app:1", &[tar.end()]);
    let touched = Tar::new().file("etc/passwd", "root").end();
    put(&bakery.local(), "touched:1", &[touched.clone(), set_time(touched)]);
    bakery
}

/// The one file of an archive at another time.
fn set_time(mut tar: Vec<u8>) -> Vec<u8> {
    let mut header = tar::Header::from_byte_slice(&tar[..512]).clone();
    header.set_mtime(99);
    header.set_cksum();
    tar[..512].copy_from_slice(header.as_bytes());
    tar
}

#[test]
fn exit_code_says_whether_anything_differs() {
    let bakery = image();
    bakery.ok(&["diff", "local/app:1", "local/app:1", "--exit-code"]);
    bakery.ok(&["diff", "local/app:1", "local/touched:1"]);
    assert_eq!(bakery.fails(1, &["diff", "local/app:1", "local/touched:1", "--exit-code"]), "");
    assert_eq!(bakery.fails(1, &["diff", "local/app:1", "local/touched:1", "--exit-code", "--json"]), "");
    bakery.ok(&["diff", "local/app:1", "local/touched:1", "--exit-code", "--only", "added"]);
    for json in [&[][..], &["--json"]] {
        bakery.fails(1, &[&["diff", "local/touched:1", "--exit-code", "--layer", "2"], json].concat());
        bakery.ok(&[&["diff", "local/touched:1", "--exit-code", "--layer", "2", "--semantic"], json].concat());
    }
}

#[test]
fn what_is_no_file_is_told_with_the_nearest_that_is_there() {
    let bakery = image();
    for (path, said) in [
        ("/etc", "a folder, not a file"),
        ("/null", "a character device"),
        ("/etc/passwdd", "did you mean /etc/passwd?"),
        ("/ect/passwd", "did you mean /etc?"),
        ("/etc/passwd/x", "/etc/passwd is no folder"),
        ("/loop", "T-02"),
        ("/nothing/like/it", "bakery files local/app:1 /"),
    ] {
        let stderr = bakery.fails(1, &["cat", "local/app:1", path]);
        assert!(stderr.contains(said), "{path}: {stderr}");
    }
    assert!(bakery.fails(2, &["cat", "local/app:1", "/etc/passwd", "--json"]).contains("--json"));
    assert!(bakery.fails(4, &["files", "local/absent:1"]).contains("absent"));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let bakery = image();
    for arguments in
        [&["cat", "local/app:1", "/big"][..], &["diff", "local/app:1"], &["files", "local/app:1", "--json"]]
    {
        let mut child = bakery.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_terminal_is_shown_escapes_and_a_pipe_the_bytes() {
    let bakery = image();
    assert_eq!(bakery.ok(&["cat", "local/app:1", "/steer"]), "a\x1b]0;x\x07\tb\nc\u{202e}\n");
    let mut terminal = Terminal::start(&bakery.command(&["cat", "local/app:1", "steer"]), 80, 24);
    terminal.wait_text("c\\u{202e}");
    terminal.ends_with(0);
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(raw.contains("a\\x1b]0;x\\x07\tb\r\nc\\u{202e}") && !raw.contains('\x1b'), "{raw:?}");
}
