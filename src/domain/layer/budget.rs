//! Budgets: rules that say when an image holds too many bytes or wastes too many, read from text and held against figures.
//! Knows no image.

use super::ownership::{LayerShare, ratio};
use crate::domain::units::{bytes, parse_bytes};

/// What rules look like, for those who wrote none.
const VALID: &str = "waste>20MB, waste>5%, local-waste>1MB, local>200MB, total>1GB, efficiency<0.95";

/// What is held against a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// All layers together.
    pub total: LayerShare,
    /// Those no base brought.
    pub local: LayerShare,
    /// The efficiency score.
    pub efficiency: f64,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Waste,
    LocalWaste,
    Local,
    Total,
    Efficiency,
}

impl Measure {
    const ALL: [(&'static str, Self); 5] = [
        ("waste", Self::Waste),
        ("local-waste", Self::LocalWaste),
        ("local", Self::Local),
        ("total", Self::Total),
        ("efficiency", Self::Efficiency),
    ];

    /// Bytes; of a share there are none.
    fn bytes(self, figures: &Figures) -> u64 {
        match self {
            Self::Waste => figures.total.wasted,
            Self::LocalWaste => figures.local.wasted,
            Self::Local => figures.local.bytes,
            Self::Total => figures.total.bytes,
            Self::Efficiency => 0,
        }
    }

    /// The part of all bytes of the image, between 0 and 1.
    fn share(self, figures: &Figures) -> f64 {
        match self {
            Self::Efficiency => figures.efficiency,
            _ if figures.total.bytes == 0 => 0.0,
            _ => ratio(self.bytes(figures), figures.total.bytes),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Over,
    AtLeast,
    Under,
    AtMost,
}

impl Relation {
    const ALL: [(&'static str, Self); 4] =
        [(">=", Self::AtLeast), ("<=", Self::AtMost), (">", Self::Over), ("<", Self::Under)];

    fn holds<T: Copy + PartialOrd>(self, found: T, limit: T) -> bool {
        match self {
            Self::Over => found > limit,
            Self::AtLeast => found >= limit,
            Self::Under => found < limit,
            Self::AtMost => found <= limit,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Bytes(u64),
    Share(f64),
}

/// One rule; what it says is what must not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    text: String,
    measure: Measure,
    relation: Relation,
    limit: Limit,
}

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {at}: {why}; rules are such as {VALID}")]
pub struct RuleError {
    /// Where, in characters counted from 1.
    pub at: usize,
    /// What is wrong there.
    pub why: &'static str,
}

impl Rule {
    /// `MEASURE > LIMIT`; also `>=`, `<` and `<=`.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let fail = |rest: &str, why| {
            let before = &text[..text.len() - rest.len()];
            Err(RuleError { at: before.chars().count() + 1, why })
        };
        let rest = text.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some((_, measure)) = Measure::ALL.into_iter().find(|(known, _)| *known == name) else {
            return fail(rest, "not waste, local-waste, local, total or efficiency");
        };
        let rest = after.trim_start();
        let Some((sign, relation)) = Relation::ALL.into_iter().find(|(sign, _)| rest.starts_with(sign)) else {
            return fail(rest, "not >, >=, < or <=");
        };
        let rest = rest[sign.len()..].trim_start();
        match limit(measure, rest.trim_end()) {
            Ok(limit) => Ok(Self { text: text.trim().to_owned(), measure, relation, limit }),
            Err(why) => fail(rest, why),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds, and so the image does not pass.
    pub fn holds(&self, figures: &Figures) -> bool {
        match self.limit {
            Limit::Bytes(limit) => self.relation.holds(self.measure.bytes(figures), limit),
            Limit::Share(limit) => self.relation.holds(self.measure.share(figures), limit),
        }
    }

    /// What was found of what it looks at, in its own unit.
    pub fn found(&self, figures: &Figures) -> String {
        match self.limit {
            Limit::Bytes(_) => bytes(self.measure.bytes(figures)),
            Limit::Share(_) if self.measure == Measure::Efficiency => format!("{:.4}", figures.efficiency),
            Limit::Share(_) => format!("{:.2}%", self.measure.share(figures) * 100.0),
        }
    }
}

fn limit(measure: Measure, text: &str) -> Result<Limit, &'static str> {
    let is_score = measure == Measure::Efficiency;
    let share = match text.strip_suffix('%') {
        Some(percent) => decimal(percent.trim_end()).map(|percent| percent / 100.0),
        None if is_score => decimal(text),
        None => return parse_bytes(text).map(Limit::Bytes).ok_or("not a size such as 20MB, and no part such as 5%"),
    };
    match share {
        Some(share) if share <= 1.0 => Ok(Limit::Share(share)),
        _ if is_score => Err("not a score between 0 and 1, and no part such as 95%"),
        _ => Err("not a part between 0% and 100%"),
    }
}

/// Digits, with a point among them at most.
fn decimal(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(part)).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let total = LayerShare { files: 9, bytes: 100_000_000, wasted: 6_000_000 };
        let local = LayerShare { files: 3, bytes: 20_000_000, wasted: 1_000_000 };
        Figures { total, local, efficiency: 0.94 }
    }

    #[test]
    fn rules_hold_where_what_they_say_is_so() {
        for (text, holds, found) in [
            ("waste>5MB", true, "6.0 MB"),
            ("waste>6MB", false, "6.0 MB"),
            ("waste>=6MB", true, "6.0 MB"),
            ("waste>5%", true, "6.00%"),
            (" waste > 6.5 % ", false, "6.00%"),
            ("local-waste>1MB", false, "1.0 MB"),
            ("local-waste >= 1 MB", true, "1.0 MB"),
            ("local<=20MB", true, "20.0 MB"),
            ("local>20%", false, "20.00%"),
            ("total>95MiB", true, "100.0 MB"),
            ("efficiency<0.95", true, "0.9400"),
            ("efficiency<94%", false, "0.9400"),
        ] {
            let rule = Rule::parse(text).unwrap();
            assert_eq!((rule.holds(&figures()), rule.found(&figures()).as_str()), (holds, found), "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_says_where_and_what_would_be() {
        for (text, at, word) in [
            ("", 1, "not waste"),
            ("  size>1MB", 3, "not waste"),
            ("wäste>1MB", 1, "not waste"),
            ("waste", 6, "not >"),
            ("waste = 1MB", 7, "not >"),
            ("waste>", 7, "not a size"),
            ("waste>=20 XB", 8, "not a size"),
            ("waste>-1", 7, "not a size"),
            ("waste>101%", 7, "0% and 100%"),
            ("waste>NaN%", 7, "0% and 100%"),
            ("efficiency<1.1", 12, "between 0 and 1"),
            ("efficiency<inf", 12, "between 0 and 1"),
        ] {
            let error = Rule::parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.why.contains(word) && error.to_string().contains("efficiency<0.95"), "{text}: {error}");
        }
    }

    #[test]
    fn an_empty_image_wastes_nothing() {
        let figures = Figures { efficiency: 1.0, ..Figures::default() };
        assert!(["waste>0%", "local>0%", "waste>0", "efficiency<1"].iter().all(|text| {
            let rule = Rule::parse(text).unwrap();
            !rule.holds(&figures)
        }));
    }
}
