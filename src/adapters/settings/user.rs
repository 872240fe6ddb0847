//! From the text of `config.yaml` to the user's settings. Touches no file.

use std::path::Path;
use std::time::Duration;

use super::forms::{engine, is_theme_name};
use super::keys::keys;
use super::secrets::secrets;
use super::{CacheSettings, ClipboardSetting, PackSettings, RoleSetting, STEP_TIMEOUT, UserSettings, WATCH_EVERY};
use crate::adapters::host::IdSetting;
use crate::domain::document::{CACHE, PACK, SETTINGS, keys as known};
use crate::domain::oci::Compression;
use crate::domain::recipe::duration;
use crate::domain::role_style::RoleStyle;
use crate::domain::units::parse_bytes;
use crate::domain::yaml::{self, Fields, Node, NodeKind, Problems, Reading, quote};

/// The user's settings; relative paths begin in `root`, their folder.
pub(super) fn user(bytes: &[u8], root: &Path, problems: &mut Problems) -> Option<UserSettings> {
    if says_nothing(bytes) {
        return Some(UserSettings::default());
    }
    let node = yaml::read(bytes, problems)?;
    let fields = Fields::open(&node, "settings", &known(SETTINGS), problems)?;
    let parallel = fields.value("parallel", problems).and_then(|node| node.number("parallel", 1..=256, problems));
    let watch_every = fields.value("watch-every", problems);
    let watch_every = watch_every.and_then(|node| node.number("watch-every", 1..=86_400, problems));
    Some(UserSettings {
        watch_every: watch_every
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map_or(WATCH_EVERY, Duration::from_secs),
        pack: fields.value("pack", problems).and_then(|node| pack(node, problems)).unwrap_or_default(),
        parallel: parallel.and_then(|number| usize::try_from(number).ok()),
        engine: fields.value("engine", problems).and_then(|node| engine(node, problems)),
        theme: fields.value("theme", problems).and_then(|node| theme(node, problems)),
        roles: fields.value("roles", problems).map(|node| roles(node, problems)).unwrap_or_default(),
        mouse: fields.boolean("mouse", problems).unwrap_or(true),
        readonly: fields.boolean("readonly", problems).unwrap_or(false),
        ascii: fields.boolean("ascii", problems).unwrap_or(false),
        clipboard: fields.value("clipboard", problems).and_then(|node| clipboard(node, problems)).unwrap_or_default(),
        keys: fields.value("keys", problems).map(|node| keys(node, problems)).unwrap_or_default(),
        id_mode: fields.value("id-mode", problems).and_then(|node| id_mode(node, problems)),
        step_timeout: match fields.value("step-timeout", problems) {
            Some(node) => step_timeout(node, problems),
            None => Some(STEP_TIMEOUT),
        },
        cache: fields.value("cache", problems).and_then(|node| cache(node, problems)).unwrap_or_default(),
        secrets: fields.value("secrets", problems).map(|node| secrets(node, root, problems)).unwrap_or_default(),
    })
}

/// Whether there is no more than blanks and comments: a file of settings none of which is set.
fn says_nothing(bytes: &[u8]) -> bool {
    let nothing = |line: &[u8]| line.trim_ascii_start().first().is_none_or(|first| *first == b'#');
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).split(|byte| *byte == b'\n').all(nothing)
}

