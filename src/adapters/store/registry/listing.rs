//! Tags and catalog, page by page: only `Link`s to the same host and scheme are followed, and a listing that repeats
//! itself ends. Registries that ignore `n` and `last` simply have one long page.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use oci_client::client::{CatalogResponse, TagResponse};
use reqwest::header::LINK;
use reqwest::{StatusCode, Url};
use serde::de::DeserializeOwned;

use super::auth::Scope;
use super::client::{Ask, Client, Reply, Target};
use crate::adapters::store::{Page, StoreError};
use crate::domain::oci::{Repository, Tag};
use crate::domain::text::escape;

/// Longest page read.
const MAX_PAGE_BYTES: u64 = 16 << 20;
/// Pages of one listing.
pub(super) const MAX_PAGES: u32 = 10_000;
/// Listings remembered at once.
const MAX_LISTINGS: usize = 256;
/// Items asked for at once.
const ITEMS: u32 = 1000;

/// What each listing under way has shown, to notice repetition. The caller's `next` names it.
#[derive(Default)]
pub(super) struct Listings(Mutex<(u64, VecDeque<(u64, Seen)>)>);

#[derive(Default)]
struct Seen {
    pages: u32,
    links: HashSet<u64>,
    items: HashSet<u64>,
}

fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Listings {
    fn take(&self, id: u64) -> Seen {
        let mut listings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = listings.1.iter().position(|(known, _)| *known == id);
        at.and_then(|at| listings.1.remove(at)).map(|(_, seen)| seen).unwrap_or_default()
    }

    fn keep(&self, seen: Seen) -> u64 {
        let mut listings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listings.0 += 1;
        let id = listings.0;
        listings.1.push_back((id, seen));
        if listings.1.len() > MAX_LISTINGS {
            listings.1.pop_front();
        }
        id
    }
}

/// One page of tags.
pub(super) async fn tags(
    client: &Client,
    listings: &Listings,
    name: &str,
    after: Option<&str>,
) -> Result<Page<Tag>, StoreError> {
    let first = Ask::get(format!("{name}/tags/list?n={ITEMS}"), Scope::pull(name), format!("tags of {name}"));
    let turn = Turn::begin(listings, first, after);
    let reply = client.exchange_page(&turn.ask, MAX_PAGE_BYTES).await?;
    if !reply.status.is_success() {
        return Err(client.refusal(name, &reply));
    }
    let list: TagResponse = read(client, &turn.ask.what, &reply)?;
    let (fresh, next) = turn.end(client, listings, &reply, list.tags)?;
    let mut items: Vec<Tag> = fresh.iter().filter_map(|text| usable(client, &turn_name(name), text)).collect();
    items.sort();
    Ok(Page { items, next })
}

fn turn_name(name: &str) -> String {
    format!("a tag of {name}")
}

/// One page of repositories; those below `prefix`, without it.
pub(super) async fn repositories(
    client: &Client,
    listings: &Listings,
    prefix: Option<&Repository>,
    after: Option<&str>,
) -> Result<Page<Repository>, StoreError> {
    let turn = Turn::begin(listings, Ask::get(format!("_catalog?n={ITEMS}"), Scope::catalog(), "catalog"), after);
    let unsupported = || StoreError::CatalogUnsupported { store: client.store().to_owned() };
    let reply = match client.exchange_page(&turn.ask, MAX_PAGE_BYTES).await {
        // A token server that gives no rights to the catalog says the same as a registry that has none.
        Err(StoreError::Refused { action, .. }) if action.starts_with("a token for registry:catalog") => {
            return Err(unsupported());
        }
        other => other?,
    };
    match reply.status {
        status if status.is_success() => {}
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            return Err(unsupported());
        }
        StatusCode::UNAUTHORIZED if !client.auth.is_basic() => return Err(unsupported()),
        _ => return Err(client.refusal("catalog", &reply)),
    }
    let list: CatalogResponse = read(client, "catalog", &reply)?;
    let (fresh, next) = turn.end(client, listings, &reply, list.repositories)?;
    let below = |text: &String| match prefix {
        None => Some(text.clone()),
        Some(prefix) => text.strip_prefix(prefix.as_str())?.strip_prefix('/').map(str::to_owned),
    };
    let mut items: Vec<Repository> =
        fresh.iter().filter_map(below).filter_map(|text| usable(client, "a repository", &text)).collect();
    items.sort();
    Ok(Page { items, next })
}

