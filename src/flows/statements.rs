//! What bakery states of an image it made: how (provenance), of what (SBOM), how it was judged (summary); and attaching all of
//! it. Judges nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Context;
use super::prepare::Prepared;
use super::signer::Signer;
use super::verify::Site;
use crate::adapters::clock;
use crate::adapters::signing::{
    Attachment, Keyring, PrivateKey, Ready, Said, SignatureFormat, SigningError, Subject, attached,
};
use crate::adapters::store::Store;
use crate::domain::layer::packages::Package;
use crate::domain::oci::{Descriptor, Digest, Platform, Repository};
use crate::domain::recipe::Action;
use crate::domain::trust::attest::{
    Dependency, PolicyNamed, Provenance, Rebased, SbomSubject, Summary, predicate, sbom,
};
use crate::domain::trust::{Attached, Check, Form, Known, Outcome, Policy};
use crate::report::{Kind, Report};

const BUILDER: &str = "https://bakery.dev/builder";
const VERIFIER: &str = "https://bakery.dev/verifier";
const BUILD_TYPE: &str = "https://bakery.dev/recipe/v1";
const REBASE_TYPE: &str = "https://bakery.dev/rebase/v1";
/// Where the policy is that no file holds.
const BUILT_IN: &str = "bakery:built-in-policy";

/// Facts of a bake that are known before it begins.
pub(super) struct Making {
    made: Made,
    reference: String,
    policy: PolicyNamed,
    created: i64,
}

/// How an image was made.
enum Made {
    Baked(Provenance),
    Rebased(Rebased),
}

impl Made {
    fn to_predicate(&self, now: i64) -> Value {
        match self {
            Self::Baked(provenance) => Provenance { finished: Some(now), ..provenance.clone() }.to_predicate(),
            Self::Rebased(rebased) => rebased.to_predicate(),
        }
    }
}

/// A statement about one digest.
pub(super) struct Document {
    subject: Descriptor,
    predicate_type: &'static str,
    predicate: Value,
}

impl Making {
    pub(super) fn of(bake: &str, engine: &str, prepared: &Prepared, policy: &Policy) -> Self {
        let recipe = &prepared.recipe;
        let steps = prepared.plan.platforms.first().map(|part| part.steps.as_slice()).unwrap_or_default();
        let secrets: BTreeSet<&String> = recipe
            .steps
            .iter()
            .filter_map(|step| if let Action::Run(run) = &step.action { Some(&run.secrets) } else { None })
            .flatten()
            .collect();
        let provenance = Provenance {
            builder_id: format!("{BUILDER}/{engine}"),
            build_type: BUILD_TYPE.into(),
            recipe_name: recipe.reference(),
            recipe: prepared.plan.recipe_digest.clone(),
            base_name: prepared.lock.as_ref().map(|lock| lock.base.clone()),
            platforms: prepared.plan.platforms.iter().map(|part| part.platform.to_string()).collect(),
            steps: steps.iter().map(|step| format!("{} {}", step.action, step.summary)).collect(),
            secrets: secrets.into_iter().cloned().collect(),
            dependencies: dependencies(prepared),
            invocation_id: bake.to_owned(),
            started: Some(clock::now_unix()),
            finished: None,
        };
        let (reference, created) = (recipe.reference(), prepared.plan.created);
        Self { made: Made::Baked(provenance), reference, policy: named(policy), created }
    }

    /// Of an image that was put on another version of its base.
    pub(super) fn of_rebase(
        image: Dependency,
        (before, onto): (Dependency, Vec<Dependency>),
        policy: &Policy,
        created: i64,
    ) -> Self {
        let reference = image.name.clone();
        let rebased = Rebased {
            builder_id: format!("{BUILDER}/rebase"),
            build_type: REBASE_TYPE.into(),
            image,
            before,
            onto,
            at: clock::now_unix(),
        };
        Self { made: Made::Rebased(rebased), reference, policy: named(policy), created }
    }

