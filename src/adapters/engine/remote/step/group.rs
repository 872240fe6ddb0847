//! Steps that go to a builder together. One ends where the next one needs to know what those before it made, or needs
//! what a build has only once. Sends nothing.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::asked::{Asked, SERVICES};
use super::dockerfile::{self, On, Part, Written};
use crate::adapters::engine::embedded::{RunError, StepError, Work};
use crate::adapters::engine::remote::Builder;
use crate::adapters::secrets::Secret;
use crate::domain::plan::StepId;
use crate::domain::recipe::{Installer, Network};

/// Most steps of one build.
const MOST: usize = 64;

/// A step that goes with others.
pub(super) struct Member {
    pub(super) step: StepId,
    pub(super) asked: Asked,
}

/// Steps that go together, the first of them the one whose turn it is.
pub(super) struct Group {
    pub(super) members: Vec<Member>,
    pub(super) text: Written,
}

impl Group {
    /// The step whose turn it is, and as many after it as may go along.
    pub(super) fn of(
        work: &Work<'_>,
        first: Asked,
        builder: &dyn Builder,
        (on, alone): (On<'_>, bool),
    ) -> Result<Self, StepError> {
        let mut members = vec![Member { step: work.around.step.clone(), asked: first }];
        let mut text = written(&members, on, builder)?;
        let after = work.after.iter().take_while(|(_, action)| action.runs() && !alone);
        for (step, action) in after.take(MOST - 1) {
            // What cannot be asked yet is asked when it is its turn, and tells then why not.
            let Some(asked) = Asked::of(action, work, true).ok().filter(|asked| fits(&members, asked, builder)) else {
                break;
            };
            members.push(Member { step: (*step).clone(), asked });
            match written(&members, on, builder) {
                Ok(more) => text = more,
                Err(_) => {
                    members.pop();
                    break;
                }
            }
        }
        Ok(Self { members, text })
    }

    /// The text of its first `count` steps alone.
    pub(super) fn beginning(&self, count: usize, on: On<'_>, builder: &dyn Builder) -> Result<Written, StepError> {
        written(self.members.get(..count).unwrap_or_default(), on, builder)
    }

    /// Its secrets by name.
    pub(super) fn secrets(&self) -> BTreeMap<String, Zeroizing<Vec<u8>>> {
        let all = self.members.iter().flat_map(|member| &member.asked.secrets);
        all.map(|secret| (secret.name().to_owned(), secret.value().to_vec().into())).collect()
    }

    /// Whether any of its steps sees a network.
    pub(super) fn has_network(&self) -> bool {
        self.members.iter().any(|member| member.asked.network == Network::Host)
    }

    /// Whether an installer has to be kept from starting services.
    pub(super) fn has_services(&self) -> bool {
        self.members.iter().any(|member| member.asked.installer == Some(Installer::Apt))
    }

    /// The step a line of the text belongs to, and which of its commands that is.
    pub(super) fn at(&self, line: usize) -> Option<(usize, usize)> {
        let find = |lines: &Vec<usize>| lines.iter().position(|of| *of == line);
        self.text.lines.iter().enumerate().find_map(|(member, lines)| Some((member, find(lines)?)))
    }
}

/// Whether a step may go with those before it.
fn fits(members: &[Member], asked: &Asked, builder: &dyn Builder) -> bool {
    let Some(last) = members.last() else { return true };
    // What an installer leaves for itself is in no layer: only another run of it may find it.
    let clean = last.asked.installer.is_none() || last.asked.installer == asked.installer;
    // A program may print another secret every time; a build has one of a name.
    let other = |secret: &Secret| {
        let mut before = members.iter().flat_map(|member| &member.asked.secrets);
        before.any(|known| known.name() == secret.name() && known.value() != secret.value())
    };
    clean && (builder.says_network() || last.asked.network == asked.network) && !asked.secrets.iter().any(other)
}

fn written(members: &[Member], on: On<'_>, builder: &dyn Builder) -> Result<Written, StepError> {
    let names: Vec<Vec<String>> = members
        .iter()
        .map(|member| member.asked.secrets.iter().map(|secret| secret.name().to_owned()).collect())
        .collect();
    let part = |(member, secrets)| {
        let Member { asked, .. }: &Member = member;
        Part {
            env: &asked.env,
            user: asked.user.as_deref(),
            commands: &asked.commands,
            secrets,
            ids: asked.ids,
            caches: &asked.caches,
            network: builder.says_network().then_some(asked.network),
            file: (asked.installer == Some(Installer::Apt)).then_some((SERVICES.1, SERVICES.0)),
            has_shell: asked.installer.is_some(),
        }
    };
    let parts: Vec<Part<'_>> = members.iter().zip(names.iter().map(Vec::as_slice)).map(part).collect();
    Ok(dockerfile::write(on, &parts).map_err(|error| RunError::Unsayable(error.0))?)
}
