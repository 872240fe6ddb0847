//! Signing keys as a user and cosign meet them.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use bakery::adapters::settings::{Paths, StorePlace, StoreSettings, UserSettings, Workspace};
use bakery::adapters::signing::{self, Passphrase};
use bakery::flows::{Context, keys};

use crate::support::binary::{bakery, failure_of, stdout_of};
use crate::support::peers;

fn new_pair(folder: &Path, prefix: &str) -> serde_json::Value {
    let made = bakery(folder).env("BAKERY_PASSWORD", "tulip").args(["keys", "new", "--json", "--out", prefix]).output();
    serde_json::from_str(&stdout_of(&made.unwrap())).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_pair_is_private_and_shown_by_its_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let made = new_pair(folder.path(), "keys/baker");
    let private = folder.path().join("keys/baker.key");
    assert_eq!(made["private"], private.to_str().unwrap());
    assert_eq!(mode(&private), 0o600);
    assert!(fs::read_to_string(&private).unwrap().starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
    let shown = stdout_of(&bakery(folder.path()).args(["keys", "show", "keys/baker.pub", "--json"]).output().unwrap());
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0]["fingerprint"], made["fingerprint"]);
    assert_eq!(shown[0]["algorithm"], "ecdsa-p256");
    let key = signing::read_private(&private, &Passphrase::from("tulip")).unwrap();
    assert_eq!(key.public().fingerprint(), made["fingerprint"].as_str().unwrap());
    let left: Vec<_> = fs::read_dir(folder.path().join("keys")).unwrap().collect();
    assert_eq!(left.len(), 2, "no temporary file stays: {left:?}");
}

#[test]
fn no_key_is_ever_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    for there in ["a.key", "a.pub"] {
        fs::write(folder.path().join(there), "mine").unwrap();
        let again = bakery(folder.path()).env("COSIGN_PASSWORD", "x").args(["keys", "new", "--out", "a"]).output();
        assert!(failure_of(&again.unwrap(), 1).contains("exists already"));
        assert_eq!(fs::read_to_string(folder.path().join(there)).unwrap(), "mine");
        fs::remove_file(folder.path().join(there)).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half-made");
    }
}

#[test]
fn passphrases_come_from_variables_and_files_in_order() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "from-file\r\n").unwrap();
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("BAKERY_PASSWORD", "one"), ("COSIGN_PASSWORD", "two")], "one"),
        (&[("COSIGN_PASSWORD", "two")], "two"),
        (&[("BAKERY_PASSWORD_FILE", "secret"), ("COSIGN_PASSWORD", "two")], "from-file"),
        (&[("COSIGN_PASSWORD_FILE", "secret")], "from-file"),
    ];
    for (number, (variables, passphrase)) in cases.iter().enumerate() {
        let mut command = bakery(folder.path());
        command.envs(variables.iter().copied()).args(["keys", "new", "--out", &format!("k{number}")]);
        stdout_of(&command.output().unwrap());
        let path = folder.path().join(format!("k{number}.key"));
        signing::read_private(&path, &Passphrase::from(*passphrase)).unwrap();
        let wrong = signing::read_private(&path, &Passphrase::from("wrong")).unwrap_err();
        assert!(wrong.to_string().contains("cannot be used"));
    }
    let mut absent = bakery(folder.path());
    absent.env("BAKERY_PASSWORD_FILE", "nowhere").args(["keys", "new", "--out", "z"]);
    assert!(failure_of(&absent.output().unwrap(), 1).contains("passphrase file nowhere (from BAKERY_PASSWORD_FILE)"));
}

