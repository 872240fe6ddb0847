//! `index.json`: read strictly, changed under a lock, swapped whole. Keeps what other tools wrote beside our entries.

use serde_json::{Map, Value};

use super::disk::read_small;
use super::name::EntryName;
use super::open::{INDEX, Layout, replace};
use crate::adapters::store::StoreError;
use crate::domain::oci::annotation::REF_NAME;
use crate::domain::oci::{Descriptor, Digest, JsonError, ManifestError, media_type, parse_strict};

/// Largest `index.json` accepted.
const MAX_INDEX_BYTES: u64 = 16 << 20;
/// Most entries accepted.
const MAX_ENTRIES: usize = 50_000;

/// The parsed index: the document as it was, and each entry as bakery understands it.
pub(super) struct Index {
    document: Map<String, Value>,
    raw: Vec<Value>,
    entries: Vec<Descriptor>,
}

/// The name an entry carries, as written.
pub(super) fn entry_name(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(REF_NAME).map(String::as_str)
}

/// An entry's descriptor with another name, or none.
pub(super) fn named_as(entry: &Descriptor, name: Option<&str>) -> Descriptor {
    let mut entry = Descriptor { data: None, ..entry.clone() };
    entry.annotations.remove(REF_NAME);
    if let Some(name) = name {
        entry.annotations.insert(REF_NAME.into(), name.into());
    }
    entry
}

impl Index {
    fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let Value::Object(mut document) = parse_strict(bytes)? else {
            return Err(ManifestError::Unsupported("not a JSON object".into()));
        };
        for key in ["layers", "config", "fsLayers"] {
            if document.contains_key(key) {
                return Err(ManifestError::Ambiguous("manifests", key));
            }
        }
        let version = document.get("schemaVersion").and_then(Value::as_u64).unwrap_or(0);
        if version != 2 {
            return Err(ManifestError::SchemaVersion(version));
        }
        if let Some(inside) = document.get("mediaType").and_then(Value::as_str)
            && inside != media_type::INDEX
        {
            return Err(ManifestError::MediaType { inside: inside.to_owned(), outside: media_type::INDEX.into() });
        }
        let raw = match document.remove("manifests") {
            Some(Value::Array(raw)) => raw,
            _ => return Err(ManifestError::Unsupported("no manifests array".into())),
        };
        if raw.len() > MAX_ENTRIES {
            let (family, what) = ("J-11", "index entries");
            return Err(ManifestError::TooMany { family, what, count: raw.len(), limit: MAX_ENTRIES });
        }
        let entries = raw.iter().map(serde::Deserialize::deserialize);
        let entries = entries.collect::<Result<Vec<Descriptor>, _>>().map_err(ManifestError::Shape)?;
        Ok(Self { document, raw, entries })
    }

    pub(super) fn entries(&self) -> &[Descriptor] {
        &self.entries
    }

    /// Points `name` at `entry`: in the place of the first entry so named, else at the end. Whether anything changed.
    pub(super) fn name_entry(&mut self, name: &str, entry: Descriptor) -> Result<bool, ManifestError> {
        let named = |e: &Descriptor| entry_name(e) == Some(name);
        let at = self.entries.iter().position(named);
        if let Some(at) = at
            && self.entries[at] == entry
            && self.entries.iter().filter(|e| named(e)).count() == 1
        {
            return Ok(false);
        }
        let raw = serde_json::to_value(&entry).map_err(ManifestError::Shape)?;
        match at {
            Some(at) => {
                self.entries[at] = entry;
                self.raw[at] = raw;
                let mut position = 0;
                self.retain(|e| {
                    position += 1;
                    position - 1 <= at || entry_name(e) != Some(name)
                });
            }
            None => {
                self.entries.push(entry);
                self.raw.push(raw);
            }
        }
        Ok(true)
    }

    /// Adds a nameless entry, unless the content is listed already. Whether anything changed.
    pub(super) fn list_entry(&mut self, entry: Descriptor) -> Result<bool, ManifestError> {
        if self.entries.iter().any(|known| known.digest == entry.digest) {
            return Ok(false);
        }
        self.raw.push(serde_json::to_value(&entry).map_err(ManifestError::Shape)?);
        self.entries.push(entry);
        Ok(true)
    }

    /// Drops entries; gives how many.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Descriptor) -> bool) -> usize {
        let kept: Vec<bool> = self.entries.iter().map(&mut keep).collect();
        let before = self.entries.len();
        let mut flags = kept.iter();
        self.entries.retain(|_| flags.next().copied().unwrap_or(true));
        let mut flags = kept.iter();
        self.raw.retain(|_| flags.next().copied().unwrap_or(true));
        before - self.entries.len()
    }

    fn to_bytes(&self) -> Result<Vec<u8>, ManifestError> {
        let mut document = self.document.clone();
        document.insert("manifests".into(), Value::Array(self.raw.clone()));
        let bytes = serde_json::to_vec(&document).map_err(|error| ManifestError::Json(JsonError::from(error)))?;
        if bytes.len() as u64 > MAX_INDEX_BYTES {
            return Err(ManifestError::TooLarge(bytes.len() as u64));
        }
        Ok(bytes)
    }
}

