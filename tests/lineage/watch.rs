//! A lineage that is watched: only what changes is told; each look asks whether what was answered still holds; a registry that wants
//! to be left alone is.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Shelf, workspace};
use crate::support::bakery::Bakery;
use crate::support::docker_registry::{DockerRegistry, Door};
use crate::support::faulty_registry::{FaultyRegistry, Heard, Say};
use crate::support::peers::need;

/// `lineage --watch --json` under way; it ends with its owner.
struct Watching {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Watching {
    fn begin(bakery: &Bakery, arguments: &[&str]) -> Self {
        let all = [&["lineage", "--watch", "--every", "1", "--json"], arguments].concat();
        let mut child =
            bakery.command(&all).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("bakery starts");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line; the watch has to go on.
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().expect("a line more").unwrap()).unwrap()
    }

    /// Asks it to stop, and how it ended.
    fn stop(mut self) -> Option<i32> {
        let id = i32::try_from(self.child.id()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::INT)
            .unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `CHANGE IMAGE`.
fn said(line: &Value) -> String {
    format!("{} {}", line["change"].as_str().unwrap(), line["image"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changes_is_told_and_what_holds_is_not_sent_again() {
    if !need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    let bakery = workspace(&registry);
    let (global, local) = (Shelf::registry(&registry, "global"), Shelf::layout(&bakery.path("local")));
    let os = global.put("os:12", None, "os1", None).await;
    global.put("other:1", None, "node1", None).await;
    local.put("team/app:1", Some(&os), "own1", Some("global/os:12")).await;
    let seeded = registry.answers().len();
    let mut watching = Watching::begin(&bakery, &[]);
    let first = watching.next();
    assert_eq!((&first["change"], &first["images"], &first["stale"]), (&json!("began"), &json!(3), &json!(0)));
    let new = global.put("os:12", None, "os2", None).await;
    let (moved, stands) = (watching.next(), watching.next());
    assert_eq!((said(&moved), said(&stands)), ("moved global/os:12".into(), "standing local/team/app:1".into()));
    assert_eq!((&moved["before"], &moved["node"]["digest"]), (&json!(os.digest), &json!(new.digest)));
    assert_eq!((&stands["stood"], &stands["node"]["standing"]), (&json!("current"), &json!("stale")));
    // A local image that appears and goes is told as well; nothing is told of what stays.
    let twin = local.put("team/twin:1", Some(&new), "own2", Some("global/os:12")).await;
    let appeared = watching.next();
    assert_eq!(
        (said(&appeared), &appeared["node"]["digest"]),
        ("appeared local/team/twin:1".into(), &json!(twin.digest))
    );
    local.store.remove_tag(&"team/twin".parse().unwrap(), &"1".parse().unwrap()).await.unwrap();
    assert_eq!(said(&watching.next()), "gone local/team/twin:1");
    assert_eq!(watching.stop(), Some(0));
    let asked: Vec<_> = registry.answers().split_off(seeded);
    let ours = |path: &str| path.contains("/global/");
    let heads: Vec<u16> = asked
        .iter()
        .filter(|(method, path, _)| method == "HEAD" && ours(path) && path.ends_with("/other/manifests/1"))
        .map(|(.., status)| *status)
        .collect();
    assert!(heads.len() >= 4, "{heads:?}");
    assert!(heads[0] == 200 && heads[1..].iter().all(|status| *status == 304), "{heads:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_for_what_is_stale_ends_with_the_first() {
    if !need(&["docker-registry"]) {
        return;
    }
    let registry = DockerRegistry::start_behind(Door::Watched);
    let bakery = workspace(&registry);
    let (global, local) = (Shelf::registry(&registry, "global"), Shelf::layout(&bakery.path("local")));
    let os = global.put("os:12", None, "os1", None).await;
    local.put("team/app:1", Some(&os), "own1", Some("global/os:12")).await;
    global.put("node:22", None, "node1", None).await;
    let mut watching = Watching::begin(&bakery, &["--exit-code", "--down", "global/os:12"]);
    assert_eq!(watching.next()["images"], 2, "only what is asked for");
    global.put("node:22", None, "node2", None).await;
    global.put("os:12", None, "os2", None).await;
    let mut told = vec![said(&watching.next()), said(&watching.next())];
    told.sort();
    assert_eq!(told, ["moved global/os:12", "standing local/team/app:1"]);
    assert_eq!(watching.child.wait().unwrap().code(), Some(1));
    let others: Vec<_> = registry.requests().into_iter().filter(|(method, _)| method == "POST").collect();
    let seeded = others.len();
    assert!(seeded > 0 && others.iter().all(|(_, path)| path.contains("/uploads/")), "only the seed has written");
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Config and manifest of an image without layers.
fn documents(label: &str) -> (String, String) {
    let config = json!({"architecture": "amd64", "os": "linux", "config": {"Labels": {"v": label}},
        "rootfs": {"type": "layers", "diff_ids": []}})
    .to_string();
    let digest = bakery::domain::oci::Digest::of(config.as_bytes());
    let kind = "application/vnd.oci.image.config.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": kind, "digest": digest, "size": config.len()}, "layers": []});
    (config, manifest.to_string())
}

/// A registry of one repository, `os:12`, which answers conditionally, and for a while not at all.
#[tokio::test(flavor = "multi_thread")]
async fn lists_are_asked_for_conditionally_and_a_registry_that_wants_to_be_left_alone_is() {
    let heard: Arc<Mutex<Vec<(Instant, u16)>>> = Arc::default();
    let seen = Arc::clone(&heard);
    let (config, manifest) = documents("1");
    let digest = bakery::domain::oci::Digest::of(manifest.as_bytes()).to_string();
    let lists = Mutex::new((0, 0));
    let script = move |_: usize, heard: &Heard| {
        let list = |name: &str, body: &str, asked: &mut u32| {
            *asked += 1;
            match heard.header("if-none-match") == name {
                true => Say::status(304),
                false => Say::body(body).header("ETag", name),
            }
        };
        let mut lists = lists.lock().unwrap();
        let say = if heard.path.starts_with("/v2/_catalog") {
            let say = list("\"c1\"", r#"{"repositories":["os"]}"#, &mut lists.0);
            match lists.0 {
                // The second and third look meet one that has enough.
                2 | 3 => Say::status(429).header("Retry-After", "2"),
                _ => say,
            }
        } else if heard.path.starts_with("/v2/os/tags/list") {
            // A second tag, once it has been asked often enough.
            match lists.1 {
                0..=2 => list("\"t1\"", r#"{"name":"os","tags":["12"]}"#, &mut lists.1),
                _ => list("\"t2\"", r#"{"name":"os","tags":["12","13"]}"#, &mut lists.1),
            }
        } else if heard.path.contains("/manifests/") {
            match heard.header("if-none-match").contains(&digest) {
                true => Say::status(304),
                false => Say::body(manifest.clone())
                    .header("Content-Type", MANIFEST)
                    .header("Docker-Content-Digest", digest.clone()),
            }
        } else if heard.path.contains("/blobs/") {
            Say::body(config.clone())
        } else {
            Say::body("{}")
        };
        drop(lists);
        if heard.path.starts_with("/v2/_catalog") {
            seen.lock().unwrap().push((Instant::now(), say.code()));
        }
        say
    };
    let registry = FaultyRegistry::start(script).await;
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: \"{}\"}}\n  local: {{layout: ./local}}\n",
        registry.host()
    ));
    let mut watching = Watching::begin(&bakery, &[]);
    assert_eq!(watching.next()["change"], "began");
    let told = tokio::task::spawn_blocking(move || (watching.next(), watching)).await.unwrap();
    assert_eq!(said(&told.0), "appeared global/os:13", "what it had stays while it says nothing");
    assert_eq!(told.1.stop(), Some(0));
    let heard = heard.lock().unwrap().clone();
    let codes: Vec<u16> = heard.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes[..4], [200, 429, 429, 304], "{codes:?}");
    assert!(codes[4..].iter().all(|code| *code == 304), "{codes:?}");
    let gap = |at: usize| heard[at + 1].0 - heard[at].0;
    assert!(gap(1) >= Duration::from_secs(2) && gap(2) >= Duration::from_secs(4), "{:?} {:?}", gap(1), gap(2));
    let tags = registry.heard().into_iter().filter(|heard| heard.path.contains("/tags/"));
    let validators: Vec<String> = tags.map(|heard| heard.header("if-none-match").to_owned()).collect();
    assert_eq!(validators[..3], ["", "\"t1\"", "\"t1\""], "{validators:?}");
    assert!(registry.heard().iter().all(|heard| heard.method == "HEAD" || heard.method == "GET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_points_to_what_cannot_be_read_yet_is_not_gone() {
    let [old, new] = ["1", "2"].map(documents);
    let digest = |manifest: &str| bakery::domain::oci::Digest::of(manifest.as_bytes()).to_string();
    let (before, after) = (digest(&old.1), digest(&new.1));
    let (wanted, looks) = (after.clone(), Mutex::new(0));
    let script = move |_: usize, heard: &Heard| {
        let manifest =
            |text: &str| Say::body(text).header("Content-Type", MANIFEST).header("Docker-Content-Digest", digest(text));
        if heard.path.starts_with("/v2/_catalog") {
            *looks.lock().unwrap() += 1;
            return Say::body(r#"{"repositories":["os"]}"#);
        }
        // From the second look on it points elsewhere; that can be had from the fourth on.
        let look = *looks.lock().unwrap();
        match &*heard.path {
            path if path.starts_with("/v2/os/tags/list") => Say::body(r#"{"name":"os","tags":["12"]}"#),
            "/v2/os/manifests/12" => manifest(if look < 2 { &old.1 } else { &new.1 }),
            path if path.ends_with(&after) && look < 4 => Say::status(503),
            path if path.ends_with(&after) => manifest(&new.1),
            path if path.contains("/manifests/") => manifest(&old.1),
            path if path.ends_with(&bakery::domain::oci::Digest::of(new.0.as_bytes()).to_string()) => {
                Say::body(new.0.clone())
            }
            path if path.contains("/blobs/") => Say::body(old.0.clone()),
            _ => Say::body("{}"),
        }
    };
    let registry = FaultyRegistry::start(script).await;
    let bakery = Bakery::with_workspace(&format!(
        "bakery: 1\nstores:\n  global: {{registry: \"{}\"}}\n  local: {{layout: ./local}}\n",
        registry.host()
    ));
    let mut watching = Watching::begin(&bakery, &[]);
    assert_eq!(watching.next()["images"], 1);
    let (told, watching) = tokio::task::spawn_blocking(move || (watching.next(), watching)).await.unwrap();
    assert_eq!(said(&told), "moved global/os:12");
    assert_eq!((&told["before"], &told["node"]["digest"]), (&json!(before), &json!(wanted)));
    assert_eq!(watching.stop(), Some(0));
    let refused = registry.heard().iter().filter(|heard| heard.path.ends_with(&wanted)).count();
    assert!(refused >= 3, "it was asked for in vain: {refused}");
}
