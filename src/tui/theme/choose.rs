//! Which theme: the user's, else one that suits the terminal. Pure; the file's text is handed in.

use super::built_in::{BUILT_IN, names};
use super::{Depth, Role, Theme, ThemeError};
use crate::domain::yaml::{Problem, nearest, quote};
use crate::report::{Kind, Report};

/// A theme's file: where it is, for people, and its text.
pub type ThemeFile = (String, String);

/// The name of the theme for a terminal: without colours `mono`; else what the user settled on; else `light` where
/// COLORFGBG tells of a light background, and `dark`.
pub fn automatic(depth: Depth, settled: Option<&str>, colorfgbg: Option<&str>) -> String {
    let light = || colorfgbg.and_then(|value| value.rsplit(';').next()).is_some_and(|last| matches!(last, "7" | "15"));
    match settled {
        _ if depth == Depth::None => "mono",
        Some(name) => name,
        None if light() => "light",
        None => "dark",
    }
    .to_owned()
}

/// The theme of this name: the user's file where there is one, else the built-in.
pub fn named(name: &str, file: Option<ThemeFile>) -> Result<Theme, Report> {
    let (path, parsed) = match file {
        Some((path, text)) => (path, Theme::parse(&text)),
        None => (format!("theme {name}"), Theme::built_in(name)),
    };
    parsed.map_err(|error| match &error {
        ThemeError::Problems(problems) => of_problems(&path, problems),
        ThemeError::Unknown(_) => {
            let near = nearest(name, BUILT_IN.map(|(name, _)| name)).map(|near| format!("did you mean `{near}`? "));
            let own = format!("one of your own is themes/{name}.yaml in the folder of config.yaml");
            Report::new(Kind::Usage, &error).help(format!(
                "{}built in are {}; {own}",
                near.unwrap_or_default(),
                names()
            ))
        }
    })
}

/// A theme's mistakes, each with its place.
fn of_problems(path: &str, problems: &[Problem]) -> Report {
    let mut report = Report::message(Kind::Usage, format!("theme file {path} is not usable"));
    let place = |problem: &Problem| format!("{path}:{}:{}: {}", problem.line, problem.column, problem.message);
    report.causes = problems.iter().map(|problem| crate::domain::text::escape(&place(problem))).collect();
    let help = problems.iter().find_map(|problem| problem.help.clone());
    report.help(help.unwrap_or_else(|| "a theme may name `inherits: dark` and only the roles it changes".into()))
}

/// What to say of a name that is no role's.
pub fn unknown_role(name: &str) -> String {
    let mean = nearest(name, Role::ALL.map(Role::name)).map(|near| format!("; did you mean `{near}`?"));
    format!("unknown role {}{}", quote(name), mean.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_and_the_user_choose() {
        let cases = [
            ((Depth::True, None, None), "dark"),
            ((Depth::True, None, Some("0;15")), "light"),
            ((Depth::Palette, None, Some("0;default;7")), "light"),
            ((Depth::Sixteen, None, Some("15;0")), "dark"),
            ((Depth::True, Some("mine"), Some("0;15")), "mine"),
            ((Depth::None, Some("mine"), None), "mono"),
            ((Depth::None, None, Some("0;15")), "mono"),
        ];
        for ((depth, settled, colorfgbg), name) in cases {
            assert_eq!(automatic(depth, settled, colorfgbg), name, "{depth:?} {settled:?} {colorfgbg:?}");
        }
    }

    #[test]
    fn mistakes_name_their_file() {
        let file = ("/home/b/themes/mine.yaml".to_owned(), "theme: 1\ninherits: dark\nroles: {stal: {}}\n".to_owned());
        let report = named("mine", Some(file)).unwrap_err();
        assert_eq!(report.message, "theme file /home/b/themes/mine.yaml is not usable");
        assert_eq!(report.causes, ["/home/b/themes/mine.yaml:3:9: unknown role `stal`; did you mean `stale`?"]);
        let report = named("drak", None).unwrap_err();
        assert!(report.help.unwrap().starts_with("did you mean `dark`? "));
    }
}