    /// All there is to state; `packages` are those of each platform's image.
    pub(super) fn documents(
        &self,
        image: &Descriptor,
        manifests: &[(Platform, Descriptor)],
        packages: &[Known<Arc<Vec<Package>>>],
        checks: &[Check],
    ) -> Result<Vec<Document>, Report> {
        let now = clock::now_unix();
        let made = self.made.to_predicate(now);
        let judged = Summary {
            verifier_id: VERIFIER.into(),
            verified: now,
            resource: self.reference.clone(),
            policy: self.policy.clone(),
            checks: checks.to_vec(),
        }
        .to_predicate();
        let mut documents = Vec::new();
        let mut state = |subject: &Descriptor, predicate_type, predicate| {
            documents.push(Document { subject: plain(subject), predicate_type, predicate });
        };
        for (at, (_, manifest)) in manifests.iter().enumerate() {
            state(manifest, predicate::PROVENANCE, made.clone());
            state(manifest, predicate::SUMMARY, judged.clone());
            let Some(Ok(packages)) = packages.get(at) else { continue };
            let subject =
                SbomSubject { name: &self.reference, digest: &manifest.digest, created: self.created, system: None };
            let contents = sbom(subject, packages).map_err(|error| Report::new(Kind::Failed, &error))?;
            state(manifest, predicate::SPDX, contents);
        }
        if !manifests.iter().any(|(_, manifest)| manifest.digest == image.digest) {
            state(image, predicate::PROVENANCE, made);
            state(image, predicate::SUMMARY, judged);
        }
        Ok(documents)
    }
}

fn named(policy: &Policy) -> PolicyNamed {
    let uri = policy.file.clone().unwrap_or_else(|| BUILT_IN.into());
    PolicyNamed { uri, digest: policy.digest.clone() }
}

/// A manifest as its referrers name it.
fn plain(manifest: &Descriptor) -> Descriptor {
    Descriptor::new(manifest.media_type.clone(), manifest.digest.clone(), manifest.size)
}

fn dependencies(prepared: &Prepared) -> Vec<Dependency> {
    let mut used = Vec::new();
    if let Some(lock) = &prepared.lock {
        let mut seen = BTreeSet::new();
        // As the tag had it, and the image of each platform.
        for digest in std::iter::once(&lock.digest).chain(lock.platforms.values()) {
            if seen.insert(digest) {
                used.push(Dependency { name: lock.base.clone(), digest: digest.clone() });
            }
        }
    }
    let recipe = prepared.plan.recipe_digest.clone();
    used.push(Dependency { name: "recipe".into(), digest: recipe });
    for (step, inputs) in prepared.recipe.steps.iter().zip(&prepared.inputs) {
        let from = match &step.action {
            Action::Copy(copy) => &copy.from,
            Action::Unpack(unpack) => &unpack.from,
            _ => continue,
        };
        if let Some(inputs) = inputs {
            used.push(Dependency { name: format!("input {from}"), digest: inputs.digest() });
        }
    }
    used
}

/// Where statements about the images of one repository go.
pub(super) struct Attaching {
    store: Arc<dyn Store>,
    repository: Repository,
    name: String,
    format: SignatureFormat,
    ring: Keyring,
}

impl Context {
    /// For images of the local store.
    pub(super) fn attaching(&self, repository: &Repository, signer: &Signer) -> Result<Attaching, Report> {
        let local = self.store_settings("local")?;
        Ok(Attaching {
            store: self.local()?,
            repository: repository.clone(),
            name: repository.to_string(),
            format: signer.format,
            ring: Keyring::load(local).map_err(Report::from)?,
        })
    }
}

impl Context {
    /// For images of a repository wherever it is, under a store of the workspace.
    pub(super) fn attaching_at(&self, site: &Site, signer: &Signer) -> Result<Attaching, Report> {
        let store = site.law.store.as_deref().unwrap_or_default();
        Ok(Attaching {
            store: Arc::clone(&site.store),
            repository: site.repository.clone(),
            name: site.law.repository.clone(),
            format: signer.format,
            ring: Keyring::load(self.store_settings(store)?).map_err(Report::from)?,
        })
    }
}

