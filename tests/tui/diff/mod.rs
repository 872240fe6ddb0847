//! The Diff screen: what it shows of one image and of two, and what its keys do. Images are made in memory; what the screen
//! asks for is answered at once, as its effects would.

mod keys;
mod large;
mod screens;
mod trust;

use bakery::domain::layer::{CompareOptions, ContentDigest, Entry, Kind, LayerContents, Node, Tree};
use bakery::domain::oci::{DiffId, Digest, ImageConfig};
use bakery::flows::compare::{Compared, Content, Opened, OpenedLayer, Owner};
use bakery::report::Report;
use bakery::tui::effect::Effect;
use bakery::tui::model::Model;
use bakery::tui::msg::Msg;
use bakery::tui::screens::diff::{self, Held, Matter, Shown, Source};
use bakery::tui::screens::{Compare, Screen};
use bakery::tui::update::{begin, update};

use super::golden::model;

pub fn node(kind: Kind, mode: u32) -> Node {
    Node { kind, mode, uid: 0, gid: 0, mtime: 0, xattrs: Box::default() }
}

/// A file whose content is told by its path and `version`; the seventh is the same wherever it is.
pub fn file(path: &str, size: u64, version: u8) -> Entry {
    let told = if version == 7 { "anywhere" } else { path };
    let digest = Digest::of(format!("{told} {version}").as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&hex::decode(digest.to_string().trim_start_matches("sha256:")).unwrap());
    let kind = Kind::File { size, digest: Some(ContentDigest(bytes)) };
    Entry { path: path.as_bytes().into(), node: node(kind, 0o644) }
}

pub fn folder(path: &str) -> Entry {
    Entry { path: path.as_bytes().into(), node: node(Kind::Folder, 0o755) }
}

pub fn link(path: &str, target: &str) -> Entry {
    Entry { path: path.as_bytes().into(), node: node(Kind::Symlink(target.as_bytes().into()), 0o777) }
}

pub fn layer(entries: Vec<Entry>, gone: &[&str]) -> LayerContents {
    let whiteouts = gone.iter().map(|path| path.as_bytes().into()).collect();
    LayerContents { entries, whiteouts, ..LayerContents::default() }
}

/// What stands above a layer: who made it, and by what.
pub type Made = (&'static str, &'static str);

/// An image of layers; those whose owner is in the local store were made here.
pub fn image(reference: &str, layers: Vec<(Made, LayerContents)>) -> Opened {
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []},
        "config": {
            "User": "app", "WorkingDir": "/srv", "Cmd": ["python3", "-m", "http.server"],
            "Env": ["LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:/opt/python/bin"],
            "Labels": {"org.opencontainers.image.title": "payments"},
        },
    });
    let config: ImageConfig = serde_json::from_value(config).unwrap();
    let mut tree = Tree::default();
    let mut opened = Vec::new();
    for ((owner, made), contents) in layers {
        tree.apply(&contents).unwrap();
        let digest = Digest::of(format!("{made}{contents:?}").as_bytes());
        opened.push(OpenedLayer {
            size: contents.entries.iter().map(|entry| size_of(&entry.node.kind) / 3).sum::<u64>() + 312,
            diff_id: DiffId(digest.clone()),
            digest,
            created_by: Some(made.into()),
            owner: Owner {
                image: owner.into(),
                is_local: owner.starts_with("local/"),
                proven: owner != "global/os:12",
            },
            problem: None,
        });
    }
    let mut image = Opened::detached(reference, config, tree, opened);
    image.digest = Some(Digest::of(reference.as_bytes()));
    image
}

fn size_of(kind: &Kind) -> u64 {
    match kind {
        Kind::File { size, .. } => *size,
        _ => 0,
    }
}

