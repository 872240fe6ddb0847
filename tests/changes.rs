//! What a sealed layer changes, read back from the store: it says what the bake said, for fresh layers and cached ones, on
//! bases from here and elsewhere, and it says so when the layers are gone.

use bakery::adapters::settings::Paths;
use bakery::domain::journal::{ChangeOp, SealedLayer};
use bakery::domain::plan::StepId;
use bakery::domain::projection::{BakeView, ChangeTree, LayerStack};
use bakery::flows::Context;
use bakery::flows::watch::{Pace, Shelf};

use crate::support::bakery::{Bakery, succeeded};

const BASE: &str = "recipe: 1\nname: team-a/base\ntag: \"1\"\nbase: scratch\nsteps:\n  - copy: {from: tree, to: /srv/tree}\n  \
                    - write: {to: /etc/app.conf, content: \"one\"}\n";

fn app(base: &str) -> String {
    format!(
        "recipe: 1\nname: team-a/app\ntag: \"1\"\nbase: {base}\nsteps:\n  - write: {{to: /etc/app.conf, content: \"three\"}}\n  \
         - remove: [/srv/tree/old]\n  - copy: {{from: app, to: /opt/app}}\n"
    )
}

fn stocked() -> Bakery {
    let bakery = Bakery::new();
    bakery.write("recipes/base.yaml", BASE);
    bakery.write("recipes/tree/old/a", "aaa");
    bakery.write("recipes/tree/old/b", "bb");
    bakery.write("recipes/tree/new", "n");
    bakery.write("recipes/app/main", "hello");
    bakery.bake("recipes/base.yaml");
    let copied = std::process::Command::new("cp").arg("-r").arg(bakery.local()).arg(bakery.path("global")).output();
    succeeded(&copied.unwrap(), "cp");
    bakery
}

fn context(bakery: &Bakery, workspace: &str) -> Context {
    let mut context = Context::load(Some(&bakery.path(workspace))).unwrap();
    context.paths = Paths::below(&bakery.path("home"));
    context
}

/// The newest bake's ID, and its journal folded.
async fn newest(context: &Context) -> (String, BakeView) {
    let shelf = Shelf::below(context.paths.bakes());
    let bake = shelf.list().unwrap()[0].bake.clone();
    let mut viewing = shelf.open(&bake, Pace::Now).unwrap();
    let mut view = BakeView::default();
    while let Some(record) = viewing.next().await.unwrap() {
        view.apply(&record.unwrap().event.unwrap());
    }
    (bake, view)
}

fn stacks(view: &BakeView) -> Vec<(SealedLayer, LayerStack)> {
    let stack = |step: &StepId| view.stack_of(step).unwrap();
    view.layers.rows().iter().map(|row| (row.sealed.clone(), stack(&row.sealed.step))).collect()
}

fn op(tree: &ChangeTree, path: &str) -> Option<(ChangeOp, u64)> {
    let id = tree.nearest(path);
    tree.seen(id).own.filter(|_| tree.path(id) == path).map(|own| (own.op, own.size))
}

#[tokio::test]
async fn a_layer_read_back_says_what_the_bake_said() {
    let bakery = stocked();
    for (base, bakes) in [("global/team-a/base:1", 2), ("local/team-a/base:1", 1)] {
        bakery.write("recipes/app.yaml", app(base));
        for _ in 0..bakes {
            bakery.bake("recipes/app.yaml");
            let here = context(&bakery, "");
            let (bake, view) = newest(&here).await;
            let stacks = stacks(&view);
            assert_eq!(stacks.len(), 3);
            let mut trees = Vec::new();
            for (sealed, stack) in stacks {
                let tree = here.layer_changes(&bake, stack).await.unwrap();
                let totals = tree.totals();
                let counted = (totals.added, totals.modified, totals.deleted);
                assert_eq!(counted, (sealed.added, sealed.modified, sealed.deleted), "{base}, step {}", sealed.step);
                trees.push(tree);
            }
            assert_eq!(op(&trees[0], "etc/app.conf"), Some((ChangeOp::Modified, 5)));
            assert_eq!(op(&trees[1], "srv/tree/old/a"), Some((ChangeOp::Deleted, 3)));
            assert_eq!(op(&trees[2], "opt/app/main"), Some((ChangeOp::Added, 5)));
            assert_eq!(op(&trees[2], "etc/app.conf"), None, "what lies below is no change");
        }
    }
}

#[tokio::test]
async fn another_workspace_and_lost_indexes_do_not_matter_and_lost_layers_are_told() {
    let bakery = stocked();
    bakery.write("recipes/app.yaml", app("global/team-a/base:1"));
    bakery.bake("recipes/app.yaml");
    bakery.write("elsewhere/bakery.yaml", "bakery: 1\n");
    let elsewhere = context(&bakery, "elsewhere");
    let (bake, view) = newest(&elsewhere).await;
    let (_, stack) = stacks(&view).remove(1);
    std::fs::remove_dir_all(bakery.path("home/cache/indexes")).unwrap();
    let tree = elsewhere.layer_changes(&bake, stack.clone()).await.unwrap();
    assert_eq!(tree.totals().deleted, 3);

    std::fs::remove_dir_all(bakery.path("home/cache/indexes")).unwrap();
    let blob = bakery.local().join("blobs").join(stack.layer.descriptor.digest.to_string().replace(':', "/"));
    std::fs::remove_file(blob).unwrap();
    let error = elsewhere.layer_changes(&bake, stack.clone()).await.unwrap_err();
    assert!(error.message.contains(&stack.layer.descriptor.digest.to_string()), "{error:?}");
    std::fs::remove_dir_all(bakery.local()).unwrap();
    let error = elsewhere.layer_changes(&bake, stack).await.unwrap_err();
    assert!(error.message.contains("is not there any more"), "{error:?}");
}
