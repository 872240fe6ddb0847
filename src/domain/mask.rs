//! Masking: secrets cut out of a stream of bytes, whatever pieces it comes in (K-02). Knows no log and no secret's source.
//!
//! What is cut out: the secret itself, with and without white space around it, and what tools make of it: base64 (standard
//! and URL-safe, with and without padding), hexadecimal, URL encoding. A secret within a longer text that was encoded as a
//! whole is not found, nor one that was compressed or cut in two by the program. Secrets under [`SHORTEST`] bytes are not
//! masked: they would blot out half of any log; [`is_masked`] tells.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// What stands in a secret's place.
pub const MASK: &[u8] = b"***";

/// Shortest secret that is masked, in bytes, without white space around it.
pub const SHORTEST: usize = 4;

/// Whether a [`Masker`] masks this secret: whether it is long enough.
pub fn is_masked(secret: &[u8]) -> bool {
    secret.trim_ascii().len() >= SHORTEST
}

/// One form of a secret, searched by Knuth, Morris and Pratt: no byte of the stream is looked at twice.
struct Pattern {
    text: Zeroizing<Vec<u8>>,
    /// For each length, the longest shorter beginning that also ends there.
    border: Vec<usize>,
    /// How many bytes of it the stream ends with.
    depth: usize,
}

impl Pattern {
    fn new(text: &[u8]) -> Self {
        let mut border = vec![0; text.len() + 1];
        let mut depth = 0;
        for end in 1..text.len() {
            while depth > 0 && text[depth] != text[end] {
                depth = border[depth];
            }
            depth += usize::from(text[depth] == text[end]);
            border[end + 1] = depth;
        }
        Self { text: Zeroizing::new(text.to_vec()), border, depth: 0 }
    }

    /// Takes the next byte; whether an occurrence ends with it.
    fn step(&mut self, byte: u8) -> bool {
        while self.depth > 0 && self.text[self.depth] != byte {
            self.depth = self.border[self.depth];
        }
        self.depth += usize::from(self.text[self.depth] == byte);
        let whole = self.depth == self.text.len();
        if whole {
            self.depth = self.border[self.depth];
        }
        whole
    }
}

/// Shortest secret that is looked for where it must not be, in bytes, without white space around it: shorter ones are
/// found by chance in any large layer.
pub const SHORTEST_SOUGHT: usize = 8;

/// Looks for a secret, as it is, in a stream of bytes; changes nothing.
pub struct Finder {
    pattern: Pattern,
    found: bool,
}

impl Finder {
    /// For this secret, without white space around it; `None` for one under [`SHORTEST_SOUGHT`].
    pub fn new(secret: &[u8]) -> Option<Self> {
        let bare = secret.trim_ascii();
        (bare.len() >= SHORTEST_SOUGHT).then(|| Self { pattern: Pattern::new(bare), found: false })
    }

    /// Takes the next bytes; whether the secret has been in the stream by now.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes.iter();
        while !self.found {
            // Nothing has begun: to where something might.
            let next = match self.pattern.depth {
                0 => rest.find(|byte| **byte == self.pattern.text[0]),
                _ => rest.next(),
            };
            let Some(byte) = next else { break };
            self.found = self.pattern.step(*byte);
        }
        self.found
    }
}

/// Masks secrets in a stream. Occurrences that overlap are masked as one.
pub struct Masker {
    patterns: Vec<Pattern>,
    /// Which bytes begin a pattern.
    first: [bool; 256],
    /// Bytes that may be part of a secret; the first of them is number `base` of the stream.
    held: Zeroizing<Vec<u8>>,
    base: u64,
    /// Bytes of the stream taken so far.
    taken: u64,
    /// Occurrences not yet written: begin and end in the stream, in order, apart from each other.
    found: VecDeque<(u64, u64)>,
    /// End of the occurrence written last.
    masked_to: u64,
    masked: u64,
}

impl Masker {
    /// For these secrets.
    pub fn new(secrets: &[&[u8]]) -> Self {
        let mut forms: Vec<Zeroizing<Vec<u8>>> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        forms.sort_by(|a, b| a.as_slice().cmp(b));
        forms.dedup_by(|a, b| a.as_slice() == b.as_slice());
        let mut first = [false; 256];
        for form in &forms {
            first[usize::from(form[0])] = true;
        }
        Self {
            patterns: forms.iter().map(|form| Pattern::new(form)).collect(),
            first,
            held: Zeroizing::new(Vec::new()),
            base: 0,
            taken: 0,
            found: VecDeque::new(),
            masked_to: 0,
            masked: 0,
        }
    }

