//! What rules look at: the case, and what is made of it once for all of them.

use std::cell::OnceCell;
use std::sync::Arc;

use serde_json::Value;

use super::super::{Check, Gap, Known, reason};
use super::judged::{Judged, shown};
use super::{Case, Offence};
use crate::domain::layer::{CompareOptions, Comparison, Tree};

/// A case on its way.
pub struct Judging<'a> {
    pub(super) case: Case<'a>,
    changes: OnceCell<Known<Comparison>>,
    today: Option<time::Date>,
}

impl<'a> Judging<'a> {
    pub(super) fn new(case: Case<'a>) -> Self {
        let today = time::OffsetDateTime::from_unix_timestamp(case.now).ok().map(time::OffsetDateTime::date);
        Self { case, changes: OnceCell::new(), today }
    }

    /// A check, once exceptions are applied.
    pub(super) fn check(&self, id: &str, judged: Judged) -> Check {
        Check::new(id, judged.finding(id, &self.case.policy.exceptions, self.today))
    }

    /// The image's layers merged, as many as it has.
    pub(super) fn tree(&self) -> Result<&'a Arc<Tree>, Gap> {
        let evidence = self.case.evidence;
        let tree = evidence.tree.as_ref().map_err(Clone::clone)?;
        if tree.layers() < evidence.level() || evidence.inherited > evidence.level() {
            let (there, wanted) = (tree.layers(), evidence.level());
            let why = format!("{there} of {wanted} layers are at hand, {} of them inherited", evidence.inherited);
            return Err(Gap { reason: reason::UNUSABLE, why });
        }
        Ok(tree)
    }

    /// What the image's own layers change, together.
    pub(super) fn changes(&self) -> Result<&Comparison, &Gap> {
        let compare = || {
            let (from, to) = (self.case.evidence.inherited, self.case.evidence.level());
            self.tree().map(|tree| Comparison::levels(tree, from, to, CompareOptions { times: false, moves: false }))
        };
        self.changes.get_or_init(compare).as_ref()
    }

    /// How many layers are its own.
    pub(super) fn own_layers(&self) -> u64 {
        u64::from(self.case.evidence.level().saturating_sub(self.case.evidence.inherited))
    }

    /// The evidence as rules in Rego read it.
    pub(super) fn input(&self) -> Value {
        let mut input = self.case.evidence.to_json();
        if let Value::Object(members) = &mut input {
            members.insert("base".to_owned(), self.case.base.map_or(Value::Null, |base| base.to_json()));
        }
        input
    }
}

/// Something wrong with a path of a layer, the layer counted from 0.
pub(super) fn at_path(reason: &'static str, path: Vec<u8>, layer: Option<u32>, what: &str) -> Offence {
    let place = layer.map(|layer| format!(" (layer {})", layer + 1)).unwrap_or_default();
    let line = format!("{}{place}: {what}", shown(&path));
    Offence { reason, subject: Some(path), line }
}
