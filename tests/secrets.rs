//! Secrets in layers: found wherever an index comes from, told without being told, and never in what Debian ships.

use std::fs::File;
use std::io::Write;
use std::time::Instant;

use bakery::adapters::index::{collect, write};
use bakery::adapters::settings::Paths;
use bakery::domain::layer::{self, Limits};
use bakery::domain::trust::secrets::Scanner;
use bakery::flows::Context;
use tokio_util::sync::CancellationToken;

use crate::support::bakery::Bakery;
use crate::support::debian;
use crate::support::peers::need;

const TOKEN: &str = "ghp_R9bUvk2Xq7ZtL0wFYc5HnJ8sMdE3aGp4Kh1T";

#[test]
fn a_whole_debian_image_gives_no_hit() {
    if !need(&["mmdebstrap"]) {
        return;
    }
    let mut scanner = layer::Scanner::new(File::open(debian::rootfs()).unwrap(), Limits::default());
    let index = collect(&mut scanner, &CancellationToken::new(), &mut || ()).unwrap();
    assert!(index.contents.entries.len() > 5_000, "{}", index.contents.entries.len());
    assert_eq!(index.secrets, Default::default());
}

#[test]
fn hostile_files_take_no_longer_than_others() {
    let began = Instant::now();
    for text in [
        "-----BEGIN PRIVATE KEY-----\na: ".repeat(30_000),
        "x: -----BEGIN PRIVATE KEY-----\n".repeat(30_000),
        "\"service_account\"".repeat(50_000),
        "twilio_".repeat(100_000),
        "_access_key".repeat(80_000),
        "password=".repeat(100_000),
        "a://".repeat(100_000),
    ] {
        Scanner::shared().scan(b"srv/.env", text.as_bytes());
    }
    // A build without optimisations is some ten times slower, and the machine may be busy.
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn k01_an_index_says_where_a_secret_is_and_not_what_it_is() {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content).unwrap();
    };
    let large = [vec![b'x'; 900 << 10], format!("\n{TOKEN}\n").into_bytes()].concat();
    add("srv/small", format!("a\nb\n{TOKEN}\n").as_bytes());
    add("srv/large", &large);
    add("srv/too-large", &[vec![b'x'; 1 << 20], TOKEN.as_bytes().to_vec()].concat());
    add("srv/binary", format!("\0\0{TOKEN}").as_bytes());
    add("etc/passwd", format!("{TOKEN}\n").as_bytes());
    let bytes = tar.into_inner().unwrap();
    let index =
        collect(&mut layer::Scanner::new(&*bytes, Limits::default()), &CancellationToken::new(), &mut || ()).unwrap();
    let found: Vec<(String, u32)> = index
        .secrets
        .found
        .iter()
        .map(|found| (String::from_utf8_lossy(&found.path).into_owned(), found.line))
        .collect();
    assert_eq!(found, [("srv/small".into(), 3), ("srv/large".into(), 2), ("etc/passwd".into(), 1)]);
    let folder = tempfile::tempdir().unwrap();
    let mut kept = index;
    // Account files are remembered whole, by their purpose.
    kept.remembered.clear();
    write(&folder.path().join("index"), &kept);
    let text = std::fs::read(folder.path().join("index")).unwrap();
    let there = |part: &str| text.windows(part.len()).any(|window| window == part.as_bytes());
    assert!(there("github-token") && there("ghp_***") && !there(&TOKEN[4..12]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_image_says_what_its_layers_hold_also_what_a_later_one_takes_away() {
    let bakery = Bakery::new();
    bakery.write("recipes/app/.env", "A=b\nDB_PASSWORD=hunter22-of-nobody\n");
    let mut big = File::create(bakery.write("recipes/app/big.js", "")).unwrap();
    big.write_all(&[vec![b'x'; 600 << 10], format!("\n'{TOKEN}'\n").into_bytes()].concat()).unwrap();
    bakery.write(
        "recipes/app.yaml",
        "recipe: 1\nname: team-a/app\ntag: \"1\"\nbase: scratch\nsteps:\n  - write: {to: /etc/a, content: b}\n  \
         - copy: {from: app, to: /srv}\n  - remove: [/srv/.env]\n",
    );
    bakery.bake("recipes/app.yaml");
    let told = async |forget: bool| -> Vec<String> {
        if forget {
            std::fs::remove_dir_all(bakery.path("home/cache/indexes")).unwrap();
        }
        let mut context = Context::load(Some(&bakery.path(""))).unwrap();
        context.paths = Paths::below(&bakery.path("home"));
        let opened = context.open_image("local/team-a/app:1", None).await.unwrap();
        let line = |seen: &bakery::domain::trust::SecretSeen| {
            format!("{} {}:{} {} {}", seen.layer, seen.path, seen.line, seen.rule, seen.masked)
        };
        opened.secrets.iter().map(line).collect()
    };
    let expected =
        ["1 srv/.env:2 password hunt*** (18 characters)", "1 srv/big.js:2 github-token ghp_*** (40 characters)"];
    assert_eq!(told(false).await, expected, "as it was baked");
    assert_eq!(told(true).await, expected, "as the blobs say");
}
