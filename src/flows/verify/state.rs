//! The state of one image's signature, for lists: who signed it, or why nobody counts as having. Looks at no layer.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::gather::Gathered;
use super::inquiry::{Asked, Inquiry, Site};
use super::judge::Bench;
use crate::domain::oci::{Digest, ImageConfig};
use crate::domain::trust::{CheckVerdict, Evidence, Gap, Policy, Signer, reason};
use crate::flows::Context;

/// What is known of an image's signature. Serialised as the reason code of `base.signature`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureState {
    /// The verdict of `base.signature`.
    pub verdict: CheckVerdict,
    /// Its reason code.
    pub reason: Cow<'static, str>,
    /// Who signed, of those trusted.
    pub signer: Option<Signer>,
}

impl Serialize for SignatureState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.reason)
    }
}

/// What a list of one store is judged by; asks each digest once.
pub(in crate::flows) struct Signatures {
    inquiry: Inquiry,
    policy: Policy,
    known: Asked<(String, Digest), SignatureState>,
}

/// An image as a list has it.
pub(in crate::flows) struct Row<'r> {
    /// What its tag points to.
    pub(in crate::flows) digest: &'r Digest,
    /// Its manifest, or the first one of its index.
    pub(in crate::flows) manifest: &'r Digest,
    pub(in crate::flows) config: &'r ImageConfig,
}

impl Signatures {
    /// Judged by a workspace's keys and policy.
    pub(in crate::flows) fn new(context: &Context) -> Self {
        // Who vouches for an image is the same whatever else a policy that cannot be read asks; verifying says what is wrong.
        let policy = context.policy().unwrap_or_default();
        Self { inquiry: Inquiry::new(context), policy, known: Asked::new() }
    }

    /// The state of one image.
    pub(in crate::flows) async fn of(&self, site: &Site, row: Row<'_>) -> SignatureState {
        let key = (site.full_name.clone(), row.digest.clone());
        self.known.once(key, self.ask(site, row)).await
    }

    async fn ask(&self, site: &Site, row: Row<'_>) -> SignatureState {
        let attached = self.inquiry.attached(site, row.manifest).await;
        let index = if row.digest == row.manifest {
            None
        } else {
            Some((row.digest.clone(), self.inquiry.attached(site, row.digest).await))
        };
        let unread = || Gap { reason: reason::NOT_ASKED, why: "a list looks at no layer".into() };
        let signers = index.iter().map(|(_, attached)| attached).chain([&attached]);
        let signer =
            signers.filter_map(|attached| attached.as_ref().ok()).find_map(|attached| attached.signers().next());
        let signer = signer.cloned();
        let evidence = Evidence {
            reference: site.full_name.clone(),
            store: site.law.store.clone(),
            repository: site.law.repository.clone(),
            tag: None,
            is_local: site.law.is_local,
            platform: row.config.platform(),
            digest: row.manifest.clone(),
            index,
            annotations: std::collections::BTreeMap::new(),
            layers: Vec::new(),
            config: Arc::new(row.config.clone()),
            created: None,
            attached,
            inherited: 0,
            tree: Err(unread()),
            packages: Err(unread()),
            secrets: Err(unread()),
            tag_now: Ok(None),
            last_seen: None,
        };
        let gathered = Gathered { chain: vec![evidence], gap: None, memories: vec![None] };
        let found = Bench::new(&self.policy, self.inquiry.now).one(&gathered, "base.signature");
        let (verdict, reason) = match found {
            Some(check) => (check.finding.verdict, check.finding.reason),
            None => (CheckVerdict::Skip, Cow::Borrowed(reason::NOT_ASKED)),
        };
        let counts = matches!(verdict, CheckVerdict::Pass | CheckVerdict::Warn | CheckVerdict::Skip);
        SignatureState { verdict, reason, signer: signer.filter(|_| counts) }
    }
}
