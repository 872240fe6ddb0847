//! Finds the libraries a program is loaded with, the way ld.so does: its own search paths, the configured folders, the
//! standard ones; only objects of the same kind. Starts nothing: a program from elsewhere is never run to ask it.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::elf::{self, Abi, Elf, ElfError};

const MAX_CONFIG_BYTES: u64 = 256 * 1024;
const MAX_INCLUDES: usize = 256;
const MAX_LIBRARIES: usize = 512;
/// Where loaders look without being told; those of a multiarch host stand in its ld.so.conf.
const STANDARD: [&str; 6] = ["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32"];

/// Where this host's loader looks.
#[derive(Clone, Debug)]
pub struct Loader {
    folders: Vec<PathBuf>,
}

/// A program with all it is loaded with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure {
    /// The program that loads it.
    pub interpreter: Option<PathBuf>,
    /// Name asked for, and where it was found.
    pub libraries: BTreeMap<String, PathBuf>,
    /// Names that were found nowhere.
    pub absent: Vec<String>,
}

impl Loader {
    /// Reads this host's configuration.
    pub fn of_host() -> Self {
        let mut folders = Vec::new();
        let mut files = VecDeque::from([PathBuf::from("/etc/ld.so.conf")]);
        let mut read = 0;
        while let Some(file) = files.pop_front() {
            read += 1;
            if read > MAX_INCLUDES {
                break;
            }
            for line in text_of(&file).lines() {
                let line = line.split('#').next().unwrap_or("").trim();
                match line.strip_prefix("include") {
                    Some(pattern) if pattern.starts_with(char::is_whitespace) => files.extend(matching(pattern.trim())),
                    _ if line.starts_with('/') => folders.push(PathBuf::from(line)),
                    _ => {}
                }
            }
        }
        // musl's loader is told by one file, named after the machine.
        for file in matching("/etc/ld-musl-*.path") {
            folders.extend(text_of(&file).split([':', '\n']).filter(|part| part.starts_with('/')).map(PathBuf::from));
        }
        folders.extend(STANDARD.map(PathBuf::from));
        Self { folders }
    }

    /// Everything `program` (a path without links) is loaded with.
    pub fn closure(&self, program: &Path) -> Result<Closure, ElfError> {
        let main = read_elf(program)?;
        let mut closure = Closure { interpreter: main.interpreter.as_ref().map(PathBuf::from), ..Closure::default() };
        let loader_name = closure.interpreter.as_deref().and_then(Path::file_name).map(ToOwned::to_owned);
        let mut waiting = VecDeque::from([(program.to_owned(), main.clone())]);
        while let Some((path, object)) = waiting.pop_front() {
            for name in &object.needed {
                let known = closure.libraries.contains_key(name) || closure.absent.contains(name);
                // The loader is there already and answers for its own name.
                if known || loader_name.as_deref().is_some_and(|loader| loader == name.as_str()) {
                    continue;
                }
                if closure.libraries.len() + closure.absent.len() >= MAX_LIBRARIES {
                    return Err(ElfError::Broken("needed libraries"));
                }
                match self.find(name, (&path, &object), (program, &main)) {
                    Some((found, library)) => {
                        closure.libraries.insert(name.clone(), found.clone());
                        waiting.push_back((found, library));
                    }
                    None => closure.absent.push(name.clone()),
                }
            }
        }
        Ok(closure)
    }

    /// One library, asked for by `asker` on behalf of `main`.
    fn find(&self, name: &str, asker: (&Path, &Elf), main: (&Path, &Elf)) -> Option<(PathBuf, Elf)> {
        if name.contains('/') {
            return fitting(Path::new(name), main.1.abi);
        }
        let own = match (&asker.1.runpath, &asker.1.rpath) {
            (Some(runpath), _) => expand(runpath, asker.0),
            (None, rpath) => {
                let inherited = main.1.rpath.as_deref().filter(|_| main.1.runpath.is_none());
                let mut folders = rpath.as_deref().map(|rpath| expand(rpath, asker.0)).unwrap_or_default();
                folders.extend(inherited.map(|rpath| expand(rpath, main.0)).unwrap_or_default());
                folders
            }
        };
        own.iter().chain(&self.folders).find_map(|folder| fitting(&folder.join(name), main.1.abi))
    }
}

/// Whether a loader finds libraries in this folder without configuration.
pub(super) fn is_standard(folder: &Path) -> bool {
    let multiarch = |folder: &Path| {
        let named = folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.contains("-linux-"));
        named && folder.parent().is_some_and(|above| above == Path::new("/lib") || above == Path::new("/usr/lib"))
    };
    STANDARD.iter().any(|standard| folder == Path::new(standard)) || multiarch(folder)
}

/// The object at `path` if it is one of the same kind.
fn fitting(path: &Path, abi: Abi) -> Option<(PathBuf, Elf)> {
    if !path.is_absolute() {
        return None;
    }
    read_elf(path).ok().filter(|object| object.abi == abi).map(|object| (path.to_owned(), object))
}

fn read_elf(path: &Path) -> Result<Elf, ElfError> {
    let facts = std::fs::metadata(path)?;
    // A FIFO or device must not hold us up.
    if !facts.is_file() {
        return Err(ElfError::NotElf);
    }
    elf::read(&mut File::open(path)?)
}

/// A search path as written in an object; parts with other variables than ORIGIN name nothing here.
fn expand(text: &str, object: &Path) -> Vec<PathBuf> {
    let origin = object.parent().and_then(Path::to_str).unwrap_or("/");
    text.split(':')
        .map(|part| part.replace("${ORIGIN}", origin).replace("$ORIGIN", origin))
        .filter(|part| part.starts_with('/') && !part.contains('$'))
        .map(PathBuf::from)
        .collect()
}

/// Files that fit a pattern with `*` in its last part only, sorted.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let pattern = Path::new(pattern);
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let Some((before, after)) = name.split_once('*') else { return vec![pattern.to_owned()] };
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let fits = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|n| n.len() >= before.len() + after.len() && n.starts_with(before) && n.ends_with(after))
    };
    let mut found: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).filter(fits).take(MAX_INCLUDES).collect();
    found.sort();
    found
}

/// A small text; empty where there is none.
fn text_of(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // What cannot be read configures nothing.
        let _ = file.take(MAX_CONFIG_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
