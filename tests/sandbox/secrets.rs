//! Secrets: there for the step that asks, nowhere else, and in nothing that is left (K-01 to K-05).

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bench::{Bench, EVERYBODY, can_run};

const SECRET: &str = "canary/S3cr3t+value~of=tests";

fn forms() -> Vec<Vec<u8>> {
    let url: String = SECRET
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    vec![
        SECRET.into(),
        STANDARD.encode(SECRET).into(),
        hex::encode(SECRET).into(),
        url.into(),
        SECRET.replace('/', "\\/").into(),
    ]
}

fn holds(bytes: &[u8]) -> bool {
    forms().iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}

/// Every file below, compressed ones as they are and unfolded.
fn assert_nowhere(folder: &Path, seen: &mut usize) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        assert!(!holds(path.as_os_str().as_encoded_bytes()), "{}", path.display());
        if kind.is_dir() {
            assert_nowhere(&path, seen);
        } else if kind.is_file()
            && !path.ends_with("busybox")
            && !path.ends_with("tiny.tar")
            && !path.ends_with("bakery")
        {
            *seen += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(!holds(&bytes), "{}", path.display());
            let mut plain = Vec::new();
            if flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).is_ok() {
                assert!(!holds(&plain), "unfolded: {}", path.display());
            }
        }
    }
}

fn log_of(bench: &Bench, step: usize) -> PathBuf {
    bench.latest().unwrap().join(format!("logs/{step}.log"))
}

#[test]
fn k01_k02_a_secret_is_there_for_its_step_and_in_nothing_that_is_left() {
    if !can_run() {
        return;
    }
    let steps = "  - run:
      secrets: [token]
      script: |
        stat -c '%a %u %n' /run/secrets/token; cat /run/secrets/token; echo; base64 -w0 </run/secrets/token; echo
        hexdump -v -e '/1 \"%02x\"' /run/secrets/token; echo; cat /run/secrets/token >&2
        cp /run/secrets/token /dev/shm/x; wc -c </run/secrets/token; date >/stamp
  - run: {secrets: [token], user: app, script: \"stat -c '%a %u %n' /run/secrets/token; test -r /run/secrets/token; ! touch /run/secrets/x\"}
  - run: {script: \"ls /run/secrets || echo absent; env; ls /dev/shm\"}
tests:
  - {name: absent, run: \"env; ls -a /run; ls /run/secrets\", expect: {exit: 1}}
";
    for who in EVERYBODY {
        let bench = Bench::new(who, &[], steps);
        let baked = bench.bake_with(&["--secret", "token=env:TOKEN"], &[("TOKEN", SECRET)]).good();
        assert!(baked.log.contains("400 0 /run/secrets/token\n***\n***\n***\n"), "{}", baked.log);
        assert!(baked.log.contains("(K-02)") && baked.log.contains("400 1000 /run/secrets/token"), "{}", baked.log);
        assert!(baked.log.contains("absent\n") && baked.log.contains(&format!("{}\n", SECRET.len())), "{}", baked.log);
        assert!(!holds(baked.stderr.as_bytes()) && !holds(serde_json::to_string(&baked.events).unwrap().as_bytes()));
        let mut seen = 0;
        assert_nowhere(&bench.path(""), &mut seen);
        assert!(seen > 20, "{seen} files");
        bench.assert_untouched();
    }
}

#[test]
fn k01_a_secret_that_stays_in_the_image_fails_the_step() {
    if !can_run() {
        return;
    }
    for who in EVERYBODY {
        for script in [
            "cp /run/secrets/token /etc/token",
            "echo \\\"token: $(cat /run/secrets/token)\\\" >>/etc/passwd",
            "ln -s $(tr / _ </run/secrets/token) /link; cat /run/secrets/token | tee /root/a >/dev/null",
        ] {
            let bench = Bench::new(who, &[], &format!("  - run: {{secrets: [token], script: \"{script}\"}}\n"));
            let baked = bench.bake_with(&["--secret", "token=env:TOKEN"], &[("TOKEN", SECRET)]);
            let baked = baked.failed("K-01: secret token is in what the script wrote");
            assert!(!holds(baked.stderr.as_bytes()) && !holds(baked.log.as_bytes()), "{}", baked.stderr);
            let mut seen = 0;
            assert_nowhere(&bench.path(""), &mut seen);
            bench.assert_untouched();
        }
    }
}

#[test]
fn k01_nothing_that_runs_shows_a_secret_to_others() {
    if !can_run() {
        return;
    }
    let steps = "  - run: {secrets: [token], script: \"echo begun; while :; do sleep 1; done\"}\n";
    for who in EVERYBODY {
        let bench = Bench::new(who, &[], steps);
        let keep = bench.path("token");
        std::fs::write(&keep, SECRET).unwrap();
        let source = format!("token=file:{}", keep.display());
        let mut child = bench
            .command(&["bake", "recipes/app.yaml", "--secret", &source])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !bench
            .latest()
            .is_some_and(|_| std::fs::read_to_string(log_of(&bench, 2)).is_ok_and(|log| log.contains("begun")))
        {
            assert!(child.try_wait().unwrap().is_none(), "over before it began");
            std::thread::yield_now();
        }
        let mut running = 0;
        for pid in bench.processes().into_keys() {
            running += 1;
            for file in ["cmdline", "environ", "comm"] {
                let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                assert!(!holds(&bytes), "{file} of {pid}");
            }
            if let Ok(limits) = std::fs::read_to_string(format!("/proc/{pid}/limits"))
                && std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("busybox"))
            {
                let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
                assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
            }
        }
        assert!(running >= 4, "{running} processes");
        std::fs::remove_file(&keep).unwrap();
        let mut seen = 0;
        assert_nowhere(&bench.path("home"), &mut seen);
        let id = bench.latest().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        assert!(bench.command(&["cancel", &id]).output().unwrap().status.success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        bench.assert_untouched();
    }
}

#[test]
fn k02_a_secret_too_short_to_be_masked_is_told() {
    if !can_run() {
        return;
    }
    let bench = Bench::new(EVERYBODY[0], &[], "  - run: {secrets: [pin], script: \"cat /run/secrets/pin\"}\n");
    let baked = bench.bake_with(&["--secret", "pin=env:PIN"], &[("PIN", "123")]).good();
    assert!(baked.log.contains("secret pin is under 4 bytes: it is not masked"), "{}", baked.log);
    assert!(baked.log.contains("123"), "{}", baked.log);
}
