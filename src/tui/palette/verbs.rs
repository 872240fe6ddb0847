//! The commands of the palette: what each is called, what it takes, what follows. Names here are typed by people.

use super::{Kind, Stock};
use crate::tui::effect::Effect;
use crate::tui::errands;
use crate::tui::keymap::Action;
use crate::tui::screens::{Compare, Inherit, Screen, Wish, bakes};

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table says what each does")]
pub enum Verb {
    Store,
    Recipes,
    Bake,
    Verify,
    Diff,
    Lineage,
    Rebase,
    RollOut,
    Impact,
    Bakes,
    Edit,
    Publish,
    Gc,
    Watch,
    Replay,
    Cancel,
    Theme,
    Keys,
    Tasks,
    Commands,
    Quit,
}

/// What a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Images.
    Images,
    /// Images of the local store.
    LocalImages,
    /// Recipes by name or file, `*` for any part of one.
    Recipes,
    /// A bake.
    Bake,
    /// A bake that runs.
    Running,
    /// A theme.
    Theme,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct VerbRow {
    /// Which.
    pub verb: Verb,
    /// As it is typed.
    pub name: &'static str,
    /// What it takes, and how much of it: at least, at most.
    pub takes: Takes,
    /// How many at least and at most.
    pub count: (usize, usize),
    /// How the arguments are shown.
    pub shown: &'static str,
    /// What it does.
    pub about: &'static str,
}

const fn row(
    (verb, name): (Verb, &'static str),
    takes: Takes,
    count: (usize, usize),
    shown: &'static str,
    about: &'static str,
) -> VerbRow {
    VerbRow { verb, name, takes, count, shown, about }
}

/// As many as one likes.
const ANY: usize = 64;

/// All commands.
pub const VERBS: &[VerbRow] = &[
    row((Verb::Bake, "bake"), Takes::Recipes, (0, ANY), "RECIPE…", "bake recipes, team-a/* for all of a team"),
    row((Verb::Diff, "diff"), Takes::Images, (0, 2), "IMAGE [OTHER]", "look into an image, or compare two"),
    row((Verb::Verify, "verify"), Takes::Images, (0, ANY), "IMAGE…", "verify images and their bases"),
    row((Verb::Edit, "edit"), Takes::Recipes, (1, 1), "RECIPE", "edit a recipe"),
    row((Verb::Publish, "publish"), Takes::LocalImages, (0, ANY), "IMAGE…", "hand images on, verified here and there"),
    row((Verb::Lineage, "lineage"), Takes::Images, (0, 1), "[IMAGE]", "who inherits from whom, what is stale"),
    row(
        (Verb::Rebase, "rebase"),
        Takes::LocalImages,
        (1, 1),
        "IMAGE",
        "put an image on what its base is now; asks before",
    ),
    row((Verb::RollOut, "rollout"), Takes::Images, (1, 1), "BASE", "move everything built on a base; asks before"),
    row((Verb::Impact, "impact"), Takes::Images, (2, 2), "BASE NEW", "what a base that is another one would do"),
    row((Verb::Watch, "watch"), Takes::Bake, (1, 1), "BAKE", "watch a bake from its beginning"),
    row((Verb::Replay, "replay"), Takes::Bake, (1, 1), "BAKE", "play a bake again"),
    row((Verb::Cancel, "cancel"), Takes::Running, (1, 1), "BAKE", "stop a bake"),
    row((Verb::Store, "store"), Takes::Nothing, (0, 0), "", "go to the stores"),
    row((Verb::Recipes, "recipes"), Takes::Nothing, (0, 0), "", "go to the recipes"),
    row((Verb::Bakes, "bakes"), Takes::Nothing, (0, 0), "", "go to past and running bakes"),
    row((Verb::Gc, "gc"), Takes::Nothing, (0, 0), "", "free what nothing refers to; asks before"),
    row((Verb::Theme, "theme"), Takes::Theme, (0, 1), "NAME", "another theme"),
    row((Verb::Keys, "keys"), Takes::Nothing, (0, 0), "", "the keys of where you are"),
    row((Verb::Tasks, "tasks"), Takes::Nothing, (0, 0), "", "what is under way"),
    row((Verb::Commands, "commands"), Takes::Nothing, (0, 0), "", "what was done, as commands"),
    row((Verb::Quit, "quit"), Takes::Nothing, (0, 0), "", "leave; bakes go on"),
];

impl VerbRow {
    /// As help shows it: `diff IMAGE [OTHER]`.
    pub fn usage(&self) -> String {
        if self.shown.is_empty() { self.name.to_owned() } else { format!("{} {}", self.name, self.shown) }
    }

    /// Whether a read-only session does not do it with arguments.
    pub fn changes(&self) -> bool {
        matches!(
            self.verb,
            Verb::Bake | Verb::Rebase | Verb::RollOut | Verb::Edit | Verb::Publish | Verb::Cancel | Verb::Gc
        )
    }
}

/// The command of this name; `q` leaves, as everywhere.
pub(super) fn row_of(name: &str) -> Option<&'static VerbRow> {
    let name = if name == "q" { "quit" } else { name };
    VERBS.iter().find(|row| row.name == name)
}

