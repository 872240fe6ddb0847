//! An image layout on disk keeps the port's promises.

use bakery::adapters::store::layout::Layout;

#[tokio::test]
async fn layout_conforms() {
    let folder = tempfile::tempdir().unwrap();
    super::conformance::conforms(&Layout::open_or_create(&folder.path().join("layout")).unwrap()).await;
}