impl Layout {
    /// The entries of `index.json`, as they stand there.
    pub fn entries(&self) -> Result<Vec<Descriptor>, StoreError> {
        Ok(self.read_index()?.entries)
    }

    /// Points `name` (`NAME:TAG`, or a bare tag) at content that is in the layout, atomically and durably.
    pub fn tag(&self, name: &str, descriptor: &Descriptor) -> Result<(), StoreError> {
        self.name_and_list(&[(name.to_owned(), descriptor.clone())], &[])
    }

    /// Names content that is in the layout, and lists other content without a name, in one change of the index.
    pub(super) fn name_and_list(
        &self,
        named: &[(String, Descriptor)],
        listed: &[Descriptor],
    ) -> Result<(), StoreError> {
        if named.is_empty() && listed.is_empty() {
            return Ok(());
        }
        let names = named.iter().map(|(name, _)| self.checked_name(name).map(|name| name.to_string()));
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        let _hold = self.hold()?;
        let mut all = named.iter().map(|(_, descriptor)| descriptor).chain(listed);
        if let Some(absent) = all.find(|descriptor| !self.has(descriptor)) {
            return Err(StoreError::NotFound { store: self.label(), what: format!("manifest {}", absent.digest) });
        }
        let change = |index: &mut Index| {
            let mut changed = false;
            for (name, (_, descriptor)) in names.iter().zip(named) {
                changed |= index.name_entry(name, named_as(descriptor, Some(name)))?;
            }
            for descriptor in listed {
                changed |= index.list_entry(named_as(descriptor, None))?;
            }
            Ok(changed)
        };
        self.change_index(change).map(drop)
    }

    /// The same where `name` points at `from` now; `false`, and nothing is moved, where it does not.
    pub fn tag_from(&self, name: &str, from: &Digest, descriptor: &Descriptor) -> Result<bool, StoreError> {
        let name = self.checked_name(name)?.to_string();
        let _hold = self.hold()?;
        if !self.has(descriptor) {
            return Err(StoreError::NotFound { store: self.label(), what: format!("manifest {}", descriptor.digest) });
        }
        let entry = named_as(descriptor, Some(&name));
        let mut is_there = false;
        self.change_index(|index| {
            is_there = index.entries.iter().any(|known| entry_name(known) == Some(&name) && known.digest == *from);
            if is_there { index.name_entry(&name, entry) } else { Ok(false) }
        })?;
        Ok(is_there)
    }

    /// Lists content that is in the layout without a name: how referrers stand in a layout.
    pub fn list(&self, descriptor: &Descriptor) -> Result<(), StoreError> {
        self.name_and_list(&[], std::slice::from_ref(descriptor))
    }

    /// Removes a name; `false` when nothing had it. The content stays until the next gc.
    pub fn untag(&self, name: &str) -> Result<bool, StoreError> {
        let name = self.checked_name(name)?.to_string();
        self.change_index(|index| Ok(index.retain(|entry| entry_name(entry) != Some(&name)) > 0))
    }

    pub(super) fn checked_name(&self, name: &str) -> Result<EntryName, StoreError> {
        name.parse().map_err(|error: crate::domain::oci::ReferenceError| StoreError::Hostile {
            store: self.label(),
            family: "J-13",
            detail: error.to_string(),
        })
    }

    pub(super) fn read_index(&self) -> Result<Index, StoreError> {
        let bytes = read_small(&self.path().join(INDEX), MAX_INDEX_BYTES)?;
        Index::parse(&bytes).map_err(|source| self.index_error(source))
    }

    /// Reads, changes and swaps the index under its lock; writes only when `change` says that something changed.
    pub(super) fn change_index(
        &self,
        change: impl FnOnce(&mut Index) -> Result<bool, ManifestError>,
    ) -> Result<bool, StoreError> {
        let _lock = self.lock_index()?;
        let mut index = self.read_index()?;
        let changed = change(&mut index).map_err(|source| self.index_error(source))?;
        if changed {
            let bytes = index.to_bytes().map_err(|source| self.index_error(source))?;
            replace(self.path(), INDEX, &bytes)?;
        }
        Ok(changed)
    }

    fn index_error(&self, source: ManifestError) -> StoreError {
        StoreError::Manifest { store: self.label(), what: INDEX.into(), source }
    }
}
