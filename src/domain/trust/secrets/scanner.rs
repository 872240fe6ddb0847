//! The scanner: literals first, since nearly every file has none; then the rules behind those that were found.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, packed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::bytes::{Regex, RegexBuilder};

use super::pem;
use super::place::{self, Place};
use super::rules::{Check, RULES, Rule};
use super::value::{chance, is_stand_in, masked};

/// Of a file with NUL in its first bytes nothing is looked at: it is no text.
const TEXT: usize = 8 << 10;
/// Bytes looked at from a literal on.
const AHEAD: usize = 512;
/// Bytes of a line looked at before a literal and behind it.
const LINE: (usize, usize) = (256, 1024);
/// Bytes of a service account around the word that says what it is.
const ACCOUNT: usize = 4096;
/// Most literals of a file that are followed up, and most bytes of it that rules of a place look at.
const MAX_FOLLOWED: usize = 20_000;
const MAX_IN_PLACE: usize = 256 << 10;
/// Most hits of one file.
const MAX_HITS: usize = 100;

/// What looks like a secret. Never holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Stable name of the rule.
    pub rule: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// How the value begins, and how long it is.
    pub masked: String,
}

/// The rules, made ready.
pub struct Scanner {
    literals: Literals,
    /// For each literal, its rules.
    behind: Vec<Vec<usize>>,
    /// Rules of places.
    placed: Vec<(usize, Place)>,
    /// The expressions, each made when it is first needed.
    expressions: Vec<OnceLock<Option<Regex>>>,
}

/// What finds literals: many bytes at once where the processor can.
enum Literals {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
    Nothing,
}

/// A value found, before it is known whose it is.
struct Found {
    rule: usize,
    at: Range<usize>,
    masked: String,
}

/// Names of all rules with what they find.
pub fn known_rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    RULES.iter().map(|rule| (rule.name, rule.what))
}

impl Scanner {
    /// The one scanner there is.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Scanner> = LazyLock::new(Scanner::new);
        &SHARED
    }

    fn new() -> Self {
        let mut literals: Vec<&'static str> = Vec::new();
        let mut behind: Vec<Vec<usize>> = Vec::new();
        for (number, rule) in RULES.iter().enumerate() {
            for literal in rule.literals {
                let at = literals.iter().position(|known| known == literal).unwrap_or_else(|| {
                    literals.push(literal);
                    behind.push(Vec::new());
                    literals.len() - 1
                });
                behind[at].push(number);
            }
        }
        let placed = RULES.iter().enumerate().filter_map(|(number, rule)| match rule.check {
            Check::In(place, _) => Some((number, place)),
            _ => None,
        });
        Self {
            placed: placed.collect(),
            expressions: RULES.iter().map(|_| OnceLock::new()).collect(),
            literals: Literals::of(&literals),
            behind,
        }
    }

    /// Whether a file is to be scanned, by its path and size.
    pub fn wants(path: &[u8], size: u64) -> bool {
        place::wants(path, size)
    }

    /// Whether what a file begins with says that nothing in it is text.
    pub fn is_binary(start: &[u8]) -> bool {
        start[..start.len().min(TEXT)].contains(&0)
    }

    /// What looks like a secret in a file, by line.
    pub fn scan(&self, path: &[u8], content: &[u8]) -> Vec<Hit> {
        if Self::is_binary(content) || !Self::wants(path, content.len() as u64) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut followed = 0;
        self.literals.each(content, &mut |literal, at| {
            followed += 1;
            for rule in &self.behind[literal] {
                found.extend(self.follow(*rule, content, &at));
            }
            followed < MAX_FOLLOWED && found.len() < MAX_HITS
        });
        let place = Place::of(path);
        if !place.is_none() {
            let content = &content[..content.len().min(MAX_IN_PLACE)];
            for (rule, _) in self.placed.iter().filter(|(_, wanted)| wanted.meets(place)) {
                self.find_all(*rule, content, &mut found);
            }
        }
        hits(content, found)
    }

    /// What a rule finds at one of its literals.
    fn follow(&self, number: usize, content: &[u8], at: &Range<usize>) -> Option<Found> {
        match RULES[number].check {
            Check::Here(_) => {
                let before = at.start.checked_sub(1).and_then(|before| content.get(before));
                if before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
                    return None;
                }
                self.find(number, content, at.start..content.len().min(at.start + AHEAD))
            }
            Check::Line(_) | Check::Login(_) => {
                let from = at.start.saturating_sub(LINE.0);
                let to = content.len().min(at.end + LINE.1);
                let from =
                    content[from..at.start].iter().rposition(|byte| *byte == b'\n').map_or(from, |n| from + n + 1);
                let to = content[at.end..to].iter().position(|byte| *byte == b'\n').map_or(to, |n| at.end + n);
                self.find(number, content, from..to)
            }
            Check::Key(wanted) => {
                let (kind, at, body) = pem::key(content, at.start)?;
                (kind == wanted).then(|| Found { rule: number, at, masked: masked(&body) })
            }
            Check::ServiceAccount => {
                let from = at.start.saturating_sub(ACCOUNT);
                let around = &content[from..content.len().min(at.end + ACCOUNT)];
                let find = |literal: &[u8]| around.windows(literal.len()).position(|window| window == literal);
                find(b"\"private_key_id\"")?;
                let (_, at, body) = pem::key(content, from + find(pem::LITERAL)?)?;
                Some(Found { rule: number, at, masked: masked(&body) })
            }
            Check::In(..) => None,
        }
    }

    fn find(&self, number: usize, content: &[u8], window: Range<usize>) -> Option<Found> {
        let groups = self.expression(number)?.captures(&content[window.clone()])?;
        judged(number, &groups, window.start)
    }

    fn find_all(&self, number: usize, content: &[u8], found: &mut Vec<Found>) {
        let Some(expression) = self.expression(number) else { return };
        let all = expression.captures_iter(content).filter_map(|groups| judged(number, &groups, 0));
        found.extend(all.take(MAX_HITS));
    }

    fn expression(&self, number: usize) -> Option<&Regex> {
        self.expressions[number].get_or_init(|| expression_of(&RULES[number])).as_ref()
    }
}

