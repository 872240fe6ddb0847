//! Checks whose outcome shows before a bake, in the recipe and its base alone. The rules are those that judge the image; they
//! are given what is certain of it, so that nothing here passes that could still fail.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::evidence::{Evidence, Gap};
use super::finding::{Check, CheckVerdict, Finding};
use super::rules::{self, Case, SeenPath, Watching};
use super::{Contract, Globs, Policy, reason};
use crate::domain::layer::Tree;
use crate::domain::layer::packages::{Package, System};
use crate::domain::oci::{Annotations, Digest, ImageConfig};
use crate::domain::plan::{InputKind, InputManifest};
use crate::domain::recipe::{Action, Mode, Recipe, Step};

/// What is known before a bake.
#[derive(Clone, Copy)]
pub struct Forecast<'a> {
    /// The recipe.
    pub recipe: &'a Recipe,
    /// What each step reads.
    pub inputs: &'a [Option<InputManifest>],
    /// Its base; `None` where it begins with nothing.
    pub base: Option<BaseAhead<'a>>,
    /// What the workspace asks.
    pub policy: &'a Policy,
    /// Seconds since 1970.
    pub now: i64,
}

/// The base of a recipe.
#[derive(Clone, Copy)]
pub struct BaseAhead<'a> {
    /// As the recipe names it.
    pub reference: &'a str,
    /// The store whose keys judge it.
    pub store: Option<&'a str>,
    /// Its path in that store.
    pub repository: &'a str,
    /// Its config.
    pub config: &'a ImageConfig,
    /// When it was made, in seconds since 1970.
    pub created: Option<i64>,
    /// Its layers merged, where they are at hand.
    pub tree: Option<&'a Tree>,
}

/// What of the recipe decides a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The base.
    Base,
    /// `config.user`.
    User,
    /// `config.labels`.
    Labels,
    /// A package.
    Package(String),
    /// The step in this line.
    Step(u32),
}

/// The checks whose outcome shows, each with what decides it, those of the base first. What nobody asks is left out.
pub fn forecast(ahead: Forecast<'_>) -> Vec<(Check, Cause)> {
    let mut found = Vec::new();
    let contract = match ahead.contract() {
        Ok(contract) => contract,
        Err(gap) => {
            let finding = Finding::new(CheckVerdict::Unknown, gap.reason, vec![gap.why]);
            found.push((Check::new("lineage.contract", finding), Cause::Base));
            Contract::default()
        }
    };
    if let Some(base) = ahead.base {
        let evidence = base.evidence();
        for check in ["base.allowed", "base.age"] {
            found.extend(ahead.judged(check, &evidence, &Contract::default()).map(|check| (check, Cause::Base)));
        }
    }
    let image = ahead.image();
    for (check, cause) in [("image.user", Cause::User), ("image.labels", Cause::Labels)] {
        found.extend(ahead.judged(check, &image, &Contract::default()).map(|check| (check, cause)));
    }
    // Of the contract only what is broken is certain: steps that run may break the rest.
    let user = Contract { user: contract.user.clone(), ..Contract::default() };
    let labels = Contract { require_labels: contract.require_labels.clone(), ..Contract::default() };
    for (part, cause) in [(user, Cause::User), (labels, Cause::Labels)] {
        found.extend(ahead.broken("lineage.contract", &image, &part).map(|check| (check, cause)));
    }
    ahead.packages(&image, &contract, &mut found);
    ahead.paths(&contract, &mut found);
    found
}

