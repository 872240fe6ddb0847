//! The example recipes bake for real, as `recipes/README.md` says, and what was baked runs: programs answer, services
//! serve. `BAKERY_EXAMPLES=all` takes all of them; else those the teams stand on.

use std::path::PathBuf;

use super::copy_recipes;
use crate::support::bakery::{Bakery, succeeded};
use crate::support::container::{self, Bundle};
use crate::support::{debian, docker_run, peers};

const SUBSET: &[&str] = &["python", "redis", "nginx"];

/// Copies of the three workspaces, with the root file system in its place.
pub struct World {
    /// The program, in a home of its own.
    pub bakery: Bakery,
}

impl World {
    /// With keys for everybody, and nothing baked.
    pub fn new() -> Self {
        let world = Self { bakery: Bakery::new() };
        copy_recipes(&world.bakery);
        let archive = world.path("global/os/rootfs.tar");
        std::fs::hard_link(debian::rootfs(), &archive)
            .or_else(|_| std::fs::copy(debian::rootfs(), &archive).map(|_| ()))
            .unwrap();
        for who in ["global", "team-a", "team-b"] {
            world.bakery.ok(&["keys", "new", "--workspace", &world.path(who).display().to_string()]);
        }
        world
    }

    /// A path below the recipes.
    pub fn path(&self, name: &str) -> PathBuf {
        self.bakery.path("recipes").join(name)
    }

    fn bake(&self, workspace: &str, recipes: &[&str]) {
        let workspace = self.path(workspace).display().to_string();
        let arguments = [&["bake", "--workspace", &workspace], recipes].concat();
        let output = self.bakery.run(&arguments);
        succeeded(&output, &arguments.join(" "));
    }

    /// An image of one of the stores, unpacked.
    fn image(&self, store: &str, image: &str) -> Bundle {
        Bundle::unpack(&self.path("store").join(store), image)
    }
}

#[test]
fn the_example_recipes_bake_for_real_and_what_was_baked_runs() {
    if !peers::need(&[&["mmdebstrap"], &container::PROGRAMS[..]].concat()) {
        return;
    }
    let world = World::new();
    world.bake("global", &["os"]);
    let all = std::env::var("BAKERY_EXAMPLES").as_deref() == Ok("all");
    world.bake("global", if all { &["--all"] } else { SUBSET });
    world.bake("team-a", &["--all"]);
    world.bake("team-b", &["--all"]);

    the_teams_images_serve(&world);
    if all {
        the_other_runtimes_run(&world);
    }
    if let Some(dockerd) = docker_run::daemon() {
        let answer = docker_run::ask(&dockerd, &world.path("store/global"), "redis:7", (6379, PING));
        assert_eq!(answer, "+PONG\r\n+OK\r\n");
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")
}

/// Two commands, because the other side goes when it is told to.
const PING: &str = "PING\r\nQUIT\r\n";

fn the_teams_images_serve(world: &World) {
    let payments = world.image("team-a", "team-a/payments-api:1.4.0");
    assert_eq!(payments.stat("/etc/payments.json"), "640 0:1000 regular file");
    assert_eq!(payments.run(&["python3", "-m", "payments", "selftest"]), "ok\n");
    let answer = payments.start(&[]).answer(8080, &get("/"));
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("{\"total\": 310}"), "python: {answer}");

    let storefront = world.image("team-a", "team-a/storefront:2.1.0").start(&[]);
    let answer = storefront.answer(8080, &get("/"));
    assert!(answer.contains("200 OK") && answer.contains("Today: fresh bread"), "nginx: {answer}");
    assert!(answer.contains("X-Content-Type-Options: nosniff"), "the global team's settings: {answer}");
    assert!(storefront.answer(8080, &get("/absent")).contains("404 Not Found"));

    let reports = world.image("team-b", "team-b/reports:0.9.0").run(&[]);
    assert_eq!(reports.split_whitespace().collect::<Vec<_>>(), ["roll", "340", "bread", "120", "pretzel", "95"]);

    let sessions = world.image("team-b", "team-b/sessions:1.2.0").start(&[]);
    assert_eq!(sessions.answer(6380, PING), "+PONG\r\n+OK\r\n");
    assert!(sessions.answer(6380, "FLUSHALL\r\nQUIT\r\n").contains("unknown command"), "taken away by the global team");
    assert_eq!(sessions.exec(&["redis-cli", "-p", "6380", "ping"]), "PONG\n");
}

fn the_other_runtimes_run(world: &World) {
    assert_eq!(world.image("global", "node:18").run(&["node", "-e", "console.log(6 * 7)"]), "42\n");
    assert!(world.image("global", "java:17").run(&[]).contains("openjdk version \"17."));

    let apache = world.image("global", "apache:2");
    std::fs::write(apache.path("rootfs/var/www/html/index.html"), "fresh rolls").unwrap();
    let answer = apache.start(&[]).answer(8080, &get("/"));
    assert!(answer.contains("200 OK") && answer.ends_with("fresh rolls"), "apache: {answer}");

    let postgres = world.image("global", "postgres:15");
    let secret = postgres.path("rootfs/run/secrets/postgres-password");
    std::fs::create_dir_all(secret.parent().unwrap()).unwrap();
    std::fs::write(secret, "s3cret\n").unwrap();
    let postgres = postgres.start(&[]);
    let script = "until pg_isready -q -h 127.0.0.1; do sleep 0.1; done
        ! psql -w -h 127.0.0.1 -c 'select 1' postgres && PGPASSWORD=s3cret psql -h 127.0.0.1 -Atc 'select 6 * 7' postgres";
    assert_eq!(postgres.exec(&["timeout", "60", "sh", "-c", script]), "42\n");
}
