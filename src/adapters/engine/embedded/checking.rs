//! The recipe's tests: file tests are answered by the merged tree; what all tests come to.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;

use super::events::Events;
use super::image::exec_config;
use super::platform::{Stack, Workshop};
use super::running::{OWNERSHIP_LOST, Subject};
use super::steps::{Remembered, StepError, owner_ids};
use crate::adapters::engine::{BakeJob, EngineError, Sink};
use crate::adapters::inputs::open_input;
use crate::domain::journal::EventKind;
use crate::domain::layer::{ContentDigest, Tree};
use crate::domain::plan::InputKind;
use crate::domain::recipe::{Action, FileTest, Owner, Recipe, RunTest, TestCase, TestKind};
use crate::domain::trust::{CheckVerdict, Finding, Surroundings, evaluate_file_test, worst};

/// Largest copied file looked into.
const MAX_CONTENT: u64 = 1 << 20;

/// File tests of a recipe with what is at hand of contents: the recipe's own text, and the files it copies.
#[derive(Clone, Default)]
pub(super) struct FileTests {
    tests: Vec<FileTest>,
    written: HashMap<ContentDigest, Vec<u8>>,
    copied: HashMap<ContentDigest, Copied>,
    folder: PathBuf,
}

/// Where a copied file comes from.
#[derive(Clone)]
struct Copied {
    from: String,
    path: String,
}

impl FileTests {
    pub(super) fn of(job: &BakeJob) -> Self {
        let recipe = &job.recipe;
        let tests = Self::of_tests(&recipe.tests).tests;
        let written = recipe.steps.iter().filter_map(|step| match &step.action {
            Action::Write(write) => {
                Some((ContentDigest::of(write.content.as_bytes()), write.content.clone().into_bytes()))
            }
            _ => None,
        });
        let asked = tests.iter().any(|test| test.contains.is_some());
        let copied = if asked { copied_files(job) } else { HashMap::new() };
        Self { tests, written: written.collect(), copied, folder: job.recipe_folder.clone() }
    }

    /// Those of a recipe of which nothing but its tests is at hand.
    pub(super) fn of_tests(tests: &[TestCase]) -> Self {
        let tests = tests.iter().filter_map(|test| match &test.kind {
            TestKind::File(file) => Some(file.clone()),
            TestKind::Run(_) => None,
        });
        Self { tests: tests.collect(), ..Self::default() }
    }

    /// A copied file's content, if it is still what was copied.
    fn copied(&self, digest: &ContentDigest) -> Option<Vec<u8>> {
        let Copied { from, path } = self.copied.get(digest)?;
        let mut bytes = Vec::new();
        let file = open_input(&self.folder, from, path).ok()?;
        file.take(MAX_CONTENT).read_to_end(&mut bytes).ok()?;
        (ContentDigest::of(&bytes) == *digest).then_some(bytes)
    }

    /// Whether nobody needs the tree.
    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// What the image says, in the recipe's order. `layers`: contents that are to be had from its layers.
    pub(super) fn evaluate(
        &self,
        image: Result<(&Tree, &Remembered), StepError>,
        layers: &dyn Fn(&ContentDigest) -> Option<Vec<u8>>,
    ) -> Vec<Finding> {
        let (tree, remembered) = match image {
            Ok(image) => image,
            Err(error) => {
                let failure = error.into_failure();
                let line = [vec![failure.message], failure.causes].concat().join(": ");
                let unknown = Finding::new(CheckVerdict::Unknown, "test.tree", vec![line]);
                return vec![unknown; self.tests.len()];
            }
        };
        let owner = |owner: &Owner| owner_ids(Some(owner), tree, remembered).map_err(|error| error.to_string());
        let content = |digest: &ContentDigest| {
            let known = remembered.get(digest).map(|bytes| bytes.to_vec());
            let known = known.or_else(|| self.written.get(digest).cloned());
            known.or_else(|| self.copied(digest)).or_else(|| layers(digest))
        };
        let around = Surroundings { owner: &owner, content: &content };
        self.tests.iter().map(|test| evaluate_file_test(test, tree, &around)).collect()
    }
}

fn copied_files(job: &BakeJob) -> HashMap<ContentDigest, Copied> {
    let steps = job.recipe.steps.iter().zip(&job.inputs);
    let copies = steps.filter_map(|(step, inputs)| match (&step.action, inputs) {
        (Action::Copy(copy), Some(inputs)) => Some((copy, inputs)),
        _ => None,
    });
    let files = copies.flat_map(|(copy, inputs)| {
        inputs.entries.iter().filter_map(|entry| match &entry.kind {
            InputKind::File { size, digest } if *size <= MAX_CONTENT => {
                let origin = Copied { from: copy.from.clone(), path: entry.path.clone() };
                Some((ContentDigest::of_digest(digest)?, origin))
            }
            _ => None,
        })
    });
    files.collect()
}

