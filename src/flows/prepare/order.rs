//! The order of several bakes: a recipe whose base another one makes comes after it.

use std::collections::HashMap;

use super::recipes::{LoadedRecipe, local_base};
use crate::report::{Kind, Report};

/// Sorts by base; recipes that do not need each other stay in the order given.
pub(super) fn by_base(recipes: Vec<LoadedRecipe>) -> Result<Vec<LoadedRecipe>, Report> {
    let mut made_by: HashMap<String, usize> = HashMap::new();
    let mut needs: Vec<Option<String>> = Vec::with_capacity(recipes.len());
    for (index, loaded) in recipes.iter().enumerate() {
        let recipe = loaded.valid()?;
        if let Some(other) = made_by.insert(recipe.reference(), index) {
            let (a, b) = (&recipes[other].shown, &loaded.shown);
            return Err(Report::message(Kind::Usage, format!("{a} and {b} both make {}", recipe.reference()))
                .help("give one of them another name or tag"));
        }
        needs.push(local_base(recipe));
    }
    let base_of = |index: usize| needs[index].as_ref().and_then(|base| made_by.get(base)).copied();
    let mut order: Vec<usize> = Vec::with_capacity(recipes.len());
    let mut placed = vec![false; recipes.len()];
    for start in 0..recipes.len() {
        // From a recipe down to the base nobody here makes, then back up.
        let mut chain: Vec<usize> = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| !placed[*index]) {
            if let Some(at) = chain.iter().position(|seen| *seen == index) {
                let mut names: Vec<&str> = chain[at..].iter().map(|index| recipes[*index].shown.as_str()).collect();
                names.push(&recipes[index].shown);
                return Err(Report::message(Kind::Usage, format!("bases go in a circle: {}", names.join(" -> ")))
                    .help("one of them must inherit from another store"));
            }
            chain.push(index);
            next = base_of(index);
        }
        for index in chain.into_iter().rev() {
            placed[index] = true;
            order.push(index);
        }
    }
    let mut left: Vec<Option<LoadedRecipe>> = recipes.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| left[index].take()).collect())
}
