//! JSON Schemas written to files. What they say is the domain's.

use std::path::Path;

use crate::adapters::files;
use crate::report::Report;

/// Writes `NAME.json` in place of an earlier one; gives where it is. The folder is made as needed.
pub fn write(folder: &Path, name: &str, text: &str) -> Result<String, Report> {
    let path = folder.join(format!("{name}.json"));
    files::replace_file(&path, text.as_bytes(), 0o644)?;
    Ok(path.display().to_string())
}