/// What a line asks for, or what is wrong with it.
pub(super) fn order(text: &str, stock: &Stock) -> Result<Vec<Wish>, String> {
    let mut words = text.split_whitespace();
    let name = words.next().ok_or_else(|| "type the name of a command".to_owned())?;
    let Some(row) = row_of(name) else {
        let near = crate::domain::yaml::nearest(name, VERBS.iter().map(|row| row.name));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(format!("there is no command {name}{near}"));
    };
    let arguments: Vec<&str> = words.collect();
    let (least, most) = row.count;
    if arguments.len() < least || arguments.len() > most {
        let how = if arguments.len() < least { "needs more" } else { "takes no more" };
        return Err(format!("{how}: {}", row.usage()));
    }
    given(row.verb, &arguments, stock)
}

fn given(verb: Verb, arguments: &[&str], stock: &Stock) -> Result<Vec<Wish>, String> {
    let act = |action| Ok(vec![Wish::Act(action)]);
    match (verb, arguments) {
        (Verb::Store, _) => act(Action::Go(Screen::Store)),
        (Verb::Recipes, _) => act(Action::Go(Screen::Recipes)),
        (Verb::Bakes, _) => act(Action::Go(Screen::Bakes)),
        (Verb::Lineage, []) => act(Action::Go(Screen::Lineage)),
        (Verb::Bake, []) => act(Action::Go(Screen::Bake)),
        (Verb::Verify, []) => act(Action::Go(Screen::Verify)),
        (Verb::Diff, []) => act(Action::Go(Screen::Diff)),
        (Verb::Keys, _) => act(Action::Help),
        (Verb::Tasks, _) => act(Action::Tasks),
        (Verb::Commands, _) => act(Action::Commands),
        (Verb::Quit, _) => act(Action::Quit),
        (Verb::Publish, []) => act(Action::Publish),
        (Verb::Bake, names) => {
            let mut files: Vec<std::path::PathBuf> = Vec::new();
            for file in recipes(names, stock)? {
                if !files.contains(&file) {
                    files.push(file);
                }
            }
            Ok(vec![Wish::BakeAll(files)])
        }
        (Verb::Edit, names) => match recipes(names, stock)?.as_slice() {
            [file] => Ok(vec![Wish::Reveal(super::stock::recipe(file.clone())), Wish::Act(Action::Edit)]),
            several => Err(format!("{} recipes are called so; name one", several.len())),
        },
        (Verb::Verify, [image]) => Ok(vec![Wish::Verify(known(image, stock)?)]),
        (Verb::Verify, images) => {
            let images = images.iter().map(|image| known(image, stock)).collect::<Result<_, String>>()?;
            Ok(vec![Wish::Do(Effect::Errand(errands::Effect::VerifyAll(images)))])
        }
        (Verb::Lineage, [image, ..]) => Ok(vec![Wish::Inherit(Inherit::Show(known(image, stock)?))]),
        (Verb::Rebase, [image, ..]) => Ok(vec![Wish::Inherit(Inherit::Rebase(known(image, stock)?))]),
        (Verb::RollOut, [base, ..]) => Ok(vec![Wish::Inherit(Inherit::RollOut(known(base, stock)?))]),
        (Verb::Impact, [base, onto, ..]) => {
            let (base, onto) = (known(base, stock)?, known(onto, stock)?);
            Ok(vec![Wish::Inherit(Inherit::Impact { base, onto })])
        }
        (Verb::Rebase | Verb::RollOut | Verb::Impact, _) => Err("name an image".to_owned()),
        (Verb::Diff, [image]) => Ok(vec![Wish::Compare(Compare::Image(known(image, stock)?))]),
        (Verb::Diff, [before, after, ..]) => {
            let (before, after) = (known(before, stock)?, known(after, stock)?);
            Ok(vec![Wish::Compare(Compare::Images { before, after })])
        }
        (Verb::Publish, images) => {
            let images = images.iter().map(|image| known(image, stock)).collect::<Result<_, String>>()?;
            Ok(vec![Wish::Do(Effect::Errand(errands::Effect::PlanPublish(images)))])
        }
        (Verb::Gc, _) => Ok(vec![Wish::Do(Effect::Errand(errands::Effect::CountUnused))]),
        (Verb::Watch, bakes) => Ok(vec![Wish::Watch { bake: bake(bakes, stock)?, replay: false }]),
        (Verb::Replay, bakes) => Ok(vec![Wish::Watch { bake: bake(bakes, stock)?, replay: true }]),
        (Verb::Cancel, bakes) => {
            let bake = bake(bakes, stock)?;
            let then = vec![Wish::Do(Effect::Bakes(bakes::Effect::Cancel(bake.clone())))];
            Ok(vec![Wish::Ask(super::stock::cancel_question(&bake, then))])
        }
        (Verb::Theme, []) => Ok(vec![Wish::Do(Effect::Themes)]),
        (Verb::Theme, [name, ..]) => match stock.things.iter().any(|thing| thing.is(&Kind::Theme, name)) {
            true => Ok(vec![Wish::Theme { name: (*name).to_owned(), keep: true }]),
            false => Err(format!("there is no theme {name}; theme alone lists them")),
        },
    }
}