pub(super) fn expression_of(rule: &Rule) -> Option<Regex> {
    match rule.check {
        Check::Here(text) | Check::Line(text) | Check::Login(text) | Check::In(_, text) => {
            RegexBuilder::new(text).unicode(false).build().ok()
        }
        Check::Key(_) | Check::ServiceAccount => None,
    }
}

/// A match that is more than an example.
fn judged(number: usize, groups: &regex::bytes::Captures<'_>, from: usize) -> Option<Found> {
    let value = groups.get(1).or_else(|| groups.get(0))?;
    let bytes = value.as_bytes();
    let least = RULES[number].chance;
    let fits = match RULES[number].check {
        Check::Login(_) => is_login(bytes),
        _ => !is_stand_in(bytes) && !is_path(number, bytes),
    };
    let real = fits && (least <= 0.0 || chance(bytes) >= least);
    real.then(|| Found { rule: number, at: from + value.start()..from + value.end(), masked: masked(bytes) })
}

/// Whether what stands for a password is the place of a file with it.
fn is_path(number: usize, value: &[u8]) -> bool {
    RULES[number].name == "password"
        && (value.starts_with(b"/") || value.starts_with(b"./") || value.starts_with(b"~/"))
}

/// Whether a value is base64 of a name and a password that is more than an example.
fn is_login(value: &[u8]) -> bool {
    let Ok(plain) = STANDARD.decode(value) else { return false };
    let colon = plain.iter().position(|byte| *byte == b':');
    colon.is_some_and(|colon| colon + 4 < plain.len() && plain.is_ascii() && !is_stand_in(&plain[colon + 1..]))
}

/// Each value told once, by the first rule that claims it; by line.
fn hits(content: &[u8], mut found: Vec<Found>) -> Vec<Hit> {
    found.sort_by_key(|one| (one.rule, one.at.start));
    let mut kept: Vec<Found> = Vec::new();
    for one in found {
        if kept.len() < MAX_HITS && !kept.iter().any(|other| one.at.start < other.at.end && other.at.start < one.at.end)
        {
            kept.push(one);
        }
    }
    kept.sort_by_key(|one| one.at.start);
    let (mut line, mut counted) = (1_u32, 0);
    let told = kept.into_iter().map(|one| {
        let more = content[counted..one.at.start].iter().filter(|byte| **byte == b'\n').count();
        line = line.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        counted = one.at.start;
        Hit { rule: RULES[one.rule].name, line, masked: one.masked }
    });
    told.collect()
}

impl Literals {
    fn of(literals: &[&'static str]) -> Self {
        let mut builder = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder();
        builder.extend(literals);
        match (builder.build(), AhoCorasick::new(literals)) {
            (Some(packed), _) => Self::Packed(packed),
            (None, Ok(automaton)) => Self::Automaton(automaton),
            (None, Err(_)) => Self::Nothing,
        }
    }

    /// Hands over each literal and where it is, until `go_on` says no.
    fn each(&self, content: &[u8], go_on: &mut dyn FnMut(usize, Range<usize>) -> bool) {
        match self {
            Self::Packed(packed) => {
                for found in packed.find_iter(content) {
                    if !go_on(found.pattern().as_usize(), found.start()..found.end()) {
                        return;
                    }
                }
            }
            Self::Automaton(automaton) => {
                for found in automaton.find_iter(content) {
                    if !go_on(found.pattern().as_usize(), found.start()..found.end()) {
                        return;
                    }
                }
            }
            Self::Nothing => {}
        }
    }
}
