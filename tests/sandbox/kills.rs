//! Family H-01 with a sandbox: a worker killed at any moment leaves no process, no mount, and nothing the next bake minds.

use std::time::{Duration, Instant};

use super::bench::{Bench, SOON, Who, can_run};
use super::ends::{Running, is_alive, kill};

const STEPS: &str = "  - run:
      cache: [/cache]
      script: |
        (setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &)
        i=0; while [ $i -lt 40 ]; do echo $i >/tmp/$i; echo line $i; i=$((i + 1)); done; rm -r /home
  - run: {script: \"sh -c 'mkdir -p /srv/a/b; echo x >/srv/a/b/c; rm -r /tmp/1*'\"}
tests:
  - {name: there, run: \"test -f /srv/a/b/c\"}
";

/// Kills of each kind of user; 200 in all are made with `BAKERY_KILLS=100`.
fn kills() -> u64 {
    std::env::var("BAKERY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(25)
}

fn killed_at_random(who: Who, seed: u64) {
    if !can_run() {
        return;
    }
    let bench = Bench::new(who, &[], STEPS);
    let began = Instant::now();
    let digest = bench.bake().digest();
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap();
    // How long a bake takes now: it follows what else this machine does.
    let mut whole = micros(began.elapsed());
    let mut random = seed;
    let (mut lost, mut longest) = (0, Duration::ZERO);
    for round in 0..kills() {
        // Now and then the base has to be extracted again.
        if round % 4 == 0 {
            let snapshots = bench.path("home/cache/snapshots");
            // Killed early enough, the bakes since the last time made none.
            if snapshots.exists() {
                std::fs::remove_dir_all(snapshots).unwrap();
            }
        }
        let bake = Running::start(&bench, &["--no-cache"]);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let moment = Duration::from_micros(random % whole);
        let begun = Instant::now();
        while begun.elapsed() < moment && is_alive(bake.worker) {
            std::thread::yield_now();
        }
        let in_time = is_alive(bake.worker);
        lost += u64::from(in_time);
        whole = if in_time { whole + whole / 16 } else { micros(begun.elapsed()).max(1_000) };
        kill("-9", bake.worker);
        let killed = Instant::now();
        let left = bench.left_after(SOON);
        longest = longest.max(killed.elapsed());
        assert!(left.is_empty(), "round {round}, after {moment:?}: {left:#?}");
        bench.assert_untouched();
        if round % 8 == 7 {
            assert_eq!(bench.bake_with(&["--no-cache"], &[]).digest(), digest, "round {round}");
            assert!(bench.sessions().is_empty(), "round {round}: {:?}", bench.sessions());
            let fsck = bench.command(&["fsck"]).output().unwrap();
            assert!(fsck.status.success(), "{}", String::from_utf8_lossy(&fsck.stdout));
        }
    }
    assert!(lost > kills() / 4, "only {lost} were killed in time");
    assert_eq!(bench.bake_with(&["--no-cache"], &[]).digest(), digest);
    assert!(bench.sessions().is_empty(), "{:?}", bench.sessions());
    eprintln!("{who:?}: {lost} of {} lost, gone within {longest:?}", kills());
}

#[test]
fn h01_kills_at_random_leave_nothing_of_roots() {
    killed_at_random(Who::Root, 0x9e37_79b9_7f4a_7c15);
}

#[test]
fn h01_kills_at_random_leave_nothing_of_an_ordinary_users() {
    killed_at_random(Who::Ordinary, 0x2545_f491_4f6c_dd1d);
}
