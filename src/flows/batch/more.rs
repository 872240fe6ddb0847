//! Bakes that are asked for, read before they are taken in: reading takes its time, and a batch goes on meanwhile.

use std::collections::BTreeMap;

use crate::domain::pool::Work;
use crate::domain::recipe::Recipe;
use crate::flows::Context;
use crate::flows::bake::{Asked, BakeRequest};
use crate::report::Report;

/// Bakes for a batch, as read.
#[derive(Debug)]
pub struct More {
    pub(super) requests: Vec<BakeRequest>,
    /// What those ask that run something, by their numbers.
    pub(super) recipes: BTreeMap<usize, Recipe>,
}

impl More {
    /// Reads what was asked.
    pub fn read(context: &Context, asked: Asked) -> Result<Self, Report> {
        let mut recipes = BTreeMap::new();
        for (number, request) in asked.requests.iter().enumerate() {
            let loaded = request.judged(context)?;
            let recipe = loaded.valid()?;
            if recipe.runs() {
                recipes.insert(number, recipe.clone());
            }
        }
        Ok(Self { requests: asked.requests, recipes })
    }

    /// What they make: `NAME:TAG` each.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.requests.iter().map(|request| request.reference.as_str())
    }
}

/// A bake as the scheduler knows it.
pub(super) fn work_of(request: &BakeRequest) -> Work {
    Work {
        reference: request.reference.clone(),
        team: request.reference.split_once('/').map_or("", |(team, _)| team).to_owned(),
        base: request.local_base.clone(),
        platforms: request.platforms.clone(),
    }
}