/// An image as it was typed: one that is known, or one that begins as references do.
fn known(image: &str, stock: &Stock) -> Result<String, String> {
    let is_known = stock.images.has(image);
    let first = image.split('/').next().unwrap_or("");
    let is_reference = image.contains('/') && (stock.stores.iter().any(|store| store == first) || first.contains('.'));
    if is_known || is_reference || image.starts_with("oci:") {
        return Ok(image.to_owned());
    }
    Err(format!("there is no image {image}; write STORE/NAME:TAG, stores are {}", stock.stores.join(", ")))
}

/// The files of the recipes these words name.
fn recipes(names: &[&str], stock: &Stock) -> Result<Vec<std::path::PathBuf>, String> {
    let mut files = Vec::new();
    for name in names {
        let before = files.len();
        files.extend(stock.recipes.iter().filter(|recipe| recipe.is_called(name)).map(|recipe| recipe.file.clone()));
        if files.len() == before {
            return Err(format!("no recipe is called {name}; * stands for any part of a name"));
        }
    }
    Ok(files)
}

fn bake(names: &[&str], stock: &Stock) -> Result<String, String> {
    let name = names.first().copied().unwrap_or_default();
    let ids: Vec<&String> = stock.bakes.iter().filter(|id| !name.is_empty() && id.starts_with(name)).collect();
    match ids.as_slice() {
        [id] => Ok((*id).clone()),
        [] => Err(format!("there is no bake {name}")),
        several => Err(format!("{} bakes begin with {name}", several.len())),
    }
}

/// Whether `name` is of that form: `*` stands for any part, `?` for one character.
pub(super) fn is_like(form: &str, name: &str) -> bool {
    let (form, name): (Vec<char>, Vec<char>) = (form.chars().collect(), name.chars().collect());
    let (mut at, mut of, mut star) = (0, 0, None);
    while at < name.len() {
        match form.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(c) if *c == '?' || *c == name[at] => (at, of) = (at + 1, of + 1),
            _ => match star {
                // The star takes one more.
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    (at, of) = (from + 1, back + 1);
                }
                None => return false,
            },
        }
    }
    form[of..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_matched_whole() {
        let cases = [
            ("team-a/*", "team-a/app:1", true),
            ("team-a/*", "team-b/app:1", false),
            ("*app*", "team-a/app:1", true),
            ("app", "team-a/app", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
        ];
        for (form, name, expected) in cases {
            assert_eq!(is_like(form, name), expected, "{form} {name}");
        }
        // No form takes long.
        assert!(!is_like(&"*a".repeat(200), &"a".repeat(150)));
    }
}
