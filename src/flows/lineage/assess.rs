//! What one image of a lineage asks for: which packages its base changed, whether it can be rebased, what is best done with it.
//! Reads documents and layer indexes; makes nothing, moves nothing.

use std::path::PathBuf;

use super::Lineage;
use crate::domain::layer::packages::PackageChange;
use crate::domain::lineage::{Best, Standing};
use crate::domain::oci::Digest;
use crate::domain::trust::CheckVerdict;
use crate::flows::Context;
use crate::flows::rebase::Rebase;
use crate::report::Report;

/// What is known of one image beyond its place in the lineage.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The image.
    pub digest: Digest,
    /// What is best done with it.
    pub best: Best,
    /// What a move to its new base changes of what is installed.
    pub packages: Vec<PackageChange>,
    /// What verifying it came to.
    pub verdict: Option<CheckVerdict>,
    /// The recipe that makes it, where one does.
    pub recipe: Option<PathBuf>,
    /// What a rebase would come to, where one was tried.
    pub rebase: Option<Box<Rebase>>,
    /// How many of its own paths the new base touches, of how many.
    pub touched: Option<(usize, usize)>,
}

impl Context {
    /// Looks into one image of a lineage.
    pub async fn assess(&self, lineage: &Lineage, number: usize) -> Result<Assessment, Report> {
        let best = match lineage.graph.standing(number) {
            Standing::Current { .. } | Standing::Root => Best::UpToDate,
            _ => Best::Rebake,
        };
        let digest = lineage.graph.images()[number].digest.clone();
        Ok(Assessment { digest, best, packages: Vec::new(), verdict: None, recipe: None, rebase: None, touched: None })
    }
}
