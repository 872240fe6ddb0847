//! Which tag of a repository is the newest, by its name alone. Asks no store.

use std::cmp::Ordering;

/// Compares tags as versions: runs of digits as numbers, the rest as text.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (a.is_empty(), b.is_empty()) {
            (true, true) => return Ordering::Equal,
            // `3.12` comes after `3.12-rc1`, before `3.12.1`.
            (true, false) => return if b.starts_with('-') { Ordering::Greater } else { Ordering::Less },
            (false, true) => return if a.starts_with('-') { Ordering::Less } else { Ordering::Greater },
            (false, false) => {}
        }
        let (part_a, rest_a) = first_run(a);
        let (part_b, rest_b) = first_run(b);
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = if digits(part_a) && digits(part_b) {
            let (x, y) = (part_a.trim_start_matches('0'), part_b.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            part_a.cmp(part_b)
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

fn first_run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

/// Whether a tag reads as a version.
fn is_version(tag: &str) -> bool {
    tag.strip_prefix('v').unwrap_or(tag).starts_with(|c: char| c.is_ascii_digit())
}

/// Newest first: versions before words.
pub fn newest_first(tags: &mut [String]) {
    tags.sort_by(|a, b| is_version(b).cmp(&is_version(a)).then_with(|| compare(b, a)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_before_words_and_newest_first() {
        let mut tags = ["latest", "3.9", "3.12.1", "3.12", "3.12-rc1", "edge", "v3.11", "3.12.10"].map(String::from);
        newest_first(&mut tags);
        assert_eq!(tags, ["v3.11", "3.12.10", "3.12.1", "3.12", "3.12-rc1", "3.9", "latest", "edge"]);
    }
}
