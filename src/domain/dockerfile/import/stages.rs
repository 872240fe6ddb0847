//! `FROM` and `ARG`: which stages an image stands on, what its base is, which build arguments have values.

use super::super::read::{Instruction, split};
use super::{Mapped, Refusal, State, shown};
use crate::domain::oci::ImageRef;

/// What becomes of an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It is of the image.
    Taken,
    /// It begins a stage beside the image, of so many instructions.
    Beside(usize),
    /// It is of a stage beside the image.
    Left,
}

/// What becomes of each instruction: the last stage is the image, and those are of it that it stands on.
pub(super) fn chosen(all: &[Instruction]) -> Vec<Part> {
    let begins: Vec<usize> = (0..all.len()).filter(|at| all[*at].name == "FROM").collect();
    let mut taken = vec![false; begins.len()];
    let mut stage = begins.len().checked_sub(1);
    while let Some(at) = stage {
        taken[at] = true;
        let words = split(&all[begins[at]].args, '\\');
        let base = words.first().copied().unwrap_or_default();
        stage = (0..at).rev().find(|earlier| name_of(&all[begins[*earlier]]).is_some_and(|name| is(name, base)));
    }
    let mut parts = vec![Part::Taken; all.len()];
    for (number, begin) in begins.iter().enumerate().filter(|(number, _)| !taken[*number]) {
        let end = begins.get(number + 1).copied().unwrap_or(all.len());
        parts[*begin..end].fill(Part::Left);
        parts[*begin] = Part::Beside(end - begin);
    }
    parts
}

fn is(name: &str, base: &str) -> bool {
    name.eq_ignore_ascii_case(base)
}

/// `FROM image AS name`.
fn name_of(from: &Instruction) -> Option<&str> {
    let words = split(&from.args, '\\');
    match words.as_slice() {
        [_, word, name] if word.eq_ignore_ascii_case("as") => Some(name),
        _ => None,
    }
}

impl State {
    pub(super) fn from(&mut self, instruction: &Instruction, stores: &[(String, String)]) -> Mapped {
        if self.base.is_some() {
            // A stage of the image's own: it goes on from the one before.
            self.args.clear();
            return Ok(());
        }
        self.base = Some("scratch".to_owned());
        self.outer_args = std::mem::take(&mut self.args);
        self.args = self.outer_args.clone();
        let read = self.base_of(instruction, stores);
        self.args.clear();
        self.base = Some(read?);
        Ok(())
    }

    fn base_of(&mut self, instruction: &Instruction, stores: &[(String, String)]) -> Result<String, Refusal> {
        for flag in &instruction.flags {
            let value = self.word(flag.value.as_deref().unwrap_or_default())?;
            match (flag.name.as_str(), value.parse()) {
                ("platform", Ok(platform)) => self.platform = Some(platform),
                ("platform", Err(_)) => return Err((format!("{} is no platform", shown(&value)), "write linux/amd64")),
                _ => return Err((format!("--{} is not read here", shown(&flag.name)), "leave it out")),
            }
        }
        let words = self.words(&instruction.args)?;
        let image = match words.as_slice() {
            [image] => image,
            [image, word, _] if word.eq_ignore_ascii_case("as") => image,
            _ => return Err(("it names no single image".into(), "write FROM IMAGE")),
        };
        let base = placed(image, stores);
        let is_store = |name: &str| stores.iter().any(|(_, store)| store == name);
        match base == "scratch" || ImageRef::parse(&base, is_store).is_ok() {
            true => Ok(base),
            false => Err((format!("{} is no image's reference", shown(image)), "name the base in the recipe")),
        }
    }

    pub(super) fn arg(&mut self, instruction: &Instruction) -> Mapped {
        Self::no_flags(instruction)?;
        for word in split(&instruction.args, self.escape) {
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            if name.is_empty() {
                return Err(("a name is empty".into(), "write ARG NAME=value"));
            }
            let of_builder = ["TARGET", "BUILD"].iter().any(|prefix| {
                let rest = name.strip_prefix(prefix);
                rest.is_some_and(|rest| ["PLATFORM", "OS", "ARCH", "VARIANT"].contains(&rest))
            });
            if of_builder && value.is_none() {
                return Err((
                    format!("{name} is the builder's"),
                    "a script may ask the image itself, with uname -m or dpkg --print-architecture",
                ));
            }
            let value = match value {
                Some(value) => Some(self.word(value)?),
                None => self.outer_args.get(name).cloned().flatten(),
            };
            self.args.insert(name.to_owned(), value);
        }
        Ok(())
    }
}

/// The reference as recipes write it: with a store's name where it lies below one, with its registry else.
fn placed(image: &str, stores: &[(String, String)]) -> String {
    if image == "scratch" {
        return image.to_owned();
    }
    let below = |prefix: &str| image.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
    let longest = stores.iter().filter(|(prefix, _)| below(prefix).is_some()).max_by_key(|(prefix, _)| prefix.len());
    if let Some((prefix, store)) = longest
        && let Some(rest) = below(prefix)
    {
        return format!("{store}/{rest}");
    }
    let (first, rest) = image.split_once('/').map_or((image, None), |(first, rest)| (first, Some(rest)));
    match rest {
        // As Docker reads short names.
        None => format!("docker.io/library/{image}"),
        Some(_) if first == "localhost" || first.contains(['.', ':']) => image.to_owned(),
        Some(_) if stores.iter().any(|(_, store)| store == first) => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
    }
}
