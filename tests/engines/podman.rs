//! Debian's podman, as a service.

use super::same;
use crate::support::peers;
use crate::support::podman_service::PodmanService;

fn service() -> Option<PodmanService> {
    peers::need(&["podman", "runc", "mmdebstrap"]).then(|| PodmanService::start().unwrap())
}

#[test]
fn podman_bakes_the_same_image() {
    let Some(service) = service() else { return };
    same::bakes_the_same(&service.engine());
}

#[test]
fn podman_tells_failures_the_same() {
    let Some(service) = service() else { return };
    same::tells_failures_the_same(&service.engine());
}

#[test]
fn no_podman_is_told() {
    same::nobody_there("podman:///nonexistent/podman.sock");
}
