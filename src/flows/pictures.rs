//! Pictures of screens: where they go, and what time it is on them. Draws nothing.

use std::path::Path;

use time::OffsetDateTime;

use crate::adapters::{clock, files, host};
use crate::report::{Kind, Report};

/// The time pictures show: SOURCE_DATE_EPOCH where it is set, else now.
pub fn time() -> Result<OffsetDateTime, Report> {
    match host::source_date_epoch()? {
        None => Ok(clock::now()),
        Some(seconds) => OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| Report::new(Kind::Usage, &error)),
    }
}

/// Writes a picture in place of an earlier one of its name; gives where it is. The folder is made as needed.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<String, Report> {
    let path = folder.join(name);
    files::replace_file(&path, bytes, 0o644)?;
    Ok(path.display().to_string())
}
