//! "Did you mean": the nearest valid name. Knows no document.

/// The one of `valid` that `found` is most likely a slip of; `None` when none is near.
pub fn nearest<'a>(found: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if found.len() > 64 {
        return None;
    }
    let bare = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = bare(found);
    let allowed = (wanted.chars().count() / 3).clamp(1, 3);
    valid
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted, &bare(name)), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let valid = ["owner", "mode", "exclude", "stop-signal", "cmd"];
        for (found, expected) in [
            ("ownr", Some("owner")),
            ("Owner", Some("owner")),
            ("stop_signal", Some("stop-signal")),
            ("stopsignal", Some("stop-signal")),
            ("mdoe", Some("mode")),
            ("command", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(found, valid), expected, "{found}");
        }
    }
}
