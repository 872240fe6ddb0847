//! A bake opened like an image: its base and the layers it has sealed, while it runs as well as long after.

use std::sync::Arc;

use super::Opened;
use super::found::{Found, created_by};
use super::images::off_the_executor;
use super::origin::Owner;
use crate::adapters::engine::embedded::layers;
use crate::adapters::host;
use crate::adapters::layer_source::LayerSource;
use crate::adapters::store::layout::Layout;
use crate::domain::journal::LayerBlob;
use crate::domain::oci::{Descriptor, DiffId, ImageConfig, ImageRef, Platform};
use crate::domain::plan::PlatformPlan;
use crate::domain::projection::BakeView;
use crate::domain::text::escape;
use crate::flows::Context;
use crate::flows::watch::{Pace, Shelf};
use crate::report::{Kind, Report};

/// The layers of a base with where they are, and its config.
type Ground = (Vec<LayerSource>, ImageConfig, Vec<Owner>);

impl Context {
    /// Opens what a bake has made so far, or made: its base and the layers it has sealed. Fetches nothing.
    pub async fn open_bake(&self, bake: &str) -> Result<Opened, Report> {
        let (here, named) = (self.clone(), bake.to_owned());
        let (there, local) = off_the_executor(move || here.of_bake(&named)).await?;
        let mut view = BakeView::default();
        let mut viewing = Shelf::below(self.paths.bakes()).open(bake, Pace::Now)?;
        while let Some(record) = viewing.next().await? {
            if let Some(event) = record.ok().and_then(|record| record.event) {
                view.apply(&event);
            }
        }
        let part = view.plan.as_ref().and_then(|plan| {
            let host = host::platform();
            plan.platforms.iter().find(|part| host.is_served_by(&part.platform)).or(plan.platforms.first())
        });
        let Some(part) = part else {
            return Err(Report::message(Kind::Failed, format!("bake {} has no plan yet", viewing.bake()))
                .help("open it again in a moment"));
        };
        let base = view.plan.as_ref().map(|plan| plan.base.clone()).unwrap_or_default();
        let (mut sources, base_config, mut owners) = there.ground_of(&base, part).await?;
        let sealed: Vec<(LayerBlob, String)> = sealed(&view, &part.platform);
        let name = escape(view.reference());
        let mut history = created_by(&base_config);
        history.resize(sources.len(), None);
        for (blob, step) in sealed {
            sources.push(local_source(&local, &blob.descriptor, &blob.diff_id)?);
            owners.push(Owner { image: name.clone(), is_local: true, proven: true });
            history.push(Some(step));
        }
        let merged = there.merged(&sources, owners, history).await?;
        let made = there.committed(&view, &part.platform).await;
        Ok(Opened {
            reference: view.reference().to_owned(),
            digest: made.as_ref().map(|found| found.digest.clone()),
            platform: part.platform.clone(),
            config: Arc::new(made.map_or(base_config, |found| found.config)),
            packages: Arc::new(merged.packages),
            secrets: Arc::new(merged.secrets),
            tree: merged.tree,
            layers: merged.layers,
            sources: Arc::new(sources),
        })
    }

    async fn ground_of(&self, base: &str, part: &PlatformPlan) -> Result<Ground, Report> {
        let Some(planned) = &part.base else {
            return Ok((Vec::new(), ImageConfig::scratch(&part.platform), Vec::new()));
        };
        let found = self.base_here(base, &part.platform, &planned.manifest).await?;
        let layers = layers::of_base(&found)?;
        let source = |(blob, diff_id)| LayerSource {
            blob,
            diff_id,
            here: self.layouts_here().into_iter().chain(found.layout.as_deref().cloned()).collect(),
            store: Arc::clone(&found.store),
            repository: found.repository.clone(),
        };
        let child = super::origin::Child {
            name: escape(base),
            is_local: self.parse_reference(base).is_ok_and(|image| self.is_ours(&image)),
            diff_ids: &found.config.rootfs.diff_ids,
            base: super::origin::told_base(&found.manifest.annotations),
        };
        let owners = self.owners(child, &part.platform).await;
        Ok((layers.into_iter().map(source).collect(), found.config.clone(), owners))
    }

    /// The image the bake ended with, where it did.
    async fn committed(&self, view: &BakeView, platform: &Platform) -> Option<Found> {
        let committed = view.committed.as_ref()?;
        let mut image: ImageRef = self.parse_reference(&format!("local/{}", committed.reference)).ok()?;
        image.digest = Some(committed.image.digest.clone());
        self.find_image(&image, Some(platform)).await.ok()
    }
}

/// The layers sealed so far, bottom first, each with the step that made it.
fn sealed(view: &BakeView, platform: &Platform) -> Vec<(LayerBlob, String)> {
    let rows = view.layers.rows().iter().filter(|row| row.sealed.platform == *platform);
    rows.filter_map(|row| {
        let step = view.steps.rows().iter().find(|step| step.id == row.sealed.step);
        let told = step.map_or_else(|| row.sealed.step.to_string(), |step| format!("{} {}", step.action, step.summary));
        Some((row.blob()?.clone(), told))
    })
    .collect()
}

fn local_source(local: &Layout, blob: &Descriptor, diff_id: &DiffId) -> Result<LayerSource, Report> {
    let repository = "bake".parse().map_err(|error| Report::new(Kind::Failed, &error))?;
    Ok(LayerSource {
        blob: blob.clone(),
        diff_id: diff_id.clone(),
        here: vec![local.clone()],
        store: Arc::new(local.clone()),
        repository,
    })
}
