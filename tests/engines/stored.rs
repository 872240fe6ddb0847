//! Where a daemon's storage is on this machine its layers are read there; where it is not, the image is fetched. The image is
//! the same.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::same::{bake, stocked};
use crate::run_steps::bench::of;
use crate::support::bakery::Bakery;
use crate::support::dockerd::Dockerd;
use crate::support::peers;
use crate::support::podman_service::PodmanService;

/// What passed on its way to a daemon.
#[derive(Clone, Default)]
struct Passed(Arc<Mutex<Vec<u8>>>);

impl Passed {
    /// Whether an image was asked for as an archive; what is here is forgotten.
    fn fetched(&self) -> bool {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        assert!(bytes.windows(5).any(|part| part == b"POST "), "nothing passed");
        bytes.windows(10).any(|part| part == b"/get HTTP/" || part == b"/get?names")
    }

    fn relay<A, B>(&self, client: A, daemon: B, end: impl Fn(&B) -> io::Result<()> + Send + 'static)
    where
        A: Read + Write + Clonable,
        B: Read + Write + Clonable,
    {
        let (mut from, mut to) = (client.another(), daemon.another());
        let passed = self.clone();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                passed.0.lock().unwrap().extend_from_slice(&buffer[..count]);
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            let _ = end(&to);
        });
        let (mut from, mut to) = (daemon, client);
        thread::spawn(move || io::copy(&mut from, &mut to));
    }
}

trait Clonable: Send + Sized + 'static {
    fn another(&self) -> Self;
}

impl Clonable for UnixStream {
    fn another(&self) -> Self {
        self.try_clone().unwrap()
    }
}

impl Clonable for std::net::TcpStream {
    fn another(&self) -> Self {
        self.try_clone().unwrap()
    }
}

fn digest(bakery: &Bakery, engine: &str) -> String {
    let baked = bake(bakery, engine, &["--no-cache"]);
    of(&baked, "image.committed")[0]["digest"].as_str().unwrap().to_owned()
}

fn both_ways(kind: &str, socket: &Path) {
    let bakery = stocked();
    let here = digest(&bakery, "embedded");
    let (passed, place) = (Passed::default(), bakery.path("relay.sock"));
    let listener = UnixListener::bind(&place).unwrap();
    let (heard, daemon) = (passed.clone(), socket.to_owned());
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            heard.relay(client, UnixStream::connect(&daemon).unwrap(), |daemon| daemon.shutdown(Shutdown::Write));
        }
    });
    assert_eq!(digest(&bakery, &format!("{kind}://{}", place.display())), here);
    assert!(!passed.fetched(), "its storage is here");

    // Over a network nobody says whose storage the places are in.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, daemon) = (passed.clone(), socket.to_owned());
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            heard.relay(client, UnixStream::connect(&daemon).unwrap(), |daemon| daemon.shutdown(Shutdown::Write));
        }
    });
    let remote = format!("{kind}://tcp://127.0.0.1:{port}");
    assert_eq!(digest(&bakery, &remote), here);
    assert!(passed.fetched(), "its storage may be anywhere");
}

#[test]
fn layers_of_a_dockerd_here_are_read_in_its_storage() {
    if !peers::need(&["dockerd", "mmdebstrap"]) {
        return;
    }
    let daemon = Dockerd::start().unwrap();
    let engine = daemon.engine();
    both_ways("docker", Path::new(engine.trim_start_matches("docker://")));
}

#[test]
fn layers_of_a_podman_here_are_read_in_its_storage() {
    if !peers::need(&["podman", "runc", "mmdebstrap"]) {
        return;
    }
    let service = PodmanService::start().unwrap();
    let engine = service.engine();
    both_ways("podman", Path::new(engine.trim_start_matches("podman://")));
}
