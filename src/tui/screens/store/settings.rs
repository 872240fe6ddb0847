//! How an image runs and came to be, in words a baker reads: `8080/tcp` rather than JSON, `RUN apt-get …` rather than
//! `|1 A=b /bin/sh -c apt-get … # buildkit`. Text only; draws nothing.

use crate::domain::oci::ExecConfig;

/// What a container of it runs: name and values, one a line; in the order a baker asks.
pub(super) fn settings(config: &ExecConfig) -> Vec<(&'static str, Vec<String>)> {
    let one = |text: &Option<String>| text.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>();
    let command = |words: &Option<Vec<String>>| words.iter().filter(|w| !w.is_empty()).map(|w| line(w)).collect();
    let names = |map: &Option<std::collections::BTreeMap<String, serde_json::Value>>| {
        let names: Vec<&str> = map.iter().flatten().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { Vec::new() } else { vec![names.join(" ")] }
    };
    let labels = config.labels.iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
    let all = [
        ("user", one(&config.user)),
        ("workdir", one(&config.working_dir)),
        ("entrypoint", command(&config.entrypoint)),
        ("cmd", command(&config.cmd)),
        ("expose", names(&config.exposed_ports)),
        ("volumes", names(&config.volumes)),
        ("stop-signal", one(&config.stop_signal)),
        ("env", config.env.clone().unwrap_or_default()),
        ("labels", labels),
    ];
    all.into_iter().filter(|(_, values)| !values.is_empty()).collect()
}

/// Words as one would type them: those with spaces or quotes in quotes.
fn line(words: &[String]) -> String {
    let plain = |word: &str| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "'\"\\$".contains(c));
    let quoted = |word: &String| {
        if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// What made a layer, without what every builder adds.
pub(super) fn made_by(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.strip_suffix("# buildkit").unwrap_or(&text).trim();
    let (verb, rest) = match text.strip_prefix("RUN ") {
        Some(rest) => ("RUN ", rest),
        None => ("", text),
    };
    // `|2 A=b C=d /bin/sh -c …`: a run with build arguments.
    let shell = "/bin/sh -c ";
    let rest = match rest.find(shell) {
        Some(at) if at == 0 || rest.starts_with('|') => &rest[at + shell.len()..],
        _ => return format!("{verb}{rest}"),
    };
    match rest.strip_prefix("#(nop) ") {
        Some(rest) => rest.trim().to_owned(),
        None => format!("RUN {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_made_a_layer_reads_like_a_recipe() {
        let cases = [
            ("/bin/sh -c #(nop)  CMD [\"bash\"]", "CMD [\"bash\"]"),
            ("/bin/sh -c apt-get update   && true", "RUN apt-get update && true"),
            ("RUN /bin/sh -c set -eux; true # buildkit", "RUN set -eux; true"),
            ("|1 A=b /bin/sh -c make", "RUN make"),
            ("RUN |1 A=b /bin/sh -c make # buildkit", "RUN make"),
            ("ENV PATH=/usr/bin", "ENV PATH=/usr/bin"),
            ("COPY /bin/sh -c /x # buildkit", "COPY /bin/sh -c /x"),
            ("bakery copy rootfs -> /", "bakery copy rootfs -> /"),
            ("", ""),
        ];
        for (text, shown) in cases {
            assert_eq!(made_by(text), shown);
        }
    }

    #[test]
    fn settings_are_no_json() {
        let config: ExecConfig = serde_json::from_str(
            r#"{"User":"app","ExposedPorts":{"8080/tcp":{},"9/udp":{}},"Cmd":["sh","-c","a 'b' c"],"Env":["A=b","C="],"Labels":{"x":"y"},"WorkingDir":""}"#,
        )
        .unwrap();
        let all = settings(&config);
        let value = |name: &str| all.iter().find(|(known, _)| *known == name).map(|(_, values)| values.join("|"));
        assert_eq!(value("expose").as_deref(), Some("8080/tcp 9/udp"));
        assert_eq!(value("cmd").as_deref(), Some(r"sh -c 'a '\''b'\'' c'"));
        assert_eq!((value("env").as_deref(), value("labels").as_deref()), (Some("A=b|C="), Some("x=y")));
        assert_eq!((value("workdir"), value("user").as_deref()), (None, Some("app")));
    }
}