fn base() -> Vec<(Made, LayerContents)> {
    let os = vec![
        folder("bin"),
        folder("etc"),
        file("etc/passwd", 922, 1),
        file("etc/group", 440, 1),
        file("usr/bin/bash", 1_265_648, 1),
        file("usr/bin/gpg", 3_400_000, 1),
        file("usr/lib/x86_64-linux-gnu/libc.so.6", 1_922_136, 1),
        file("usr/share/doc/apt/copyright", 9_001, 1),
        file("var/lib/dpkg/status", 98_000, 1),
        link("lib", "usr/lib"),
    ];
    let python = vec![
        file("usr/bin/python3.11", 6_831_704, 1),
        file("usr/lib/python3/os.py", 39_504, 1),
        file("var/lib/dpkg/status", 104_000, 2),
    ];
    vec![
        (("global/os:12", "bakery copy rootfs -> /"), layer(os, &[])),
        (("global/python:3.12", "bakery packages python3, python3-venv"), layer(python, &["usr/share/doc/apt"])),
    ]
}

/// The image before.
pub fn before() -> Opened {
    let own = vec![
        file("etc/app.conf", 812, 1),
        file("etc/passwd", 960, 2),
        file("srv/app/main.py", 12_400, 1),
        file("srv/app/old/a.py", 4_100, 1),
        file("srv/app/old/b.py", 5_200, 1),
        file("opt/a", 14_000, 7),
        file("usr/share/logo.png", 20_480, 1),
    ];
    let mut layers = base();
    layers.push((("local/team-a/payments-api:1.3.9", "bakery copy app -> /srv/app"), layer(own, &[])));
    image("local/team-a/payments-api:1.3.9", layers)
}

/// The image after: files of every fate.
pub fn after() -> Opened {
    let mut conf = file("etc/app.conf", 840, 2);
    conf.node.mode = 0o600;
    conf.node.uid = 999;
    let mut tool = file("usr/local/bin/paytool", 40_664, 9);
    tool.node.mode = 0o4755;
    tool.node.xattrs = vec![(b"security.capability".as_slice().into(), b"\x01\0\0\x02".as_slice().into())].into();
    let packages = vec![
        file("usr/bin/curl", 301_000, 1),
        file("usr/lib/x86_64-linux-gnu/libcurl.so.4.8.0", 752_000, 1),
        link("usr/lib/x86_64-linux-gnu/libcurl.so.4", "libcurl.so.4.8.0"),
        file("var/lib/dpkg/status", 112_000, 3),
        file("usr/share/doc/curl/copyright", 9_100, 1),
    ];
    let own = vec![
        conf,
        tool,
        file("etc/passwd", 960, 2),
        file("srv/app/main.py", 12_931, 2),
        file("srv/app/pay/__init__.py", 0, 5),
        file("srv/app/pay/card.py", 8_800, 1),
        file("opt/b", 14_000, 7),
        file("usr/share/logo.png", 20_480, 2),
    ];
    let mut layers = base();
    layers.push((("local/team-a/payments-api:1.4.0", "bakery packages curl, ca-certificates"), layer(packages, &[])));
    layers.push((("local/team-a/payments-api:1.4.0", "bakery copy app -> /srv/app"), layer(own, &["usr/bin/gpg"])));
    image("local/team-a/payments-api:1.4.0", layers)
}

pub fn two() -> Matter {
    let mut matter = Matter::pair(Compared::of(before(), after(), CompareOptions::default()));
    let fact = |name: &str, before: Option<&str>, after: Option<&str>| {
        diff::FactRow::changed(name, before.map(Into::into), after.map(Into::into))
    };
    matter.packages = vec![
        fact("curl amd64", None, Some("7.88.1-10+deb12u8")),
        fact("libcurl4 amd64", None, Some("7.88.1-10+deb12u8")),
        fact("libssl3 amd64", Some("3.0.11-1~deb12u2"), Some("3.0.15-1~deb12u1")),
        fact("gnupg amd64", Some("2.2.40-1.1"), None),
    ];
    matter.config = vec![
        fact("env.PAY_REGION", None, Some("eu-west-1")),
        fact("user", Some("root"), Some("app")),
        fact("cmd", Some("python3 -m http.server"), Some("python3 -m pay --port 8080 --workers 4 --log-format json")),
    ];
    matter
}

pub fn pair() -> Compare {
    let (before, after) = ("local/team-a/payments-api:1.3.9".into(), "local/team-a/payments-api:1.4.0".into());
    Compare::Images { before, after }
}