impl Forecast<'_> {
    fn contract(&self) -> Result<Contract, Gap> {
        Contract::of_bases(self.base.map(|base| base.evidence()).as_ref())
    }

    /// A check that somebody asks for.
    fn judged(&self, check: &str, evidence: &Evidence, contract: &Contract) -> Option<Check> {
        let case = Case { is_published: false, ..Case::new(evidence, contract, self.policy, self.now) };
        rules::one(check, case).filter(|check| check.finding.verdict != CheckVerdict::Skip)
    }

    fn broken(&self, check: &str, evidence: &Evidence, contract: &Contract) -> Option<Check> {
        let warns = |check: &Check| matches!(check.finding.verdict, CheckVerdict::Fail | CheckVerdict::Warn);
        self.judged(check, evidence, contract).filter(warns)
    }

    /// The image as far as its config is certain.
    fn image(&self) -> Evidence {
        let mut image = match self.base {
            Some(base) => base.evidence(),
            None => unbaked(&ImageConfig::scratch(&crate::domain::oci::Platform {
                os: "linux".to_owned(),
                architecture: String::new(),
                variant: None,
            })),
        };
        let mut config = (*image.config).clone();
        let mut exec = config.config.take().unwrap_or_default();
        if let Some(user) = &self.recipe.config.user {
            exec.user = Some(user.clone());
        }
        let labels = exec.labels.get_or_insert_default();
        labels.extend(self.recipe.config.labels.iter().map(|(name, value)| (name.clone(), value.clone())));
        config.config = Some(exec);
        (image.config, image.is_local, image.reference) = (Arc::new(config), true, self.recipe.reference());
        image
    }

    /// Packages the recipe names that may not be installed.
    fn packages(&self, image: &Evidence, contract: &Contract, found: &mut Vec<(Check, Cause)>) {
        let forbidden = Contract { forbid_packages: contract.forbid_packages.clone(), ..Contract::default() };
        let mut seen = BTreeSet::new();
        for name in self.recipe.steps.iter().flat_map(|step| match &step.action {
            Action::Packages(packages) => packages.names.as_slice(),
            _ => &[],
        }) {
            // What follows a name is its version, architecture or release.
            let bare = name.split(['=', ':', '/', '<', '>', '~']).next().unwrap_or(name);
            if !seen.insert(bare) {
                continue;
            }
            let package = Package {
                name: bare.to_owned(),
                arch: String::new(),
                version: String::new(),
                system: System::Dpkg,
                source: None,
                size: None,
            };
            let with = Evidence { packages: Ok(Arc::new(vec![package])), ..image.clone() };
            let checks = [("image.packages", &Contract::default()), ("lineage.contract", &forbidden)];
            for (check, contract) in checks {
                let broken = self
                    .broken(check, &with, contract)
                    .map(|check| (told_of(check, bare), Cause::Package(name.clone())));
                found.extend(broken);
            }
        }
    }

    /// Paths that steps write or remove against the policy or what the base protects.
    fn paths(&self, contract: &Contract, found: &mut Vec<(Check, Cause)>) {
        let tree = self.base.and_then(|base| base.tree);
        let watching = Watching::new(self.policy, contract, tree);
        let protected = Globs::new(&contract.protected).ok().filter(|_| tree.is_none() && self.base.is_some());
        for (number, step) in self.recipe.steps.iter().enumerate() {
            let inputs = self.inputs.get(number).and_then(Option::as_ref);
            for (path, mode) in touched(step, inputs) {
                let deleted = mode == 0;
                for violation in watching.see(SeenPath { path: &path, deleted, mode, secrets: &[] }) {
                    let verdict = if violation.warns { CheckVerdict::Warn } else { CheckVerdict::Fail };
                    let finding = Finding::new(verdict, violation.reason, vec![violation.line]);
                    found.push((Check::new(violation.check, finding), Cause::Step(step.line)));
                }
                let glob = protected.as_ref().and_then(|globs| globs.which(path.trim_start_matches('/').as_bytes()));
                if let Some(glob) = glob {
                    let path = crate::domain::text::escape(&path);
                    let why = format!("{path}: protected by {glob}, if the base has it; its layers are not here");
                    let finding = Finding::new(CheckVerdict::Unknown, reason::UNUSABLE, vec![why]);
                    found.push((Check::new("lineage.contract", finding), Cause::Step(step.line)));
                }
            }
        }
    }
}

/// The rules tell of versions, and there is none yet.
fn told_of(mut check: Check, name: &str) -> Check {
    let name = crate::domain::text::escape(name);
    for line in &mut check.finding.evidence {
        if let Some((_, forbidden)) = line.split_once(" is forbidden") {
            *line = format!("{name} is forbidden{forbidden}");
        }
    }
    check
}

impl BaseAhead<'_> {
    fn evidence(&self) -> Evidence {
        Evidence {
            reference: self.reference.to_owned(),
            store: self.store.map(str::to_owned),
            repository: self.repository.to_owned(),
            created: self.created,
            ..unbaked(self.config)
        }
    }
}

/// An image nothing is known of but its config.
fn unbaked(config: &ImageConfig) -> Evidence {
    let gap = || Gap { reason: reason::UNUSABLE, why: "it is not baked yet".to_owned() };
    Evidence {
        reference: String::new(),
        store: None,
        repository: String::new(),
        tag: None,
        is_local: false,
        platform: config.platform(),
        digest: Digest::of(b"not baked yet"),
        index: None,
        annotations: Annotations::new(),
        layers: Vec::new(),
        config: Arc::new(config.clone()),
        created: None,
        attached: Err(gap()),
        inherited: 0,
        tree: Err(gap()),
        packages: Err(gap()),
        secrets: Err(gap()),
        tag_now: Err(gap()),
        last_seen: None,
    }
}

const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const SYMLINK: u32 = 0o120_000;

/// The paths a step is certain to touch, each with its type and permission bits; 0 for those it removes.
fn touched(step: &Step, inputs: Option<&InputManifest>) -> Vec<(String, u32)> {
    let bits = |mode: Option<Mode>, otherwise: u32| mode.map_or(otherwise, |mode| mode.0);
    match &step.action {
        Action::Remove(remove) => remove.paths.iter().map(|path| (path.to_string(), 0)).collect(),
        Action::Write(write) => vec![(write.to.to_string(), FILE | bits(write.mode, 0o644))],
        Action::Copy(copy) => {
            let to = copy.to.as_str().trim_end_matches('/');
            let name = copy.from.rsplit('/').next().unwrap_or(&copy.from);
            let entries = inputs.map(|inputs| inputs.entries.as_slice()).unwrap_or_default();
            let touched = entries.iter().map(|entry| {
                let path = match entry.path.as_str() {
                    "" if copy.to.names_folder() && !matches!(entry.kind, InputKind::Folder) => format!("{to}/{name}"),
                    "" => to.to_owned(),
                    below => format!("{to}/{below}"),
                };
                let own = entry.mode & !0o022;
                let mode = match entry.kind {
                    InputKind::File { .. } => FILE | bits(copy.mode, own),
                    InputKind::Folder => FOLDER | bits(copy.mode.map(searchable), own),
                    InputKind::Symlink { .. } => SYMLINK | 0o777,
                };
                (path, mode)
            });
            // The folder itself is there already, or made as it has to be.
            touched.filter(|(path, _)| !path.is_empty() && path != to || entries.len() == 1).collect()
        }
        Action::Packages(_) | Action::Run(_) | Action::Unpack(_) => Vec::new(),
    }
}

