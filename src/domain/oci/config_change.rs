//! What differs between two image configs, field by field. Knows neither layers nor history: what they change shows in
//! files and lineages. Values come from outside and stay as they are; they are escaped where they are shown.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::config::{ExecConfig, ImageConfig};

/// A field that differs. A list or an object is its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigChange {
    /// Which: `user`, `env.PATH`, `label.KEY`, `port.8080/tcp`, `volume./srv`; unknown ones as `config.KEY` and `image.KEY`.
    pub field: String,
    /// As it was; `None` where it was not there.
    pub before: Option<String>,
    /// As it is; `None` where it is gone.
    pub after: Option<String>,
}

/// What differs in `after`: in the order platform, execution, environment, ports, volumes, labels, the rest; by name
/// within each. Not compared are times, authors, layers and history.
pub fn config_changes(before: &ImageConfig, after: &ImageConfig) -> Vec<ConfigChange> {
    let mut changes = Changes(Vec::new());
    changes.field("architecture", Some(&before.architecture), Some(&after.architecture));
    changes.field("os", Some(&before.os), Some(&after.os));
    changes.field("variant", before.variant.as_ref(), after.variant.as_ref());
    let none = ExecConfig::default();
    let (old, new) = (before.config.as_ref().unwrap_or(&none), after.config.as_ref().unwrap_or(&none));
    changes.execution(old, new);
    changes.each("env", variables(old.env.as_deref()), variables(new.env.as_deref()));
    changes.each("port", members(old.exposed_ports.as_ref()), members(new.exposed_ports.as_ref()));
    changes.each("volume", members(old.volumes.as_ref()), members(new.volumes.as_ref()));
    changes.each("label", labels(old), labels(new));
    changes.each("config", extra(&old.extra), extra(&new.extra));
    changes.each("image", extra(&before.extra), extra(&after.extra));
    changes.0
}

struct Changes(Vec<ConfigChange>);

impl Changes {
    fn field(&mut self, field: &str, before: Option<&String>, after: Option<&String>) {
        // An empty string says as little as none.
        let said = |value: Option<&String>| value.filter(|value| !value.is_empty()).cloned();
        self.either(field.to_owned(), said(before), said(after));
    }

    fn either(&mut self, field: String, before: Option<String>, after: Option<String>) {
        if before != after {
            self.0.push(ConfigChange { field, before, after });
        }
    }

    fn execution(&mut self, old: &ExecConfig, new: &ExecConfig) {
        // A list that is empty and one that is missing are the same to every runtime.
        let list = |list: &Option<Vec<String>>| list.as_ref().filter(|list| !list.is_empty()).map(shown);
        self.field("user", old.user.as_ref(), new.user.as_ref());
        self.field("working_dir", old.working_dir.as_ref(), new.working_dir.as_ref());
        self.either("entrypoint".into(), list(&old.entrypoint), list(&new.entrypoint));
        self.either("cmd".into(), list(&old.cmd), list(&new.cmd));
        self.field("stop_signal", old.stop_signal.as_ref(), new.stop_signal.as_ref());
        let health = |config: &ExecConfig| config.healthcheck.as_ref().filter(|value| !value.is_null()).map(shown);
        self.either("healthcheck".into(), health(old), health(new));
    }

    /// Every name on either side.
    fn each(&mut self, kind: &str, before: BTreeMap<String, String>, mut after: BTreeMap<String, String>) {
        let mut pairs: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
        for (name, value) in before {
            let new = after.remove(&name);
            pairs.insert(name, (Some(value), new));
        }
        pairs.extend(after.into_iter().map(|(name, value)| (name, (None, Some(value)))));
        for (name, (before, after)) in pairs {
            self.either(format!("{kind}.{name}"), before, after);
        }
    }
}

/// Of two assignments of one variable the last counts, as in every runtime. One without `=` has an empty value.
fn variables(env: Option<&[String]>) -> BTreeMap<String, String> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    env.unwrap_or_default().iter().map(pair).collect()
}

/// Members of a set, which is written as an object of empty objects.
fn members(set: Option<&BTreeMap<String, Value>>) -> BTreeMap<String, String> {
    set.into_iter().flatten().map(|(name, value)| (name.clone(), shown(value))).collect()
}