#[test]
fn without_a_passphrase_or_a_terminal_it_says_what_to_set() {
    if !peers::need(&["setsid"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let inner = bakery(folder.path());
    let mut outer = Command::new("setsid");
    outer.args(["--wait"]).arg(inner.get_program()).args(["keys", "new", "--out", "k"]).current_dir(folder.path());
    for name in ["BAKERY_PASSWORD", "BAKERY_PASSWORD_FILE", "COSIGN_PASSWORD", "COSIGN_PASSWORD_FILE"] {
        outer.env_remove(name);
    }
    let said = failure_of(&outer.stdin(Stdio::null()).output().unwrap(), 2);
    assert!(said.contains("BAKERY_PASSWORD_FILE"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Runs `keys new` on a terminal of its own and types `entries`, each once its question stands there.
fn type_into(folder: &Path, entries: &[(&str, &str)]) -> (Option<i32>, String) {
    let inner = bakery(folder);
    let line = format!("{} keys new --out typed", inner.get_program().to_str().unwrap());
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    for name in ["BAKERY_PASSWORD", "BAKERY_PASSWORD_FILE", "COSIGN_PASSWORD", "COSIGN_PASSWORD_FILE"] {
        script.env_remove(name);
    }
    let mut child = script.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut seen = Vec::new();
    let mut piece = [0_u8; 256];
    for (question, entry) in entries {
        while !String::from_utf8_lossy(&seen).contains(question) {
            let read = stdout.read(&mut piece).unwrap();
            assert!(read > 0, "ended before {question:?}: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&piece[..read]);
        }
        stdin.write_all(entry.as_bytes()).unwrap();
    }
    stdout.read_to_end(&mut seen).unwrap();
    (child.wait().unwrap().code(), String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn a_typed_passphrase_is_never_echoed() {
    if !peers::need(&["script"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // A mistake and its correction: ü is two bytes.
    let (code, seen) = type_into(folder.path(), &[("New passphrase", "geheimü\x7f\r"), ("The same again", "geheim\r")]);
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("geheim"), "{seen}");
    signing::read_private(&folder.path().join("typed.key"), &Passphrase::from("geheim")).unwrap();

    let other = tempfile::tempdir().unwrap();
    let (code, seen) = type_into(other.path(), &[("New passphrase", "one\r"), ("The same again", "two\r")]);
    assert_eq!(code, Some(2), "{seen}");
    assert!(seen.contains("differ"));
    let (code, _) = type_into(other.path(), &[("New passphrase", "\x03")]);
    assert_eq!(code, Some(130));
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
}

#[test]
fn s10_k05_key_files_others_could_touch_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    new_pair(folder.path(), "k");
    let private = folder.path().join("k.key");
    let public = folder.path().join("k.pub");
    let open = |path: &Path| signing::read_private(path, &Passphrase::from("tulip"));

    for exposed in [0o640, 0o604, 0o660, 0o602] {
        fs::set_permissions(&private, fs::Permissions::from_mode(exposed)).unwrap();
        assert!(open(&private).unwrap_err().to_string().starts_with("K-05"), "{exposed:o}");
    }
    fs::set_permissions(&private, fs::Permissions::from_mode(0o400)).unwrap();
    open(&private).unwrap();

    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&private, &link).unwrap();
    assert!(open(&link).unwrap_err().to_string().contains("a symlink"));
    assert!(open(folder.path()).unwrap_err().to_string().contains("a folder"));
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    assert!(open(&fifo).unwrap_err().to_string().contains("not a regular file"));
    assert!(open(Path::new("/dev/null")).unwrap_err().to_string().contains("not a regular file"));

    fs::set_permissions(&public, fs::Permissions::from_mode(0o666)).unwrap();
    let shown = bakery(folder.path()).args(["keys", "show", "k.pub"]).output().unwrap();
    assert!(failure_of(&shown, 1).contains("S-10: key file k.pub is refused: it is writable by everybody"));
    fs::write(folder.path().join("big"), vec![b'x'; 100_000]).unwrap();
    assert!(signing::read_public(&folder.path().join("big")).is_err());
}

#[test]
fn a_workspaces_keys_are_listed_with_what_is_wrong_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let made = new_pair(folder.path(), "global");
    let store = |keys: &[&str], key: Option<&str>| StoreSettings {
        place: StorePlace::Layout(folder.path().join("store")),
        keys: keys.iter().map(|key| folder.path().join(key)).collect(),
        key: key.map(|key| folder.path().join(key)),
        passphrase: None,
        signature_format: Default::default(),
        keyless: None,
        publish: None,
        repositories: Vec::new(),
        team: false,
    };
    let context = Context {
        passphrase: None,
        frozen_policy: None,
        known: Default::default(),
        frozen_now: None,
        makers: Default::default(),
        trees: Default::default(),
        keys: Default::default(),
        stores: Default::default(),
        secrets: Default::default(),
        paths: Paths::below(&folder.path().join("home")),
        workspace: Workspace {
            secrets: Default::default(),
            root: folder.path().to_owned(),
            stores: [
                ("global".to_owned(), store(&["global.pub", "gone.pub"], None)),
                ("local".to_owned(), store(&[], Some("sub/mine.pem"))),
            ]
            .into(),
            recipes: folder.path().join("recipes"),
            policy: None,
            engine: None,
            engines: Vec::new(),
        },
        settings: UserSettings::default(),
    };
    let shown = keys::show_workspace(&context);
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0].store.as_deref(), Some("global"));
    assert_eq!(shown[0].fingerprint.as_deref(), made["fingerprint"].as_str());
    assert!(shown[1].error.is_some() && shown[1].fingerprint.is_none());
}

#[test]
fn a_workspace_says_where_its_new_key_goes() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = |text: &str| fs::write(folder.path().join("bakery.yaml"), text).unwrap();
    let new = || bakery(folder.path()).env("BAKERY_PASSWORD", "x").args(["keys", "new", "--json"]).output().unwrap();
    let place = |made: &str| {
        let made: serde_json::Value = serde_json::from_str(made).unwrap();
        ["private", "public"].map(|half| Path::new(made[half].as_str().unwrap()).to_owned())
    };
    let below = |names: [&str; 2]| names.map(|name| folder.path().join(name));

    workspace("bakery: 1\n");
    assert_eq!(place(&stdout_of(&new())), below(["keys/baker.key", "keys/baker.pub"]));
    workspace("bakery: 1\nstores:\n  local: {key: secret/mine.pem, keys: [secret/mine.pub]}\n");
    assert_eq!(place(&stdout_of(&new())), below(["secret/mine.pem", "secret/mine.pub"]));
    let shown = stdout_of(&bakery(folder.path()).args(["keys", "show"]).output().unwrap());
    assert!(shown.starts_with("local  ") && shown.contains("secret/mine.pub"), "{shown}");

    fs::remove_file(folder.path().join("secret/mine.pub")).unwrap();
    let gone = bakery(folder.path()).args(["keys", "show"]).output().unwrap();
    assert!(failure_of(&gone, 1).contains("mine.pub"));
    assert!(String::from_utf8_lossy(&gone.stdout).contains("unusable"));
}

#[test]
fn cosign_reads_our_keys_and_we_read_cosigns() {
    if !peers::need(&["cosign"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    new_pair(folder.path(), "ours");
    let cosign = |arguments: &[&str]| {
        let mut command = Command::new("cosign");
        command.args(arguments).current_dir(folder.path()).env("COSIGN_PASSWORD", "tulip");
        stdout_of(&command.output().unwrap())
    };
    let public = cosign(&["public-key", "--key", "ours.key"]);
    assert_eq!(public.trim(), fs::read_to_string(folder.path().join("ours.pub")).unwrap().trim());
    cosign(&["generate-key-pair", "--output-key-prefix", "theirs"]);
    let key = signing::read_private(&folder.path().join("theirs.key"), &Passphrase::from("tulip")).unwrap();
    assert_eq!(key.public(), signing::read_public(&folder.path().join("theirs.pub")).unwrap());
}
