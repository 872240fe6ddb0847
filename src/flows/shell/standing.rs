//! Where in a recipe's steps a shell stands: before one of them, on top of what those below it made; or behind the last.
//! Pure: a plan and results of steps go in, layers come out.

use crate::adapters::engine::embedded::cache::StoredResult;
use crate::domain::journal::LayerBlob;
use crate::domain::plan::{CacheKey, PlannedStep};
use crate::domain::text::escape;
use crate::report::{Kind, Report};

/// How many steps lie below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    done: usize,
    of: usize,
}

impl Standing {
    /// Before step `asked` (the first is 1); where none is asked for, before the first that is not baked yet, which is the
    /// one that fails, else behind the last.
    pub(super) fn find(recipe: &str, steps: &[PlannedStep], asked: Option<usize>) -> Result<Self, Report> {
        let baked = steps.iter().take_while(|step| !step.will_run).count();
        let Some(asked) = asked else { return Ok(Self { done: baked, of: steps.len() }) };
        let recipe = escape(recipe);
        if !(1..=steps.len()).contains(&asked) {
            let message = match steps.len() {
                0 => format!("{recipe} has no steps, so there is nothing before step {asked}"),
                1 => format!("{recipe} has one step, and it is not {asked}"),
                count => format!("{recipe} has {count} steps, and none of them is {asked}"),
            };
            return Err(Report::message(Kind::Usage, message)
                .help(format!("`bakery shell {recipe}` opens the state after the last step that is baked")));
        }
        if asked - 1 > baked {
            return Err(not_baked(&recipe, steps, baked, asked));
        }
        Ok(Self { done: asked - 1, of: steps.len() })
    }

    /// The step that comes next, from 0; `None` behind the last.
    pub(super) fn before(self) -> Option<usize> {
        (self.done < self.of).then_some(self.done)
    }

    /// The layers of the steps below, bottom first.
    pub(super) fn layers(
        self,
        recipe: &str,
        steps: &[PlannedStep],
        result: impl Fn(&CacheKey) -> Option<StoredResult>,
    ) -> Result<Vec<LayerBlob>, Report> {
        let mut layers = Vec::new();
        for (index, step) in steps.iter().take(self.done).enumerate() {
            // It was there when the plan was made.
            let Some(stored) = result(&step.cache_key) else {
                return Err(not_baked(&escape(recipe), steps, index, self.done + 1));
            };
            layers.extend(stored.layer);
        }
        Ok(layers)
    }
}

fn not_baked(recipe: &str, steps: &[PlannedStep], missing: usize, asked: usize) -> Report {
    let step = steps.get(missing).map(|step| format!("{} {}", step.action, step.summary)).unwrap_or_default();
    let message = format!("there is nothing yet before step {asked} of {recipe}");
    let mut report = Report::message(Kind::Failed, message);
    report.causes.push(format!("step {} ({}) is not baked", missing + 1, escape(&step)));
    report.help(format!(
        "`bakery bake {recipe}` makes it; `bakery shell {recipe}@{}` opens what is there already",
        missing + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::{Descriptor, DiffId, Digest};
    use crate::domain::plan::{Reason, StepId};

    /// Steps of which the first `baked` are in the cache.
    fn steps(count: usize, baked: usize) -> Vec<PlannedStep> {
        let step = |index: usize| PlannedStep {
            id: StepId((index + 1).to_string()),
            action: "run".into(),
            summary: format!("make {index}"),
            line: 1,
            cache_key: key(index),
            will_run: index >= baked,
            reason: if index < baked { Reason::Cached } else { Reason::NeverBaked },
        };
        (0..count).map(step).collect()
    }

    fn key(index: usize) -> CacheKey {
        CacheKey(Digest::of(&index.to_le_bytes()))
    }

    fn stored(index: usize, text: Option<&str>) -> StoredResult {
        let layer = text.map(|text| LayerBlob {
            descriptor: Descriptor::of("x", text.as_bytes()),
            diff_id: DiffId(Digest::of(text.as_bytes())),
            uncompressed: 1,
        });
        StoredResult { key: key(index), layer, added: 0, modified: 0, deleted: 0, packages: Vec::new() }
    }

    fn find(steps: &[PlannedStep], asked: Option<usize>) -> Result<Standing, Report> {
        Standing::find("app.yaml", steps, asked)
    }

    #[test]
    fn without_a_step_it_is_the_one_that_fails_or_the_end() {
        assert_eq!(find(&steps(3, 1), None).unwrap().before(), Some(1));
        assert_eq!(find(&steps(3, 0), None).unwrap().before(), Some(0));
        assert_eq!(find(&steps(3, 3), None).unwrap().before(), None);
        assert_eq!(find(&[], None).unwrap().before(), None);
    }

    #[test]
    fn a_step_is_reached_when_all_below_it_are_baked() {
        let steps = steps(4, 2);
        for asked in 1..=3 {
            assert_eq!(find(&steps, Some(asked)).unwrap().before(), Some(asked - 1));
        }
        let told = find(&steps, Some(4)).unwrap_err();
        assert_eq!(
            told.to_string(),
            "error: there is nothing yet before step 4 of app.yaml\n\
             cause: step 3 (run make 2) is not baked\n\
             help: `bakery bake app.yaml` makes it; `bakery shell app.yaml@3` opens what is there already"
        );
    }

    #[test]
    fn steps_that_are_not_there_are_refused_with_how_many_there_are() {
        for (count, asked, words) in
            [(3, 0, "has 3 steps"), (3, 4, "has 3 steps"), (1, 2, "one step"), (0, 1, "no steps")]
        {
            let told = find(&steps(count, count), Some(asked)).unwrap_err();
            assert_eq!(told.kind, Kind::Usage);
            assert!(told.message.contains(words), "{told}");
        }
    }

    #[test]
    fn layers_are_those_below_without_the_steps_that_changed_nothing() {
        let (steps, made) =
            (steps(4, 4), [stored(0, Some("a")), stored(1, None), stored(2, Some("c")), stored(3, Some("d"))]);
        let result = |key: &CacheKey| made.iter().find(|stored| stored.key == *key).cloned();
        let layers = |asked| {
            let found = find(&steps, asked).unwrap().layers("app.yaml", &steps, result).unwrap();
            found.iter().map(|layer| layer.diff_id.clone()).collect::<Vec<_>>()
        };
        let [a, c, d] = ["a", "c", "d"].map(|text| DiffId(Digest::of(text.as_bytes())));
        assert_eq!(layers(Some(1)), []);
        assert_eq!(layers(Some(3)), std::slice::from_ref(&a));
        assert_eq!(layers(None), [a, c, d]);
    }

    #[test]
    fn a_result_collected_since_the_plan_was_made_is_told_as_not_baked() {
        let steps = steps(2, 2);
        let told = find(&steps, None).unwrap().layers("app.yaml", &steps, |_| None).unwrap_err();
        assert_eq!(told.causes, ["step 1 (run make 0) is not baked"]);
    }
}
