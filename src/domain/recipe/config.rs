//! Reading `config`: what changes in the image config.

use super::forms;
use super::keys::Table;
use super::schema::{ConfigChange, Healthcheck};
use crate::domain::yaml::{
    Fields, Node, NodeKind, Problems, Reading, nearest, parse_scalar, quote, text_list, text_map,
};

pub(super) fn read(node: &Node, problems: &mut Problems) -> ConfigChange {
    let Some(fields) = Fields::open(node, "`config`", Table::Config.keys(), problems) else {
        return ConfigChange::default();
    };
    let mut change = ConfigChange {
        env: fields.value("env", problems).map(|node| forms::env(node, problems)).unwrap_or_default(),
        user: fields.value("user", problems).and_then(|node| forms::user(node, problems)),
        workdir: fields.parse("workdir", problems),
        entrypoint: fields.value("entrypoint", problems).and_then(|node| command(node, "entrypoint", problems)),
        cmd: fields.value("cmd", problems).and_then(|node| command(node, "cmd", problems)),
        stop_signal: fields.value("stop-signal", problems).and_then(|node| signal(node, problems)),
        healthcheck: fields.value("healthcheck", problems).and_then(|node| healthcheck(node, problems)),
        ..ConfigChange::default()
    };
    for (text, span) in fields.texts("expose", problems).unwrap_or_default() {
        match forms::port(text) {
            Some(port) if change.expose.contains(&port) => {
                problems.warning(span, format!("port {} stands twice", quote(text)));
            }
            Some(port) => change.expose.push(port),
            None => {
                problems
                    .error(span, format!("{} is no port", quote(text)))
                    .help("write 8080/tcp: a number from 1 to 65535 and tcp, udp or sctp");
            }
        }
    }
    if let Some(items) = fields.value("volumes", problems).and_then(|node| node.list("volumes", problems)) {
        change.volumes = items.iter().filter_map(|item| parse_scalar(item, "volumes", problems)).collect();
    }
    if let Some(labels) = fields.value("labels", problems).and_then(|node| text_map(node, "labels", problems)) {
        for (name, (value, span)) in labels {
            if name.trim().is_empty() {
                problems.error(span, "a label without a name");
            } else {
                change.labels.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    change
}

/// A list of words; a text is refused, since nobody can say how it is to be split.
fn command(node: &Node, what: &str, problems: &mut Problems) -> Option<Vec<String>> {
    if let NodeKind::Scalar(_) = node.kind {
        problems
            .error(node.span, format!("{} must be a list of words, found text", quote(what)))
            .help("write [python3, -m, app]; for a shell's help [/bin/sh, -c, \"…\"]");
        return None;
    }
    Some(text_list(node, what, problems)?.into_iter().map(|(text, _)| text.to_owned()).collect())
}

fn signal(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text("stop-signal", problems)?;
    if forms::is_signal(text) {
        return Some(text.to_owned());
    }
    let full = format!("SIG{}", text.trim_start_matches("SIG").to_ascii_uppercase());
    let near = nearest(&full, forms::SIGNALS.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    problems
        .error(node.span, format!("unknown signal {}{}", quote(text), near.unwrap_or_default()))
        .help("write its name, such as SIGTERM, or its number");
    None
}

fn healthcheck(node: &Node, problems: &mut Problems) -> Option<Healthcheck> {
    let fields = Fields::open(node, "`healthcheck`", Table::Healthcheck.keys(), problems)?;
    let test = fields.require("test", problems).and_then(|node| health_test(node, problems));
    let time = |key: &str, problems: &mut Problems| -> Option<u64> {
        let node = fields.value(key, problems)?;
        let text = node.text(key, problems)?;
        let nanoseconds = forms::duration(text);
        if nanoseconds.is_none() {
            problems
                .error(node.span, format!("{}: {} is no duration", quote(key), quote(text)))
                .help("write 30s, 1m30s or 500ms");
        }
        nanoseconds
    };
    let (interval, timeout) = (time("interval", problems), time("timeout", problems));
    let start_period = time("start-period", problems);
    let retries = fields.value("retries", problems).and_then(|node| node.number("retries", 1..=1000, problems));
    Some(Healthcheck {
        test: test?,
        interval,
        timeout,
        start_period,
        retries: retries.and_then(|number| u32::try_from(number).ok()),
    })
}

fn health_test(node: &Node, problems: &mut Problems) -> Option<Vec<String>> {
    if let NodeKind::Scalar(_) = node.kind {
        return node.text("test", problems).map(|text| vec!["CMD-SHELL".into(), text.to_owned()]);
    }
    let words: Vec<String> = text_list(node, "test", problems)?.into_iter().map(|(text, _)| text.to_owned()).collect();
    let fits = match words.first().map(String::as_str) {
        Some("CMD") => words.len() > 1,
        Some("CMD-SHELL") => words.len() == 2,
        Some("NONE") => words.len() == 1,
        _ => false,
    };
    if !fits {
        problems
            .error(node.span, "`test` must begin with CMD, CMD-SHELL or NONE")
            .help("write [CMD, curl, -f, http://localhost], or a text for the shell");
        return None;
    }
    Some(words)
}
