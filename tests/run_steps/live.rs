//! What a step changes is told while it runs, and comes to exactly what its layer holds.

use std::collections::BTreeSet;

use bakery::domain::journal::{Decoded, decode};
use bakery::domain::projection::{ChangeTree, Changes, PathId};
use serde_json::Value;

use super::bench::{bench, events, listing, of, with};
use crate::support::bakery::Bakery;

/// Paths that something happened to.
fn paths(tree: &ChangeTree) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut ahead: Vec<PathId> = vec![tree.root()];
    while let Some(id) = ahead.pop() {
        if tree.seen(id).own.is_some() {
            found.insert(tree.path(id));
        }
        ahead.extend(tree.children(id));
    }
    found
}

/// What a viewer has in sight when the bake is over.
fn folded(lines: &str) -> Changes {
    let mut changes = Changes::default();
    for line in lines.lines() {
        if let Decoded::Event(event) = decode(line.as_bytes()).unwrap() {
            changes.apply(&event);
        }
    }
    changes
}

fn millis(event: &Value) -> i128 {
    let at = event["at"].as_str().unwrap();
    time::OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).unwrap().unix_timestamp_nanos()
        / 1_000_000
}

fn bake(bakery: &Bakery, recipe: &str) -> (Vec<Value>, String) {
    let output = bakery.run(&["bake", recipe, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (events(&output), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn files_are_seen_while_they_are_written_and_the_estimate_comes_to_the_layer() {
    let bakery = bench();
    // 300 files in three seconds, then one of rest.
    let script = "mkdir /srv/new; i=0
      while [ $i -lt 300 ]; do echo $i > /srv/new/f$i; i=$((i+1)); [ $((i%10)) != 0 ] || sleep 0.1; done
      rm -r /srv/new/f1?; echo more >> /etc/os-release; sleep 1.5";
    let recipe = with(&bakery, "live", &format!("  - run: |\n      mkdir -p /srv\n      {script}\n"));
    let (events, lines) = bake(&bakery, &recipe);
    let finished = millis(of(&events, "step.finished").last().unwrap());
    let batches: Vec<i128> = of(&events, "layer.changed").into_iter().map(millis).collect();
    let before: Vec<i128> = batches.iter().copied().filter(|at| finished - at > 500).collect();
    assert!(before.len() >= 10, "{} batches, {} before the rest", batches.len(), before.len());
    let seconds = (batches[batches.len() - 1] - batches[0]) / 1000 + 1;
    assert!(batches.len() as i128 <= 10 * seconds + 2, "{} in {seconds} s", batches.len());

    let sealed = of(&events, "layer.sealed")[0];
    let changes = folded(&lines);
    let step = bakery::domain::plan::StepId("1".into());
    let estimate = changes.of(&step).unwrap();
    let files: BTreeSet<String> = listing(&bakery, sealed).into_iter().filter(|path| !path.ends_with('/')).collect();
    let seen: BTreeSet<String> = paths(estimate).into_iter().filter(|path| !path.ends_with("srv/new")).collect();
    let seen: BTreeSet<String> = seen.into_iter().filter(|path| path != "srv").collect();
    assert_eq!(seen, files);
    let totals = estimate.totals();
    let counts = ["added", "modified", "deleted"].map(|name| sealed[name].as_u64().unwrap());
    assert_eq!([totals.added, totals.modified, totals.deleted], counts);
}

#[test]
fn what_goes_again_is_seen_to_go() {
    let bakery = bench();
    let script = "mkdir -p /opt/work/deep; touch /opt/work/deep/a /opt/work/b /opt/stays; sleep 1
      rm -r /opt/work; sleep 1";
    let recipe = with(&bakery, "goes", &format!("  - run: |\n      {script}\n"));
    let (events, lines) = bake(&bakery, &recipe);
    let told = lines.matches("/opt/work/deep/a").count();
    assert!(told >= 1, "it was seen while it was there");
    let estimate = folded(&lines);
    let estimate = estimate.of(&bakery::domain::plan::StepId("1".into())).unwrap();
    assert!(paths(estimate).iter().all(|path| !path.contains("work")), "{:?}", paths(estimate));
    let sealed = of(&events, "layer.sealed")[0];
    assert_eq!(estimate.totals().added, sealed["added"].as_u64().unwrap());
}

#[test]
fn of_very_many_files_so_many_are_told_and_that_there_are_more_is_said() {
    let bakery = bench();
    let script = "mkdir -p /srv; cd /srv; seq() { i=0; while [ $i -lt 120 ]; do echo $i; i=$((i+1)); done; }
      for d in $(seq); do mkdir $d; (cd $d; touch $(seq | sed p | sed '$!N;s/\\n.*//;s/$/f/') $(seq)); done; sleep 15";
    let recipe = with(&bakery, "many", &format!("  - run: |\n      {script}\n"));
    let (events, lines) = bake(&bakery, &recipe);
    let told: usize = of(&events, "layer.changed").iter().map(|event| event["changes"].as_array().unwrap().len()).sum();
    let sealed = of(&events, "layer.sealed")[0]["added"].as_u64().unwrap();
    assert!(sealed > 25_000, "{sealed} files");
    assert_eq!(told, 20_000);
    assert!(lines.len() < 8 << 20, "the journal holds {} bytes", lines.len());
    let id = of(&events, "bake.started")[0]["bake"].as_str().unwrap().to_owned();
    let log = super::bench::said(&bakery, &id);
    assert_eq!(log.matches("more than 20,000 changes").count(), 1, "{log}");
}
