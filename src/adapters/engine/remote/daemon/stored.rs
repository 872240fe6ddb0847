//! An image a daemon on this machine has made, read where it lies in that daemon's storage: only what is new of it, where
//! `docker save` first puts together all that it stands on, too. It is a shorter way to the same layers and no more: whatever
//! is not as expected (another machine's daemon, another storage driver, no right to look) gives `None`.
//!
//! What the daemon says of places is not believed. The image's config and which folder is which layer are read in the
//! storage itself, below one root, through no symlink; the config must be what the image's id says. Only root reads there: to
//! others owners are not who they are in the image.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::Docker;
use bollard::models::ImageInspect;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, statat};
use tokio_util::sync::CancellationToken;

use super::{Daemon, DaemonKind};
use crate::adapters::engine::remote::LayerFile;
use crate::adapters::engine::remote::left::Left;
use crate::adapters::snapshot::{UpperError, copy_out, open_folder};
use crate::domain::oci::{ChainId, Descriptor, DiffId, Digest, ImageConfig, media_type};

/// Layers read at once.
const AT_ONCE: usize = 4;
/// Largest document of a storage: podman has one for all its layers.
const MAX_DOCUMENT: u64 = 64 << 20;

/// An image as it lies in a storage.
pub(super) struct Stored {
    pub(super) config: Vec<u8>,
    /// Its layers, bottom first.
    pub(super) layers: Vec<StoredLayer>,
    pub(super) storage: Storage,
}

/// A layer as it lies in a storage.
pub(super) struct StoredLayer {
    pub(super) diff_id: DiffId,
    /// What the storage calls it.
    pub(super) id: String,
    pub(super) folder: OwnedFd,
}

impl Daemon {
    /// The image called `tag`, where it can be read here.
    pub(super) async fn stored(&self, docker: &Docker, tag: &str) -> Option<Stored> {
        if !self.is_trusted_here() {
            return None;
        }
        let said = docker.inspect_image(tag).await.ok()?;
        let kind = self.kind;
        let look =
            move || Places::of(kind, &said).filter(|places| has_own_ids(&places.root)).and_then(|_| find(kind, &said));
        tokio::task::spawn_blocking(look).await.ok()?
    }

    /// Whether its storage may be on this machine, and both it and we are root's: another user's daemon could name folders that
    /// are not that user's to read, and to another user a file's owner is not who it is in the image.
    fn is_trusted_here(&self) -> bool {
        let Some(socket) = self.address.strip_prefix("unix://") else { return false };
        let socket = format!("/{}", socket.trim_start_matches('/'));
        rustix::process::geteuid().is_root() && std::fs::metadata(socket).is_ok_and(|socket| socket.uid() == 0)
    }
}

/// Whether owners in a storage are those of the image. A daemon that maps them (dockerd's `userns-remap`) keeps its storage in a
/// folder named after its ids, `100000.100000`, which is theirs.
fn has_own_ids(root: &Path) -> bool {
    let name = root.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_mapped = name.split_once('.').is_some_and(|ids| [ids.0, ids.1].iter().all(|id| id.parse::<u32>().is_ok()));
    !is_mapped && std::fs::metadata(root).is_ok_and(|root| (root.uid(), root.gid()) == (0, 0))
}

/// Where a storage is, and the folders of an image's layers in it, bottom first.
struct Places {
    root: PathBuf,
    driver: String,
    ids: Vec<String>,
}

impl Places {
    /// As the daemon says them: `ROOT/DRIVER/ID/diff` each.
    fn of(kind: DaemonKind, said: &ImageInspect) -> Option<Self> {
        let said = said.graph_driver.as_ref()?;
        let driver = match kind {
            DaemonKind::Docker => "overlay2",
            DaemonKind::Podman => "overlay",
        };
        let upper = said.data.get("UpperDir").filter(|_| said.name == driver)?;
        let lower = said.data.get("LowerDir").map(String::as_str).unwrap_or_default();
        let mut folders = lower.split(':').filter(|folder| !folder.is_empty()).collect::<Vec<_>>();
        folders.reverse();
        folders.push(upper);
        let root = Path::new(upper).ancestors().nth(3)?.to_owned();
        let id = |folder: &str| {
            let id = Path::new(folder).strip_prefix(root.join(driver)).ok()?.to_str()?.strip_suffix("/diff")?;
            is_plain(id).then(|| id.to_owned())
        };
        let ids = folders.into_iter().map(id).collect::<Option<_>>()?;
        Some(Self { root, driver: driver.to_owned(), ids })
    }
}

fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// A storage's root, and what is beneath it.
pub(super) struct Storage {
    root: OwnedFd,
    driver: String,
}

impl Storage {
    pub(super) fn open(root: &Path, driver: &str) -> Option<Self> {
        let root = File::open(root).ok().filter(|_| root.is_absolute())?;
        Some(Self { root: root.into(), driver: driver.to_owned() })
    }

    fn folder(&self, path: &str) -> Option<OwnedFd> {
        open_folder(self.root.as_fd(), path.as_bytes()).ok()
    }

    fn layer(&self, id: &str) -> Option<OwnedFd> {
        self.folder(&format!("{}/{id}/diff", self.driver))
    }

    /// The one layer made since then on top of the one called `below`: what a dockerd makes for a step, before it is in any
    /// image. `None` where there is none, or more than one.
    pub(super) fn above(&self, below: &str, since: SystemTime) -> Option<(String, OwnedFd)> {
        let since = since.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let link = self.document(&format!("{}/{below}/link", self.driver))?;
        let link = [b"l/", link.trim_ascii()].concat();
        let is_above = |name: &str| {
            let lower = self.document(&format!("{}/{name}/lower", self.driver)).unwrap_or_default();
            lower.strip_prefix(link.as_slice()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b":"))
        };
        let all = self.folder(&self.driver)?;
        let mut found = None;
        for entry in Dir::read_from(&all).ok()? {
            let entry = entry.ok()?;
            let Some(name) = entry.file_name().to_str().ok().filter(|name| is_plain(name)) else { continue };
            let Ok(place) = statat(&all, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_new = u64::try_from(place.st_mtime).is_ok_and(|at| at >= since);
            if is_new && is_above(name) && found.replace(name.to_owned()).is_some() {
                return None;
            }
        }
        let id = found?;
        let folder = self.layer(&id)?;
        Some((id, folder))
    }

