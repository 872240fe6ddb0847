//! Random layers, the same for the same seed: few names, so that they meet; whiteouts, opaque folders, hard links, other types,
//! modes, owners, attributes, and files that only have another place.

use std::collections::BTreeMap;

use tar::{Builder, EntryType, Header};

/// Numbers that follow from a seed.
pub struct Random {
    state: u64,
    /// What stands after the layers made so far.
    standing: BTreeMap<String, Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    File(u8),
    Symlink,
    Fifo,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, standing: BTreeMap::new() }
    }

    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % end
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// The same past, another future.
    pub fn fork(&self, seed: u64) -> Self {
        Self { state: Self::new(seed).state, standing: self.standing.clone() }
    }

    fn path(&mut self) -> String {
        let depth = 1 + self.below(3);
        let part = |random: &mut Self| random.pick(&["a", "b", "c", "d", "é", "s p"]);
        (0..depth).map(|_| part(self)).collect::<Vec<_>>().join("/")
    }

    fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        self.standing.retain(|standing, _| standing != path && !standing.starts_with(&below));
    }
}

/// One layer on top of those before it.
pub fn archive(random: &mut Random) -> Vec<u8> {
    let mut layer = Archive { tar: Builder::new(Vec::new()), said: BTreeMap::new() };
    layer.take_away(random);
    for _ in 0..6 + random.below(12) {
        layer.entry(random);
    }
    for _ in 0..random.below(4) {
        layer.link(random);
    }
    layer.tar.into_inner().unwrap()
}

struct Archive {
    tar: Builder<Vec<u8>>,
    /// What this layer has said already.
    said: BTreeMap<String, Kind>,
}

impl Archive {
    /// Whiteouts and opaque folders, of what the layers below have.
    fn take_away(&mut self, random: &mut Random) {
        for _ in 0..random.below(4) {
            let there: Vec<(String, Kind)> = random.standing.iter().map(|(path, kind)| (path.clone(), *kind)).collect();
            if there.is_empty() {
                return;
            }
            let (path, kind) = random.pick(&there);
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if kind == Kind::Folder && random.one_in(3) {
                self.put(random, &path, Kind::Folder);
                self.put(random, &format!("{path}/.wh..wh..opq"), Kind::File(0));
                let below = format!("{path}/");
                random.standing.retain(|standing, _| !standing.starts_with(&below));
            } else if !self.said.keys().any(|said| *said == path || said.starts_with(&format!("{path}/"))) {
                let gone = [folder, &format!(".wh.{name}")].join("/");
                self.put(random, gone.trim_start_matches('/'), Kind::File(0));
                random.remove(&path);
                // What went may come back elsewhere.
                if let Kind::File(content) = kind
                    && random.one_in(2)
                {
                    let to = format!("moved-{}", random.below(5));
                    if !random.standing.contains_key(&to) {
                        self.put(random, &to, Kind::File(content));
                        random.standing.insert(to, Kind::File(content));
                    }
                }
            }
        }
    }

    fn entry(&mut self, random: &mut Random) {
        let path = random.path();
        // Folders above it come first, unless they are there and nobody minds.
        let above: Vec<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).collect();
        if above.iter().any(|folder| self.said.get(*folder).is_some_and(|kind| *kind != Kind::Folder)) {
            return;
        }
        for folder in above {
            let stands = random.standing.get(folder) == Some(&Kind::Folder);
            if !(self.said.contains_key(folder) || stands && random.one_in(2)) {
                self.put(random, folder, Kind::Folder);
                random.standing.insert(folder.to_owned(), Kind::Folder);
            }
        }
        let kind = match random.below(12) {
            0..=6 => Kind::File(u8::try_from(random.below(6)).unwrap()),
            7..=8 => Kind::Folder,
            9..=10 => Kind::Symlink,
            _ => Kind::Fifo,
        };
        let below = format!("{path}/");
        let is_used = self.said.contains_key(&path) || self.said.keys().any(|said| said.starts_with(&below));
        if is_used {
            return;
        }
        self.put(random, &path, kind);
        if kind != Kind::Folder {
            random.remove(&path);
        }
        random.standing.insert(path, kind);
    }

    /// A further name of a file that stands.
    fn link(&mut self, random: &mut Random) {
        let is_file = |(path, kind): (&String, &Kind)| matches!(kind, Kind::File(_)).then(|| path.clone());
        let files: Vec<String> = random.standing.iter().filter_map(is_file).collect();
        let name = format!("link-{}", random.below(4));
        if files.is_empty() || self.said.contains_key(&name) {
            return;
        }
        let target = random.pick(&files);
        if target == name {
            return;
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Link);
        header.set_size(0);
        header.set_mode(0o644);
        self.tar.append_link(&mut header, &name, &target).unwrap();
        let kind = random.standing[&target];
        self.said.insert(name.clone(), kind);
        random.standing.insert(name, kind);
    }

    fn put(&mut self, random: &mut Random, path: &str, kind: Kind) {
        self.said.insert(path.to_owned(), kind);
        if random.one_in(8) && matches!(kind, Kind::File(_) | Kind::Folder) && !path.contains(".wh.") {
            let value = random.pick(&["one", "two"]);
            self.tar.append_pax_extensions([("SCHILY.xattr.user.note", value.as_bytes())]).unwrap();
        }
        let mut header = Header::new_gnu();
        header.set_mode(random.pick(&[0o644, 0o644, 0o755, 0o600, 0o4755]));
        header.set_uid(random.pick(&[0, 0, 0, 1000]));
        header.set_gid(random.pick(&[0, 0, 50]));
        header.set_mtime(random.pick(&[1, 1, 1, 1_700_000_000]));
        header.set_size(0);
        match kind {
            Kind::File(content) => {
                let content = vec![b'a' + content; usize::from(content) * 300];
                header.set_size(content.len() as u64);
                self.tar.append_data(&mut header, path, &content[..]).unwrap();
            }
            Kind::Folder => {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(random.pick(&[0o755, 0o755, 0o1777, 0o700]));
                self.tar.append_data(&mut header, format!("{path}/"), &[][..]).unwrap();
            }
            Kind::Symlink => {
                header.set_entry_type(EntryType::Symlink);
                header.set_mode(0o777);
                let target = random.pick(&["nowhere", "/else/where"]);
                self.tar.append_link(&mut header, path, target).unwrap();
            }
            Kind::Fifo => {
                header.set_entry_type(EntryType::Fifo);
                self.tar.append_data(&mut header, path, &[][..]).unwrap();
            }
        }
    }
}
