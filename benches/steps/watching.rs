//! What it costs to show changes while they happen: the same bake with and without, in turns; and the most memory that
//! worker and keeper take. Knows no other builder.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::tools::{Bakery, Tool};
use super::{median, number, row};

/// What the step does in `/many`, an empty folder.
const WORK: [(&str, &str); 3] = [
    ("a step that writes 20,000 files", "i=0; while [ $i -lt 20000 ]; do echo $i >f$i; i=$((i+1)); done"),
    (
        "a step that unpacks 20,000 files",
        "for d in $(seq 20); do mkdir $d; (cd $d; seq 100000 | split -a 4 -l 100); done; tar -cf /all.tar .
      mkdir /again; tar -C /again -xf /all.tar",
    ),
    (
        "a step that makes 200,000 empty files",
        "for d in $(seq 200); do mkdir $d; (cd $d; seq -f file-%g 1000 | xargs touch); done",
    ),
];

/// One row for each with and without, and one for what memory it takes.
pub fn compare(bakery: &Bakery, runs: usize) {
    for (what, script) in WORK {
        let mut walls: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
        for run in 0..=runs {
            // Who is first has the same chances.
            for at in [run % 2, (run + 1) % 2] {
                let wall = bake(bakery, script, at == 1);
                if run > 0 {
                    walls[at].push(wall);
                }
            }
        }
        let [seen, unseen] = &walls;
        row(what, &bakery.shown(), seen, None);
        row("the same, nobody watching", &bakery.shown(), unseen, None);
        let each: Vec<f64> = seen.iter().zip(unseen).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        let pairs: Vec<Duration> = each.into_iter().map(Duration::from_secs_f64).collect();
        println!("| {what} | watched / unwatched, median of pairs | {:.3} | | |", median(&pairs));
        for unwatched in [false, true] {
            let follow = Follow::start();
            bake(bakery, script, unwatched);
            let how = if unwatched { "unwatched" } else { "watched" };
            for (who, used) in ["worker", "keeper"].into_iter().zip(follow.stop()) {
                println!(
                    "| {what} | {how}: {who}, {} MiB at most | {} ms of processor | | |",
                    used.kib / 1024,
                    used.millis
                );
            }
        }
    }
}

fn bake(bakery: &Bakery, script: &str, unwatched: bool) -> Duration {
    let number = number();
    let text = format!(
        "base: global/base:1\nsteps:\n  - run: |\n      # {number}\n      mkdir /many; cd /many\n      {script}\n"
    );
    bakery.recipe("many", &text);
    bakery.build_recipe_as("many", unwatched)
}

/// What a process used until it was seen last.
#[derive(Clone, Copy, Default)]
struct Used {
    /// Peak of its resident set.
    kib: u64,
    /// Processor time, its own.
    millis: u64,
}

/// Follows workers and keepers until told to stop.
struct Follow {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<[Used; 2]>,
}

impl Follow {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut all = [Used::default(); 2];
            while !stopped.load(Ordering::Relaxed) {
                for (used, name) in all.iter_mut().zip(["__worker", "bakery-keeper"]) {
                    look_at(name, used);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            all
        });
        Self { stop, thread }
    }

    fn stop(self) -> [Used; 2] {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The most that any process with this word in its command line has used.
fn look_at(name: &str, used: &mut Used) {
    // The kernel counts in hundredths of a second.
    const MILLIS_A_TICK: u64 = 10;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| std::fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        if !read("cmdline").split('\0').any(|word| word == name) {
            continue;
        }
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        let stat = read("stat");
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        // Fields 14 and 15 of proc(5): user and system time.
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
        used.kib = used.kib.max(peak.unwrap_or(0));
        used.millis = used.millis.max(ticks * MILLIS_A_TICK);
    }
}
