//! Names that are no text, or that would steer a terminal: shown escaped, told exactly, and read.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use tar::{Builder, Header};

use super::{exact, put};
use crate::support::bakery::{Bakery, succeeded};

const NAMES: [&[u8]; 8] = [
    b"plain",
    "naïve 名前".as_bytes(),
    b"new\nline",
    b"clear\x1b[2Jscreen\x07",
    "c1\u{9b}31m".as_bytes(),
    "bidi\u{202e}gpj.exe".as_bytes(),
    b"latin\xe9\xff",
    b"back\\x1bslash",
];

fn image() -> Bakery {
    let mut tar = Builder::new(Vec::new());
    for name in NAMES {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(name.len() as u64);
        tar.append_data(&mut header, OsStr::from_bytes(name), name).unwrap();
    }
    let mut header = Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "link", OsStr::from_bytes(NAMES[6])).unwrap();
    let bakery = Bakery::new();
    put(&bakery.local(), "odd:1", &[tar.into_inner().unwrap()]);
    put(&bakery.local(), "none:1", &[]);
    bakery
}

#[test]
fn odd_names_are_escaped_for_people_and_exact_for_scripts() {
    let bakery = image();
    let hazardous = |text: &str| text.chars().any(|c| c != '\n' && bakery::domain::text::is_hazardous(c));
    for arguments in [
        &["files", "local/odd:1"][..],
        &["diff", "local/odd:1"],
        &["diff", "local/none:1", "local/odd:1"],
        &["du", "local/odd:1"],
        &["files", "local/odd:1", "--json"],
        &["diff", "local/odd:1", "--json"],
    ] {
        let text = bakery.ok(arguments);
        assert!(!hazardous(&text), "{arguments:?}: {text}");
        assert!(text.contains("naïve 名前") || arguments[0] == "du", "{text}");
    }
    let text = bakery.ok(&["files", "local/odd:1"]);
    assert!(
        text.contains("/new\\nline") && text.contains("/latin\\xe9\\xff") && text.contains("/bidi\\u{202e}gpj"),
        "{text}"
    );
    let mut wanted: Vec<String> = NAMES.iter().map(|name| hex::encode([b"/", *name].concat())).collect();
    wanted.sort();
    let changes = bakery.json(&["diff", "local/odd:1"]);
    let changes = changes["layers"][0]["changes"].as_array().unwrap();
    let files = bakery.json_lines(&["files", "local/odd:1"]);
    for rows in [&files, changes] {
        let mut exact: Vec<String> =
            rows.iter().filter(|row| row["type"] == "file").map(|row| exact(row, "path").unwrap()).collect();
        exact.sort();
        assert_eq!(exact, wanted);
        let plain = rows.iter().find(|row| row["path"] == "/plain").unwrap();
        assert!(plain.get("path_base64").is_none());
        let link = rows.iter().find(|row| row["type"] == "symlink").unwrap();
        assert_eq!(exact_target(link), NAMES[6]);
    }
}

fn exact_target(row: &serde_json::Value) -> Vec<u8> {
    hex::decode(exact(row, "target").unwrap()).unwrap()
}

#[test]
fn files_of_odd_names_are_read_and_listed_by_them() {
    let bakery = image();
    for name in NAMES.into_iter().chain([b"link".as_slice()]) {
        let output = bakery.command(&["cat", "local/odd:1"]).arg(OsStr::from_bytes(name)).output().unwrap();
        succeeded(&output, "cat");
        assert_eq!(output.stdout, if name == b"link" { NAMES[6] } else { name });
        let output = bakery.command(&["files", "local/odd:1", "--json"]).arg(OsStr::from_bytes(name)).output().unwrap();
        assert_eq!(succeeded(&output, "files").lines().count(), 1);
    }
    let output = bakery.command(&["cat", "local/odd:1"]).arg(OsStr::from_bytes(b"ab\x1b\xff")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("ab\\x1b\\xff") && output.status.code() == Some(1), "{said}");
}
