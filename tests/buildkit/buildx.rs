//! Builders as `docker buildx` keeps them: behind `docker exec`, behind `kubectl exec`, behind an address. The programs are the
//! test's own, and lead to a daemon that plays a script.

use std::os::unix::fs::PermissionsExt;

use super::fake::{Fake, Script};
use super::reach::{Certificates, Port, answering};
use crate::support::bakery::Bakery;
use crate::support::peers;

/// What stands in for docker and kubectl: writes down how it was called, and becomes a stream to the daemon.
const STAND_IN: &str = r#"#!/usr/bin/env python3
import os, socket, sys, threading
with open(os.path.join(FOLDER, "called"), "a") as file:
    file.write(" ".join([os.path.basename(sys.argv[0])] + sys.argv[1:]) + "\n")
if "gone" in " ".join(sys.argv):
    sys.exit("Error from server (NotFound): deployments.apps \"gone0\" not found")
daemon = socket.socket(socket.AF_UNIX)
daemon.connect(SOCKET)
def out():
    while part := daemon.recv(65536):
        os.write(1, part)
    os._exit(0)
threading.Thread(target=out, daemon=True).start()
while part := os.read(0, 65536):
    daemon.sendall(part)
"#;

struct Farm {
    bakery: Bakery,
    fake: Fake,
}

impl Farm {
    fn start() -> Option<Self> {
        if !peers::need(&["python3"]) {
            return None;
        }
        let (bakery, fake) =
            (Bakery::with_workspace("bakery: 1\nstores:\n  local: {layout: local}\n"), Fake::start(Script::Bakes));
        let text = STAND_IN
            .replace("FOLDER", &format!("{:?}", bakery.path("bin").display().to_string()))
            .replace("SOCKET", &format!("{:?}", fake.socket().display().to_string()));
        for name in ["docker", "kubectl"] {
            let path = bakery.write(&format!("bin/{name}"), &text);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        bakery.write(
            "recipes/os.yaml",
            "recipe: 1\nname: os\ntag: \"1\"\nbase: scratch\nsteps:\n  - write: {to: /os, content: x}\n",
        );
        bakery.bake("recipes/os.yaml");
        Some(Self { bakery, fake })
    }

    fn builder(&self, name: &str, driver: &str, nodes: &str) {
        let text = format!(r#"{{"Name":"{name}","Driver":"{driver}","Nodes":[{nodes}],"Dynamic":false}}"#);
        self.bakery.write(&format!("buildx/instances/{name}"), text);
    }

    /// Exit code and words of a bake on `buildx://NAME`.
    fn bake(&self, name: &str) -> (Option<i32>, String) {
        let text = format!("recipe: 1\nname: app-{name}\ntag: \"1\"\nbase: local/os:1\nsteps:\n  - run: {name}\n");
        self.bakery.write("recipes/app.yaml", text);
        let mut command = self.bakery.command(&["bake", "recipes/app.yaml", "--engine", &format!("buildx://{name}")]);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.bakery.path("bin").display()));
        let output = command.env("BUILDX_CONFIG", self.bakery.path("buildx")).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn called(&self) -> String {
        std::fs::read_to_string(self.bakery.path("bin/called")).unwrap()
    }
}

#[test]
fn builders_in_containers_and_clusters_bake() {
    let Some(farm) = Farm::start() else { return };
    farm.builder("box", "docker-container", r#"{"Name":"box0","Endpoint":"unix:///run/d.sock","Platforms":null}"#);
    farm.builder(
        "pod",
        "kubernetes",
        r#"{"Name":"pod_0","Endpoint":"kubernetes:///pod?deployment=&kubeconfig=%2Fk","DriverOpts":{"namespace":"ci"}}"#,
    );
    for name in ["box", "pod"] {
        let (code, words) = farm.bake(name);
        assert_eq!(code, Some(0), "{name}: {words}");
    }
    assert_eq!(farm.fake.builds(), 2);
    let called = farm.called();
    let docker = "docker --host=unix:///run/d.sock exec -i buildx_buildkit_box0 buildctl dial-stdio\n";
    let kubectl =
        "kubectl --kubeconfig=/k --namespace=ci exec -i deployment/pod-0 -c buildkitd -- buildctl dial-stdio\n";
    assert!(called.contains(docker) && called.contains(kubectl), "{called}");
}

#[test]
fn builders_at_an_address_bake_with_their_certificates() {
    let Some(farm) = Farm::start() else { return };
    let certificates = Certificates::make();
    let port = Port::secured(&farm.fake, certificates.server("server"));
    let node = |more: &str| {
        format!(r#"{{"Name":"far0","Endpoint":"tcp://127.0.0.1:{}","DriverOpts":{{{more}}}}}"#, port.number)
    };
    let files = format!(
        r#""cacert":"{}","cert":"{}","key":"{}","servername":"buildkitd.example""#,
        certificates.path("ca.pem"),
        certificates.path("cert.pem"),
        certificates.path("key.pem")
    );
    farm.builder("far", "remote", &node(&files));
    let (code, words) = farm.bake("far");
    assert_eq!(code, Some(0), "{words}");
    farm.builder("half", "remote", &node(r#""servername":"buildkitd.example""#));
    let (code, words) = farm.bake("half");
    assert!(code == Some(4) && words.contains("no cacert"), "{words}");
}

#[test]
fn builders_that_cannot_be_had_are_named_with_the_reason() {
    let Some(farm) = Farm::start() else { return };
    farm.builder("gone", "kubernetes", r#"{"Name":"gone0","Endpoint":"kubernetes:///gone?deployment=&kubeconfig="}"#);
    farm.builder("own", "docker", r#"{"Name":"own","Endpoint":"default"}"#);
    farm.builder("cloud", "cloud", r#"{"Name":"cloud0","Endpoint":"x"}"#);
    let odd = format!(r#"{{"Name":"odd0","Endpoint":"tcp://127.0.0.1:{}"}}"#, answering(b"SSH-2.0-OpenSSH_9.2\r\n"));
    farm.builder("odd", "remote", &odd);
    for (name, word) in [
        ("gone", "deployments.apps \"gone0\" not found"),
        ("own", "use the engine docker"),
        ("cloud", "its driver \"cloud\" is not known"),
        ("odd", "no HTTP/2"),
        ("nobody", "no builder \"nobody\""),
    ] {
        let (code, words) = farm.bake(name);
        assert!(
            code == Some(4) && words.contains(&format!("buildx://{name}")) && words.contains(word),
            "{name}: {words}"
        );
    }
    assert_eq!(farm.fake.builds(), 0);
}