/// `{ROLE: {fg: COLOUR, …}}`. Which roles there are is the terminal UI's to know.
fn roles(node: &Node, problems: &mut Problems) -> Vec<RoleSetting> {
    let NodeKind::Mapping(entries) = &node.kind else {
        problems
            .error(node.span, format!("`roles` must be a mapping, found {}", node.describe()))
            .help("write ROLE: {fg: \"#rrggbb\"}; `bakery schema theme` names the roles");
        return Vec::new();
    };
    let read = entries.iter().map(|entry| {
        let (line, column) = (entry.span.start.line, entry.span.start.column);
        let style = RoleStyle::read(&entry.value, &entry.key, problems)?;
        Some(RoleSetting { role: entry.key.clone(), style, line, column })
    });
    read.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn clipboard(node: &Node, problems: &mut Problems) -> Option<ClipboardSetting> {
    match node.text("clipboard", problems)? {
        "auto" => Some(ClipboardSetting::Auto),
        "osc52" => Some(ClipboardSetting::Osc52),
        "native" => Some(ClipboardSetting::Native),
        "off" => Some(ClipboardSetting::Off),
        other => {
            problems
                .error(node.span, format!("unknown clipboard {}", quote(other)))
                .help("write auto, osc52, native or off");
            None
        }
    }
}

fn id_mode(node: &Node, problems: &mut Problems) -> Option<IdSetting> {
    match node.text("id-mode", problems)? {
        "subordinate" => Some(IdSetting::Subordinate),
        "single" => Some(IdSetting::Single),
        "strict" => Some(IdSetting::Strict),
        other => {
            problems
                .error(node.span, format!("unknown id-mode {}", quote(other)))
                .help("write subordinate, single or strict");
            None
        }
    }
}

/// A duration; `None` for the plain number 0 and for what cannot be read.
fn step_timeout(node: &Node, problems: &mut Problems) -> Option<Duration> {
    if matches!(&node.kind, NodeKind::Scalar(scalar) if scalar.text == "0") {
        return None;
    }
    let text = node.text("step-timeout", problems)?;
    let nanos = duration(text);
    if nanos.is_none() {
        problems
            .error(node.span, format!("`step-timeout`: {} is no duration", quote(text)))
            .help("write 90s, 30m or 2h; 0 for none");
    }
    nanos.filter(|nanos| *nanos > 0).map(Duration::from_nanos)
}

fn cache(node: &Node, problems: &mut Problems) -> Option<CacheSettings> {
    let fields = Fields::open(node, "`cache`", &known(CACHE), problems)?;
    let node = fields.value("max-size", problems)?;
    let text = node.text("max-size", problems)?;
    let max_size = parse_bytes(text);
    if max_size.is_none() {
        problems
            .error(node.span, format!("`max-size`: {} is no size", quote(text)))
            .help("write a number and its unit: 500MB, 20GB, 8GiB");
    }
    Some(CacheSettings { max_size })
}

/// A theme's name is a file's name too: it leads nowhere else.
fn theme(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("theme", problems)?;
    if is_theme_name(text) {
        return Some(text.to_owned());
    }
    problems
        .error(node.span, format!("{} is no name for a theme", quote(text)))
        .help("write dark, light, one of the names `bakery config show` lists, or a file in themes/ without .yaml");
    None
}

fn pack(node: &Node, problems: &mut Problems) -> Option<PackSettings> {
    let fields = Fields::open(node, "`pack`", &known(PACK), problems)?;
    let named = fields.value("compression", problems);
    let compression = match named.and_then(|node| node.text("compression", problems).map(|text| (text, node.span))) {
        None | Some(("gzip", _)) => Compression::Gzip,
        Some(("zstd", _)) => Compression::Zstd,
        Some(("none", _)) => Compression::None,
        Some((other, span)) => {
            problems.error(span, format!("unknown compression {}", quote(other))).help("write gzip, zstd or none");
            return None;
        }
    };
    let highest = if compression == Compression::Zstd { 19 } else { 9 };
    let level = fields.value("level", problems).and_then(|node| node.number("level", 1..=highest, problems));
    Some(PackSettings { compression, level: level.and_then(|level| i32::try_from(level).ok()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_settings() {
        let mut problems = Problems::new();
        let settings =
            user(b"pack: {compression: zstd, level: 3}\nparallel: 2\n", Path::new("/c"), &mut problems).unwrap();
        assert!(problems.is_empty());
        assert_eq!(settings.pack, PackSettings { compression: Compression::Zstd, level: Some(3) });
        assert_eq!(settings.parallel, Some(2));
        assert_eq!(user(b"theme: mine\n", Path::new("/c"), &mut problems).unwrap().theme.as_deref(), Some("mine"));
        assert!(problems.is_empty());
        user(b"theme: ../mine\n", Path::new("/c"), &mut problems);
        assert_eq!(problems.len(), 1);
        let settings = user(b"watch-every: 300\n", Path::new("/c"), &mut problems).unwrap();
        assert_eq!(settings.watch_every, Duration::from_secs(300));
        let text = b"id-mode: strict\nstep-timeout: 1m30s\ncache: {max-size: 20GB}\n";
        let settings = user(text, Path::new("/c"), &mut Problems::new()).unwrap();
        assert_eq!(settings.id_mode, Some(IdSetting::Strict));
        assert_eq!(settings.step_timeout, Some(Duration::from_secs(90)));
        assert_eq!(settings.cache.max_size, Some(20_000_000_000));
        let default = user(b"parallel: 2\n", Path::new("/c"), &mut Problems::new()).unwrap();
        assert_eq!(default.step_timeout, Some(Duration::from_secs(7200)));
        assert_eq!(default, UserSettings { parallel: Some(2), ..UserSettings::default() });
        for none in ["0", "0s", "\"0\""] {
            let mut problems = Problems::new();
            let settings = user(format!("step-timeout: {none}\n").as_bytes(), Path::new("/c"), &mut problems).unwrap();
            assert_eq!((settings.step_timeout, problems.len()), (None, 0), "{none}");
        }
        let mut wrong = Problems::new();
        user(b"id-mode: root\nstep-timeout: 30\ncache: {max-size: lots}\n", Path::new("/c"), &mut wrong);
        let places: Vec<(u32, u32)> = wrong.into_sorted().iter().map(|p| (p.line, p.column)).collect();
        assert_eq!(places, [(1, 10), (2, 15), (3, 19)]);
        user(b"pack: {compression: gzip, level: 12}\n", Path::new("/c"), &mut problems);
        assert!(problems.has_errors());
    }
}
