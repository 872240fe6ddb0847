//! What is said and asked once an errand is over. Pure; knows no screen.

use super::{Effect, Msg, gc_lines, words};
use crate::domain::trust::CheckVerdict;
use crate::domain::units;
use crate::flows::publish::{PublishPlan, Published};
use crate::report::Report;
use crate::tui::effect::Effect as Outer;
use crate::tui::screens::Wish;
use crate::tui::widgets::{PassphrasePrompt, Toast, TypedConfirm};

/// Takes one message in.
pub fn receive(msg: Msg) -> Vec<Wish> {
    match msg {
        Msg::Planned(plans) => planned(plans),
        Msg::Published { outcome: Ok(published), .. } => vec![Wish::Tell(published_toast(&published)), Wish::ReadAgain],
        Msg::Published { outcome: Err(report), .. }
        | Msg::Freed(Err(report))
        | Msg::Counted(Err(report))
        | Msg::BatchBegun(Err(report)) => vec![Wish::Tell(Toast::failure(&report))],
        Msg::Counted(Ok(pruned)) => {
            let lines = gc_lines(&pruned);
            if lines.is_empty() {
                let stay = units::count(pruned.freed.kept, "blob");
                return vec![Wish::Tell(Toast::done(format!(
                    "nothing to free: {stay} in the local store, all in use"
                )))];
            }
            let text =
                "Nothing refers to these any more. They are removed for good; a bake under way keeps what it uses.";
            let then = vec![Wish::Do(Outer::Errand(Effect::FreeUnused))];
            let mut confirm = TypedConfirm::new("free what nothing refers to?", text, "gc", then);
            confirm.code = lines;
            vec![Wish::AskTyped(confirm)]
        }
        Msg::Freed(Ok(pruned)) => {
            let bytes = units::bytes(pruned.freed.bytes + pruned.snapshots.bytes + pruned.exports.bytes);
            vec![Wish::Tell(Toast::done(format!("freed {bytes}"))), Wish::ReadAgain]
        }
        Msg::VerifiedAll(all) => vec![Wish::Tell(verified_toast(&all))],
        Msg::BatchBegun(Ok(_)) => Vec::new(),
        Msg::BakedElsewhere { reference, builder, why } => {
            let next = format!("{builder} is left alone for a while");
            vec![Wish::Tell(Toast::warning(format!("{why}; {reference} is baked elsewhere")).next(next))]
        }
        Msg::BuilderOut { builder, why } => {
            vec![Wish::Tell(Toast::warning(why).next(format!("{builder} is left alone for a while")))]
        }
        Msg::BatchOver(tally) => vec![Wish::Tell(tally.news())],
        Msg::PassphraseWanted { key, problem, then } => {
            vec![Wish::AskPassphrase(PassphrasePrompt { key, typed: Default::default(), problem, then })]
        }
        Msg::Unlocked(then) => then.into_iter().map(Wish::Do).collect(),
    }
}

/// What is refused is told; what can be published is asked about, once.
fn planned(plans: Vec<Result<PublishPlan, Report>>) -> Vec<Wish> {
    let (mut good, mut wishes) = (Vec::new(), Vec::new());
    for plan in plans {
        match plan {
            Ok(plan) => good.push(plan),
            Err(report) => wishes.push(Wish::Tell(Toast::failure(&report))),
        }
    }
    let (title, word) = match good.as_slice() {
        [] => return wishes,
        [one] => (format!("publish {}?", one.reference), one.tag.clone()),
        many => (format!("publish {} images?", many.len()), "publish".to_owned()),
    };
    let text = "Blobs, manifests, signatures and attestations are copied, verified there, and only then named. \
                What others can fetch cannot be taken back.";
    let images = good.iter().map(|plan| plan.reference.clone()).collect();
    let then = vec![Wish::Do(Outer::Errand(Effect::Publish(images)))];
    let mut confirm = TypedConfirm::new(title, text, word, then);
    confirm.code = good.iter().flat_map(words::plan_lines).collect();
    wishes.push(Wish::AskTyped(confirm));
    wishes
}

fn published_toast(published: &Published) -> Toast {
    let copied = &published.copied;
    let sent = if copied.blobs == 0 && copied.manifests == 0 {
        "all of it was there already".to_owned()
    } else {
        format!("sent {}, {}", units::count(copied.blobs, "blob"), units::bytes(copied.bytes))
    };
    let verified = published.verified.as_str();
    Toast::done(format!("published {}", published.reference))
        .next(format!("{} {sent}; verified there: {verified}", published.digest))
}

fn verified_toast(all: &[(String, Result<CheckVerdict, Report>)]) -> Toast {
    let bad: Vec<&str> = all
        .iter()
        .filter(|(_, verdict)| !matches!(verdict, Ok(CheckVerdict::Pass | CheckVerdict::Warn)))
        .map(|(image, _)| image.as_str())
        .collect();
    if bad.is_empty() {
        return Toast::done(format!("{}: all verified", units::count(all.len() as u64, "image")));
    }
    let text = format!("{} of {} not verified: {}", bad.len(), units::count(all.len() as u64, "image"), bad.join(", "));
    Toast::warning(text).next("v on one of them shows why; @ has each verdict")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oci::Digest;
    use crate::report::Kind;

    fn plan(name: &str) -> Result<PublishPlan, Report> {
        Ok(PublishPlan {
            reference: format!("local/{name}:1.4.0"),
            target: format!("registry.example/{name}:1.4.0"),
            tag: "1.4.0".into(),
            digest: Digest::of(name.as_bytes()),
            verified: CheckVerdict::Pass,
            signed_by: Vec::new(),
        })
    }

    #[test]
    fn one_image_is_published_by_its_tag_and_several_by_the_word() {
        let word = |plans| match receive(Msg::Planned(plans)).pop() {
            Some(Wish::AskTyped(confirm)) => (confirm.word, confirm.then),
            other => panic!("{other:?}"),
        };
        let wish = |images: &[&str]| {
            let images = images.iter().map(|image| (*image).to_owned()).collect();
            vec![Wish::Do(Outer::Errand(Effect::Publish(images)))]
        };
        assert_eq!(word(vec![plan("a")]), ("1.4.0".into(), wish(&["local/a:1.4.0"])));
        assert_eq!(word(vec![plan("a"), plan("b")]), ("publish".into(), wish(&["local/a:1.4.0", "local/b:1.4.0"])));
    }

    #[test]
    fn what_is_refused_is_told_and_never_asked_about() {
        let refused = || Err(Report::message(Kind::Rejected, "local/b:1 is not published").help("sign it"));
        let wishes = receive(Msg::Planned(vec![refused()]));
        assert!(
            matches!(wishes.as_slice(), [Wish::Tell(toast)] if toast.next.as_deref() == Some("sign it")),
            "{wishes:?}"
        );
        let wishes = receive(Msg::Planned(vec![refused(), plan("a")]));
        assert!(matches!(wishes.as_slice(), [Wish::Tell(_), Wish::AskTyped(asked)] if asked.word == "1.4.0"));
    }
}
