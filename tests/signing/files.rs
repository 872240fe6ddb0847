//! Trusted root files and the settings that name them: refused where they are not to be trusted.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use bakery::adapters::settings::{KeylessSettings, Paths, StorePlace, StoreSettings, SubjectSetting, Workspace};
use bakery::adapters::signing::Keyring;

use super::authority::Authority;

fn store(root: &Path) -> StoreSettings {
    StoreSettings {
        place: StorePlace::Layout(root.join("store")),
        keys: Vec::new(),
        keyless: Some(KeylessSettings {
            trusted_root: root.to_owned(),
            identities: vec![("https://issuer.example".into(), SubjectSetting::Exact("a@b".into()))],
        }),
        key: None,
        passphrase: None,
        signature_format: Default::default(),
        publish: None,
        repositories: Vec::new(),
        team: false,
    }
}

#[test]
fn s10_trusted_roots_are_read_only_from_files_nobody_else_can_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("root.json"), Authority::new().root()).unwrap();
    let ring = Keyring::load(&store(&path("root.json"))).unwrap();
    assert!(!ring.is_empty() && ring.keyless.is_some());
    symlink(path("root.json"), path("link.json")).unwrap();
    std::fs::write(path("open.json"), Authority::new().root()).unwrap();
    std::fs::set_permissions(path("open.json"), std::fs::Permissions::from_mode(0o666)).unwrap();
    std::fs::write(path("large.json"), vec![b' '; (4 << 20) + 1]).unwrap();
    std::fs::write(path("empty.json"), "").unwrap();
    std::fs::write(path("other.json"), "{}").unwrap();
    for (name, why) in [
        ("link.json", "S-10: key file"),
        ("open.json", "it is writable by everybody"),
        ("large.json", "larger than 4 MiB"),
        (".", "it is a folder"),
        ("empty.json", "cannot be used"),
        ("other.json", "cannot be used"),
        ("gone.json", "cannot read key file"),
    ] {
        let Err(error) = Keyring::load(&store(&path(name))) else { panic!("{name} was read") };
        assert!(error.to_string().contains(why), "{name}: {error}");
    }
}

#[test]
fn s10_a_root_that_trusts_nobody_is_refused() {
    use bakery::adapters::signing::TrustedRoot;
    let good: serde_json::Value = serde_json::from_str(&Authority::new().root()).unwrap();
    assert!(TrustedRoot::parse(good.to_string().as_bytes()).is_ok());
    for (pointer, value) in [
        ("/mediaType", serde_json::json!("application/json")),
        ("/tlogs", serde_json::json!([])),
        ("/certificateAuthorities", serde_json::json!([])),
        ("/tlogs/0/publicKey/rawBytes", serde_json::json!("AAAA")),
        ("/tlogs/0/publicKey/rawBytes", serde_json::json!("?")),
        ("/tlogs/0/publicKey/validFor/start", serde_json::json!("yesterday")),
        ("/certificateAuthorities/0/certChain/certificates", serde_json::json!([])),
        ("/certificateAuthorities/0/certChain/certificates/0/rawBytes", serde_json::json!("AAAA")),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value.clone();
        assert!(TrustedRoot::parse(changed.to_string().as_bytes()).is_err(), "{pointer} {value}");
    }
}

fn load(keyless: &str) -> Result<Workspace, String> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("bakery: 1\nstores:\n  global:\n    layout: store\n    keyless: {keyless}\n");
    std::fs::write(folder.path().join("bakery.yaml"), text).unwrap();
    let workspace = Workspace::load(Some(folder.path()), &Paths::below(&folder.path().join("home")));
    workspace.map_err(|error| bakery::report::Report::from(error).to_string())
}

#[test]
fn a_store_names_its_root_and_identities() {
    let workspace = load(
        "{trusted-root: keys/root.json, identities: [{issuer: 'https://a', subject: b}, {issuer: c, subject-regex: 'd.*'}]}",
    )
    .unwrap();
    let keyless = workspace.stores["global"].keyless.clone().unwrap();
    assert!(keyless.trusted_root.is_absolute() && keyless.trusted_root.ends_with("keys/root.json"));
    let expected = [
        ("https://a".to_owned(), SubjectSetting::Exact("b".into())),
        ("c".to_owned(), SubjectSetting::Regex("d.*".into())),
    ];
    assert_eq!(keyless.identities, expected);
}

#[test]
fn s03_settings_without_a_signature_by_a_key_are_complete_or_an_error() {
    for (keyless, why) in [
        ("{identities: [{issuer: a, subject: b}]}", "trusted-root"),
        ("{trusted-root: r}", "identities"),
        ("{trusted-root: r, identities: []}", "names nobody"),
        ("{trusted-root: r, identities: [{issuer: a}]}", "one of them"),
        ("{trusted-root: r, identities: [{issuer: a, subject: ''}]}", "one of them"),
        ("{trusted-root: r, identities: [{issuer: a, subject: b, subject-regex: c}]}", "one of them"),
        ("{trusted-root: r, identities: [{issuer: '', subject: b}]}", "`issuer` is empty"),
        ("{trusted-root: r, identities: [{subject: b}]}", "issuer"),
        ("{trusted-root: r, identities: [{issuer: a, subject-regex: '('}]}", "no expression"),
        ("{trusted-root: r, identities: [{issuer: a, subject: b}], roots: x}", "unknown key"),
    ] {
        let error = load(keyless).unwrap_err();
        assert!(error.contains(why), "{keyless}: {error}");
    }
}