    /// Takes the next bytes; appends to `out` what is settled. Only what could be the start of a secret is kept back.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.patterns.is_empty() {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        let mut deepest = self.deepest();
        for byte in bytes {
            self.taken += 1;
            if deepest == 0 && !self.first[usize::from(*byte)] {
                continue;
            }
            deepest = 0;
            for pattern in &mut self.patterns {
                if pattern.step(*byte) {
                    note(&mut self.found, (self.taken - pattern.text.len() as u64, self.taken));
                }
                deepest = deepest.max(pattern.depth);
            }
        }
        self.settle(self.taken - deepest as u64, out);
    }

    /// Ends the stream: appends what was kept back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.settle(self.taken, out);
        for pattern in &mut self.patterns {
            pattern.depth = 0;
        }
    }

    /// How many occurrences have been masked.
    pub fn masked(&self) -> u64 {
        self.masked
    }

    fn deepest(&self) -> usize {
        self.patterns.iter().map(|pattern| pattern.depth).max().unwrap_or(0)
    }

    /// Writes everything up to `safe`, before which no occurrence can begin any more.
    fn settle(&mut self, safe: u64, out: &mut Vec<u8>) {
        let mut begin = 0;
        let offset = |base: u64, at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        while let Some((start, end)) = self.found.front().copied() {
            if start >= self.masked_to {
                if start > safe {
                    break;
                }
                let until = offset(self.base, start);
                out.extend_from_slice(self.held.get(begin..until).unwrap_or_default());
                out.extend_from_slice(MASK);
                self.masked += 1;
            }
            begin = begin.max(offset(self.base, end));
            self.masked_to = end;
            self.found.pop_front();
        }
        let until = offset(self.base, safe).max(begin).min(self.held.len());
        out.extend_from_slice(self.held.get(begin..until).unwrap_or_default());
        self.held.drain(..until);
        self.base += until as u64;
    }
}

/// Adds an occurrence; ends never decrease. Those it overlaps become one with it.
fn note(found: &mut VecDeque<(u64, u64)>, (mut start, end): (u64, u64)) {
    while let Some((earlier, _)) = found.back().copied().filter(|(_, until)| *until > start) {
        start = start.min(earlier);
        found.pop_back();
    }
    found.push_back((start, end));
}

/// Everything a secret may look like.
fn forms(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = Vec::new();
    let bare = secret.trim_ascii();
    if !is_masked(secret) {
        return forms;
    }
    // `echo $TOKEN | base64` encodes a newline too.
    let with_newline = Zeroizing::new([bare, b"\n"].concat());
    for text in [secret, bare, &with_newline] {
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            forms.push(Zeroizing::new(engine.encode(text).into_bytes()));
        }
        forms.push(Zeroizing::new(hex::encode(text).into_bytes()));
        forms.push(Zeroizing::new(hex::encode_upper(text).into_bytes()));
    }
    for text in [secret, bare] {
        forms.push(Zeroizing::new(text.to_vec()));
        // What is left as it is differs: by the standard, in browsers, in Python, in forms.
        for (kept, space) in [("-._~", "%20"), ("-._~!'()*", "%20"), ("-._~/", "%20"), ("-._*", "+")] {
            forms.push(url_encoded(text, kept, (space, true)));
            forms.push(url_encoded(text, kept, (space, false)));
        }
    }
    forms
}

