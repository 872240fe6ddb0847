//! Steps that try to get out, to see what is not theirs, or to take the machine along.

use super::bench::{Baked, Bench, EVERYBODY, Who, can_run};
use crate::support::tiny::{Member, compiled};

/// Says of every attempt whether it worked.
const TRY: &str = "try() { if (\"$@\") >/dev/null 2>&1; then echo \"DONE $*\"; else echo \"no $*\"; fi; }\n";

fn script(text: &str) -> String {
    let lines: String = [TRY, text].concat().lines().map(|line| format!("      {line}\n")).collect();
    format!("  - run: |\n{lines}")
}

fn baked(who: Who, text: &str) -> (Bench, Baked) {
    let bench = Bench::new(who, &[], &script(text));
    let baked = bench.bake().good();
    (bench, baked)
}

fn none_done(baked: &Baked, attempts: usize) {
    let done: Vec<&str> = baked.log.lines().filter(|line| line.starts_with("DONE ")).collect();
    assert!(done.is_empty(), "{done:#?}");
    let refused = baked.log.lines().filter(|line| line.starts_with("no ")).count();
    assert!(refused >= attempts, "{refused} of {attempts}: {}", baked.log);
}

#[test]
fn no_system_call_leads_out() {
    if !can_run() {
        return;
    }
    let program = compiled("attempts", include_str!("attempts.c"));
    for who in EVERYBODY {
        let members = [Member::Program("bin/attempts", &program)];
        let bench = Bench::new(who, &members, "  - run: {script: \"exec /bin/attempts MARK/victim/keep\"}\n");
        let recipe = std::fs::read_to_string(bench.path("recipes/app.yaml")).unwrap().replace("MARK", &bench.mark());
        std::fs::write(bench.path("recipes/app.yaml"), recipe).unwrap();
        none_done(&bench.bake().good(), 60);
        bench.assert_untouched();
    }
}

#[test]
fn kernel_files_and_mounts_stay_as_they_are() {
    if !can_run() {
        return;
    }
    let attempts = "\
try mount -t tmpfs none /tmp
try umount /proc
try umount /etc/resolv.conf
try unshare -m true
try unshare -U true
try nsenter -t 1 -m true
try sh -c 'echo x >/proc/sys/kernel/hostname'
try sh -c 'echo 1 >/proc/sys/kernel/pid_max'
try sh -c 'echo x >/proc/sys/kernel/core_pattern'
try sh -c 'echo b >/proc/sysrq-trigger'
try sh -c 'cat /proc/kcore | grep .'
try sh -c 'cat /proc/kmsg | grep .'
try sh -c 'cat /proc/keys | grep .'
try mkdir /sys/fs/cgroup/x
try sh -c 'for f in $(find /sys/fs/cgroup -name cgroup.procs); do echo 1 >$f && exit 0; done; exit 1'
try sh -c 'for f in /sys/kernel/uevent_helper /sys/power/state; do echo x >$f && exit 0; done; exit 1'
try sh -c 'find /sys/firmware /sys/kernel/debug /sys/kernel/tracing -mindepth 1 | grep .'
try rm -f /etc/resolv.conf
try rm -f /etc/hosts
try rm -f /dev/null
try mv /etc/hosts /etc/other
";
    for who in EVERYBODY {
        let before = std::fs::read_to_string("/proc/sys/kernel/pid_max").unwrap();
        let (bench, baked) = baked(who, attempts);
        none_done(&baked, 20);
        assert_eq!(std::fs::read_to_string("/proc/sys/kernel/pid_max").unwrap(), before);
        let layers: Vec<&str> = baked.events.iter().filter_map(|event| event["layer"]["digest"].as_str()).collect();
        assert!(layers.len() <= 1, "nothing of it is in a layer: {:#?}", baked.events);
        bench.assert_untouched();
    }
}

