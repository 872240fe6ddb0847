//! Bakes on a daemon that plays a script: what travels, what is told, and how a bake ends whose builder is at fault.

use serde_json::Value;
use tonic::Code;

use super::fake::{Fake, Script, output, vertex};
use super::reach::{Certificates, Port, answering, free_port};
use crate::run_steps::bench::{events, of, said};
use crate::support::bakery::{Bakery, succeeded};

/// A workspace with a base of two layers, one of them large.
fn stocked(engines: &str) -> Bakery {
    let bakery = Bakery::with_workspace(&format!("bakery: 1\nstores:\n  local: {{layout: local}}\n{engines}"));
    let mut noise = 1_u32;
    let mut large = Vec::new();
    large.resize_with(3 << 20, || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    });
    bakery.write("recipes/large", large);
    bakery.write(
        "recipes/os.yaml",
        "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - copy: {from: large, to: /large}\n  - write: {to: /etc/os, content: x}\n",
    );
    bakery.bake("recipes/os.yaml");
    bakery
}

fn recipe(bakery: &Bakery, name: &str, steps: &str) -> String {
    let file = format!("recipes/{name}.yaml");
    bakery.write(&file, format!("recipe: 1\nname: team-a/{name}\ntag: \"1\"\nbase: local/os:1\nsteps:\n{steps}"));
    file
}

/// Six steps that run, each on something new.
const SIX: &str = "  - run: one\n  - write: {to: /a, content: a}\n  - run: two\n  - write: {to: /b, content: b}\n  - run: three\n  - write: {to: /c, content: c}\n  - run: four\n  - write: {to: /d, content: d}\n  - run: five\n  - write: {to: /e, content: e}\n  - run: six\n";

#[test]
fn a_base_travels_once_however_many_steps_stand_on_it() {
    let (fake, bakery) = (Fake::start(Script::Bakes), stocked(""));
    let file = recipe(&bakery, "app", SIX);
    let bake = |more: &[&str]| {
        let run = bakery.run(&[&["bake", &file, "--engine", &fake.address(), "--json"], more].concat());
        succeeded(&run, "bake");
        events(&run)
    };
    let told = bake(&[]);
    let sealed = of(&told, "layer.sealed");
    assert_eq!(sealed.len(), 11, "{told:?}");
    let base = of(&bakery_events(&bakery, "recipes/os.yaml"), "image.committed").len();
    assert_eq!(base, 1);
    let log = said(&bakery, of(&told, "bake.started")[0]["bake"].as_str().unwrap());
    assert_eq!(log.matches(" runs").count(), 6, "{log}");
    let large = {
        let blobs = fake.blobs.blocking_lock();
        let (digest, read) = blobs.read.iter().max_by_key(|(_, (_, bytes))| *bytes).unwrap();
        assert!(read.1 > 3 << 20, "{read:?}");
        assert!(blobs.read.values().all(|(times, _)| *times == 1), "{:?}", blobs.read);
        // Nothing of what lies below comes back.
        assert!(!blobs.written.contains(digest) && blobs.spared.iter().filter(|one| *one == digest).count() == 6);
        let all: usize = blobs.read.values().map(|(_, bytes)| bytes).sum();
        assert!(all < read.1 + (64 << 10), "{all} bytes for a base of {}", read.1);
        digest.clone()
    };
    let sent: Vec<String> = fake.seen.lock().unwrap().context.keys().cloned().collect();
    assert_eq!(sent, ["Dockerfile"]);
    // Another bake, another recipe: the builder has it still.
    bake(&["--no-cache"]);
    let blobs = fake.blobs.blocking_lock();
    assert_eq!(blobs.read[&large].0, 1);
}

fn bakery_events(bakery: &Bakery, recipe: &str) -> Vec<Value> {
    events(&bakery.run(&["bake", recipe, "--json"]))
}

