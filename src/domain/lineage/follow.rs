//! Which tag an image's base is had by: the one the image names, else one that has moved away from the base, else one that
//! stands for all of its line.

use std::collections::{BTreeMap, BTreeSet};

use super::told::Told;
use super::{Hint, Image, Pointed};
use crate::domain::oci::Digest;

/// What every tag points to, now and before.
pub(super) struct Tags<'i> {
    images: &'i [Image],
    told: &'i Told<'i>,
    /// By repository and tag: the image it points to now.
    now: BTreeMap<(&'i str, &'i str), usize>,
    /// By digest: the tags that pointed to it once.
    before: BTreeMap<&'i Digest, BTreeSet<(&'i str, &'i str)>>,
    /// By repository: every image it is known to have had.
    had: BTreeMap<&'i str, BTreeSet<usize>>,
    /// By number: when it was made; of an image that does not tell, when it was seen first.
    dates: Vec<Option<i64>>,
}

impl<'i> Tags<'i> {
    pub(super) fn new(images: &'i [Image], pointed: &'i [Pointed], told: &'i Told<'i>) -> Self {
        let mut tags = Self {
            images,
            told,
            now: BTreeMap::new(),
            before: BTreeMap::new(),
            had: BTreeMap::new(),
            dates: Vec::new(),
        };
        let mut numbers: BTreeMap<&Digest, usize> = BTreeMap::new();
        for (number, image) in images.iter().enumerate() {
            numbers.insert(&image.digest, number);
            for part in image.parts.values() {
                numbers.entry(&part.digest).or_insert(number);
            }
            for place in &image.places {
                tags.now.insert((&place.repository, &place.tag), number);
                tags.had.entry(&place.repository).or_default().insert(number);
            }
        }
        for hint in told.all() {
            if let (Some(repository), Some(tag), Some(digest)) = (&hint.repository, &hint.tag, &hint.digest) {
                tags.before.entry(digest).or_default().insert((repository, tag));
            }
        }
        for pointed in pointed {
            tags.before.entry(&pointed.digest).or_default().insert((&pointed.repository, &pointed.tag));
        }
        let mut seen: BTreeMap<usize, i64> = BTreeMap::new();
        for pointed in pointed {
            if let (Some(number), Some(at)) = (numbers.get(&pointed.digest), pointed.seen) {
                seen.entry(*number).and_modify(|first| *first = at.min(*first)).or_insert(at);
            }
        }
        let date = |(number, image): (usize, &Image)| image.created.or_else(|| seen.get(&number).copied());
        tags.dates = images.iter().enumerate().map(date).collect();
        for (digest, places) in &tags.before {
            if let Some(number) = numbers.get(digest) {
                places.iter().for_each(|(repository, _)| {
                    tags.had.entry(repository).or_default().insert(*number);
                });
            }
        }
        tags
    }

    /// The image a tag points to now.
    pub(super) fn now(&self, (repository, tag): (&str, &str)) -> Option<usize> {
        self.now.get(&(repository, tag)).copied()
    }

    /// The tag a child of `base` follows.
    pub(super) fn followed(&self, child: usize, base: usize) -> Option<(&'i str, &'i str)> {
        self.named(child, base).or_else(|| self.moved(base)).or_else(|| self.line(base)).or_else(|| self.own(base))
    }

    /// The one that is named for it, where that is or was a name of its base.
    fn named(&self, child: usize, base: usize) -> Option<(&'i str, &'i str)> {
        self.told.of(child).iter().find_map(|hint| self.named_by(hint, base))
    }

    fn named_by(&self, hint: &'i Hint, base: usize) -> Option<(&'i str, &'i str)> {
        let (repository, tag) = (hint.repository.as_deref()?, hint.tag.as_deref()?);
        let image = &self.images[base];
        let by_digest = hint.digest.as_ref().is_some_and(|digest| image.is_named_by(digest));
        let by_name = image.places.iter().any(|place| place.repository == repository)
            || self.had.get(repository).is_some_and(|had| had.contains(&base));
        (by_digest || by_name).then_some((repository, tag))
    }

    /// One that pointed to it and points elsewhere now; the most exact one.
    fn moved(&self, base: usize) -> Option<(&'i str, &'i str)> {
        let image = &self.images[base];
        let names = image.digests().filter_map(|digest| self.before.get(digest)).flatten().copied();
        let away = names.filter(|name| self.now(*name).is_some_and(|now| now != base));
        away.max_by_key(|(_, tag)| (tag.len(), *tag))
    }

    /// One that stands for its line, `3.12` for `3.12.6`, and points to something newer; the most exact one.
    fn line(&self, base: usize) -> Option<(&'i str, &'i str)> {
        let image = &self.images[base];
        let newer = |now: usize| self.dates[now] > self.dates[base];
        let lines = image.places.iter().flat_map(|place| {
            let whole = place.tag.as_str();
            let ends = whole.char_indices().filter(|(_, c)| matches!(c, '.' | '-')).map(|(at, _)| at);
            ends.map(move |at| (place.repository.as_str(), &whole[..at]))
        });
        let away = lines.filter(|name| self.now(*name).is_some_and(|now| now != base && newer(now)));
        away.max_by_key(|(_, tag)| (tag.len(), *tag))
    }

    fn own(&self, base: usize) -> Option<(&'i str, &'i str)> {
        self.images[base].places.first().map(|place| (place.repository.as_str(), place.tag.as_str()))
    }

    /// How many images of the repository are newer than `base`, up to `now`, at least one; and when the first of them was made,
    /// or seen first where it does not tell.
    pub(super) fn between(&self, repository: &str, base: usize, now: usize) -> (usize, Option<i64>) {
        let created = |number: usize| self.dates[number];
        let had = self.had.get(repository).into_iter().flatten().copied();
        let between = had
            .filter(|number| *number != base && created(*number) > created(base) && created(*number) <= created(now));
        let between: Vec<Option<i64>> = between.map(created).collect();
        (between.len().max(1), between.into_iter().flatten().min().or(created(now)))
    }
}
