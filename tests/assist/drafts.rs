//! Drafts: what was typed comes back after a crash, and nothing that looks after stores trips over them.

use super::World;

#[tokio::test]
async fn what_was_typed_comes_back_until_it_is_saved() {
    let world = World::new();
    let (context, file) = (&world.context, world.file());
    assert_eq!(context.draft(&file).unwrap(), None);
    context.keep_draft(&file, "recipe: 1\n", "recipe: 1\nname: typed\n").unwrap();
    // Another program, as after a crash.
    let again = World { bakery: world.bakery, context: world.context.clone() };
    let draft = again.context.draft(&file).unwrap().unwrap();
    assert_eq!((draft.before.as_str(), draft.text.as_str()), ("recipe: 1\n", "recipe: 1\nname: typed\n"));
    std::fs::write(&file, &draft.text).unwrap();
    assert_eq!(again.context.draft(&file).unwrap(), None, "it was saved");
    again.context.keep_draft(&file, "", "other").unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(again.context.draft(&file).unwrap().unwrap().text, "other", "the file is gone, the draft is not");
    again.context.drop_draft(&file).unwrap();
    assert_eq!(again.context.draft(&file).unwrap(), None);
}

#[tokio::test]
async fn a_damaged_draft_is_told_and_kept_and_stores_are_looked_after_all_the_same() {
    let world = World::new();
    let file = world.file();
    world.context.keep_draft(&file, "a", "b").unwrap();
    let folder = world.bakery.path("home/state/drafts");
    let kept = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&kept, "{").unwrap();
    let told = world.context.draft(&file).unwrap_err();
    assert!(told.message.contains("app.yaml") && told.help.as_ref().unwrap().contains("unreadable"), "{told}");
    world.context.keep_draft(&file, "a", "c").unwrap();
    assert_eq!(world.context.draft(&file).unwrap().unwrap().text, "c");
    for command in ["gc", "fsck", "bakes"] {
        world.bakery.ok(&[command]);
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "nobody tidied drafts away");
}
