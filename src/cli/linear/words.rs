//! What a typed line asks for. Knows the words, not what follows from them.

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing was typed.
    Nothing,
    /// Which words there are.
    Help,
    /// Where one is.
    Where,
    /// The workspace's stores.
    Stores,
    /// The images of one, or of all.
    Images(Option<String>),
    /// The recipes.
    Recipes,
    /// The bakes.
    Bakes,
    /// Bakes a recipe.
    Bake(String),
    /// Tells a bake from its beginning.
    Watch(String),
    /// Stops one.
    Cancel(String),
    /// Whether the output of steps is told.
    Output(bool),
    /// Yes to what was asked.
    Yes,
    /// What stands under a number of the last list.
    Number(usize),
    /// Leaves.
    Quit,
    /// A command of `bakery`, as a shell would give it.
    Command(Vec<String>),
    /// A word that needs another one.
    Lacks(&'static str),
}

/// The words, and what they do.
pub(super) const WORDS: [(&str, &str); 14] = [
    ("where", "which workspace this is, and what is in it"),
    ("stores", "the stores, numbered"),
    ("images [STORE]", "the images of a store, or of all, numbered"),
    ("recipes", "the recipes and how they stand, numbered"),
    ("bakes", "past and running bakes, newest first, numbered"),
    ("bake RECIPE", "begins a bake; it is told as it goes, and goes on when you leave"),
    ("watch BAKE", "tells a bake from its beginning"),
    ("cancel BAKE", "stops a bake, after a yes"),
    ("plan RECIPE", "which steps would run, and why"),
    ("verify IMAGE", "judges an image and all it is built on"),
    ("diff A [B]", "what the layers of an image change, or what differs between two"),
    ("output on|off", "whether what steps print is told"),
    ("help", "this list; any other command of bakery works as well: bakery --help"),
    ("quit", "leaves; bakes go on"),
];

/// Reads a line.
pub(super) fn read(line: &str) -> Said {
    let words: Vec<&str> = line.split_whitespace().collect();
    let first = words.first().copied().unwrap_or_default().trim_start_matches(':').to_lowercase();
    let second = words.get(1).map(|word| (*word).to_owned());
    let with = |said: fn(String) -> Said, lacks: &'static str| second.clone().map_or(Said::Lacks(lacks), said);
    match first.as_str() {
        "" => Said::Nothing,
        "help" | "?" | "h" => Said::Help,
        "where" => Said::Where,
        "stores" => Said::Stores,
        "images" => Said::Images(second),
        "recipes" => Said::Recipes,
        "bakes" if words.len() == 1 => Said::Bakes,
        "bake" if words.len() <= 2 => with(Said::Bake, "bake RECIPE: `recipes` lists them"),
        "watch" | "attach" => with(Said::Watch, "watch BAKE: `bakes` lists them"),
        "cancel" => with(Said::Cancel, "cancel BAKE: `bakes` lists them"),
        "output" => match second.as_deref() {
            Some("on") => Said::Output(true),
            Some("off") => Said::Output(false),
            _ => Said::Lacks("output on, or output off"),
        },
        "yes" | "y" => Said::Yes,
        "quit" | "q" | "exit" | "leave" => Said::Quit,
        number if words.len() == 1 && number.parse::<usize>().is_ok() => Said::Number(number.parse().unwrap_or(0)),
        _ => Said::Command(std::iter::once(first).chain(words[1..].iter().map(|word| (*word).to_owned())).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_words_numbers_or_commands() {
        assert_eq!(read("  "), Said::Nothing);
        assert_eq!(read("Bake app"), Said::Bake("app".into()));
        assert_eq!(read(":recipes"), Said::Recipes);
        assert_eq!(read("3"), Said::Number(3));
        assert!(matches!(read("bake"), Said::Lacks(_)) && matches!(read("output loud"), Said::Lacks(_)));
        let command = ["bake", "a.yaml", "--no-cache"].map(str::to_owned).to_vec();
        assert_eq!(read("bake a.yaml --no-cache"), Said::Command(command));
        assert_eq!(read("verify X"), Said::Command(vec!["verify".into(), "X".into()]));
    }
}
