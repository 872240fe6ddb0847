//! The shelf followed: bakes of other processes appear, move, end, and are lost, without anybody asking again.

use std::time::Duration;

use bakery::domain::projection::{ShelfRow, ShelfStatus};
use bakery::flows::follow::{Following, ShelfNews};
use bakery::flows::watch::Shelf;

use super::{COMMITTED, GATED};
use crate::support::bakes::{Home, signal};

/// The rows of the next news; none come within a minute: a failure.
async fn rows(following: &mut Following) -> (Vec<ShelfRow>, Vec<String>) {
    let news = tokio::time::timeout(Duration::from_secs(60), following.next()).await.expect("no news").unwrap();
    match news {
        ShelfNews::All(rows) => (rows, Vec::new()),
        ShelfNews::Changed { rows, gone } => (rows, gone),
    }
}

/// Waits until one bake stands like this.
async fn until(following: &mut Following, bake: &str, is_it: impl Fn(&ShelfRow) -> bool) -> ShelfRow {
    loop {
        let (rows, _) = rows(following).await;
        if let Some(row) = rows.into_iter().find(|row| row.bake == bake && is_it(row)) {
            return row;
        }
    }
}

fn follow(home: &Home) -> Following {
    Shelf::below(home.path("home/state/bakes")).follow().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bake_of_another_process_appears_moves_and_ends() {
    let home = Home::new(&[]);
    home.script(&[&GATED[..5], &[r#"{"kind":"step.started","step":"2"}"#, r#"{"gate":"@/end"}"#, COMMITTED]].concat());
    let mut following = follow(&home);
    assert_eq!(rows(&mut following).await, (Vec::new(), Vec::new()), "nothing yet, and said at once");
    let (bake, _) = home.detach();
    let row = until(&mut following, &bake, |row| row.steps == (0, 1)).await;
    assert_eq!(row.status, ShelfStatus::Running);
    home.open("gate");
    until(&mut following, &bake, |row| row.steps == (1, 2) && row.status == ShelfStatus::Running).await;
    // One that begins to follow now knows as much.
    let (all, _) = rows(&mut follow(&home)).await;
    assert_eq!((all.len(), all[0].steps), (1, (1, 2)));
    let workspace = home.path("").canonicalize().unwrap();
    for row in [&all[0], &row] {
        assert_eq!(row.workspace.as_ref(), Some(&workspace), "the one it was asked for in");
    }
    assert_eq!(home.row(&bake)["workspace"], workspace.to_str().unwrap());
    home.open("end");
    let row = until(&mut following, &bake, |row| row.status != ShelfStatus::Running).await;
    assert_eq!(row.status.as_str(), "ok");
    std::fs::remove_dir_all(home.folder_of(&bake)).unwrap();
    while rows(&mut following).await.1 != [bake.clone()] {}
}

#[tokio::test(flavor = "multi_thread")]
async fn h05_a_killed_worker_shows_as_lost() {
    let home = Home::new(GATED);
    let (bake, pid) = home.detach();
    let mut following = follow(&home);
    until(&mut following, &bake, |row| row.status == ShelfStatus::Running).await;
    signal("KILL", pid);
    let row = until(&mut following, &bake, |row| row.status != ShelfStatus::Running).await;
    assert_eq!((row.status, row.finished), (ShelfStatus::Lost, None));
}
