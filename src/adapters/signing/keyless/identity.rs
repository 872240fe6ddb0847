//! Whose signatures without a key count: issuer and subject, compared exactly (S-12). Knows no certificate.

use regex::{Regex, RegexBuilder};

/// Largest compiled expression.
const MAX_EXPRESSION: usize = 1 << 20;

/// An identity whose signatures count.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who must have vouched for it.
    pub issuer: String,
    /// Who it must be.
    pub subject: SubjectPattern,
}

/// A subject, or what it must look like as a whole.
#[derive(Clone, Debug)]
pub enum SubjectPattern {
    /// This one.
    Exact(String),
    /// One that matches from its first to its last character.
    Matches(Regex),
}

impl SubjectPattern {
    /// An expression that must match a subject as a whole, never a part of it.
    pub fn matching(expression: &str) -> Result<Self, regex::Error> {
        // The expression must stand on its own feet first: `a)|(b` may not reach past the anchors.
        RegexBuilder::new(expression).size_limit(MAX_EXPRESSION).build()?;
        RegexBuilder::new(&format!(r"\A(?:{expression})\z")).size_limit(MAX_EXPRESSION).build().map(Self::Matches)
    }

    fn fits(&self, subject: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == subject,
            Self::Matches(expression) => expression.is_match(subject),
        }
    }
}

impl Identity {
    /// Whether it is this one.
    pub fn is(&self, issuer: &str, subject: &str) -> bool {
        self.issuer == issuer && self.subject.fits(subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s12_identities_are_compared_whole_and_with_case() {
        let exact = Identity {
            issuer: "https://issuer.example".into(),
            subject: SubjectPattern::Exact("https://git.example/a/b/.ci/release@refs/heads/main".into()),
        };
        assert!(exact.is("https://issuer.example", "https://git.example/a/b/.ci/release@refs/heads/main"));
        for (issuer, subject) in [
            ("https://issuer.example/", "https://git.example/a/b/.ci/release@refs/heads/main"),
            ("https://ISSUER.example", "https://git.example/a/b/.ci/release@refs/heads/main"),
            ("https://issuer.example", "https://git.example/a/b/.ci/release@refs/heads/Main"),
            ("https://issuer.example", "https://git.example/a/b/.ci/release@refs/heads/main2"),
            ("https://issuer.example", "https://git.example/a/b"),
            ("", ""),
        ] {
            assert!(!exact.is(issuer, subject), "{issuer} {subject}");
        }
        let pattern = SubjectPattern::matching("https://git.example/a/.*|baker@shop.example").unwrap();
        for (subject, fits) in [
            ("https://git.example/a/b", true),
            ("baker@shop.example", true),
            ("xhttps://git.example/a/b", false),
            ("baker@shop.example.evil", false),
            ("https://git.example/a/b\nx", false),
        ] {
            assert_eq!(pattern.fits(subject), fits, "{subject:?}");
        }
        assert!(SubjectPattern::matching("a)|(b").is_err());
    }
}
