//! Whether programs had a hand in an image's own layers, by its history: what they read of the base is not to be seen in what
//! they left, so that no comparison of paths tells whether they would leave the same on another.

use crate::domain::oci::History;

/// Steps that only put what the recipe says.
const QUIET: [&str; 4] = ["copy", "write", "remove", "unpack"];

/// Whether a line of `child` above those of `base` was made by something else than a step that only puts; a line nobody knows
/// may have been.
pub fn ran_programs(child: &[History], base: &[History]) -> bool {
    let is_quiet = |line: &History| {
        let mut words = line.created_by.as_deref().unwrap_or_default().split(' ');
        words.next() == Some("bakery") && words.next().is_some_and(|step| QUIET.contains(&step))
    };
    child.iter().skip(base.len()).any(|line| !is_quiet(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_that_put_what_the_recipe_says_run_nothing() {
        let line = |text: &str| History { created_by: Some(text.into()), ..History::default() };
        let base = [line("/bin/sh -c apt-get install")];
        let with = |own: &[&str]| {
            ran_programs(&[&base[..], &own.iter().map(|text| line(text)).collect::<Vec<_>>()].concat(), &base)
        };
        assert!(!with(&[]) && !with(&["bakery copy app -> /srv", "bakery remove /tmp", "bakery write /etc/x"]));
        assert!(with(&["bakery copy app -> /srv", "bakery run make"]) && with(&["bakery curl=8.1"]));
        assert!(with(&["COPY app /srv # buildkit"]) && with(&["bakery"]) && with(&[""]));
        assert!(ran_programs(&[History::default()], &[]));
    }
}