/// Reason of a test that could not be run though this machine should: it rejects the image.
pub(in crate::adapters::engine) const NOT_RUN: &str = "test.sandbox";

/// Whether a test's outcome rejects the image: it failed, or could not be run.
pub(super) fn rejects(finding: &Finding) -> bool {
    finding.verdict == CheckVerdict::Fail || finding.reason == NOT_RUN
}

/// The check a test is.
pub(super) fn check_of(test: &TestCase) -> String {
    format!("test.{}", test.name)
}

/// The fact that a check is over.
pub(super) fn finished(check: String, finding: &Finding) -> EventKind {
    let Finding { verdict, reason, evidence } = finding.clone();
    EventKind::CheckFinished { check, verdict, reason: reason.into_owned(), evidence }
}

/// Sums up the tests of all platforms, and tells them where that has not been done; `found` holds each platform's findings
/// in the recipe's order. Gives those that reject the image: they failed, or could not be run.
pub(super) fn sum_up(
    recipe: &Recipe,
    found: &[(String, Vec<Finding>)],
    sink: &dyn Sink,
) -> Result<Vec<(String, Vec<String>)>, EngineError> {
    let mut failed = Vec::new();
    for (at, test) in recipe.tests.iter().enumerate() {
        let one = found.iter().filter_map(|(platform, all)| Some((platform.clone(), all.get(at)?.clone())));
        let Some(finding) = worst(&one.collect::<Vec<_>>()) else { continue };
        if found.len() > 1 {
            sink.emit(finished(check_of(test), &finding))?;
        }
        if rejects(&finding) {
            failed.push((check_of(test), finding.evidence));
        }
    }
    Ok(failed)
}

impl Workshop {
    /// Puts the image to the recipe's tests, in the recipe's order.
    pub(super) fn test(&self, mut stack: Stack, events: &Events) -> Result<Vec<Finding>, StepError> {
        if self.frame.ownership_lost {
            let check = "layer.ownership".to_owned();
            events.emit(EventKind::CheckStarted { check: check.clone() })?;
            let mend = "`bakery doctor` says how this user gets subordinate ids; then bake again".to_owned();
            let lines = vec![OWNERSHIP_LOST.to_owned(), mend];
            events.emit(finished(check, &Finding::new(CheckVerdict::Warn, "ownership.single-id", lines)))?;
        }
        let mut files = self.file_tests(&mut stack).into_iter();
        let mut found = Vec::with_capacity(self.tests.len());
        for test in &self.tests {
            let check = check_of(test);
            events.emit(EventKind::CheckStarted { check: check.clone() })?;
            let finding = match &test.kind {
                TestKind::File(_) => files.next(),
                TestKind::Run(run) => Some(self.run_test(&mut stack, run)?),
            };
            let unknown = || Finding::new(CheckVerdict::Unknown, "test.tree", Vec::new());
            let finding = finding.unwrap_or_else(unknown);
            if self.alone {
                events.emit(finished(check, &finding))?;
            }
            found.push(finding);
        }
        Ok(found)
    }

    /// One test that runs something.
    fn run_test(&self, stack: &mut Stack, test: &RunTest) -> Result<Finding, StepError> {
        let config = exec_config(&self.frame, self.base.as_ref());
        let subject = Subject {
            platform: &self.platform,
            layers: &stack.layers,
            target: &self.frame.target,
            config: &config,
            cancel: &self.cancel,
        };
        let mut finding = subject.tried(&mut stack.runner, (&self.cache, self.ids), test)?;
        // Whoever bakes elsewhere may have a machine that runs nothing.
        if self.elsewhere.is_some() && finding.reason == NOT_RUN {
            finding.reason = "test.platform".into();
        }
        Ok(finding)
    }

    /// What the file tests find; without any the tree is not put together.
    fn file_tests(&self, stack: &mut Stack) -> Vec<Finding> {
        if self.files.is_empty() {
            return Vec::new();
        }
        match self.tree(stack) {
            Ok(()) => {}
            Err(error) => return self.files.evaluate(Err(error), &|_| None),
        }
        match &stack.tree {
            Some(tree) => self.files.evaluate(Ok((tree, &stack.remembered)), &|_| None),
            None => Vec::new(),
        }
    }
}
