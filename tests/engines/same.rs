//! One recipe with steps of every kind, and what has to be the same of it whoever bakes it.

use crate::run_steps::bench::{events, of, said};
use crate::support::bakery::{Bakery, succeeded};
use crate::support::debian;

/// A value nobody may find anywhere.
const TOKEN: &str = "correct-horse-battery-staple";

const RECIPE: &str = r##"recipe: 1
name: team-a/app
tag: "1.0"
base: local/os:1
steps:
  - copy: {from: app, to: /srv/app, owner: "1000:1000"}
  - run: |
      useradd --system --home-dir /srv/app app
      echo made > /srv/app/made
      chown app:app /srv/app/made
      chmod 4750 /srv/app/made
      ln /srv/app/made /srv/app/again
      ln -s made /srv/app/link
      rm -rf /usr/share/doc
      touch /etc/debian_version
      rm -rf /etc/skel && mkdir /etc/skel && echo new > /etc/skel/new
      mkfifo /srv/app/pipe
      install -d -o app /var/lib/app
      printf '%s' "$SOURCE_DATE_EPOCH" > /srv/app/when
  - write: {to: /etc/app.conf, mode: "0600", content: "a: b\n"}
  - run:
      script: |
        id -u > /var/lib/app/who
        pwd >> /var/lib/app/who
        printf '%s\n' "$GREETING" >> /var/lib/app/who
        cat /etc/passwd > /dev/null
      env: {GREETING: "hello \"$USER\" \\ 'you'"}
      user: app
  - run:
      script: |
        test "$(wc -c < /run/secrets/token)" = 28
        test "$(stat -c %a:%u /run/secrets/token)" = 400:0
        cat /run/secrets/token
        echo kept >> /var/cache/kept/list
      secrets: [token]
      cache: [/var/cache/kept]
      network: none
  - remove: [/usr/share/man]
  - run: "true"
  - unpack: {from: vendor.tar, to: /opt}
config: {user: app, workdir: /srv/app, cmd: [sh]}
tests:
  - {name: who, run: "cat /var/lib/app/who", expect: {exit: 0, stdout: "hello"}}
  - {name: made, file: {path: /srv/app/made, mode: "4750"}}
"##;

/// A workspace with the recipe and its base.
pub fn stocked() -> Bakery {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nstores:\n  local: {layout: local}\npolicy: policy.yaml\nsecrets: {token: {env: TOKEN}}\n",
    );
    let archive = bakery.path("recipes/rootfs.tar");
    bakery.write("recipes/app/main.sh", "echo hello\n");
    let rootfs = debian::rootfs();
    std::fs::hard_link(&rootfs, &archive).or_else(|_| std::fs::copy(&rootfs, &archive).map(|_| ())).unwrap();
    bakery.write(
        "recipes/os.yaml",
        "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - unpack: {from: rootfs.tar, to: /}\n",
    );
    bakery.bake("recipes/os.yaml");
    let vendor = crate::support::engine::Tar::new().folder("lib", 0o755).file("lib/one", "1").end();
    bakery.write("recipes/vendor.tar", vendor);
    bakery.write("recipes/app.yaml", RECIPE);
    bakery
}

/// Bakes on an engine; gives the journal.
pub fn bake(bakery: &Bakery, engine: &str, more: &[&str]) -> Vec<serde_json::Value> {
    let arguments = [&["bake", "recipes/app.yaml", "--engine", engine, "--json"], more].concat();
    let output = bakery.command(&arguments).env("TOKEN", TOKEN).output().unwrap();
    succeeded(&output, engine);
    events(&output)
}

/// The image of the recipe baked by `engine` is the embedded engine's, to the last bit; baked again, nothing is run.
pub fn bakes_the_same(engine: &str) {
    let bakery = stocked();
    let here = bake(&bakery, "embedded", &[]);
    let there = bake(&bakery, engine, &[]);
    let layers = |all: &[serde_json::Value]| -> Vec<String> {
        of(all, "layer.sealed").iter().map(|sealed| format!("{} {}", sealed["step"], sealed["diff_id"])).collect()
    };
    assert_eq!(layers(&here), layers(&there), "{}", said(&bakery, &id(&there)));
    let digest = |all: &[serde_json::Value]| of(all, "image.committed")[0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest(&here), digest(&there));
    // Steps that run something are remembered by the kind of engine that ran them.
    let started: Vec<_> =
        of(&there, "step.started").iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect();
    for step in ["2", "4", "5", "7"] {
        assert!(started.iter().any(|one| one == step), "{started:?}");
    }
    let log = said(&bakery, &id(&there));
    assert!(!log.contains(TOKEN) && log.contains("secret"), "{log}");
    assert_eq!(of(&there, "bake.started")[0]["engine"], engine);
    let again = bake(&bakery, engine, &[]);
    assert_eq!(of(&again, "step.cached").len(), 8, "{again:?}");
    assert_eq!(digest(&again), digest(&there));
}

fn id(all: &[serde_json::Value]) -> String {
    of(all, "bake.started")[0]["bake"].as_str().unwrap().to_owned()
}

/// A script that fails is told as on this machine: its status, its last words, its log; the journal comes to its end.
pub fn tells_failures_the_same(engine: &str) {
    let bakery = stocked();
    let recipe = "recipe: 1\nname: team-a/app\ntag: \"1.0\"\nbase: local/os:1\nsteps:\n  - run: |\n      echo first words\n      echo last words\n      exit 7\n";
    bakery.write("recipes/app.yaml", recipe);
    let told = |engine: &str| {
        let told = bakery.fails(1, &["bake", "recipes/app.yaml", "--engine", engine, "-q"]);
        let kept = |line: &&str| line.starts_with("error:") || line.starts_with("cause:");
        told.lines().filter(kept).map(str::to_owned).collect::<Vec<_>>()
    };
    let here = told("embedded");
    assert_eq!(here, told(engine));
    assert!(here.iter().any(|line| line.contains("status 7")), "{here:?}");
    let output = bakery.run(&["bake", "recipes/app.yaml", "--engine", engine, "--json"]);
    let all = events(&output);
    assert_eq!(of(&all, "step.failed").len(), 1, "{all:?}");
    assert_eq!(of(&all, "bake.finished")[0]["status"], "failed");
    assert!(said(&bakery, &id(&all)).contains("first words"));
}

/// Nobody there: told with the engine's name, exit 4, and a journal with an end.
pub fn nobody_there(engine: &str) {
    let bakery = stocked();
    let output = bakery.command(&["bake", "recipes/app.yaml", "--engine", engine, "-q"]).env("TOKEN", TOKEN).output();
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{told}");
    let place = engine.split("://").nth(1).unwrap();
    assert!(told.contains("cannot be reached") && told.contains(place), "{told}");
    let output =
        bakery.command(&["bake", "recipes/app.yaml", "--engine", engine, "--json"]).env("TOKEN", TOKEN).output();
    let all = events(&output.unwrap());
    assert_eq!(of(&all, "bake.finished")[0]["status"], "failed");
    assert!(of(&all, "bake.finished")[0].to_string().contains("cannot be reached"), "{all:?}");
}