    fn document(&self, path: &str) -> Option<Vec<u8>> {
        let (folder, name) = path.rsplit_once('/')?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(self.folder(folder)?, name, flags, Mode::empty()).ok()?);
        let mut bytes = Vec::new();
        file.take(MAX_DOCUMENT).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

fn find(kind: DaemonKind, said: &ImageInspect) -> Option<Stored> {
    let id: Digest = match said.id.as_deref()? {
        id if id.contains(':') => id.parse().ok()?,
        id => format!("sha256:{id}").parse().ok()?,
    };
    let places = Places::of(kind, said)?;
    let storage = Storage::open(&places.root, &places.driver)?;
    let config = storage.document(&match kind {
        DaemonKind::Docker => format!("image/{}/imagedb/content/sha256/{}", places.driver, id.encoded()),
        DaemonKind::Podman => {
            let name = STANDARD.encode(id.to_string());
            format!("{}-images/{}/={name}", places.driver, id.encoded())
        }
    })?;
    if Digest::of(&config) != id {
        return None;
    }
    let ids = ImageConfig::parse(&config).ok()?.rootfs.diff_ids;
    if ids.len() != places.ids.len() || !are_those(kind, &storage, &places, &ids)? {
        return None;
    }
    let layer = |(id, diff_id): (String, DiffId)| {
        let folder = storage.layer(&id)?;
        Some(StoredLayer { diff_id, id, folder })
    };
    let layers = places.ids.into_iter().zip(ids).map(layer).collect::<Option<Vec<_>>>()?;
    Some(Stored { config, layers, storage })
}

/// Whether the storage itself says that its folders of these ids are these layers.
fn are_those(kind: DaemonKind, storage: &Storage, places: &Places, layers: &[DiffId]) -> Option<bool> {
    #[derive(serde::Deserialize)]
    struct Layer {
        id: String,
        #[serde(rename = "diff-digest")]
        diff_id: Option<String>,
    }
    if kind == DaemonKind::Podman {
        let said = storage.document(&format!("{}-layers/layers.json", places.driver))?;
        let said: Vec<Layer> = serde_json::from_slice(&said).ok()?;
        let said: BTreeMap<&str, Option<&str>> =
            said.iter().map(|layer| (layer.id.as_str(), layer.diff_id.as_deref())).collect();
        let is_it = |(id, layer): (&String, &DiffId)| {
            said.get(id.as_str()).is_some_and(|said| *said == Some(layer.to_string().as_str()))
        };
        return Some(places.ids.iter().zip(layers).all(is_it));
    }
    let mut chain = None;
    for (id, layer) in places.ids.iter().zip(layers) {
        let here = ChainId::extend(chain.as_ref(), layer);
        let place = format!("image/{}/layerdb/sha256/{}/cache-id", places.driver, here.0.encoded());
        if storage.document(&place)? != id.as_bytes() {
            return Some(false);
        }
        chain = Some(here);
    }
    Some(true)
}

fn not_kept(source: io::Error) -> UpperError {
    UpperError::Io { path: String::new(), action: "keep what came back", source }
}

/// Reads a layer's folder into a layout.
pub(super) fn copied(folder: &OwnedFd, left: &Left, stop: &CancellationToken) -> Result<LayerFile, UpperError> {
    let blob = copy_out(folder.as_fd(), left.blob().map_err(not_kept)?, &|| stop.is_cancelled())?;
    let (digest, size) = blob.finish(&|_| false).map_err(not_kept)?;
    Ok(LayerFile { path: left.place(&digest), descriptor: Descriptor::new(media_type::LAYER, digest, size) })
}

impl Stored {
    /// Leaves it as a layout in the empty folder `into`; layers that `is_known` are not read, and those that were `read` not
    /// again.
    pub(super) fn leave(
        self,
        into: &Path,
        is_known: &(dyn Fn(&DiffId) -> bool + Sync),
        read: &BTreeMap<String, LayerFile>,
        stop: &CancellationToken,
    ) -> Result<(), UpperError> {
        let left = Left::begin(into).map_err(not_kept)?;
        let one = |layer: &StoredLayer| {
            if is_known(&layer.diff_id) {
                return Ok(Descriptor::new(media_type::LAYER, layer.diff_id.0.clone(), 0));
            }
            if let Some(file) = read.get(&layer.id)
                && let Some(adopted) = left.adopt(file).map_err(not_kept)?
            {
                return Ok(adopted);
            }
            copied(&layer.folder, &left, stop).map(|file| file.descriptor)
        };
        // Several at once: a layer of many small files is read one file after the other.
        let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(self.layers.len()) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(layer) = self.layers.get(at) else { break };
                        let made = one(layer);
                        found.lock().unwrap_or_else(PoisonError::into_inner).insert(at, made);
                    }
                });
            }
        });
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let layers = found.into_values();
        left.finish(&self.config, layers.collect::<Result<_, _>>()?).map_err(not_kept)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use bollard::models::DriverData;

    use super::*;

    /// A storage as dockers keep it, with an image of two layers; what its daemon says of the image.
    fn docker(root: &Path) -> ImageInspect {
        let layers = [DiffId(Digest::of(b"base")), DiffId(Digest::of(b"own"))];
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}","{}"]}}}}"#,
            layers[0], layers[1]
        );
        let id = Digest::of(config.as_bytes());
        let put = |path: String, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put(format!("image/overlay2/imagedb/content/sha256/{}", id.encoded()), &config);
        for (count, folder) in [(1, "aa"), (2, "bb")] {
            let chain = ChainId::of(&layers[..count]).unwrap();
            put(format!("image/overlay2/layerdb/sha256/{}/cache-id", chain.0.encoded()), folder);
            put(format!("overlay2/{folder}/diff/file"), folder);
        }
        let place = |folder: &str| format!("{}/overlay2/{folder}/diff", root.display());
        let data = HashMap::from([("UpperDir".into(), place("bb")), ("LowerDir".into(), place("aa"))]);
        let driver = DriverData { name: "overlay2".into(), data };
        ImageInspect { id: Some(id.to_string()), graph_driver: Some(driver), ..ImageInspect::default() }
    }

    #[test]
    fn an_image_is_found_as_its_storage_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let said = docker(folder.path());
        let stored = find(DaemonKind::Docker, &said).unwrap();
        let base = DiffId(Digest::of(b"base"));
        let into = tempfile::tempdir().unwrap();
        stored.leave(into.path(), &|layer| *layer == base, &BTreeMap::new(), &CancellationToken::new()).unwrap();
        let blobs = fs::read_dir(into.path().join("blobs/sha256")).unwrap();
        let blobs: Vec<Vec<u8>> = blobs.map(|blob| fs::read(blob.unwrap().path()).unwrap()).collect();
        let has = |text: &[u8]| blobs.iter().any(|blob| blob.windows(text.len()).any(|part| part == text));
        assert!(blobs.len() == 3 && has(b"bb") && !has(b"aa\0"), "config, manifest and the one layer that is new");
    }

    #[test]
    fn owners_that_are_mapped_are_not_taken_for_the_images() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str, owner: u32| {
            let place = folder.path().join(name);
            fs::create_dir(&place).unwrap();
            std::os::unix::fs::chown(&place, Some(0), Some(owner)).unwrap();
            has_own_ids(&place)
        };
        assert!(place("docker", 0) && place("storage.1", 0));
        assert!(!place("100000.100000", 0) && !place("mapped", 100_000) && !has_own_ids(&folder.path().join("none")));
    }

    #[test]
    fn what_a_step_makes_is_found_where_it_is_the_only_one_there() {
        let folder = tempfile::tempdir().unwrap();
        let place = |path: &str| folder.path().join("overlay2").join(path);
        let put = |id: &str, link: &str, lower: &str| {
            fs::create_dir_all(place(&format!("{id}/diff"))).unwrap();
            fs::write(place(&format!("{id}/link")), link).unwrap();
            fs::write(place(&format!("{id}/lower")), lower).unwrap();
        };
        put("base", "AAA", "");
        put("made", "BBB", "l/AAA");
        put("further", "CCC", "l/BBB:l/AAA");
        put("longer", "DDD", "l/AAAB:l/EEE");
        put("container-init", "FFF", "l/BBB:l/AAA");
        let storage = Storage::open(folder.path(), "overlay2").unwrap();
        let above = |below: &str, since| storage.above(below, since).map(|(id, _)| id);
        let (then, later) = (SystemTime::UNIX_EPOCH, SystemTime::now() + Duration::from_secs(3600));
        assert_eq!(above("base", then).as_deref(), Some("made"));
        assert_eq!(above("made", then).as_deref(), Some("further"));
        assert_eq!((above("further", then), above("none", then), above("base", later)), (None, None, None));
        // Whose it is cannot be told any more.
        put("another", "GGG", "l/AAA");
        assert_eq!(above("base", then), None);
    }

    #[test]
    fn what_a_daemon_says_of_places_is_not_believed() {
        type Turn = fn(&Path, &mut ImageInspect);
        fn data(said: &mut ImageInspect) -> &mut HashMap<String, String> {
            &mut said.graph_driver.as_mut().unwrap().data
        }
        let turns: [(&str, Turn); 7] = [
            ("another image", |_, said| said.id = Some(Digest::of(b"other").to_string())),
            ("another folder", |root, said| {
                fs::create_dir_all(root.join("overlay2/cc/diff")).unwrap();
                data(said).insert("UpperDir".into(), format!("{}/overlay2/cc/diff", root.display()));
            }),
            ("a way out", |root, said| {
                data(said).insert("UpperDir".into(), format!("{}/overlay2/../../diff", root.display()));
            }),
            ("a link", |root, _| {
                fs::rename(root.join("overlay2/bb"), root.join("elsewhere")).unwrap();
                symlink("../elsewhere", root.join("overlay2/bb")).unwrap();
            }),
            ("a layer too few", |_, said| drop(data(said).remove("LowerDir"))),
            ("another driver", |_, said| said.graph_driver.as_mut().unwrap().name = "btrfs".into()),
            ("nothing", |root, _| fs::remove_dir_all(root).unwrap()),
        ];
        for (what, turn) in turns {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("root");
            let mut said = docker(&root);
            assert!(find(DaemonKind::Docker, &said).is_some());
            turn(&root, &mut said);
            assert!(find(DaemonKind::Docker, &said).is_none(), "{what}");
        }
    }
}
