//! What was typed survives: drafts while typing, the offer after a crash, the file somebody else changed.

use bakery::flows::drafts::Draft;

use super::*;

fn kept(effects: &[Effect]) -> Option<(editor::Asked, String)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Recipes(recipes::Effect::Editor(editor::Effect::KeepDraft { asked, before })) => {
            Some((asked.clone(), before.clone()))
        }
        _ => None,
    })
}

fn draft(text: &str, before: &str) -> Draft {
    Draft { text: text.into(), before: before.into(), at: "2027-01-15T07:58:12Z".into() }
}

/// The file says `file`; a draft of it was left behind.
fn left(size: (u16, u16), file: &str, draft: Draft) -> Model {
    let mut model = editing(size, file, Vec::new());
    update(&mut model, told(editor::Msg::Draft { file: FILE.into(), draft: Ok(Some(draft)) }));
    model
}

fn on_disk(model: &mut Model, now: Option<&str>) -> Vec<Effect> {
    let now = now.map(|text| text.as_bytes().to_vec());
    update(model, told(editor::Msg::OnDisk { file: FILE.into(), now }))
}

#[test]
fn golden_screens() {
    for size @ (width, height) in SIZES {
        let typed = TEXT.replace("ownr", "owner").replace("3.12", "3.13");
        let mut model = left(size, TEXT, draft(&typed, TEXT));
        check(&format!("editor/draft-{width}x{height}"), &model);
        answer(&mut model, "diff");
        check(&format!("editor/draft-diff-{width}x{height}"), &model);
        let mut model = editing(size, TEXT, Vec::new());
        type_in(&mut model, "x");
        on_disk(&mut model, Some(&TEXT.replace("1.4.0", "1.5.0")));
        answer(&mut model, "diff");
        check(&format!("editor/conflict-diff-{width}x{height}"), &model);
    }
}

#[test]
fn what_is_typed_is_kept_at_once_and_the_newest_after_that() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    let (first, before) = kept(&type_in(&mut model, "a")).expect("the first key is kept at once");
    assert_eq!((first.text, before.as_str()), (content(&model), TEXT));
    assert_eq!(kept(&type_in(&mut model, "bc")), None, "one at a time");
    let told_kept = |version, outcome| told(editor::Msg::Kept { file: FILE.into(), version, outcome });
    let effects = update(&mut model, told_kept(first.version, Ok(())));
    let (second, _) = kept(&effects).expect("then what was typed meanwhile");
    assert_eq!(second.text, content(&model));
    assert_eq!(kept(&update(&mut model, told_kept(second.version, Ok(())))), None, "nothing new");
    let cannot = || Err(Report::message(Kind::Failed, "write the draft: no space left on device"));
    let (third, _) = kept(&type_in(&mut model, "d")).unwrap();
    update(&mut model, told_kept(third.version, cannot()));
    assert!(grids(&model, false).0.contains("no space left on device"), "whoever is not safe is told so");
}

#[test]
fn a_draft_is_forgotten_once_it_is_saved_or_given_up() {
    let mut model = editing((80, 24), TEXT, Vec::new());
    type_in(&mut model, "x");
    press(&mut model, &["ctrl-o"]);
    let text = content(&model);
    assert!(saved(&mut model, &text, Ok(Saved::Written)).contains(&forget()));
    let mut model = editing((80, 24), TEXT, Vec::new());
    type_in(&mut model, "x");
    assert_eq!(press(&mut model, &["alt-z"]).into_iter().find(|effect| *effect == forget()), Some(forget()));
    type_in(&mut model, "x");
    press(&mut model, &["esc"]);
    assert!(answer(&mut model, "discard").contains(&forget()));
}

#[test]
fn what_was_typed_before_a_crash_is_offered_and_nothing_is_lost_by_asking() {
    let mut model = left((80, 24), "a", draft("axe", "a"));
    assert_eq!(focused(&model), Some("use what was typed"), "the safe answer is focused");
    press(&mut model, &["esc"]);
    assert_eq!(content(&model), "a");
    assert_eq!(type_in(&mut model, "z"), [], "the first change would write over the draft");
    assert_eq!((focused(&model), content(&model).as_str()), (Some("use what was typed"), "a"));
    answer(&mut model, "use what was typed");
    assert_eq!(content(&model), "axe");
    assert!(model.recipes.editor.as_ref().unwrap().is_modified());
    assert_eq!(press(&mut model, &["ctrl-o"]), [save(Some("a"), "axe")]);
    press(&mut model, &["alt-z"]);
    assert_eq!(content(&model), "a", "one undo gives the file back");

    let mut model = left((80, 24), "a", draft("axe", "a"));
    assert_eq!(answer(&mut model, "use the file"), [forget()]);
    assert_eq!(content(&model), "a");
    type_in(&mut model, "z");
    assert_eq!(content(&model), "za");

    let mut model = left((80, 24), "a", draft("axe", "a"));
    press(&mut model, &["esc", "esc"]);
    assert!(model.recipes.editor.is_none(), "left for later");
}

#[test]
fn a_draft_of_a_file_that_changed_since_is_not_saved_over_it_unseen() {
    let mut model = left((80, 24), "theirs", draft("axe", "a"));
    assert!(grids(&model, false).0.contains("changed since by somebody else"));
    answer(&mut model, "use what was typed");
    assert_eq!(press(&mut model, &["ctrl-o"]), [save(Some("a"), "axe")], "what stood there then is expected");
}

#[test]
fn a_draft_that_is_in_the_file_is_forgotten_without_a_word() {
    let mut model = editing((80, 24), "axe", Vec::new());
    let found = told(editor::Msg::Draft { file: FILE.into(), draft: Ok(Some(draft("axe", "a"))) });
    assert_eq!(update(&mut model, found), [forget()]);
    assert_eq!(model.overlay, Overlay::None);
}

#[test]
fn a_file_that_changes_while_it_is_edited_is_noticed() {
    let mut model = editing((80, 24), "a", Vec::new());
    let effects = update(&mut model, Msg::Recipes(recipes::Msg::Listed(Ok(Vec::new()))));
    assert!(
        effects.contains(&wish(editor::Effect::Look(FILE.into()))),
        "looked at whenever the recipes are: {effects:?}"
    );
    assert_eq!(on_disk(&mut model, Some("a")), []);
    assert_eq!(on_disk(&mut model, Some("b")), [wish(editor::Effect::Read(FILE.into()))], "nothing typed: read again");

    let mut model = editing((80, 24), "a", Vec::new());
    type_in(&mut model, "x");
    on_disk(&mut model, Some("b"));
    assert_eq!(focused(&model), Some("keep editing"));
    press(&mut model, &["enter"]);
    on_disk(&mut model, Some("b"));
    assert_eq!(model.overlay, Overlay::None, "asked once");
    on_disk(&mut model, Some("c"));
    assert_eq!(answer(&mut model, "overwrite"), [save(Some("c"), "xa")], "over what was seen, nothing newer");
}
