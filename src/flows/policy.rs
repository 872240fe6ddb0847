//! The policy of the workspace: read, and its own rules tried. Judges no image.

use serde::Serialize;

use super::Context;
use crate::adapters::settings::{PolicyFileError, load_policy, load_policy_tests};
use crate::domain::trust::Policy;
use crate::domain::trust::rules::rego::{self, RegoTest};
use crate::domain::yaml::Problem;
use crate::report::Report;

/// How trying a policy ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyTested {
    /// The policy file; `None`: the built-in policy.
    pub file: Option<String>,
    /// What is wrong with the policy file.
    pub problems: Vec<Problem>,
    /// What is wrong with rules of the workspace's own, a line each.
    pub broken: Vec<String>,
    /// The rules' tests.
    pub tests: Vec<RegoTest>,
    /// The policy file's bytes, for showing what is wrong in place.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl PolicyTested {
    /// Whether nothing is wrong.
    pub fn passed(&self) -> bool {
        self.problems.is_empty() && self.broken.is_empty() && self.tests.iter().all(|test| test.passed)
    }
}

impl Context {
    /// What the workspace asks. One that is named and cannot be had, or says something wrong, rejects everything.
    pub fn policy(&self) -> Result<Policy, Report> {
        match &self.frozen_policy {
            Some(policy) => Ok(Policy::clone(policy)),
            None => Ok(load_policy(&self.workspace)?),
        }
    }

    /// Reads the policy, and runs the tests of its rules.
    pub fn test_policy(&self) -> Result<PolicyTested, Report> {
        let policy = match load_policy(&self.workspace) {
            Ok(policy) => policy,
            Err(PolicyFileError::Problems { file, bytes, problems }) => {
                return Ok(PolicyTested { file: Some(file), problems, broken: Vec::new(), tests: Vec::new(), bytes });
            }
            Err(error) => return Err(error.into()),
        };
        let tests = load_policy_tests(&self.workspace)?;
        Ok(PolicyTested {
            file: policy.file,
            problems: Vec::new(),
            broken: policy.rego.iter().filter_map(|file| rego::check(file).err()).collect(),
            tests: tests.iter().flat_map(|test| rego::run_tests(test, &policy.rego)).collect(),
            bytes: Vec::new(),
        })
    }
}
