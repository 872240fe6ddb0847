//! The image layout store: what bakers, other processes, crashes and hostile layouts would notice.

mod crash;
mod hostile;
mod peers;
mod port;
mod together;
mod upkeep;
mod writing;

use bakery::adapters::store::layout::{FsckFindings, Layout};

fn fresh() -> (tempfile::TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::open_or_create(&folder.path().join("store")).unwrap();
    (folder, layout)
}

fn fsck(layout: &Layout) -> FsckFindings {
    layout.fsck(false, &mut |_| ()).unwrap()
}
