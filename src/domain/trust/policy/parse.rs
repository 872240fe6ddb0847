//! From the text of `policy.yaml` to a policy, or everything wrong with it, each with its place (contract section 5; S-03).
//! A key left out means what the built-in default means; whoever loosens says so, with a reason and an end.

use std::time::Duration;

use super::checks::{Named, named_by, nearest_check};
use super::{BasePolicy, Demand, Exception, ImagePolicy, Policy};
use crate::domain::oci::Digest;
use crate::domain::text::escape;
use crate::domain::trust::globs::{MAX_GLOBS, check_glob};
use crate::domain::units::parse_bytes;
use crate::domain::yaml::{self, Fields, Node, NodeKind, Problem, Problems, Reading, Severity, Span, nearest, quote};

const KEYS: &[&str] = &["base", "image", "exceptions"];
const BASE_KEYS: &[&str] = &["signed-by", "allow", "max-age", "stale"];
const IMAGE_KEYS: &[&str] = &[
    "user",
    "setuid",
    "world-writable",
    "secrets",
    "device-nodes",
    "max-layer",
    "max-total",
    "require-labels",
    "forbid-paths",
    "forbid-packages",
    "builders",
];
const EXCEPTION_KEYS: &[&str] = &["check", "path", "reason", "until"];
/// Longest reason, in bytes.
const MAX_REASON: usize = 1000;