fn read<T: DeserializeOwned>(client: &Client, what: &str, reply: &Reply) -> Result<T, StoreError> {
    serde_json::from_slice(&reply.body).map_err(|error| {
        let why: String = escape(&error.to_string()).chars().take(200).collect();
        client.hostile("R-09", format!("{what}: answer is no such list: {why}"))
    })
}

/// A name by the specification's grammar; others are left out, and said to be.
fn usable<T: std::str::FromStr>(client: &Client, what: &str, text: &str) -> Option<T> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        let shown: String = text.chars().take(120).collect();
        client.warn(&format!("J-13: lists {shown:?}, which is not {what} by its name; left out"));
    }
    parsed
}

/// One page of a listing: asked for, then judged.
struct Turn {
    ask: Ask,
    seen: Seen,
}

impl Turn {
    /// `after` is `ID URL`, as [`Self::end`] wrote it.
    fn begin(listings: &Listings, first: Ask, after: Option<&str>) -> Self {
        let known = after.and_then(|after| after.split_once(' '));
        let known = known.and_then(|(id, url)| Some((id.parse().ok()?, url.parse::<Url>().ok()?)));
        match known {
            Some((id, url)) => Self { ask: Ask { target: Target::Url(url), ..first }, seen: listings.take(id) },
            None => Self { ask: first, seen: Seen::default() },
        }
    }

    /// The items not shown before, and where to go on, if anywhere new.
    fn end(
        mut self,
        client: &Client,
        listings: &Listings,
        reply: &Reply,
        items: Vec<String>,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        let seen = &mut self.seen;
        let fresh: Vec<String> = items.into_iter().filter(|item| seen.items.insert(fingerprint(item))).collect();
        seen.pages += 1;
        seen.links.insert(fingerprint(reply.url.as_str()));
        let Some(next) = next_page(client, reply)? else { return Ok((fresh, None)) };
        if fresh.is_empty() || !seen.links.insert(fingerprint(next.as_str())) {
            return Ok((fresh, None));
        }
        if seen.pages >= MAX_PAGES {
            return Err(client.hostile("R-09", format!("{}: more than {MAX_PAGES} pages", self.ask.what)));
        }
        let id = listings.keep(self.seen);
        Ok((fresh, Some(format!("{id} {next}"))))
    }
}

/// The `Link` with `rel="next"` (RFC 8288), where it stays with this registry.
pub(super) fn next_page(client: &Client, reply: &Reply) -> Result<Option<Url>, StoreError> {
    let Some(text) = reply.headers.get_all(LINK).iter().filter_map(|v| v.to_str().ok()).find_map(next_link) else {
        return Ok(None);
    };
    let next = client.permitted(&reply.url, text)?;
    if next.origin() != reply.url.origin() {
        let shown = super::destination::redacted(&next);
        return Err(client.hostile("R-09", format!("the next page lies elsewhere: {shown}")));
    }
    Ok(Some(next))
}

fn next_link(value: &str) -> Option<&str> {
    let (target, parameters) = value.trim_start().strip_prefix('<')?.split_once('>')?;
    let is_next = |part: &str| {
        let (key, rel) = part.split_once('=').unwrap_or((part, ""));
        key.trim().eq_ignore_ascii_case("rel") && rel.trim().trim_matches('"').eq_ignore_ascii_case("next")
    };
    parameters.split([';', ',']).any(is_next).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r09_links_are_read_in_their_usual_forms() {
        assert_eq!(next_link("</v2/a/tags/list?last=x&n=2>; rel=\"next\""), Some("/v2/a/tags/list?last=x&n=2"));
        assert_eq!(next_link("<http://h/x>;rel=next"), Some("http://h/x"));
        assert_eq!(next_link("</x>; rel=\"prev\""), None);
        assert_eq!(next_link("/x; rel=next"), None);
    }
}
