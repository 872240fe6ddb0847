//! Makes the demo: seeds, bakes the global images, pins the teams' bases; all of it, or nothing. Then has the teams bake.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::bake::{Product, bake_into};
use super::runtimes::MOVING;
use super::scenes::{DemoImage, Scene, play};
use super::seed::{self, SeededImage};
use crate::adapters::clock::{self, Stopwatch};
use crate::adapters::files::{self, StagedFolder};
use crate::domain::recipe::{Lock, lock_beside};
use crate::report::{Kind, Report};

pub(super) const PAYMENTS: &str = "recipes/team-a/payments-api/payments-api.yaml";
pub(super) const STOREFRONT: &str = "recipes/team-a/storefront/storefront.yaml";
pub(super) const REPORTS: &str = "recipes/team-b/reports/reports.yaml";
pub(super) const DASHBOARD: &str = "recipes/team-b/dashboard/dashboard.yaml";

/// Makes a demo in `folder`, else in a new `bakery-demo` here, and gives its folder; then plays its story unless
/// `seed_only`. Every part is told as soon as it happened.
pub async fn demo(
    folder: Option<&Path>,
    seed_only: bool,
    tell: &mut (dyn FnMut(Scene) + Send),
) -> Result<PathBuf, Report> {
    let watch = Stopwatch::start();
    let target = place(folder)?;
    let staged = StagedFolder::begin(&target)?;
    let root = staged.path().to_owned();
    let seeded = seed_files(&root).await?;
    let (images, products) = bake_globals(&root, &seeded).await?;
    pin(&root, STOREFRONT, "global/nginx:1", &products)?;
    pin_before(&root, &products)?;
    staged.finish("bakery.yaml")?;
    tell(Scene::Seeded { workspace: target.clone(), images, millis: watch.millis() });
    if !seed_only {
        // What a bake remembers of a recipe goes by its place, so the teams bake where the workspace stays.
        let doing = || format!("the demo is in {}, but its story broke off", target.display());
        play(&target, tell).await.map_err(|error| error.while_doing(doing()))?;
    }
    Ok(target)
}

/// The demo that stands in `folder` already, else in `bakery-demo` here; `None` where there is none.
pub fn existing(folder: Option<&Path>) -> Result<Option<PathBuf>, Report> {
    let target = place(folder)?;
    let made_here =
        [".global/bakery.yaml", "bakery.yaml", PAYMENTS].iter().all(|file| files::is_there(&target.join(file)));
    Ok(made_here.then_some(target))
}

fn place(folder: Option<&Path>) -> Result<PathBuf, Report> {
    Ok(match folder {
        Some(folder) => files::absolute(folder)?,
        None => files::working_folder()?.join("bakery-demo"),
    })
}

/// Everything that needs no engine; deriving keys and collecting files side by side.
async fn seed_files(root: &Path) -> Result<Vec<SeededImage>, Report> {
    seed::texts(root)?;
    let (for_keys, for_images) = (root.to_owned(), root.to_owned());
    let pairs = tokio::task::spawn_blocking(move || seed::key_pairs(&for_keys));
    let images = tokio::task::spawn_blocking(move || seed::global_images(&for_images));
    // Both have ended before either's failure removes the folder under the other.
    let (pairs, images) = (pairs.await, images.await);
    let ended = |error: tokio::task::JoinError| Report::new(Kind::Failed, &error);
    pairs.map_err(ended)??;
    images.map_err(ended)?
}

/// What each image's tag points to, and before it, by `NAME:TAG`.
type Products = BTreeMap<String, (Product, Option<Product>)>;

async fn bake_globals(root: &Path, seeded: &[SeededImage]) -> Result<(Vec<DemoImage>, Products), Report> {
    let team = root.join(".global");
    let mut images = Vec::new();
    let mut products = Products::new();
    let mut signer = None;
    for image in seeded {
        let recipe = image.recipe_file(root);
        let before = match &image.hardened {
            Some(hardened) => {
                let before = bake_into(&team, &recipe, &mut signer).await?;
                files::replace_file(&recipe, hardened.as_bytes(), 0o644)?;
                Some(before)
            }
            None => None,
        };
        let product = bake_into(&team, &recipe, &mut signer).await?;
        let reference = image.runtime.reference();
        images.push(DemoImage {
            reference: reference.clone(),
            what: image.runtime.what,
            stand_in: image.stand_in,
            digest: product.digest.clone(),
        });
        products.insert(reference, (product, before));
    }
    Ok((images, products))
}

/// Pins a recipe to what its base's tag points to now.
fn pin(root: &Path, file: &str, base: &str, products: &Products) -> Result<(), Report> {
    let name = base.trim_start_matches("global/");
    match products.get(name) {
        Some((product, _)) => write_lock(root, file, base, product),
        None => Err(Report::message(Kind::Failed, format!("the demo has no image {base}"))),
    }
}

/// Pins the reports to the moving image as it was before its last hardening.
fn pin_before(root: &Path, products: &Products) -> Result<(), Report> {
    let moved = products.iter().find_map(|(name, (_, before))| before.as_ref().map(|before| (name, before)));
    match moved {
        Some((name, before)) => write_lock(root, REPORTS, &format!("global/{name}"), before),
        None => Err(Report::message(Kind::Failed, format!("the demo has no earlier {MOVING}"))),
    }
}

fn write_lock(root: &Path, file: &str, base: &str, product: &Product) -> Result<(), Report> {
    let lock = Lock {
        lock: 1,
        base: base.to_owned(),
        digest: product.digest.clone(),
        platforms: [(product.platform.clone(), product.digest.clone())].into(),
        resolved: clock::now_rfc3339(),
    };
    let text = lock.to_yaml().map_err(|error| Report::new(Kind::Failed, &error))?;
    files::make_file(&lock_beside(&root.join(file)), text.as_bytes(), 0o644)?;
    Ok(())
}
