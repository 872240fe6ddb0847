//! What a registry answered before, and by which validator it says whether that still holds (RFC 9110, conditional requests): an
//! answer that has not changed is not sent again. Bounded; forgets the oldest.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use reqwest::header::{ETAG, HeaderMap, LINK};

use super::client::Reply;
use crate::domain::oci::Descriptor;

/// Answers remembered at once.
const MOST: usize = 20_000;
/// Bytes of lists remembered at once, and of the longest one.
const BYTES: usize = 32 << 20;
const LONGEST: usize = 1 << 20;
/// Longest validator sent back.
const VALIDATOR: usize = 512;

/// What was answered.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Where a tag points.
    Tag(Descriptor),
    /// A page of a list, and its `Link`.
    Page(Vec<u8>, HeaderMap),
}

impl Answer {
    fn bytes(&self) -> usize {
        match self {
            Self::Tag(_) => 0,
            Self::Page(body, _) => body.len(),
        }
    }
}

/// Answers by what was asked.
#[derive(Default)]
pub(super) struct Answers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// What the registry does not have for anybody.
    absent: HashSet<String>,
    by_question: HashMap<String, (String, Answer)>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Kept {
    fn forget(&mut self, question: &str) {
        if let Some((_, answer)) = self.by_question.remove(question) {
            self.bytes -= answer.bytes();
            self.order.retain(|other| other != question);
        }
    }
}

impl Answers {
    /// The validator of an answer, and the answer.
    pub(super) fn of(&self, question: &str) -> Option<(String, Answer)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_question.get(question).cloned()
    }

    /// Keeps where a tag points; a registry that gives no validator is asked by the digest, as registries know them.
    pub(super) fn keep_tag(&self, question: &str, reply: &Reply, descriptor: &Descriptor) {
        let validator = validator(&reply.headers).unwrap_or_else(|| format!("\"{}\"", descriptor.digest));
        self.keep(question, validator, Answer::Tag(descriptor.clone()));
    }

    /// Keeps a page where its registry gives a validator.
    pub(super) fn keep_page(&self, question: &str, reply: &Reply) {
        match validator(&reply.headers) {
            Some(validator) if reply.body.len() <= LONGEST => {
                let links = reply.headers.get_all(LINK).iter().map(|link| (LINK, link.clone()));
                self.keep(question, validator, Answer::Page(reply.body.clone(), links.collect()));
            }
            _ => self.0.lock().unwrap_or_else(PoisonError::into_inner).forget(question),
        }
    }

    /// Whether the registry has said that it does not have this at all.
    pub(super) fn is_absent(&self, what: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).absent.contains(what)
    }

    /// Keeps that the registry does not have this at all.
    pub(super) fn keep_absent(&self, what: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.absent.len() < MOST {
            kept.absent.insert(what);
        }
    }

    fn keep(&self, question: &str, validator: String, answer: Answer) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = answer.bytes();
        match kept.by_question.insert(question.to_owned(), (validator, answer)) {
            Some((_, old)) => kept.bytes -= old.bytes(),
            None => kept.order.push_back(question.to_owned()),
        }
        kept.bytes += bytes;
        while kept.by_question.len() > MOST || kept.bytes > BYTES {
            let Some(oldest) = kept.order.pop_front() else { return };
            if let Some((_, answer)) = kept.by_question.remove(&oldest) {
                kept.bytes -= answer.bytes();
            }
        }
    }
}

fn validator(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(ETAG)?.to_str().ok()?.trim();
    (!text.is_empty() && text.len() <= VALIDATOR).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::{Digest, media_type};

    fn reply(etag: Option<&str>, body: &[u8]) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(etag) = etag {
            headers.insert(ETAG, etag.parse().unwrap());
        }
        headers.insert(LINK, "</next>; rel=\"next\"".parse().unwrap());
        headers.insert("docker-content-digest", "x".parse().unwrap());
        let (status, url) = (reqwest::StatusCode::OK, "http://h/v2/".parse().unwrap());
        Reply { status, headers, url, body: body.to_vec(), asked_to_wait: None }
    }

    #[test]
    fn a_list_is_kept_with_its_link_and_a_tag_by_its_digest_where_nothing_better_is_given() {
        let answers = Answers::default();
        answers.keep_page("a", &reply(None, b"[]"));
        assert!(answers.of("a").is_none(), "nothing says when it has changed");
        answers.keep_page("a", &reply(Some("\"1\""), b"[]"));
        let Some((validator, Answer::Page(body, links))) = answers.of("a") else { panic!("not kept") };
        assert_eq!((&*validator, &*body, links.len()), ("\"1\"", &b"[]"[..], 1));
        answers.keep_page("a", &reply(None, b"[]"));
        assert!(answers.of("a").is_none(), "what has lost its validator is asked for whole");
        let image = Descriptor::new(media_type::MANIFEST, Digest::of(b"x"), 7);
        answers.keep_tag("t", &reply(None, b""), &image);
        assert_eq!(answers.of("t").unwrap().0, format!("\"{}\"", image.digest));
        answers.keep_tag("t", &reply(Some("W/\"2\""), b""), &image);
        assert_eq!(answers.of("t").unwrap().0, "W/\"2\"");
    }

    #[test]
    fn what_is_kept_is_bounded_by_bytes_and_the_oldest_goes_first() {
        let answers = Answers::default();
        let long = vec![b' '; LONGEST];
        for number in 0..=BYTES / LONGEST {
            answers.keep_page(&number.to_string(), &reply(Some("e"), &long));
        }
        assert!(answers.of("0").is_none() && answers.of("1").is_some());
        answers.keep_page("longer", &reply(Some("e"), &[&long[..], b" "].concat()));
        assert!(answers.of("longer").is_none());
    }
}
