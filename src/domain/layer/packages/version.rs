//! Which of two versions is newer, by the rules of the system that wrote them. Knows no packages.
//!
//! Debian's and rpm's rules come from crates. apk's are here: `NUMBER{.NUMBER}{LETTER}{_SUFFIX{NUMBER}}{~HASH}{-rNUMBER}`,
//! where a suffix is one of before the release (alpha, beta, pre, rc) or after it (cvs, svn, git, hg, p).

use std::cmp::Ordering;

use super::package::System;

/// `Less`: `a` is older. Texts that differ can be equal (`1.0` and `1.00` in Debian).
pub fn compare_versions(system: System, a: &str, b: &str) -> Ordering {
    match system {
        // What is not ASCII is no version there, older than any, and nothing the crate can be given.
        System::Dpkg if !(a.is_ascii() && b.is_ascii()) => (a.is_ascii(), a).cmp(&(b.is_ascii(), b)),
        System::Dpkg => deb_version::compare_versions(a, b),
        System::Rpm => rpm_version::rpm_evr_compare(a, b),
        System::Apk => apk(a.as_bytes(), b.as_bytes()),
    }
}

/// A part of an apk version, in the order in which they may follow each other: of two versions that are equal so far,
/// the one whose next part stands later here is older.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    First,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

/// Suffixes, oldest first; those before `AFTER` make a version older than the bare one.
const SUFFIXES: [&[u8]; 9] = [b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const AFTER: usize = 4;

struct Parts<'a> {
    rest: &'a [u8],
    part: Part,
    value: &'a [u8],
    suffix: usize,
}

impl<'a> Parts<'a> {
    fn new(version: &'a [u8]) -> Self {
        let mut parts = Self { rest: version, part: Part::First, value: b"", suffix: 0 };
        parts.digits(Part::First);
        parts
    }

    fn digits(&mut self, part: Part) {
        self.value = self.span(u8::is_ascii_digit);
        self.part = if self.value.is_empty() { Part::Invalid } else { part };
    }

    fn span(&mut self, belongs: impl Fn(&u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !belongs(byte)).unwrap_or(self.rest.len());
        let (span, rest) = self.rest.split_at(end);
        self.rest = rest;
        span
    }

    fn advance(&mut self) {
        let before = self.part;
        self.part = Part::Invalid;
        match *self.rest {
            [] => self.part = Part::End,
            [b'a'..=b'z', ..] if before <= Part::Number => {
                (self.value, self.rest) = self.rest.split_at(1);
                self.part = Part::Letter;
            }
            [b'.', ref rest @ ..] if before <= Part::Number => {
                self.rest = rest;
                self.digits(Part::Number);
            }
            [b'0'..=b'9', ..] if before == Part::Suffix => self.digits(Part::SuffixNumber),
            [b'_', ref rest @ ..] if before <= Part::SuffixNumber => {
                self.rest = rest;
                self.value = self.span(u8::is_ascii_lowercase);
                if let Some(suffix) = SUFFIXES.iter().position(|suffix| *suffix == self.value) {
                    (self.part, self.suffix) = (Part::Suffix, suffix);
                }
            }
            [b'~', ref rest @ ..] if before < Part::Hash => {
                self.rest = rest;
                self.value = self.span(u8::is_ascii_hexdigit);
                if !self.value.is_empty() {
                    self.part = Part::Hash;
                }
            }
            [b'-', b'r', ref rest @ ..] if before < Part::Revision => {
                self.rest = rest;
                self.digits(Part::Revision);
            }
            _ => {}
        }
    }

    fn is_before(&self) -> bool {
        self.part == Part::Suffix && self.suffix < AFTER
    }
}

