//! The palette: what it finds, what a line leads to, what it says of mistakes, in place.

use std::path::PathBuf;

use bakery::tui::effect::Effect;
use bakery::tui::errands;
use bakery::tui::model::{Model, Overlay};
use bakery::tui::msg::Msg;
use bakery::tui::palette::{Finder, Kind, Palette, Stock, Thing};
use bakery::tui::screens::{Compare, Screen, diff, recipes, verify};
use bakery::tui::update::update;

use super::super::golden::{SIZES, check, check_ascii};
use super::{house, press, text, write};

fn open(model: &mut Model, typed: &str) {
    press(model, &["colon"]);
    write(model, typed);
}

/// What a line leads to, given on the Store.
fn given(line: &str) -> (Vec<Effect>, Model) {
    let mut model = house((80, 24));
    open(&mut model, line);
    let effects = press(&mut model, &["enter"]);
    (effects, model)
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(format!("/w/recipes/{name}/{name}.yaml"))
}

fn typed(model: &Model) -> String {
    match &model.overlay {
        Overlay::Palette(Palette { text, .. }) => text.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_there_is_is_found_by_a_few_letters() {
    for size @ (width, height) in SIZES {
        let mut model = house(size);
        for (name, line) in [("open", ""), ("letters", "pay"), ("arguments", "diff global/py"), ("nothing", "xyzzy")] {
            open(&mut model, line);
            check(&format!("palette/{name}-{width}x{height}"), &model);
            press(&mut model, &["esc"]);
            assert_eq!(model.overlay, Overlay::None);
        }
        open(&mut model, "bake nobody");
        press(&mut model, &["enter"]);
        check(&format!("palette/mistake-{width}x{height}"), &model);
    }
    let mut plain = house((80, 24));
    open(&mut plain, "pay");
    check_ascii("palette/letters-ascii-80x24", &plain);
}

#[test]
fn commands_take_arguments() {
    let image = |name: &str| name.to_owned();
    let compare = Compare::Images { before: image("global/python:3.11"), after: image("global/python:3.12") };
    let (effects, model) = given("diff global/python:3.11 global/python:3.12");
    assert_eq!((effects, model.screen), (vec![Effect::Diff(diff::Effect::Open(compare))], Screen::Diff));
    let (effects, _) = given("verify local/team-b/reports:2.0.1");
    let verify = verify::Effect::Verify { image: image("local/team-b/reports:2.0.1"), run: 1 };
    assert_eq!(effects, [Effect::Verify(verify)]);
    let (effects, _) = given("gc");
    assert_eq!(effects, [Effect::Errand(errands::Effect::CountUnused)]);
    let (effects, _) = given("publish local/team-b/reports:2.0.1");
    let images = vec![image("local/team-b/reports:2.0.1")];
    assert_eq!(effects, [Effect::Errand(errands::Effect::PlanPublish(images))]);
    let (effects, _) = given("theme light");
    assert_eq!(effects, [Effect::Theme { name: "light".into(), keep: true }]);
    assert_eq!(given("q").0, [Effect::Leave]);
    assert_eq!(given("bakes").1.screen, Screen::Bakes);
    assert!(matches!(given("keys").1.overlay, Overlay::Help(0)));
}

#[test]
fn recipes_are_named_by_name_file_or_form() {
    let bakes = |line: &str| given(line).0;
    let one = |name: &str| Effect::Recipes(recipes::Effect::Bake(file(name)));
    for line in ["bake team-a/search:3.3.0", "bake team-a/search", "bake recipes/search/search.yaml", "bake *search*"] {
        assert!(bakes(line).contains(&one("search")), "{line}");
    }
    let all = Effect::Errand(errands::Effect::BakeAll(vec![file("search"), file("vault")]));
    assert!(bakes("bake team-a/search team-a/v* team-a/search").contains(&all));
    let (effects, model) = given("bake team-b/*");
    assert_eq!(effects, []);
    assert!(text(&model).contains("no recipe is called team-b/*"), "{}", text(&model));
}

#[test]
fn tab_completes_and_enter_takes_what_is_selected() {
    let mut model = house((80, 24));
    open(&mut model, "dif");
    press(&mut model, &["tab"]);
    assert_eq!(typed(&model), "diff ");
    write(&mut model, "py311");
    press(&mut model, &["tab"]);
    assert_eq!(typed(&model), "diff global/python:3.11 ");
    write(&mut model, "java");
    press(&mut model, &["down"]);
    let effects = press(&mut model, &["enter"]);
    let after = "global/java:17".to_owned();
    let compare = Compare::Images { before: "global/python:3.11".into(), after };
    assert_eq!(effects, [Effect::Diff(diff::Effect::Open(compare))]);
    // What cannot be given as it stands is completed by what is selected.
    press(&mut model, &["1"]);
    open(&mut model, "verify reports");
    let effects = press(&mut model, &["enter"]);
    assert!(
        matches!(&effects[..], [Effect::Verify(verify::Effect::Verify { image, .. })] if image == "local/team-b/reports:2.0.1")
    );
}

#[test]
fn things_lead_to_their_places() {
    let (_, model) = given("globalpython311");
    assert_eq!((model.screen, model.store.selected().map(|spot| spot.2)), (Screen::Store, Some("3.11".into())));
    let (_, model) = given("vault");
    let selected = model.recipes.selected().and_then(|card| card.reference.clone());
    assert_eq!((model.screen, selected.as_deref()), (Screen::Recipes, Some("team-a/vault:1.0.0")));
    let (effects, model) = given("7Q payments-api");
    assert_eq!(model.screen, Screen::Bake, "{effects:?}");
}

#[test]
fn what_was_chosen_before_comes_first() {
    let mut model = house((80, 24));
    open(&mut model, "gc");
    press(&mut model, &["enter"]);
    open(&mut model, "choose as base");
    press(&mut model, &["enter", "esc"]);
    press(&mut model, &["colon"]);
    let Overlay::Palette(palette) = &model.overlay else { panic!() };
    let first: Vec<&str> = palette.stock.things.iter().take(2).map(|thing| &*thing.text).collect();
    assert_eq!(first, ["choose as base", "gc"]);
    press(&mut model, &["down"]);
    assert_eq!(press(&mut model, &["enter"]), [Effect::Errand(errands::Effect::CountUnused)]);
}

#[test]
fn a_mistake_is_told_in_place_and_goes_with_the_next_letter() {
    let (effects, mut model) = given("publish nonsense");
    assert_eq!(effects, []);
    assert!(text(&model).contains("there is no image nonsense; write STORE/NAME:TAG"), "{}", text(&model));
    write(&mut model, "x");
    assert!(!text(&model).contains("there is no image"));
    let (_, model) = given("bkae");
    assert!(text(&model).contains("did you mean bake?"), "{}", text(&model));
    let (_, model) = given("watch nothing");
    assert!(text(&model).contains("there is no bake nothing"), "{}", text(&model));
}

#[test]
fn x01_what_is_pasted_or_named_from_outside_steers_nothing() {
    let mut model = house((80, 24));
    press(&mut model, &["colon"]);
    update(&mut model, Msg::Paste("verify \x1b[2Jx\nquit".into()));
    assert_eq!(typed(&model), "verify [2Jx");
}

#[test]
fn a_hundred_thousand_names_are_gone_through_once() {
    let names =
        (0..100_000).map(|n| Thing::new(Kind::Image, format!("global/team-{}/app-{n}:1.{}", n % 97, n % 13), ""));
    let stock = Stock { things: names.collect(), ..Stock::default() };
    let mut finder = Finder::default();
    for word in ["a", "ap", "app", "app9", "app99", "app999"] {
        finder.find(&stock, word, None);
        while finder.wants_more() {
            finder.more(&stock);
        }
    }
    assert!(finder.total > 0 && finder.total < 100_000 && finder.hits.len() <= 200);
    assert!(stock.things[finder.hits[0] as usize].text.contains("app-999"));
}

#[test]
fn keys_go_between_while_a_hundred_thousand_images_are_gone_through() {
    let mut model = house((80, 24));
    let tags: Vec<String> = (0..100_000).map(|number| format!("1.{}.{number}", number / 100)).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    super::begun(&mut model, "global");
    super::found(&mut model, "global", &[("busy", &tags)]);
    super::surveyed(&mut model, "global", None);
    assert_eq!(press(&mut model, &["colon"]), [Effect::FindMore], "not all at once");
    assert_eq!(press(&mut model, &["b"]), [Effect::FindMore], "the next key waits for nothing");
    press(&mut model, &["u"]);
    let mut turns = 0;
    while update(&mut model, Msg::FindMore).contains(&Effect::FindMore) {
        turns += 1;
    }
    assert!((3..=6).contains(&turns), "{turns}");
    assert!(text(&model).contains("100,0"), "{}", text(&model));
    press(&mut model, &["esc"]);
    assert_eq!(update(&mut model, Msg::FindMore), [], "a late turn is nobody's");
}

#[test]
fn a_theme_is_chosen_by_its_name_or_from_a_list() {
    let (effects, _) = given("theme");
    assert_eq!(effects, [Effect::Themes]);
    let (effects, model) = given("theme light");
    assert_eq!(effects, [Effect::Theme { name: "light".into(), keep: true }]);
    assert_eq!(model.theme, "light");
}
