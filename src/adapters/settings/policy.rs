//! Finding and reading a workspace's policy: `policy.yaml` and the rules in Rego beside it. Fails closed: what is named and
//! cannot be read is an error, never the default (S-03). Judges no image.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::Workspace;
use crate::adapters::whole_file::read_bounded;
use crate::domain::text::escape;
use crate::domain::trust::Policy;
use crate::domain::trust::policy::{RegoFile, is_name, parse};
use crate::domain::yaml::{MAX_BYTES, Problem};
use crate::report::{Kind, Report};

/// Name of the policy where the workspace names none.
pub const POLICY_FILE: &str = "policy.yaml";
/// Folder of rules in Rego, beside the policy.
pub const POLICY_FOLDER: &str = "policy";
/// Most files of rules, and of tests.
const MAX_FILES: usize = 64;
/// Largest of them, in bytes.
const MAX_REGO: usize = 256 << 10;
/// Deepest folder of tests.
const MAX_DEPTH: usize = 4;
/// Most entries looked at in all.
const MAX_ENTRIES: usize = 4096;

/// Why there is no policy to judge by.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// The workspace names it.
    #[error("the policy {file} is not there")]
    Missing {
        /// Where it should be.
        file: String,
    },
    /// It says something wrong.
    #[error("{file} is not usable")]
    Problems {
        /// Which file.
        file: String,
        /// Its bytes.
        bytes: Vec<u8>,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// It is not what a policy is kept in.
    #[error("{path} is {what}")]
    Refused {
        /// Which file or folder.
        path: String,
        /// What it is.
        what: String,
    },
    /// The file system said no.
    #[error("read {path}")]
    Io {
        /// On what.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl From<PolicyFileError> for Report {
    fn from(error: PolicyFileError) -> Self {
        // Who cannot read the policy judges nothing: that is a no.
        let report = Self::new(Kind::Rejected, &error);
        match &error {
            PolicyFileError::Missing { .. } => {
                report.help("make it, or take `policy:` out of bakery.yaml: the built-in policy counts then")
            }
            PolicyFileError::Problems { file, problems, .. } => of_problems(file, problems),
            PolicyFileError::Refused { .. } => report.help("keep policy.yaml and policy/*.rego as plain files"),
            PolicyFileError::Io { .. } => report,
        }
    }
}

/// One problem is the message itself; several are listed below it.
fn of_problems(file: &str, problems: &[Problem]) -> Report {
    let place = |problem: &Problem| format!("{file}:{}:{}: {}", problem.line, problem.column, problem.message);
    let mut report = match problems {
        [only] => Report::message(Kind::Rejected, place(only)),
        all => Report::message(Kind::Rejected, format!("{file} has {} problems", all.len())),
    };
    if problems.len() > 1 {
        report.causes = problems.iter().map(|problem| escape(&place(problem))).collect();
    }
    report.help = problems.iter().find_map(|problem| problem.help.clone());
    report
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn refused(path: &Path, what: impl Into<String>) -> PolicyFileError {
    PolicyFileError::Refused { path: shown(path), what: what.into() }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PolicyFileError {
    let path = shown(path);
    |source| PolicyFileError::Io { path, source }
}

/// The policy of a workspace: the file it names, else `policy.yaml` beside `bakery.yaml`, else the built-in one; with the
/// rules in Rego beside it.
pub fn load_policy(workspace: &Workspace) -> Result<Policy, PolicyFileError> {
    let file = workspace.policy.clone().unwrap_or_else(|| workspace.root.join(POLICY_FILE));
    let bytes = match facts(&file)? {
        None if workspace.policy.is_some() => return Err(PolicyFileError::Missing { file: shown(&file) }),
        None => None,
        Some(facts) if facts.is_dir() => return Err(refused(&file, "a folder")),
        // A pipe would hold everybody up.
        Some(facts) if !facts.is_file() => return Err(refused(&file, "not a regular file")),
        Some(_) => read_bounded(&file, MAX_BYTES).map_err(io_error(&file))?,
    };
    let policy = match bytes {
        None if workspace.policy.is_some() => return Err(PolicyFileError::Missing { file: shown(&file) }),
        None => Policy::default(),
        Some(bytes) => {
            let stores: Vec<&str> = workspace.stores.keys().map(String::as_str).collect();
            let name = relative(&file, &workspace.root);
            match parse(&bytes, &stores) {
                Ok(policy) => Policy { file: Some(name), ..policy },
                Err(problems) => return Err(PolicyFileError::Problems { file: name, bytes, problems }),
            }
        }
    };
    let rules = rego_files(workspace, 1)?.into_iter().filter(|file| !is_test(&file.name));
    Ok(policy.with_rego(rules.collect()))
}

/// The tests of the workspace's rules: `policy/**/*_test.rego`, named by their path below `policy`, without ending.
pub fn load_policy_tests(workspace: &Workspace) -> Result<Vec<RegoFile>, PolicyFileError> {
    Ok(rego_files(workspace, MAX_DEPTH)?.into_iter().filter(|file| is_test(&file.name)).collect())
}

fn is_test(name: &str) -> bool {
    name.ends_with("_test")
}

fn relative(file: &Path, root: &Path) -> String {
    shown(file.strip_prefix(root).unwrap_or(file))
}

/// What stands at a path, followed through links; `None` where nothing does.
fn facts(path: &Path) -> Result<Option<Metadata>, PolicyFileError> {
    match path.metadata() {
        Ok(facts) => Ok(Some(facts)),
        // A dangling link names something that is not there; it is not nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_ok() => {
            Err(refused(path, "a symlink to nothing"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path)(error)),
    }
}

/// Every `*.rego` down to a depth, sorted by name.
fn rego_files(workspace: &Workspace, depth: usize) -> Result<Vec<RegoFile>, PolicyFileError> {
    let beside = workspace.policy.as_deref().and_then(Path::parent).unwrap_or(&workspace.root);
    let folder = beside.join(POLICY_FOLDER);
    if workspace.policy.as_deref() == Some(&folder) {
        return Ok(Vec::new());
    }
    let facts = match folder.symlink_metadata() {
        Ok(facts) => facts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error(&folder)(error)),
    };
    if facts.is_symlink() {
        return Err(refused(&folder, "a symlink"));
    }
    if !facts.is_dir() {
        return Err(refused(&folder, "not a folder"));
    }
    let mut found = Vec::new();
    let mut entries = 0;
    walk(&folder, (String::new(), depth), &mut entries, &mut found)?;
    found.sort();
    if found.len() > MAX_FILES {
        return Err(refused(&folder, format!("too full: more than {MAX_FILES} files of Rego")));
    }
    found.into_iter().map(|(name, path)| read_rego(name, &path)).collect()
}

fn walk(
    folder: &Path,
    (below, depth): (String, usize),
    entries: &mut usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), PolicyFileError> {
    for entry in std::fs::read_dir(folder).map_err(io_error(folder))? {
        let entry = entry.map_err(io_error(folder))?;
        let path = entry.path();
        *entries += 1;
        if *entries > MAX_ENTRIES {
            return Err(refused(folder, format!("too full: more than {MAX_ENTRIES} entries")));
        }
        let kind = entry.file_type().map_err(io_error(&path))?;
        let name = entry.file_name();
        if kind.is_dir() {
            if depth > 1 {
                let below = format!("{below}{}/", escape(&name.to_string_lossy()));
                walk(&path, (below, depth - 1), entries, found)?;
            }
            continue;
        }
        if path.extension().is_none_or(|ending| ending != "rego") {
            continue;
        }
        if !kind.is_file() {
            let what = if kind.is_symlink() { "a symlink" } else { "not a regular file" };
            return Err(refused(&path, what));
        }
        let stem = name.to_str().and_then(|name| name.strip_suffix(".rego")).unwrap_or_default();
        if !is_name(stem) {
            return Err(refused(&path, "no name for a check: write letters, digits, `-`, `_` and `.`"));
        }
        found.push((format!("{below}{stem}"), path));
    }
    Ok(())
}

fn read_rego(name: String, path: &Path) -> Result<RegoFile, PolicyFileError> {
    let gone = || io::Error::from(io::ErrorKind::NotFound);
    let bytes = read_bounded(path, MAX_REGO).and_then(|bytes| bytes.ok_or_else(gone)).map_err(io_error(path))?;
    if bytes.len() > MAX_REGO {
        return Err(refused(path, format!("larger than {MAX_REGO} bytes")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(RegoFile { name, text }),
        Err(_) => Err(refused(path, "no UTF-8 text")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Paths;
    use super::*;

    fn workspace(files: &[(&str, &str)]) -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let paths = Paths::below(folder.path());
        let workspace = Workspace::load(Some(folder.path()), &paths).unwrap();
        (folder, workspace)
    }

    const PLAIN: (&str, &str) = ("bakery.yaml", "bakery: 1\n");
    const NAMED: (&str, &str) = ("bakery.yaml", "bakery: 1\npolicy: trust/rules.yaml\n");
    const RULE: &str = "package bakery\ndeny contains \"no\" if input.local\n";

    fn told(files: &[(&str, &str)]) -> String {
        let (_folder, workspace) = workspace(files);
        let report = Report::from(load_policy(&workspace).unwrap_err());
        assert_eq!(report.kind.exit_code(), 3, "{report}");
        report.to_string()
    }

    #[test]
    fn the_named_file_else_the_one_beside_the_workspace_else_the_built_in() {
        assert_eq!(load_policy(&workspace(&[PLAIN]).1).unwrap(), Policy::default());
        let (_folder, beside) =
            workspace(&[PLAIN, ("policy.yaml", "image: {user: nonroot}\n"), ("policy/a.rego", RULE)]);
        let policy = load_policy(&beside).unwrap();
        assert_eq!((policy.file.as_deref(), policy.image.user.as_deref()), (Some("policy.yaml"), Some("nonroot")));
        assert_eq!(policy.rego.len(), 1);
        let (_folder, named) = workspace(&[
            NAMED,
            ("trust/rules.yaml", "image: {user: app}\n"),
            ("trust/policy/b.rego", RULE),
            ("policy/a.rego", RULE),
        ]);
        let policy = load_policy(&named).unwrap();
        assert_eq!((policy.file.as_deref(), policy.rego[0].name.as_str()), (Some("trust/rules.yaml"), "b"));
    }

    #[test]
    fn s03_named_and_missing_or_unreadable_or_empty_fails_closed() {
        assert!(told(&[NAMED]).contains("trust/rules.yaml is not there"));
        assert!(told(&[NAMED, ("trust/rules.yaml/x", "")]).contains("is a folder"));
        assert!(told(&[PLAIN, ("policy.yaml", "")]).contains("policy.yaml:1:1: nothing here: the file is empty"));
        let text = told(&[PLAIN, ("policy.yaml", "image: {usr: nonroot}\nbase: {stale: never}\n")]);
        assert!(text.contains("policy.yaml:1:9: unknown key `usr`") && text.contains("policy.yaml:2:15: "), "{text}");
        assert!(told(&[PLAIN, ("policy.yaml", &"#".repeat(MAX_BYTES + 1))]).contains("more than"));
        let (folder, dangling) = workspace(&[PLAIN]);
        std::os::unix::fs::symlink("nowhere", folder.path().join("policy.yaml")).unwrap();
        assert!(matches!(load_policy(&dangling), Err(PolicyFileError::Refused { .. })));
    }

    #[test]
    fn rules_are_plain_files_in_a_plain_folder() {
        assert!(told(&[PLAIN, ("policy", "")]).contains("not a folder"));
        assert!(told(&[PLAIN, ("policy/a b.rego", RULE)]).contains("no name for a check"));
        assert!(told(&[PLAIN, ("policy/a.rego", &"#".repeat(MAX_REGO + 1))]).contains("larger than"));
        let (folder, linked) = workspace(&[PLAIN, ("real/a.rego", RULE)]);
        std::os::unix::fs::symlink("real", folder.path().join("policy")).unwrap();
        assert!(load_policy(&linked).unwrap_err().to_string().ends_with("is a symlink"));
        let (folder, linked) = workspace(&[PLAIN, ("policy/x", ""), ("real/a.rego", RULE)]);
        std::os::unix::fs::symlink("../real/a.rego", folder.path().join("policy/a.rego")).unwrap();
        assert!(load_policy(&linked).unwrap_err().to_string().ends_with("is a symlink"));
    }

    #[test]
    fn tests_are_found_below_and_are_no_rules() {
        let test = "package bakery\ntest_a if true\n";
        let files = [
            PLAIN,
            ("policy/b.rego", RULE),
            ("policy/a.rego", RULE),
            ("policy/a_test.rego", test),
            ("policy/deep/b_test.rego", test),
        ];
        let (_folder, workspace) = workspace(&files);
        let names = |files: Vec<RegoFile>| files.into_iter().map(|file| file.name).collect::<Vec<_>>();
        assert_eq!(names(load_policy(&workspace).unwrap().rego), ["a", "b"]);
        assert_eq!(names(load_policy_tests(&workspace).unwrap()), ["a_test", "deep/b_test"]);
    }
}