/// Folders get `x` wherever files have `r`.
fn searchable(mode: Mode) -> Mode {
    Mode(mode.0 | (mode.0 & 0o444) >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::layer::{Entry, Kind, LayerContents, Node};
    use crate::domain::oci::{ExecConfig, annotation};
    use crate::domain::recipe::parse;

    const CONTRACT: &str = r#"{"protected": ["/etc/ssl/**"], "user": "nonroot", "forbid-packages": ["telnet*"], "require-labels": ["team"]}"#;

    fn told(steps: &str, policy: &Policy, tree: Option<&Tree>) -> Vec<String> {
        let text = format!("recipe: 1\nname: a\ntag: \"1\"\nbase: global/os:12\n{steps}");
        let recipe = parse(text.as_bytes(), &["global"]).finish().0.unwrap();
        let mut config = ImageConfig::scratch(&"linux/amd64".parse().unwrap());
        let labels = [(annotation::CONTRACT.to_owned(), CONTRACT.to_owned())].into();
        config.config = Some(ExecConfig { labels: Some(labels), ..ExecConfig::default() });
        let base = BaseAhead {
            reference: "global/os:12",
            store: Some("global"),
            repository: "os",
            config: &config,
            created: None,
            tree,
        };
        let ahead = Forecast { recipe: &recipe, inputs: &[], base: Some(base), policy, now: 0 };
        let line = |(check, cause): (Check, Cause)| {
            format!("{} {} {cause:?}: {}", check.id, check.finding.verdict.as_str(), check.finding.evidence.join("; "))
        };
        forecast(ahead).into_iter().map(line).collect()
    }

    fn tree() -> Tree {
        let node = Node { kind: Kind::File { size: 0, digest: None }, ..Node::plain_folder(0) };
        let mut tree = Tree::default();
        let entry = Entry { path: b"etc/ssl/ca.pem".as_slice().into(), node: Node { mode: 0o644, ..node } };
        tree.apply(&LayerContents { entries: vec![entry], ..LayerContents::default() }).unwrap();
        tree
    }

    #[test]
    fn what_a_text_breaks_is_told_with_what_decides_it() {
        let mut policy = Policy::default();
        policy.image.user = Some("nonroot".into());
        policy.image.forbid_packages = vec!["nc*".into()];
        policy.base.allow = Some(vec!["global/os".into()]);
        let tree = tree();
        let steps = "steps:\n  - packages: [ncat, telnet=1, curl]\n  - remove: [/etc/ssl]\n  - write: {to: /etc/ssl/ca.pem, content: x}\n  - write: {to: /etc/ssl/new, content: x}\n  - write: {to: /usr/bin/x, mode: \"4755\", content: x}\n";
        assert_eq!(
            told(steps, &policy, Some(&tree)),
            [
                "base.allowed pass Base: global/os is one of global/os",
                "image.user fail User: it runs as root (nobody is named)",
                "lineage.contract fail User: it runs as root (nobody is named)",
                "lineage.contract fail Labels: the label team is missing",
                "image.packages fail Package(\"ncat\"): ncat is forbidden by nc*",
                "lineage.contract fail Package(\"telnet=1\"): telnet is forbidden by telnet*",
                "lineage.contract fail Step(7): /etc/ssl: deleted; the base's contract protects paths below it",
                "lineage.contract fail Step(8): /etc/ssl/ca.pem: changed; the base's contract protects it",
                "layer.setuid fail Step(10): /usr/bin/x: runs as its owner (setuid); 4755",
            ]
        );
    }

    #[test]
    fn what_holds_and_what_cannot_be_known() {
        let mut policy = Policy::default();
        policy.image.user = Some("app".into());
        policy.image.require_labels = vec!["team".into()];
        let good = "steps:\n  - run: rm -r /etc/ssl\nconfig: {user: app, labels: {team: a}}\n";
        assert_eq!(
            told(good, &policy, None),
            ["image.user pass User: it runs as app", "image.labels pass Labels: 1 label asked for"]
        );
        let open = "steps:\n  - remove: [/etc/ssl/ca.pem]\nconfig: {user: app, labels: {team: a}}\n";
        let last = told(open, &policy, None).pop().unwrap();
        assert!(last.starts_with("lineage.contract unknown Step(6): /etc/ssl/ca.pem: protected by"), "{last}");
    }
}