#[test]
fn a_builder_at_fault_is_named_and_the_journal_comes_to_its_end() {
    let certificates = Certificates::make();
    let stranger = Certificates::make();
    let at = |port: u16| format!("buildkit://127.0.0.1:{port}");
    let well = Fake::start(Script::Bakes);
    let secured = Port::secured(&well, certificates.server("server"));
    let hanging = Fake::start(Script::Hangs(vec![vertex("v", "[1/2] RUN", None), output("v", b"words\n")]));
    let torn = Port::torn(&hanging);
    let full = Fake::start(Script::Fails(
        vec![vertex("v", "[1/2] RUN", None)],
        Code::Unknown,
        "write /x: no space left on device".into(),
    ));
    let wrong_ca = format!("{}?tls={}&servername=buildkitd.example", at(secured.number), stranger.folder().display());
    let garbage: &[u8] = &[0xff; 64];
    let bakery = stocked("");
    let file = recipe(&bakery, "app", "  - run: long\n");
    for (what, engine, word) in [
        ("nobody there", at(free_port()), "refused"),
        ("a wrong certificate", wrong_ca, "invalid peer certificate"),
        ("no TLS where it is asked", format!("{}?tls=off", at(secured.number)), "builder buildkit://"),
        ("another protocol", at(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "no HTTP/2"),
        ("garbage", at(answering(garbage)), "no HTTP/2"),
        ("a torn connection", at(torn.number), "reset"),
        ("a full disk", full.address(), "no room left"),
    ] {
        let run = bakery.run(&["bake", &file, "--engine", &engine, "--json"]);
        let words = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(4), "{what}: {words}");
        assert!(words.contains(&engine) && words.contains(word), "{what}: {words}");
        let told = events(&run);
        let last = told.last().unwrap();
        assert_eq!((last["kind"].as_str(), last["status"].as_str()), (Some("bake.finished"), Some("failed")), "{what}");
        let numbers: Vec<u64> = told.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert!(numbers.iter().zip(1..).all(|(seq, number)| *seq == number), "{what}: {numbers:?}");
    }
    // Nothing was tagged, and the next bake finds all in order.
    assert!(!bakery.ok(&["store", "ls", "local"]).contains("team-a"));
    bakery.ok(&["bake", &file, "--engine", &well.address()]);
}

#[test]
fn bakes_of_builders_at_fault_are_done_by_another() {
    let (well, full) = (
        Fake::start(Script::Bakes),
        Fake::start(Script::Fails(
            vec![vertex("v", "[1/2] RUN", None)],
            Code::Unknown,
            "no space left on device".into(),
        )),
    );
    let torn = Fake::start(Script::Hangs(vec![vertex("v", "[1/2] RUN", None), output("v", b"words\n")]));
    let port = Port::torn(&torn);
    let bakery = stocked(&format!(
        "engines:\n  - {{name: full, engine: \"{}\"}}\n  - {{name: torn, engine: \"buildkit://127.0.0.1:{}\"}}\n  - {{name: well, engine: \"{}\"}}\n",
        full.address(),
        port.number,
        well.address()
    ));
    let file = |number: usize| recipe(&bakery, &format!("app-{number}"), &format!("  - run: long {number}\n"));
    let files: Vec<String> = (0..4).map(file).collect();
    let arguments: Vec<&str> = ["bake"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let output = bakery.run(&arguments);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    for number in 0..4 {
        assert!(bakery.ok(&["store", "ls", "local"]).contains(&format!("app-{number}")), "{words}");
    }
    for name in ["full", "torn"] {
        assert!(words.contains(&format!("{name} is left alone")), "{name}: {words}");
    }
    assert!(full.builds() >= 1 && torn.builds() >= 1 && well.builds() == 4, "{words}");
}

#[test]
fn what_no_dockerfile_says_is_refused_by_the_plan() {
    let (fake, bakery) = (Fake::start(Script::Bakes), stocked(""));
    let file =
        recipe(&bakery, "app", "  - write: {to: /x, content: x}\n  - run: {script: id, env: {A: \"one\\ntwo\"}}\n");
    let address = fake.address();
    for command in [["plan", &file, "--engine", &address], ["bake", &file, "--engine", &address]] {
        let told = bakery.run(&command);
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(2), "{words}");
        assert!(words.contains("a variable of several lines (A)") && !words.contains("[1]"), "{words}");
    }
    assert_eq!(fake.builds(), 0);
    let told = bakery.fails(2, &["plan", &file, "--engine", "buildkit://farm.example"]);
    assert!(told.contains("a port is missing"), "{told}");
}

#[test]
fn caches_in_registries_are_settings_of_an_engine() {
    let engines = |more: &str, engine: &str| format!("engines:\n  - {{name: a, engine: \"{engine}\", {more}}}\n");
    let told = |text: String| {
        let bakery = Bakery::with_workspace(&format!("bakery: 1\n{text}"));
        bakery.write("recipes/a.yaml", "recipe: 1\nname: a\ntag: \"1\"\nbase: scratch\n");
        let run = bakery.run(&["plan", "recipes/a.yaml"]);
        (run.status.code(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let good = "cache_from: [r.example/a:1, \"localhost:5000/b\"], cache_to: [r.example/a:1]";
    let here = "buildkit:///run/b.sock";
    assert_eq!(told(engines(good, here)).0, Some(0));
    for (text, word) in [
        (engines("cache_from: [debian]", here), "`cache_from`"),
        (engines("cache_to: [\"oci:x:y\"]", here), "is in no registry"),
        (engines("cache_to: r.example/a", here), "must be a list"),
        (engines(good, "docker"), "keeps no steps in registries"),
    ] {
        let (code, words) = told(text);
        assert!(code == Some(2) && words.contains(word), "{word}: {words}");
    }
}