impl Attaching {
    /// Whether all of it is there already, by a key that counts: then nobody has to open one.
    pub(super) async fn is_done(&self, image: &Descriptor, documents: &[Document]) -> bool {
        let subjects: BTreeSet<&Digest> =
            documents.iter().map(|document| &document.subject.digest).chain([&image.digest]).collect();
        for digest in subjects {
            let Ok(found) = self.attached(digest).await else { return false };
            if !self.is_signed(&found) {
                return false;
            }
            let mut ours = documents.iter().filter(|document| document.subject.digest == *digest);
            if !ours.all(|document| is_stated(&found, document)) {
                return false;
            }
        }
        true
    }

    async fn attached(&self, digest: &Digest) -> Known<Attached> {
        let names = [self.name.clone()];
        let subject = Subject { store: &*self.store, repository: &self.repository, digest, names: &names };
        attached(subject, &self.ring, clock::now_unix()).await
    }

    fn is_signed(&self, found: &Attached) -> bool {
        let by = |form: Form| {
            found.signatures.iter().any(|seen| seen.form == form && matches!(seen.outcome, Outcome::Good { .. }))
        };
        match self.format {
            SignatureFormat::Both => by(Form::Bundle) && by(Form::Legacy),
            SignatureFormat::Bundle => by(Form::Bundle),
            SignatureFormat::Legacy => by(Form::Legacy),
        }
    }

    /// Everything for signing the image and all it consists of, and for attaching the statements, that needs no key.
    pub(super) async fn ready(&self, image: &Descriptor, documents: &[Document]) -> Result<Ready<'_>, Report> {
        let mut signed = BTreeSet::new();
        let subjects = documents.iter().map(|document| document.subject.clone()).chain([plain(image)]);
        let subjects: Vec<Descriptor> = subjects.filter(|subject| signed.insert(subject.digest.clone())).collect();
        let said = documents.iter().map(|Document { subject, predicate_type, predicate }| Said {
            subject,
            predicate_type,
            predicate,
        });
        let (store, repository, name) = (&*self.store, &self.repository, &*self.name);
        let at = Attachment { store, repository, name, format: self.format };
        at.ready(&subjects, &said.collect::<Vec<_>>()).await.map_err(|error| unsigned(image, error))
    }

    /// Signs the image and all it consists of, and attaches the statements.
    pub(super) async fn attach(
        &self,
        key: &PrivateKey,
        image: &Descriptor,
        documents: &[Document],
    ) -> Result<(), Report> {
        self.ready(image, documents).await?.sign(key).await.map(drop).map_err(|error| unsigned(image, error))
    }
}

/// An image got no signature, or not all that is stated about it.
pub(super) fn unsigned(image: &Descriptor, error: SigningError) -> Report {
    Report::from(error).while_doing(format!("{} cannot be signed", image.digest))
}

/// Whether the same is stated already; times of stating do not count.
fn is_stated(found: &Attached, document: &Document) -> bool {
    let said = lasting(document.predicate_type, &document.predicate);
    let mut known = found.good(document.predicate_type).filter_map(|seen| seen.predicate.as_ref());
    known.any(|predicate| lasting(document.predicate_type, predicate) == said)
}

/// A predicate without what is new each time.
fn lasting(predicate_type: &str, predicate: &Value) -> Value {
    let mut lasting = predicate.clone();
    if predicate_type == predicate::PROVENANCE {
        if let Some(details) = lasting.pointer_mut("/runDetails").and_then(Value::as_object_mut) {
            details.remove("metadata");
        }
    } else if predicate_type == predicate::SUMMARY
        && let Some(fields) = lasting.as_object_mut()
    {
        fields.remove("timeVerified");
        let checks = fields.get_mut("dev.bakery.checks").and_then(Value::as_array_mut);
        for check in checks.into_iter().flatten().filter_map(Value::as_object_mut) {
            // How long a test took.
            check.remove("evidence");
        }
    }
    lasting
}

impl From<SigningError> for Report {
    fn from(error: SigningError) -> Self {
        match error {
            SigningError::Store(error) => error.into(),
            other => Self::new(Kind::Failed, &other),
        }
    }
}
