//! Recipes as Dockerfiles and back: every example is said, what another builder makes of it is the same image, what does not
//! map is named.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::bakery::{Bakery, succeeded};
use crate::support::peers::need;
use crate::support::tiny;

const RECIPE: &str = r#"recipe: 1
name: app
tag: "1"
base: scratch
steps:
  - unpack: {from: tiny.tar, to: /}
  - copy: {from: site, to: /srv/site, owner: "app:1000", mode: "0640", exclude: ["*.tmp"]}
  - copy: {from: tool.sh, to: /usr/bin/tool, mode: "0755"}
  - write: {to: /etc/app/a.conf, content: "home = $HOME\nback\\slash 'q'\n", mode: "0600", owner: "1000"}
  - write: {to: /etc/app/b.conf, content: no line break}
  - run:
      env: {GREETING: "it's $5"}
      script: |
        printf '%s\n' "$GREETING" > /etc/greeting
        chown app /home/app && [ "$(id -u)" = 0 ]
  - run: {user: app, shell: [/bin/sh, -e], script: "id -un > /home/app/who"}
  - remove: [/bin/wget]
config: {env: {A: "x \"y\" $z"}, user: app, workdir: /srv/site, entrypoint: [tool], cmd: [a b], expose: [80], labels: {a.b: "c d"}, stop-signal: SIGINT, volumes: [/data]}
tests: [{name: said, run: "tool"}]
"#;

fn workspace() -> Bakery {
    let bakery = Bakery::with_workspace(
        "bakery: 1\nstores:\n  global: {layout: ./global}\n  local: {layout: ./local}\nsecrets: {t: {env: T}}\n",
    );
    bakery.write("recipes/app.yaml", RECIPE);
    bakery.write("recipes/tiny.tar", tiny::tar(&[]));
    bakery.write("recipes/site/index.html", "<p>");
    bakery.write("recipes/site/deep/er.html", "<b>");
    bakery.write("recipes/site/x.tmp", "gone");
    bakery.write("recipes/tool.sh", "#!/bin/sh\necho tool\n");
    bakery
}

fn buildah(store: &Path, arguments: &[&str]) -> String {
    let (root, run) = (store.join("root"), store.join("run"));
    let mut command = Command::new("buildah");
    command.args(["--storage-driver", "vfs", "--root"]).arg(root).arg("--runroot").arg(run).args(arguments);
    succeeded(&command.output().unwrap(), &format!("buildah {}", arguments.join(" ")))
}

#[test]
fn another_builder_makes_the_same_files_and_config_of_it() {
    if !need(&["buildah", "busybox"]) {
        return;
    }
    let bakery = workspace();
    bakery.bake("recipes/app.yaml");
    bakery.ok(&["export", "dockerfile", "app.yaml", "--plain", "--out", "context"]);
    let store = bakery.path("buildah");
    let context = bakery.path("context");
    let isolation = ["bud", "--isolation", "chroot", "-t", "app:1", context.to_str().unwrap()];
    buildah(&store, &isolation);
    let to = format!("oci:{}:app:1", bakery.path("built").display());
    buildah(&store, &["push", "app:1", &to]);
    let diff = bakery.json(&["diff", "local/app:1", "oci:built:app:1"]);
    // Times are the builder's own, and it leaves the places it mounts something on.
    let mounted = ["/dev", "/proc", "/sys", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
    let counts = |one: &&Value| {
        let path = one["path"].as_str().unwrap();
        !mounted.contains(&path) && one["what"] != serde_json::json!(["time"])
    };
    let changes = diff["changes"].as_array().unwrap().iter().filter(counts);
    let changes: Vec<String> = changes.map(|one| format!("{} {}", one["path"], one["what"])).collect();
    // A folder that a copy makes on its way is its owner's to other builders, and root's to a recipe.
    assert_eq!(changes, ["\"/etc/app\" [\"owner\"]", "\"/srv\" [\"owner\"]"]);
    let config = |image: &str| bakery.json(&["inspect", image])["config"]["config"].clone();
    let (ours, theirs) = (config("local/app:1"), config("oci:built:app:1"));
    for key in ["User", "WorkingDir", "Entrypoint", "Cmd", "ExposedPorts", "Volumes", "StopSignal"] {
        assert_eq!(ours[key], theirs[key], "{key}");
    }
    assert_eq!(ours["Labels"]["a.b"], theirs["Labels"]["a.b"]);
    assert!(theirs["Env"].as_array().unwrap().contains(&Value::from("A=x \"y\" $z")), "{theirs}");
}

#[test]
fn every_example_is_said() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let mut said = 0;
    for team in ["global", "team-a", "team-b"] {
        let bakery = Bakery::new();
        for recipe in std::fs::read_dir(examples.join(team)).unwrap().map(|entry| entry.unwrap().path()) {
            if !recipe.is_dir() {
                continue;
            }
            let name = recipe.file_name().unwrap().to_str().unwrap();
            let copied = bakery.path(&format!("recipes/{name}"));
            std::fs::create_dir_all(copied.parent().unwrap()).unwrap();
            let copy = Command::new("cp").arg("-r").arg(&recipe).arg(&copied).status().unwrap();
            assert!(copy.success());
            if name == "os" {
                bakery.write("recipes/os/rootfs.tar", tiny::tar(&[]));
            }
            let file = format!("recipes/{name}/{name}.yaml");
            let made = bakery.json(&["export", "dockerfile", &file, "--package-manager", "apt"]);
            let text = made["dockerfile"].as_str().unwrap();
            let from = if name == "os" { "FROM scratch" } else { "FROM " };
            assert!(text.contains(from) && text.contains("LABEL org.opencontainers.image.title="), "{text}");
            assert!(!text.contains("not known") || name != "os", "{text}");
            said += 1;
            // What was written for builders is read back, but for what only the base knows.
            bakery.write("Dockerfile", text);
            let back = bakery.json(&["import", "Dockerfile", "--name", name, "--partial"]);
            assert_eq!(back["unmapped"], Value::Array(Vec::new()), "{text}");
        }
    }
    assert_eq!(said, 12);
}

