//! Images run by a dockerd of the test's own, without network: services are asked from within.

use std::path::Path;

use super::bakery::succeeded;
use super::container::answer;
use super::dockerd::Dockerd;
use super::peers;

/// A daemon where there is docker and the host lets it start. What is absent is named; with BAKERY_REQUIRE_PEERS=1 it
/// fails the test.
pub fn daemon() -> Option<Dockerd> {
    if !peers::need(&["dockerd", "containerd", "skopeo"]) {
        return None;
    }
    let started = Dockerd::start();
    let required = std::env::var("BAKERY_REQUIRE_PEERS").as_deref() == Ok("1");
    match started {
        Err(said) if !required => {
            eprintln!("SKIPPED what docker runs: dockerd does not start: {said}");
            None
        }
        started => Some(started.unwrap_or_else(|said| panic!("dockerd does not start: {said}"))),
    }
}

/// Takes an image out of a layout and runs its own command to the end; gives stdout.
pub fn run(dockerd: &Dockerd, layout: &Path, image: &str) -> String {
    dockerd.load(layout, image);
    let output = dockerd.docker(&["run", "--rm", "--network", "none", image]).output().unwrap();
    succeeded(&output, &format!("docker run {image}"))
}

/// Takes an image out of a layout, starts its own command, and asks it; gives the answer. The service stays until the
/// daemon ends.
pub fn ask(dockerd: &Dockerd, layout: &Path, image: &str, (port, request): (u16, &str)) -> String {
    dockerd.load(layout, image);
    let output = dockerd.docker(&["run", "--detach", "--network", "none", image]).output().unwrap();
    let id = succeeded(&output, &format!("docker run --detach {image}"));
    let output = dockerd.docker(&["inspect", "--format", "{{.State.Pid}}", id.trim()]).output().unwrap();
    let pid = succeeded(&output, "docker inspect").trim().parse().unwrap();
    answer(pid, port, request).unwrap_or_else(|error| panic!("{image}, port {port}: {error}"))
}
