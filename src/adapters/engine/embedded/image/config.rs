//! `config:` — what a recipe changes in an image config. Pure: a config in, a config out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::oci::ExecConfig;
use crate::domain::recipe::{ConfigChange, Healthcheck};

/// Applies the change. What the recipe does not name stays as the base has it, unknown fields too.
pub(super) fn apply(config: &mut ExecConfig, change: &ConfigChange) {
    let env = config.env.get_or_insert_default();
    for (name, value) in &change.env {
        let line = format!("{name}={value}");
        match env.iter_mut().find(|old| old.split('=').next() == Some(name)) {
            Some(old) => *old = line,
            None => env.push(line),
        }
    }
    if env.is_empty() {
        config.env = None;
    }
    if let Some(user) = &change.user {
        config.user = Some(user.clone()).filter(|user| !user.is_empty());
    }
    if let Some(workdir) = &change.workdir {
        config.working_dir = Some(workdir.to_string());
    }
    if let Some(entrypoint) = &change.entrypoint {
        config.entrypoint = Some(entrypoint.clone()).filter(|words| !words.is_empty());
        // The base's arguments were meant for the base's entrypoint.
        config.cmd = None;
    }
    if let Some(cmd) = &change.cmd {
        config.cmd = Some(cmd.clone()).filter(|words| !words.is_empty());
    }
    add_keys(&mut config.exposed_ports, change.expose.iter().cloned());
    add_keys(&mut config.volumes, change.volumes.iter().map(ToString::to_string));
    if !change.labels.is_empty() {
        config.labels.get_or_insert_default().extend(change.labels.clone());
    }
    if let Some(signal) = &change.stop_signal {
        config.stop_signal = Some(signal.clone());
    }
    if let Some(check) = &change.healthcheck {
        config.healthcheck = Some(docker_healthcheck(check));
    }
}

fn add_keys(set: &mut Option<BTreeMap<String, Value>>, keys: impl Iterator<Item = String>) {
    for key in keys {
        set.get_or_insert_default().insert(key, json!({}));
    }
}

/// Docker's object: the image-spec reserves the field and describes nothing in it.
fn docker_healthcheck(check: &Healthcheck) -> Value {
    let mut object = Map::new();
    object.insert("Test".into(), json!(check.test));
    let durations = [("Interval", check.interval), ("Timeout", check.timeout), ("StartPeriod", check.start_period)];
    for (name, nanoseconds) in durations {
        if let Some(nanoseconds) = nanoseconds {
            object.insert(name.into(), json!(nanoseconds));
        }
    }
    if let Some(retries) = check.retries {
        object.insert("Retries".into(), json!(retries));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
        let base = json!({
            "User": "root", "Env": ["PATH=/bin", "A=1", "AB=2"], "Entrypoint": ["/old"], "Cmd": ["x"],
            "ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "1"}, "OnBuild": ["y"], "StopSignal": "SIGINT"
        });
        let mut config: ExecConfig = serde_json::from_value(base).unwrap();
        let text = |s: &str| s.to_owned();
        let change = ConfigChange {
            env: BTreeMap::from([(text("A"), text("new=1")), (text("Z"), text("9"))]),
            user: Some(text("app")),
            workdir: Some("/srv".parse().unwrap()),
            entrypoint: Some(vec![text("/new")]),
            expose: vec![text("8080/tcp")],
            labels: BTreeMap::from([(text("b"), text("2"))]),
            volumes: vec!["/data".parse().unwrap()],
            healthcheck: Some(Healthcheck {
                test: vec![text("CMD"), text("true")],
                interval: Some(30_000_000_000),
                retries: Some(3),
                ..Healthcheck::default()
            }),
            ..ConfigChange::default()
        };
        apply(&mut config, &change);
        assert_eq!(
            serde_json::to_value(&config).unwrap(),
            json!({
                "User": "app", "Env": ["PATH=/bin", "A=new=1", "AB=2", "Z=9"], "Entrypoint": ["/new"],
                "ExposedPorts": {"80/tcp": {}, "8080/tcp": {}}, "Labels": {"a": "1", "b": "2"}, "OnBuild": ["y"],
                "StopSignal": "SIGINT", "WorkingDir": "/srv", "Volumes": {"/data": {}},
                "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000_u64, "Retries": 3}
            })
        );
        apply(&mut config, &ConfigChange { cmd: Some(vec![text("y")]), ..ConfigChange::default() });
        assert_eq!((config.entrypoint.unwrap().len(), config.cmd.unwrap().len()), (1, 1));
    }
}