#[test]
fn a_step_sees_itself_and_nobody_else() {
    if !can_run() {
        return;
    }
    let look = "\
for f in /proc/[0-9]*/environ; do tr '\\0' '\\n' <$f; done
env
echo pids $(ls /proc | grep -c '^[0-9]')
echo root $(readlink /proc/1/root) cwd $(readlink /proc/1/cwd)
ls / /proc/1/root/ /proc/1/cwd/
grep '^Cap' /proc/self/status
ls /dev | tr '\\n' ' '; echo
hostname
ulimit -c
";
    for who in EVERYBODY {
        let (bench, baked) = baked(who, look);
        assert!(!baked.log.contains("canary"), "{}", baked.log);
        assert!(!baked.log.contains("victim") && !baked.log.contains("BAKERY"), "{}", baked.log);
        assert!(baked.log.contains("root / cwd /\n"), "{}", baked.log);
        for set in ["Prm", "Eff", "Bnd"] {
            assert!(baked.log.contains(&format!("Cap{set}:\t00000000a80425fb")), "docker's fourteen: {}", baked.log);
        }
        assert!(baked.log.contains("CapAmb:\t0000000000000000") && baked.log.contains("CapInh:\t0000000000000000"));
        let devices = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero";
        assert!(baked.log.contains(&format!("{devices} \nbakery\n0\n")), "{}", baked.log);
        bench.assert_untouched();
    }
}

#[test]
fn signals_end_at_the_sandbox() {
    if !can_run() {
        return;
    }
    let text = "(sh -c 'trap \"\" TERM; kill -TERM 0; echo group')\nkill -9 -1 2>/dev/null || true\necho alive\n";
    let mut bystander = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    for who in EVERYBODY {
        let bench = Bench::new(who, &[], &script(&format!("trap '' TERM\n{text}")));
        let baked = bench.bake().good();
        assert!(baked.log.contains("group\nalive\n"), "{}", baked.log);
        bench.assert_untouched();
    }
    assert!(bystander.try_wait().unwrap().is_none(), "killed from a sandbox");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn without_network_there_is_a_loopback_that_works_and_nothing_else() {
    if !can_run() {
        return;
    }
    let text = "ip link | grep -c '^[0-9]'; ip addr show lo | grep -o 'LOOPBACK,UP'; \
                (echo heard | nc -l -p 7 127.0.0.1) & sleep 0.2; nc -w 1 127.0.0.1 7 </dev/null; \
                cat /etc/hosts; wc -c </etc/resolv.conf";
    for who in EVERYBODY {
        let bench = Bench::new(who, &[], &format!("  - run: {{network: none, script: \"{text}\"}}\n"));
        let baked = bench.bake().good();
        assert!(baked.log.starts_with("bakery: extracting") || baked.log.starts_with('1'), "{}", baked.log);
        assert!(baked.log.contains("1\nLOOPBACK,UP\nheard\n127.0.0.1 localhost\n"), "{}", baked.log);
        assert!(baked.log.contains("\n0\n"), "no name server: {}", baked.log);
        bench.assert_untouched();
    }
}

#[test]
fn daemons_left_behind_are_gone_after_the_step() {
    if !can_run() {
        return;
    }
    let text = "setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1; done' >/dev/null 2>&1 &\n\
                (nohup sleep 600 >/dev/null 2>&1 &)\nsleep 600 &\necho left";
    for who in EVERYBODY {
        let bench = Bench::new(who, &[], &[script(text), script("echo pids $(ls /proc | grep -c '^[0-9]')")].concat());
        let baked = bench.bake().good();
        assert!(baked.log.contains("left\n"), "{}", baked.log);
        bench.assert_untouched();
    }
}

#[test]
fn floods_of_output_and_of_processes_are_bounded() {
    if !can_run() {
        return;
    }
    for who in EVERYBODY {
        let (bench, flood) = baked(who, "yes | head -c 209715200\necho last words");
        assert!(flood.log.len() < 65 << 20, "{}", flood.log.len());
        assert!(flood.log.contains("more than 64 MiB of output"));
        bench.assert_untouched();
        // Each of them waits; the one that cannot be made ends its shell.
        let bomb = "mkfifo /tmp/fifo\nsh -c 'i=0; while [ $i -lt 6000 ]; do (read x </tmp/fifo) & i=$((i + 1)); \
                    echo $i >/tmp/count; done' 2>/dev/null || true\nread made </tmp/count\necho made $made";
        let (bench, bomb) = baked(who, bomb);
        let made = bomb.log.split("made ").nth(1).and_then(|made| made.trim().parse::<u32>().ok()).unwrap();
        assert!((1000..4200).contains(&made), "{made} processes");
        bench.assert_untouched();
    }
}
