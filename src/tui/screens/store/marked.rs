//! What is done with marked images, or with the selected one: compared, verified, published. Pure.

use super::Model;
use crate::tui::effect::Effect as Outer;
use crate::tui::errands;
use crate::tui::screens::{Around, Compare, Wish};
use crate::tui::widgets::Toast;

fn none_selected() -> Vec<Wish> {
    vec![Wish::Tell(Toast::warning("no image is selected").next("select a repository or one of its tags"))]
}

impl Model {
    /// What is marked; where nothing is, what is selected.
    fn meant(&self) -> Vec<String> {
        match self.marked.as_slice() {
            [] => self.selected().map(|spot| Self::reference(&spot)).into_iter().collect(),
            marked => marked.to_vec(),
        }
    }

    /// Compares what is marked, or what is marked with what is selected; with nothing marked looks into what is selected.
    pub(super) fn compare(&mut self) -> Vec<Wish> {
        let selected = self.selected().map(|spot| Self::reference(&spot));
        let asked = match (self.marked.as_slice(), selected) {
            ([before, after], _) => Compare::Images { before: before.clone(), after: after.clone() },
            ([before], Some(after)) if after != *before => Compare::Images { before: before.clone(), after },
            ([image], _) => Compare::Image(image.clone()),
            ([], Some(image)) => Compare::Image(image),
            ([], None) => return none_selected(),
            (many, _) => {
                let toast = Toast::warning(format!("{} images are marked; two can be compared", many.len()));
                return vec![Wish::Tell(toast.next("Space takes a mark away, u all of them"))];
            }
        };
        self.marked.clear();
        vec![Wish::Compare(asked)]
    }

    pub(super) fn verify(&self) -> Vec<Wish> {
        match self.meant().as_slice() {
            [] => none_selected(),
            [image] => vec![Wish::Verify(image.clone())],
            images => vec![Wish::Do(Outer::Errand(errands::Effect::VerifyAll(images.to_vec())))],
        }
    }

    pub(super) fn publish(&self, around: &Around) -> Vec<Wish> {
        let meant = self.meant();
        let is_local = |image: &String| {
            let store = image.split('/').next().unwrap_or("");
            around.stores.iter().any(|known| known.is_local && known.name == store)
        };
        let images: Vec<String> = meant.iter().filter(|image| is_local(image)).cloned().collect();
        match (images.len(), meant.first()) {
            (_, None) => none_selected(),
            (0, Some(image)) => {
                let told = format!("{image} is not in the local store: it is published already");
                vec![Wish::Tell(Toast::warning(told))]
            }
            _ => vec![Wish::Do(Outer::Errand(errands::Effect::PlanPublish(images)))],
        }
    }
}