/// The Diff screen with nothing opened.
pub fn blank(size: (u16, u16)) -> Model {
    let mut model = model(size);
    begin(&mut model, Screen::Diff);
    model
}

/// The screen with this opened, all it asks for answered.
pub fn opened(size: (u16, u16), asked: Compare, matter: Result<Matter, Report>) -> Model {
    let mut model = blank(size);
    model.diff.open(asked.clone());
    let effects = update(&mut model, Msg::Diff(diff::Msg::Opened { asked, matter: matter.map(Held::new) }));
    answer(&mut model, effects);
    model
}

pub fn compared(size: (u16, u16)) -> Model {
    opened(size, pair(), Ok(two()))
}

pub fn alone(size: (u16, u16)) -> Model {
    opened(size, Compare::Image("local/team-a/payments-api:1.4.0".into()), Ok(Matter::alone(after())))
}

/// Does what the screen wants done, until it wants nothing; gives what it is not for here.
pub fn answer(model: &mut Model, effects: Vec<Effect>) -> Vec<Effect> {
    let mut rest = Vec::new();
    for effect in effects {
        let msg = match effect {
            Effect::Diff(diff::Effect::List(request)) => diff::Msg::Listed(Box::new(request.answer(&|| false))),
            Effect::Diff(diff::Effect::Content(wanted)) => {
                let read = |source: &Option<Source>| source.as_ref().map(content);
                let (before, after) = (read(&wanted.sources.before), read(&wanted.sources.after));
                let shown = Ok(Held::new(Shown::of(before.as_ref(), after.as_ref(), None)));
                diff::Msg::Content { sources: wanted.sources.clone(), shown }
            }
            other => {
                rest.push(other);
                continue;
            }
        };
        let more = update(model, Msg::Diff(msg));
        rest.extend(answer(model, more));
    }
    rest
}

/// What is in a file of these images.
fn content(source: &Source) -> Content {
    let is_old = source.which == diff::Which::Before;
    let text = |lines: &[&str]| lines.join("\n").into_bytes();
    let bytes = match std::str::from_utf8(&source.path).unwrap_or_default() {
        "etc/app.conf" => {
            let mut lines: Vec<String> = (1..=40).map(|n| format!("option_{n:02} = {}", n * 7 % 11)).collect();
            lines[11] = "workers = 4".into();
            lines[12] = if is_old { "timeout = 30" } else { "timeout = 45" }.into();
            if !is_old {
                lines.insert(13, "retries = 3\t# of each call".into());
                lines[31] =
                    "bind = \"0.0.0.0:8080\"  # a long line that goes on and on, past what any pane has room for"
                        .into();
            }
            (lines.join("\n") + "\n").into_bytes()
        }
        "usr/share/logo.png" => {
            let mut bytes: Vec<u8> = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
                .iter()
                .copied()
                .chain((0..240_u32).map(|n| (n * 13 % 251) as u8))
                .collect();
            if !is_old {
                bytes[100] = 0;
                bytes.extend([0xae, 0x42, 0x60, 0x82]);
            }
            bytes
        }
        "srv/app/pay/card.py" => {
            text(&["\"\"\"Cards.\"\"\"", "", "def charge(card, cents):", "\treturn \x1b[31m\u{202e}cents", ""])
        }
        "srv/app/pay/__init__.py" => Vec::new(),
        _ => b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".repeat(40),
    };
    let size = if source.path == b"usr/bin/curl" { 301_000 } else { bytes.len() as u64 };
    Content { size, bytes }
}

/// Keys by their names, all that is asked for answered; gives the effects that are not the list's or the contents'.
pub fn press(model: &mut Model, keys: &[&str]) -> Vec<Effect> {
    let mut rest = Vec::new();
    for key in keys {
        let effects = update(model, Msg::Key(key.parse().unwrap()));
        rest.extend(answer(model, effects));
    }
    rest
}

/// Moves to the row whose path this is.
pub fn go_to(model: &mut Model, path: &str) {
    press(model, &["g", "g"]);
    for _ in 0..model.diff.files.rows.len() {
        if model.diff.files.selected_path().as_deref() == Some(path.as_bytes()) {
            return;
        }
        press(model, &["j"]);
    }
    panic!("{path} has no row");
}