/// Numbers of any length.
fn numbers(a: &[u8], b: &[u8]) -> Ordering {
    let bare = |digits: &'_ [u8]| digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let (a, b) = (&a[bare(a)..], &b[bare(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn apk(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (Parts::new(a), Parts::new(b));
    while a.part == b.part && a.part < Part::End {
        let order = match a.part {
            // Behind a point, a leading zero makes it a fraction.
            Part::Number if a.value.starts_with(b"0") || b.value.starts_with(b"0") => a.value.cmp(b.value),
            Part::First | Part::Number | Part::SuffixNumber | Part::Revision => numbers(a.value, b.value),
            Part::Suffix => a.suffix.cmp(&b.suffix),
            _ => a.value.cmp(b.value),
        };
        if order.is_ne() {
            return order;
        }
        a.advance();
        b.advance();
    }
    match (a.part == b.part, a.is_before(), b.is_before()) {
        (true, ..) => Ordering::Equal,
        (_, true, _) => Ordering::Less,
        (_, _, true) => Ordering::Greater,
        _ => b.part.cmp(&a.part),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(system: System, cases: &[(&str, char, &str)]) {
        for (a, sign, b) in cases {
            let expected = match sign {
                '<' => Ordering::Less,
                '=' => Ordering::Equal,
                _ => Ordering::Greater,
            };
            assert_eq!(compare_versions(system, a, b), expected, "{a} {sign} {b}");
            assert_eq!(compare_versions(system, b, a), expected.reverse(), "{b} and {a}");
        }
    }

    #[test]
    fn debians_rules() {
        check(
            System::Dpkg,
            &[
                // Policy: ~~ before ~~a before ~ before nothing before a.
                ("1.0~~", '<', "1.0~~a"),
                ("1.0~~a", '<', "1.0~"),
                ("1.0~", '<', "1.0"),
                ("1.0", '<', "1.0a"),
                ("1.0~rc1-1", '<', "1.0-1"),
                ("1.0~beta1~svn1245", '<', "1.0~beta1"),
                ("2.36-9+deb12u7", '<', "2.36-9+deb12u10"),
                ("2.36-9", '<', "2.36-9+deb12u1"),
                ("2.36-9", '<', "2.36-9+b1"),
                ("9.9", '<', "1:0.1"),
                ("0:1.0", '=', "1.0"),
                ("1.0", '=', "1.0-0"),
                ("1.00", '=', "1.0"),
                ("1.10", '>', "1.9"),
                ("1.0a", '<', "1.0+"),
                ("1.0.4-2", '<', "1.0.4-10"),
                ("1.2.3-1~bpo12+1", '<', "1.2.3-1"),
                ("1:1.2.13.dfsg-1", '>', "1.3"),
                ("6.1.0-28", '<', "6.1.0-100"),
                ("1-1-2", '>', "1-1-1"),
                ("99999999999999999999999", '<', "100000000000000000000000"),
                ("1.0\u{e9}", '<', "0"),
            ],
        );
    }

    #[test]
    fn rpms_rules() {
        check(
            System::Rpm,
            &[
                ("1.0-1", '<', "1.0-2"),
                ("1.0-9.el9", '<', "1.0-10.el9"),
                ("9.9-1", '<', "1:0.1-1"),
                ("0:1.0-1", '=', "1.0-1"),
                ("1.0~rc1-1", '<', "1.0-1"),
                ("1.0~rc1-1", '<', "1.0~rc2-1"),
                ("1.0^20240501-1", '>', "1.0-1"),
                ("1.0^20240501-1", '<', "1.0.1-1"),
                ("1.0~rc1^git1-1", '>', "1.0~rc1-1"),
                ("1.0^git1~pre-1", '<', "1.0^git1-1"),
                ("1.0a-1", '>', "1.0-1"),
                ("1.0a-1", '<', "1.0.1-1"),
                ("5.14.0-427.13.1.el9_4", '<', "5.14.0-427.16.1.el9_4"),
                ("2.02-1", '=', "2.2-1"),
                ("FC5-1", '<', "fc4-1"),
                ("1-1", '>', "a-1"),
                ("10b2-1", '>', "10a1-1"),
                ("8483c65d-5ccc5b19", '>', "fd431d51-4ae0493b"),
            ],
        );
    }

    #[test]
    fn apks_rules() {
        check(
            System::Apk,
            &[
                ("1.2.3-r0", '<', "1.2.3-r1"),
                ("1.2.3-r9", '<', "1.2.3-r10"),
                ("1.2.3", '<', "1.2.3-r0"),
                ("1.2.9", '<', "1.2.10"),
                ("1.2", '<', "1.2.0"),
                ("1.2.3_alpha", '<', "1.2.3_beta"),
                ("1.2.3_beta", '<', "1.2.3_pre"),
                ("1.2.3_pre", '<', "1.2.3_rc"),
                ("1.2.3_rc4", '<', "1.2.3"),
                ("1.2.3_rc4-r7", '<', "1.2.3-r0"),
                ("1.2.3", '<', "1.2.3_cvs"),
                ("1.2.3_cvs", '<', "1.2.3_svn"),
                ("1.2.3_svn", '<', "1.2.3_git"),
                ("1.2.3_git20240101", '<', "1.2.3_git20240202"),
                ("1.2.3_git", '<', "1.2.3_hg"),
                ("1.2.3_hg", '<', "1.2.3_p1"),
                ("1.2.3-r5", '<', "1.2.3_p1-r0"),
                ("1.2.3_p1", '<', "1.2.3_p2"),
                ("1.2.3_p", '<', "1.2.3_p1"),
                ("1.2.3_p1_alpha", '<', "1.2.3_p1"),
                ("1.2.3a", '>', "1.2.3"),
                ("1.2.3a", '<', "1.2.3b"),
                ("1.1.1w-r1", '>', "1.1.1t-r3"),
                ("2.38", '<', "2.39_alpha1"),
                // Behind a point, a leading zero makes a fraction; before it, it counts for nothing.
                ("1.02", '<', "1.1"),
                ("1.001", '<', "1.01"),
                ("012.1", '=', "12.1"),
                ("20240226-r0", '>', "3.0.9-r0"),
                ("1.0~0a1b-r0", '<', "1.0~0a1c-r0"),
                ("1.0~0a1b", '>', "1.0"),
                ("99999999999999999999999", '<', "100000000000000000000000"),
                ("1.0", '<', "1.0bc"),
                ("23_foo", '>', "4_beta"),
                // What is no version to its end is older than one that ends there.
                ("1.0_foo", '<', "1.0"),
                ("x", '<', "0"),
                ("x", '=', "y"),
            ],
        );
    }

    proptest! {
        /// Whatever the texts are: no panic, a version equals itself, turning them round turns the answer round, and there
        /// are no circles, so that lists can be sorted.
        #[test]
        fn every_system_orders_whatever_it_is_given(a in text(), b in text(), c in text()) {
            for system in [System::Dpkg, System::Apk, System::Rpm] {
                prop_assert_eq!(compare_versions(system, &a, &a), Ordering::Equal);
                prop_assert_eq!(compare_versions(system, &a, &b), compare_versions(system, &b, &a).reverse());
                let mut three = [&a, &b, &c];
                three.sort_by(|a, b| compare_versions(system, a, b));
                prop_assert!(compare_versions(system, three[0], three[2]).is_le(), "{:?} {:?}", system, three);
            }
        }
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[0-9a-z.~^_:+-]{0,12}", "\\PC{0,8}", "[01]\\.[0-9]{1,3}(_(alpha|p|rc)[0-9]?)?(-r[0-9])?"]
    }
}
