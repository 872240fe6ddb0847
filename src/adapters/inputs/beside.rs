//! What lies beside a recipe, by name: for whoever suggests a `from`. Never leaves the recipe's folder, reads no content.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, OFlags, statat};

use super::InputsError;
use super::open::{Links, open_beneath, open_folder, refusal};

/// A file or folder beside a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its name.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Bytes of a file.
    pub size: u64,
}

/// What lies in `path`, beneath `folder`, by name; at most `limit`. Names that are no text and links are left out.
pub fn list_beside(folder: &Path, path: &str, limit: usize) -> Result<Vec<Beside>, InputsError> {
    let folder = open_folder(folder)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let opened = open_beneath(folder.as_fd(), path.trim_end_matches('/'), flags, Links::Beneath);
    let opened = opened.map_err(|errno| refusal(errno, path))?;
    let entries = Dir::read_from(&opened).map_err(InputsError::io("list", path))?;
    let mut found = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        let Some(name) = entry.file_name().to_str().ok().filter(|name| !matches!(*name, "." | "..")) else { continue };
        let Ok(stat) = statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if matches!(kind, FileType::RegularFile | FileType::Directory) {
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            found.push(Beside { name: name.to_owned(), is_folder: kind == FileType::Directory, size });
        }
        if found.len() >= limit {
            break;
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn y04_nothing_outside_the_folder_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("mine/app")).unwrap();
        std::fs::write(folder.path().join("mine/a.txt"), "abc").unwrap();
        std::os::unix::fs::symlink("..", folder.path().join("mine/up")).unwrap();
        let list = |path| list_beside(&folder.path().join("mine"), path, 100);
        let file = Beside { name: "a.txt".into(), is_folder: false, size: 3 };
        let found = list("").unwrap();
        assert_eq!((found.len(), &found[0], found[1].is_folder), (2, &file, true));
        assert_eq!(list("app/").unwrap(), []);
        for path in ["..", "up", "/etc", "none"] {
            assert!(list(path).is_err(), "{path}");
        }
        assert_eq!(list_beside(&folder.path().join("mine"), "", 1).unwrap().len(), 1);
    }
}
