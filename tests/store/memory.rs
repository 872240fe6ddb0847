//! The store in memory keeps the port's promises.

use bakery::adapters::store::MemoryStore;

#[tokio::test]
async fn memory_store_conforms() {
    super::conformance::conforms(&MemoryStore::new()).await;
}