#[test]
fn a_target_a_recipe_for_buildx() {
    let bakery = workspace();
    bakery.write("recipes/child.yaml", "recipe: 1\nname: team/child\ntag: \"2\"\nbase: local/app:1\nsteps:\n  - run: {script: \"true\", secrets: [t]}\n");
    bakery.bake("recipes/app.yaml");
    bakery.ok(&["export", "buildx-bake", "child.yaml", "app.yaml", "--out", "all"]);
    let text = std::fs::read_to_string(bakery.path("all/docker-bake.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["target"]["team-child-2"]["contexts"]["layout.invalid/app:1"], "target:app-1");
    assert_eq!(file["target"]["team-child-2"]["secret"][0], "id=t,env=T");
    let child = std::fs::read_to_string(bakery.path("all/team-child-2/Dockerfile")).unwrap();
    assert!(child.contains("\nFROM layout.invalid/app:1\n") && child.contains("--mount=type=secret,id=t"), "{child}");
    assert!(bakery.path("all/app-1/files/02/in/site/index.html").exists());
    assert!(!bakery.path("all/app-1/files/02/in/site/x.tmp").exists());
    // Alone, its base is where it lies.
    let told = bakery.ok(&["export", "dockerfile", "child.yaml"]);
    assert!(told.contains("skopeo copy oci:") && told.contains("FROM layout.invalid/app:1\n"), "{told}");
    bakery.fails(2, &["export", "dockerfile", "nosuch.yaml"]);
    assert!(
        bakery.fails(1, &["export", "buildx-bake", "app.yaml", "--out", "all"]).contains("all"),
        "never over another"
    );
}

#[test]
fn a_dockerfile_is_read_and_what_does_not_map_is_named() {
    let bakery = Bakery::new();
    bakery.write("Dockerfile", "FROM scratch\nCOPY app /srv/app\nCOPY --from=x /a /b\n");
    let output = bakery.run(&["import", "Dockerfile", "--name", "team/app", "--out", "recipes/app.yaml"]);
    let (said, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        said.contains("Dockerfile:3:1: error: COPY does not map: it copies from x") && said.contains("help: put"),
        "{said}"
    );
    assert!(told.contains("a line of Dockerfile does not map") && told.contains("--partial"), "{told}");
    assert!(!bakery.path("recipes/app.yaml").exists());
    bakery.ok(&["import", "Dockerfile", "--name", "team/app", "--out", "recipes/app.yaml", "--partial"]);
    let text = std::fs::read_to_string(bakery.path("recipes/app.yaml")).unwrap();
    assert!(text.contains("# line 3: COPY it copies from x"), "{text}");
    bakery.write("recipes/app/main", "x");
    bakery.bake("recipes/app.yaml");
    // From standard input, printed.
    let mut command = bakery.command(&["import", "-", "--tag", "1"]);
    let file = std::fs::File::open(bakery.write("D2", "FROM scratch\nUSER a\n")).unwrap();
    let said = succeeded(&command.stdin(file).output().unwrap(), "import -");
    assert_eq!(said, "recipe: 1\nname: imported\ntag: \"1\"\nbase: scratch\nconfig:\n  user: \"a\"\n");
}

#[test]
fn what_a_dockerfile_takes_from_its_base_is_asked_of_the_base() {
    let bakery = Bakery::new();
    let base = "recipe: 1\nname: team/base\ntag: \"1\"\nbase: scratch\nconfig: {env: {PATH: \"/opt/bin:/bin\"}}\n";
    bakery.write("recipes/base.yaml", base);
    bakery.bake("recipes/base.yaml");
    bakery.write("Dockerfile", "FROM local/team/base:1\nENV P=$PATH:/x\n");
    let recipe = bakery.ok(&["import", "Dockerfile", "--name", "team/app"]);
    assert!(recipe.contains("env: {P: /opt/bin:/bin:/x}"), "{recipe}");
    assert!(recipe.starts_with("# Values of the base as it was when this was read: PATH.\n"), "{recipe}");
    // What the base does not set, and a base that cannot be asked, are told with the line.
    bakery.write("Dockerfile", "FROM local/team/base:1\nENV P=$NOPE:/x\n");
    let said = String::from_utf8(bakery.run(&["import", "Dockerfile", "--name", "team/app"]).stdout).unwrap();
    assert!(
        said.contains("Dockerfile:2:1") && said.contains("NOPE is set neither in this file nor by its base"),
        "{said}"
    );
    bakery.write("Dockerfile", "FROM local/team/none:1\nENV P=$PATH:/x\n");
    let output = bakery.run(&["import", "Dockerfile", "--name", "team/app"]);
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(why.contains("local/team/none:1 could not be asked what it sets: "), "{why}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Dockerfile:2:1") && said.contains("PATH is set nowhere in this file"), "{said}");
}

#[test]
fn a_dockerfile_that_is_not_there_is_named_with_what_to_name_instead() {
    let bakery = Bakery::new();
    let said = bakery.fails(2, &["import", "nope"]);
    assert!(said.contains("there is no file nope") && said.contains("or - to read one from standard input"), "{said}");
    bakery.write("app/Dockerfile", "FROM scratch\n");
    let said = bakery.fails(2, &["import", "app"]);
    assert!(said.contains("app is no file") && said.contains("bakery import app/Dockerfile"), "{said}");
}
