//! An image that is there already put to a recipe's tests, without a bake: file tests on its merged tree, the others run in the
//! sandbox. Fetches no layer, writes no journal, judges nothing but the tests.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Runner, Subject};
use crate::adapters::engine::embedded::base::{Ground, index_of};
use crate::adapters::engine::embedded::checking::{FileTests, check_of, rejects};
use crate::adapters::engine::embedded::steps::{Remembered, StepError};
use crate::adapters::host::IdMode;
use crate::adapters::layer_source::LayerSource;
use crate::adapters::store::layout::Layout;
use crate::domain::layer::{ContentDigest, Tree};
use crate::domain::oci::{ExecConfig, ImageConfig, ImageManifest, Platform, Repository};
use crate::domain::recipe::{TestCase, TestKind};
use crate::domain::trust::{Check, CheckVerdict, Finding, worst};
use crate::report::Report;

/// Largest file of a layer looked into.
const MAX_CONTENT: u64 = 1 << 20;
/// Reason of a test that needs layers this machine has not got: it rejects the image.
const NO_LAYERS: &str = "test.layers";

/// One platform's image and the tests it is put to.
pub struct Trial {
    /// What it runs on.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: ImageManifest,
    /// Its config.
    pub config: ImageConfig,
    /// Its repository.
    pub repository: Repository,
    /// Where its layers are; tests that need one that is not there are not run.
    pub layout: Arc<Layout>,
    /// Folder of indexes and snapshots.
    pub cache: PathBuf,
    /// Which ids tests that run something get.
    pub ids: IdMode,
    /// The recipe's tests.
    pub tests: Vec<TestCase>,
}

impl Trial {
    /// What each test found, in the recipe's order. Waits for programs and for the disk.
    pub fn run(&self, cancel: &CancellationToken) -> Result<Vec<Finding>, Report> {
        let layers = self.grounds();
        let mut files = self.file_tests(&layers, cancel).into_iter();
        let none = ExecConfig::default();
        let config = self.config.config.as_ref().unwrap_or(&none);
        let subject = Subject { platform: &self.platform, layers: &layers, target: &self.layout, config, cancel };
        let mut runner: Option<Runner> = None;
        let absent = layers.iter().find(|layer| !self.layout.has(&layer.blob));
        let one = |test: &TestCase| match (&test.kind, absent) {
            (TestKind::File(_), _) => {
                Ok(files.next().unwrap_or_else(|| Finding::new(CheckVerdict::Unknown, "test.tree", Vec::new())))
            }
            (TestKind::Run(_), Some(absent)) => Ok(not_here(absent)),
            (TestKind::Run(run), None) => subject.tried(&mut runner, (&self.cache, self.ids), run),
        };
        self.tests.iter().map(one).collect::<Result<_, StepError>>().map_err(StepError::into_report)
    }

    fn grounds(&self) -> Vec<Ground> {
        let ids = self.config.rootfs.diff_ids.iter();
        let layers = self.manifest.layers.iter().zip(ids);
        layers.map(|(blob, diff_id)| Ground { blob: blob.clone(), diff_id: diff_id.clone() }).collect()
    }

    fn file_tests(&self, layers: &[Ground], cancel: &CancellationToken) -> Vec<Finding> {
        let files = FileTests::of_tests(&self.tests);
        if files.is_empty() {
            return Vec::new();
        }
        let mut remembered = Remembered::new();
        let content = |wanted: &ContentDigest| self.content(layers, *wanted);
        match self.grow(layers, &mut remembered, cancel) {
            Ok(tree) => files.evaluate(Ok((&tree, &remembered)), &content),
            Err(error) => files.evaluate(Err(error), &content),
        }
    }

    fn grow(
        &self,
        layers: &[Ground],
        remembered: &mut Remembered,
        cancel: &CancellationToken,
    ) -> Result<Tree, StepError> {
        let mut tree = Tree::default();
        for layer in layers {
            let index = index_of(&self.layout, &self.cache, layer, cancel)?;
            tree.apply(&index.contents)?;
            remembered.extend(index.remembered);
        }
        Ok(tree)
    }

    /// A small file's content, from the uppermost layer that is here and has it.
    fn content(&self, layers: &[Ground], wanted: ContentDigest) -> Option<Vec<u8>> {
        let source = |layer: &Ground| LayerSource {
            blob: layer.blob.clone(),
            diff_id: layer.diff_id.clone(),
            here: vec![Layout::clone(&self.layout)],
            store: Arc::clone(&self.layout) as _,
            repository: self.repository.clone(),
        };
        let mut sources = layers.iter().rev().map(source).filter(LayerSource::is_here);
        let source = sources.find(|source| source.holds(&self.cache, wanted))?;
        let mut bytes = Vec::new();
        source.content(&self.cache, wanted, MAX_CONTENT, &mut bytes).ok()?;
        (ContentDigest::of(&bytes) == wanted).then_some(bytes)
    }
}

fn not_here(layer: &Ground) -> Finding {
    let line = format!("layer {} is not on this machine, and is not fetched for a test", layer.blob.digest);
    Finding::new(CheckVerdict::Unknown, NO_LAYERS, vec![line])
}

/// What the tests come to over all platforms, a check a test, and which of them reject the image; `found` holds each
/// platform's findings in the recipe's order.
pub fn trial_checks(tests: &[TestCase], found: &[(String, Vec<Finding>)]) -> Vec<(Check, bool)> {
    let summed = tests.iter().enumerate().filter_map(|(at, test)| {
        let one = found.iter().filter_map(|(platform, all)| Some((platform.clone(), all.get(at)?.clone())));
        let finding = worst(&one.collect::<Vec<_>>())?;
        let is_rejected = rejects(&finding) || finding.reason == NO_LAYERS;
        Some((Check::new(check_of(test), finding), is_rejected))
    });
    summed.collect()
}
