//! Writing pictures where the user wants them. Draws none.

use std::path::Path;

use crate::adapters::whole_file::{Durability, write_whole};
use crate::report::{Kind, Report};

/// Makes the folder pictures go to.
pub fn make_folder(folder: &Path) -> Result<(), Report> {
    crate::adapters::files::make_folder(folder).map_err(Report::from)
}

/// Writes one picture, whole or not at all.
pub fn write_picture(path: &Path, bytes: &[u8]) -> Result<(), Report> {
    write_whole(path, bytes, Durability::Cache)
        .map_err(|error| Report::new(Kind::Failed, &error).while_doing(format!("cannot write {}", path.display())))
}