fn url_encoded(text: &[u8], kept: &str, (space, upper): (&str, bool)) -> Zeroizing<Vec<u8>> {
    let mut encoded = Zeroizing::new(Vec::with_capacity(3 * text.len()));
    for byte in text {
        let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        match byte {
            b' ' => encoded.extend_from_slice(space.as_bytes()),
            b if b.is_ascii_alphanumeric() || kept.as_bytes().contains(b) => encoded.push(*b),
            b => encoded.extend([b'%', digits[usize::from(b >> 4)], digits[usize::from(b & 15)]]),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked_in(secrets: &[&[u8]], pieces: &[&[u8]]) -> (Vec<u8>, u64) {
        let mut masker = Masker::new(secrets);
        let mut out = Vec::new();
        for piece in pieces {
            masker.feed(piece, &mut out);
        }
        masker.finish(&mut out);
        (out, masker.masked())
    }

    fn masked(secret: &str, text: &str) -> String {
        String::from_utf8(masked_in(&[secret.as_bytes()], &[text.as_bytes()]).0).unwrap()
    }

    fn contains(text: &[u8], part: &[u8]) -> bool {
        text.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn k01_a_secret_is_found_whatever_pieces_it_comes_in() {
        assert!(Finder::new(b" short7\n").is_none(), "too short to be looked for");
        let text = b"xx hunthunter2-hunter2 yy";
        for cut in 0..text.len() {
            let mut finder = Finder::new(b"hunter2-\n\n").unwrap();
            let early = finder.feed(&text[..cut]);
            assert_eq!(early, cut >= 15, "{cut}");
            assert!(finder.feed(&text[cut..]), "{cut}");
        }
        assert!(!Finder::new(b"hunter2-hunter3").unwrap().feed(text));
    }

    #[test]
    fn k02_every_form_a_tool_makes_of_it_is_masked() {
        let secret = "p@ss w/rd?>~\u{fc}";
        for form in [
            "p@ss w/rd?>~\u{fc}",
            "cEBzcyB3L3JkPz5+w7w=",
            "cEBzcyB3L3JkPz5+w7w",
            "cEBzcyB3L3JkPz5-w7w=",
            "cEBzcyB3L3JkPz5-w7w",
            "cEBzcyB3L3JkPz5+w7wK",
            "70407373207",
            "704073732 0",
            "7040737320772f72643f3e7ec3bc",
            "7040737320772F72643F3E7EC3BC",
            "p%40ss%20w%2Frd%3F%3E~%C3%BC",
            "p%40ss%20w%2frd%3f%3e~%c3%bc",
            "p%40ss%20w/rd%3F%3E~%C3%BC",
            "p%40ss+w%2Frd%3F%3E%7E%C3%BC",
        ] {
            let whole = !form.starts_with("704073732") || form.len() > 11;
            let expected = if whole { "<***>".to_owned() } else { format!("<{form}>") };
            assert_eq!(masked(secret, &format!("<{form}>")), expected);
        }
    }

    #[test]
    fn the_newline_of_a_file_is_no_part_of_what_is_looked_for() {
        assert_eq!(masked("hunter2\n", "a hunter2 b\n"), "a *** b\n");
        assert_eq!(masked("hunter2\n", "hunter2\n"), "***");
    }

    #[test]
    fn secrets_that_would_blot_out_everything_are_left() {
        assert_eq!(masked("abc", "abc"), "abc");
        assert_eq!(masked("abc\n", "abc\n"), "abc\n");
        assert!(!is_masked(b"abc\n") && is_masked(b"abcd"));
        assert_eq!(masked_in(&[], &[b"text"]), (b"text".to_vec(), 0));
    }

    #[test]
    fn only_what_could_be_a_secret_is_kept_back() {
        let mut masker = Masker::new(&[b"hunter2"]);
        let mut out = Vec::new();
        masker.feed(b"my hun", &mut out);
        assert_eq!(out, b"my ");
        masker.feed(b"t", &mut out);
        assert_eq!(out, b"my ");
        masker.feed(b"! hunte", &mut out);
        assert_eq!(out, b"my hunt! ");
        masker.feed(b"r2\n", &mut out);
        assert_eq!((out.as_slice(), masker.masked()), (&b"my hunt! ***\n"[..], 1));
        masker.feed(b"hunt", &mut out);
        masker.finish(&mut out);
        assert_eq!((out.as_slice(), masker.masked()), (&b"my hunt! ***\nhunt"[..], 1));
    }

    #[test]
    fn occurrences_side_by_side_and_overlapping() {
        assert_eq!(masked("abab", "ababab abababab|abab-abab"), "*** ***|***-***");
        let (out, count) = masked_in(&[b"abcd", b"cdef"], &[b"abcdef abcdabcd"]);
        assert_eq!((out.as_slice(), count), (&b"*** ******"[..], 3));
    }

    #[test]
    fn nothing_piles_up() {
        let mut masker = Masker::new(&[b"aaaa"]);
        let mut out = Vec::new();
        for _ in 0..10_000 {
            masker.feed(b"aaaaaaa", &mut out);
            assert!(masker.held.len() < 64 && masker.found.len() < 4);
        }
        masker.finish(&mut out);
        assert_eq!(out, MASK);
    }

    fn secrets() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab%+\n".to_vec()), 1..8), 0..4)
    }

    /// Text in which the secrets, their parts and their forms are likely.
    fn text(secrets: Vec<Vec<u8>>) -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
        let mut words: Vec<Vec<u8>> = vec![b"a".to_vec(), b"b".to_vec(), b"%".to_vec(), b" ".to_vec()];
        for secret in &secrets {
            words.push(secret.clone());
            words.push(secret[..secret.len() / 2].to_vec());
            words.push(secret[secret.len() / 2..].to_vec());
            words.extend(forms(secret).into_iter().map(|form| form.to_vec()));
        }
        let texts = prop::collection::vec(prop::sample::select(words), 0..20).prop_map(|words| words.concat());
        (Just(secrets), texts)
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same_and_no_secret_survives(
            (secrets, text) in secrets().prop_flat_map(text),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let secrets: Vec<&[u8]> = secrets.iter().map(Vec::as_slice).collect();
            let (whole, count) = masked_in(&secrets, &[&text]);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text[from..cut]);
                from = cut;
            }
            prop_assert_eq!(&masked_in(&secrets, &pieces), &(whole.clone(), count));
            let each: Vec<&[u8]> = text.chunks(1).collect();
            prop_assert_eq!(&masked_in(&secrets, &each), &(whole.clone(), count));
            for secret in &secrets {
                for form in forms(secret) {
                    prop_assert!(!contains(&whole, &form), "{:?} in {:?}", form.escape_ascii().to_string(), whole.escape_ascii().to_string());
                }
            }
            let any = secrets.iter().flat_map(|secret| forms(secret)).any(|form| contains(&text, &form));
            prop_assert_eq!(any, count > 0);
            if !any {
                prop_assert_eq!(&whole, &text);
            }
        }
    }
}
