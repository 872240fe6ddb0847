//! What the tour needs besides the demo: a recipe that is refused. Bakes nothing.

use std::path::Path;

use crate::adapters::files;
use crate::report::Report;

const KIOSK: &str = "recipes/team-b/kiosk/kiosk.yaml";

/// Puts it into the demo in `workspace`, unless it is there already.
pub fn prepare_tour(workspace: &Path) -> Result<(), Report> {
    let file = workspace.join(KIOSK);
    if !files::is_there(&file) {
        files::make_file(&file, include_bytes!("texts/kiosk.yaml"), 0o644)?;
    }
    Ok(())
}