fn labels(config: &ExecConfig) -> BTreeMap<String, String> {
    config.labels.clone().unwrap_or_default()
}

fn extra(fields: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| shown(value), str::to_owned);
    fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), text(value))).collect()
}

/// As JSON on one line.
fn shown(value: &(impl Serialize + ?Sized)) -> String {
    // Values that came out of JSON go back into it.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> ImageConfig {
        ImageConfig::parse(text.as_bytes()).unwrap()
    }

    fn told(before: &str, after: &str) -> Vec<String> {
        let whole = |exec: &str| {
            config(&format!(
                r#"{{"architecture":"amd64","os":"linux","config":{exec},"rootfs":{{"type":"layers","diff_ids":[]}}}}"#
            ))
        };
        let shown = |value: Option<String>| value.unwrap_or("-".to_owned());
        config_changes(&whole(before), &whole(after))
            .into_iter()
            .map(|change| format!("{} {} > {}", change.field, shown(change.before), shown(change.after)))
            .collect()
    }

    const BEFORE: &str = r#"{"User":"app","Env":["PATH=/bin","LANG=C","A=1","A=2"],"Cmd":["sh"],"WorkingDir":"/srv",
        "ExposedPorts":{"8080/tcp":{},"53/udp":{}},"Labels":{"x":"1","y":"2"},"StopSignal":"SIGTERM","OnBuild":["RUN x"]}"#;
    const AFTER: &str = r#"{"Env":["PATH=/usr/bin:/bin","A=2","EMPTY"],"Entrypoint":["/run","-v"],"Cmd":["sh"],
        "WorkingDir":"/srv/app","ExposedPorts":{"9090/tcp":{},"53/udp":{}},"Volumes":{"/srv":{}},"Labels":{"y":"3","z":""},
        "StopSignal":"SIGINT","Healthcheck":{"Test":["CMD","true"]},"OnBuild":["RUN y"],"ArgsEscaped":true}"#;

    #[test]
    fn every_field_in_a_stable_order() {
        assert_eq!(
            told(BEFORE, AFTER),
            [
                "user app > -",
                "working_dir /srv > /srv/app",
                r#"entrypoint - > ["/run","-v"]"#,
                "stop_signal SIGTERM > SIGINT",
                r#"healthcheck - > {"Test":["CMD","true"]}"#,
                "env.EMPTY - > ",
                "env.LANG C > -",
                "env.PATH /bin > /usr/bin:/bin",
                "port.8080/tcp {} > -",
                "port.9090/tcp - > {}",
                "volume./srv - > {}",
                "label.x 1 > -",
                "label.y 2 > 3",
                "label.z - > ",
                "config.ArgsEscaped - > true",
                r#"config.OnBuild ["RUN x"] > ["RUN y"]"#,
            ]
        );
        assert!(told(BEFORE, BEFORE).is_empty() && told(AFTER, AFTER).is_empty());
    }

    #[test]
    fn what_says_nothing_is_no_change() {
        assert!(told("{}", r#"{"User":"","Env":[],"Cmd":[],"Labels":{},"Healthcheck":null,"Memory":null}"#).is_empty());
        assert!(told("null", "{}").is_empty());
        assert_eq!(told(r#"{"Cmd":["a b"]}"#, r#"{"Cmd":["a","b"]}"#), [r#"cmd ["a b"] > ["a","b"]"#]);
    }

    #[test]
    fn platforms_and_unknown_fields_of_the_image() {
        let one = config(
            r#"{"architecture":"arm64","variant":"v8","os":"linux","created":"2024-01-01T00:00:00Z","rootfs":{"type":"layers","diff_ids":[]},"docker_version":"1"}"#,
        );
        let two = config(
            r#"{"architecture":"amd64","os":"linux","author":"x","rootfs":{"type":"layers","diff_ids":[]},"os.version":"10"}"#,
        );
        let json = serde_json::to_value(config_changes(&one, &two)).unwrap();
        let expected = serde_json::json!([
            {"field": "architecture", "before": "arm64", "after": "amd64"},
            {"field": "variant", "before": "v8", "after": null},
            {"field": "image.docker_version", "before": "1", "after": null},
            {"field": "image.os.version", "before": null, "after": "10"},
        ]);
        assert_eq!(json, expected);
    }
}