/// Words and what they ask.
type Words = [(&'static str, Demand); 3];
const FORBID: Words = [("forbid", Demand::Forbid), ("warn", Demand::Warn), ("allow", Demand::Allow)];
const STALE: Words = [("fail", Demand::Forbid), ("warn", Demand::Warn), ("ignore", Demand::Allow)];

/// Reads a policy; `stores` are the names of the workspace's stores. The policy knows neither its file nor rules in Rego.
pub fn parse(bytes: &[u8], stores: &[&str]) -> Result<Policy, Vec<Problem>> {
    let mut problems = Problems::new();
    let tree = yaml::read(bytes, &mut problems);
    let policy = tree.as_ref().and_then(|tree| read(tree, stores, &mut problems));
    let failed = problems.has_errors();
    match policy {
        Some(policy) if !failed => Ok(Policy { digest: Digest::of(bytes), ..policy }),
        _ => {
            let mut problems = problems.into_sorted();
            problems.retain(|problem| problem.severity == Severity::Error);
            if tree.is_none()
                && let [only] = problems.as_mut_slice()
                && only.help.is_none()
            {
                only.help = Some(EMPTY_HELP.to_owned());
            }
            Err(problems)
        }
    }
}

const EMPTY_HELP: &str =
    "write what is asked, such as `image: {user: nonroot}`; without any policy file the built-in policy counts";

fn read(tree: &Node, stores: &[&str], problems: &mut Problems) -> Option<Policy> {
    let fields = Fields::open(tree, "a policy", KEYS, problems)?;
    refuse_empty(tree, "the policy asks nothing", problems);
    let default = Policy::default();
    let base = fields.value("base", problems).and_then(|node| read_base(node, stores, default.base.clone(), problems));
    let image = fields.value("image", problems).and_then(|node| read_image(node, default.image.clone(), problems));
    let exceptions = fields.value("exceptions", problems).map(|node| read_exceptions(node, problems));
    Some(Policy {
        base: base.unwrap_or(default.base),
        image: image.unwrap_or(default.image),
        exceptions: exceptions.unwrap_or_default(),
        ..default
    })
}

fn refuse_empty(node: &Node, message: &str, problems: &mut Problems) {
    if matches!(&node.kind, NodeKind::Mapping(entries) if entries.is_empty()) {
        problems.error(node.span, message).help(EMPTY_HELP);
    }
}

fn read_base(node: &Node, stores: &[&str], default: BasePolicy, problems: &mut Problems) -> Option<BasePolicy> {
    let fields = Fields::open(node, "`base`", BASE_KEYS, problems)?;
    refuse_empty(node, "`base` asks nothing", problems);
    let signed_by = fields.texts("signed-by", problems).map(|names| {
        for (name, span) in &names {
            known_store(name, *span, stores, problems);
        }
        names.into_iter().map(|(name, _)| name.to_owned()).collect()
    });
    Some(BasePolicy {
        signed_by: signed_by.or(default.signed_by),
        allow: globs(&fields, "allow", Rooted::Anywhere, problems).or(default.allow),
        max_age: fields.value("max-age", problems).and_then(|node| age(node, problems)).or(default.max_age),
        stale: demand(&fields, "stale", &STALE, problems).unwrap_or(default.stale),
    })
}

fn known_store(name: &str, span: Span, stores: &[&str], problems: &mut Problems) {
    if stores.contains(&name) {
        return;
    }
    let mean = nearest(name, stores.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    problems
        .error(span, format!("`signed-by`: no store {} in this workspace{}", quote(name), mean.unwrap_or_default()))
        .help(format!("stores are {}", stores.join(", ")));
}

fn read_image(node: &Node, default: ImagePolicy, problems: &mut Problems) -> Option<ImagePolicy> {
    let fields = Fields::open(node, "`image`", IMAGE_KEYS, problems)?;
    refuse_empty(node, "`image` asks nothing", problems);
    let mut demanded = |key: &str, default| demand(&fields, key, &FORBID, problems).unwrap_or(default);
    let setuid = demanded("setuid", default.setuid);
    let world_writable = demanded("world-writable", default.world_writable);
    let secrets = demanded("secrets", default.secrets);
    let device_nodes = demanded("device-nodes", default.device_nodes);
    Some(ImagePolicy {
        user: fields.value("user", problems).and_then(|node| user(node, problems)).or(default.user),
        setuid,
        world_writable,
        secrets,
        device_nodes,
        max_layer: size(&fields, "max-layer", problems).or(default.max_layer),
        max_total: size(&fields, "max-total", problems).or(default.max_total),
        require_labels: words(&fields, "require-labels", problems).unwrap_or(default.require_labels),
        forbid_paths: globs(&fields, "forbid-paths", Rooted::AtRoot, problems).unwrap_or(default.forbid_paths),
        forbid_packages: globs(&fields, "forbid-packages", Rooted::Anywhere, problems)
            .unwrap_or(default.forbid_packages),
        builders: words(&fields, "builders", problems).unwrap_or(default.builders),
    })
}

fn demand(fields: &Fields<'_>, key: &str, words: &Words, problems: &mut Problems) -> Option<Demand> {
    let node = fields.value(key, problems)?;
    let text = node.text(key, problems)?;
    if let Some((_, demand)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*demand);
    }
    let known = words.map(|(word, _)| word);
    let mean = nearest(text, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    problems
        .error(node.span, format!("{}: {} is no answer{mean}", quote(key), quote(text)))
        .help(format!("write {}, {} or {}", known[0], known[1], known[2]));
    None
}

/// `90d`: whole hours, days, weeks.
fn age(node: &Node, problems: &mut Problems) -> Option<Duration> {
    let text = node.text("max-age", problems)?;
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit {
        "h" => Some(3600),
        "d" => Some(86_400),
        "w" => Some(7 * 86_400),
        _ => None,
    };
    let number = number.parse::<u64>().ok().filter(|number| (1..=1_000_000).contains(number));
    let seconds = number.zip(unit).map(|(number, unit)| number * unit);
    if seconds.is_none() {
        problems
            .error(node.span, format!("`max-age`: {} is no age", quote(text)))
            .help("write a number and its unit: 12h, 90d, 8w");
    }
    seconds.map(Duration::from_secs)
}

/// `500MB`: with its unit, so that nobody forbids more or less than was meant.
fn size(fields: &Fields<'_>, key: &str, problems: &mut Problems) -> Option<u64> {
    let node = fields.value(key, problems)?;
    let text = node.text(key, problems)?;
    let with_unit = text.ends_with(['B', 'b']);
    let bytes = parse_bytes(text).filter(|bytes| with_unit && *bytes > 0);
    if bytes.is_none() {
        problems
            .error(node.span, format!("{}: {} is no size", quote(key), quote(text)))
            .help("write a number and its unit: 500MB, 2GB, 8GiB");
    }
    bytes
}

/// `nonroot`, or the name or number of a user who is not root.
fn user(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("user", problems)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let number = text.bytes().all(|b| b.is_ascii_digit());
    let root = text == "root" || (number && text.bytes().all(|b| b == b'0'));
    if root || text.is_empty() || text.len() > 32 || text.starts_with(['-', '.']) || !text.bytes().all(allowed) {
        problems
            .error(node.span, format!("`user`: {} is nobody an image may be asked to run as", quote(text)))
            .help("write nonroot for anybody but root, or one user's name or number");
        return None;
    }
    Some(text.to_owned())
}

/// A list of texts that say something.
fn words(fields: &Fields<'_>, key: &str, problems: &mut Problems) -> Option<Vec<String>> {
    let items = bounded(fields, key, problems)?;
    for (text, span) in &items {
        if text.trim().is_empty() || text.len() > 1024 {
            problems.error(*span, format!("{}: {} says nothing", quote(key), quote(text)));
        }
    }
    Some(items.into_iter().map(|(text, _)| text.to_owned()).collect())
}

fn bounded<'a>(fields: &Fields<'a>, key: &str, problems: &mut Problems) -> Option<Vec<(&'a str, Span)>> {
    let items = fields.texts(key, problems)?;
    if let Some((_, span)) = items.get(MAX_GLOBS) {
        problems.error(*span, format!("{}: more than {MAX_GLOBS} of them", quote(key)));
    }
    Some(items)
}

/// Whether a glob is one of paths, which begin at the root.
#[derive(Clone, Copy, PartialEq)]
enum Rooted {
    AtRoot,
    Anywhere,
}

fn globs(fields: &Fields<'_>, key: &str, rooted: Rooted, problems: &mut Problems) -> Option<Vec<String>> {
    let items = bounded(fields, key, problems)?;
    for (text, span) in &items {
        glob(key, text, *span, rooted, problems);
    }
    Some(items.into_iter().map(|(text, _)| text.to_owned()).collect())
}

fn glob(key: &str, text: &str, span: Span, rooted: Rooted, problems: &mut Problems) {
    if let Err(error) = check_glob(text) {
        problems.error(span, format!("{}: {error}", quote(key)));
    } else if rooted == Rooted::AtRoot && !text.starts_with('/') && !text.starts_with("**") {
        problems
            .error(span, format!("{}: {} does not begin at the root", quote(key), quote(text)))
            .help(format!("write /{0} for that one place, **/{0} for any", escape(text)));
    }
}

fn read_exceptions(node: &Node, problems: &mut Problems) -> Vec<Exception> {
    let items = node.list("exceptions", problems).unwrap_or_default();
    if let Some(item) = items.get(MAX_GLOBS) {
        problems.error(item.span, format!("more than {MAX_GLOBS} exceptions"));
        return Vec::new();
    }
    items.iter().filter_map(|item| read_exception(item, problems)).collect()
}

/// An exception that says less lets more pass: so `path`, where the check names something, and `until` must be there.
fn read_exception(node: &Node, problems: &mut Problems) -> Option<Exception> {
    let fields = Fields::open(node, "an exception", EXCEPTION_KEYS, problems)?;
    let check = fields.require("check", problems).and_then(|node| Some((node.text("check", problems)?, node.span)));
    let named = check.and_then(|(check, span)| known_check(check, span, problems));
    let reason = fields.require("reason", problems).and_then(|node| reason(node, problems));
    let path = match named {
        None => fields.text("path", problems),
        Some(Named::Nothing) => {
            if let Some(entry) = fields.entry("path", problems) {
                let check = check.map(|(check, _)| quote(check)).unwrap_or_default();
                problems.error(entry.span, format!("{check} names no path")).help("leave `path` out");
            }
            None
        }
        Some(named) => match fields.require("path", problems) {
            None => {
                problems.help(format!("`path` is {}", named.as_str()));
                None
            }
            Some(node) => {
                let rooted = if named == Named::Paths { Rooted::AtRoot } else { Rooted::Anywhere };
                let text = node.text("path", problems);
                text.inspect(|text| glob("path", text, node.span, rooted, problems))
            }
        },
    };
    let until = match fields.require("until", problems) {
        Some(node) => date(node, problems),
        None => {
            problems.help("write the last day it counts, such as 2027-01-31, or never");
            None
        }
    };
    Some(Exception {
        check: check?.0.to_owned(),
        path: path.map(str::to_owned),
        reason: reason?,
        until: until?,
        line: node.span.start.line,
    })
}

fn known_check(check: &str, span: Span, problems: &mut Problems) -> Option<Named> {
    let named = named_by(check);
    if named.is_none() {
        let mean = nearest_check(check).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let ids: Vec<&str> = super::checks::CHECKS.iter().map(|(id, _)| *id).collect();
        problems
            .error(span, format!("`check`: there is no check {}{mean}", quote(check)))
            .help(format!("checks are {}, test.NAME, policy.NAME", ids.join(", ")));
    }
    named
}

fn reason(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("reason", problems)?;
    if text.trim().is_empty() || text.len() > MAX_REASON {
        problems
            .error(node.span, "`reason` says nothing")
            .help(format!("say in up to {MAX_REASON} bytes why this is let pass, and who said so"));
        return None;
    }
    Some(text.trim().to_owned())
}

/// A day, or `never`.
fn date(node: &Node, problems: &mut Problems) -> Option<Option<time::Date>> {
    let text = node.text("until", problems)?;
    if text == "never" {
        return Some(None);
    }
    let day = day(text);
    if day.is_none() {
        problems
            .error(node.span, format!("`until`: {} is no day", quote(text)))
            .help("write the last day it counts, such as 2027-01-31, or never");
    }
    day.map(Some)
}

fn day(text: &str) -> Option<time::Date> {
    let number = |part: &str, length: usize| {
        let fits = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if fits { part.parse::<u16>().ok() } else { None }
    };
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let whole = parts.next().is_none();
    time::Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok().filter(|_| whole)
}
