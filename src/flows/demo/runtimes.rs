//! The demo's global images as a table, and the recipes made from it. Collects nothing, bakes nothing.

use crate::domain::oci::annotation;

/// Where an image's programs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Programs {
    /// Shell and small programs.
    System,
    /// Python with part of its library.
    Python,
    /// The first of these that the host has.
    Named(&'static [&'static str]),
    /// Too large for a demo on any host.
    Never,
}

/// One global image.
#[derive(Debug)]
pub(super) struct Runtime {
    pub(super) name: &'static str,
    pub(super) tag: &'static str,
    /// What it is, in words.
    pub(super) what: &'static str,
    pub(super) programs: Programs,
    /// The program a stand-in stands in for.
    pub(super) command: &'static str,
    /// Further lines of `config`.
    pub(super) config: &'static str,
    /// JSON, contract section 5.
    pub(super) contract: &'static str,
    /// The global team's own files.
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// What the last hardening added to `python`: the step that makes children of the image before it stale.
pub(super) const HARDENING: &str =
    "  - write: {to: /etc/profile.d/python.sh, mode: \"0644\", content: \"export PYTHONSAFEPATH=1\\n\"}\n";

/// The image whose tag moves.
pub(super) const MOVING: &str = "python";

/// All global images, bases first.
pub(super) const RUNTIMES: [Runtime; 8] = [
    Runtime {
        name: "os",
        tag: "12",
        what: "shell, small programs and accounts",
        programs: Programs::System,
        command: "sh",
        config: "  env: {PATH: \"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\", LANG: C.UTF-8}\n  \
                 workdir: /\n  cmd: [/bin/sh]\n",
        contract: r#"{"protected": ["/bin/**", "/usr/bin/**", "/usr/sbin/**", "/etc/os-release"], "user": "nonroot", "forbid-packages": ["telnetd"], "require-labels": ["org.opencontainers.image.title"]}"#,
        files: &[
            ("/etc/nsswitch.conf", include_str!("../../../recipes/global/os/overlay/etc/nsswitch.conf")),
            (
                "/etc/profile.d/00-umask.sh",
                include_str!("../../../recipes/global/os/overlay/etc/profile.d/00-umask.sh"),
            ),
        ],
    },
    Runtime {
        name: "python",
        tag: "3",
        what: "Python",
        programs: Programs::Python,
        command: "python3",
        config: "  env: {PYTHONDONTWRITEBYTECODE: \"1\", PYTHONUNBUFFERED: \"1\"}\n  cmd: [python3]\n",
        contract: r#"{"protected": ["/usr/bin/python3*", "/etc/pip.conf"], "user": "nonroot", "forbid-packages": ["python2"]}"#,
        files: &[("/etc/pip.conf", include_str!("../../../recipes/global/python/etc/pip.conf"))],
    },
    Runtime {
        name: "node",
        tag: "18",
        what: "Node.js",
        programs: Programs::Never,
        command: "node",
        config: "  env: {NODE_ENV: production}\n  cmd: [node]\n",
        contract: r#"{"protected": ["/usr/bin/node", "/etc/npmrc"], "user": "nonroot"}"#,
        files: &[("/etc/npmrc", include_str!("../../../recipes/global/node/etc/npmrc"))],
    },
    Runtime {
        name: "java",
        tag: "17",
        what: "a Java runtime",
        programs: Programs::Never,
        command: "java",
        config: "  env: {JAVA_TOOL_OPTIONS: \"-XX:MaxRAMPercentage=75\"}\n  cmd: [java, -version]\n",
        contract: r#"{"protected": ["/usr/bin/java", "/etc/java/**"], "user": "nonroot"}"#,
        files: &[("/etc/java/overrides.security", include_str!("../../../recipes/global/java/etc/java.security"))],
    },
    Runtime {
        name: "postgres",
        tag: "15",
        what: "PostgreSQL",
        programs: Programs::Never,
        command: "postgres",
        config: "  cmd: [postgres]\n  expose: [5432/tcp]\n  volumes: [/var/lib/postgresql]\n  stop-signal: SIGINT\n",
        contract: r#"{"protected": ["/usr/bin/postgres", "/etc/postgresql/**"], "user": "nonroot"}"#,
        files: &[(
            "/etc/postgresql/10-global.conf",
            include_str!("../../../recipes/global/postgres/etc/postgresql.conf"),
        )],
    },
    Runtime {
        name: "redis",
        tag: "7",
        what: "Redis",
        programs: Programs::Named(&["redis-server"]),
        command: "redis-server",
        config: "  cmd: [redis-server, /etc/redis/global.conf]\n  expose: [6379/tcp]\n  volumes: [/var/lib/redis]\n",
        contract: r#"{"protected": ["/usr/bin/redis-*", "/etc/redis/global.conf"], "user": "nonroot"}"#,
        files: &[("/etc/redis/global.conf", include_str!("../../../recipes/global/redis/etc/redis.conf"))],
    },
    Runtime {
        name: "nginx",
        tag: "1",
        what: "NGINX",
        programs: Programs::Named(&["nginx"]),
        command: "nginx",
        config: "  cmd: [nginx, -g, \"daemon off;\"]\n  expose: [8080/tcp]\n  stop-signal: SIGQUIT\n",
        contract: r#"{"protected": ["/usr/sbin/nginx", "/etc/nginx/nginx.conf"], "user": "nonroot"}"#,
        files: &[
            ("/etc/nginx/nginx.conf", include_str!("../../../recipes/global/nginx/etc/nginx.conf")),
            ("/etc/nginx/mime.types", "types { text/html html; text/css css; }\n"),
        ],
    },
    Runtime {
        name: "apache",
        tag: "2",
        what: "Apache HTTP Server",
        programs: Programs::Named(&["apache2", "httpd"]),
        command: "apache2",
        config: "  cmd: [apache2, -DFOREGROUND]\n  expose: [8080/tcp]\n  stop-signal: SIGWINCH\n",
        contract: r#"{"protected": ["/usr/sbin/apache2", "/etc/apache2/conf-enabled/**"], "user": "nonroot"}"#,
        files: &[(
            "/etc/apache2/conf-enabled/hardening.conf",
            include_str!("../../../recipes/global/apache/etc/hardening.conf"),
        )],
    },
];

impl Runtime {
    /// `NAME:TAG`.
    pub(super) fn reference(&self) -> String {
        format!("{}:{}", self.name, self.tag)
    }

    /// Its recipe, with further steps after the files.
    pub(super) fn recipe(&self, stand_in: bool, further_steps: &str) -> String {
        let system = self.programs == Programs::System;
        let base = if system { "scratch" } else { "global/os:12" };
        // Folders whose modes a copied tree cannot carry: 1777 on /tmp.
        let skeleton = if system { "  - unpack: {from: rootfs.tar.gz, to: /}\n" } else { "" };
        // Inherited by the others: nobody.
        let user = if system { "  user: \"65534:65534\"\n" } else { "" };
        let from = if stand_in { "stands in for" } else { "from this host" };
        let what = if stand_in { format!("{from} {}", self.what) } else { format!("{}, {from}", self.what) };
        let mark = if stand_in { format!("    {}: \"true\"\n", annotation::STAND_IN) } else { String::new() };
        let (name, tag, config, contract) = (self.name, self.tag, self.config, self.contract);
        format!(
            "recipe: 1\nname: {name}\ntag: \"{tag}\"\nbase: {base}\nsteps:\n{skeleton}  - copy: {{from: rootfs, to: /}}\n\
             {further_steps}config:\n{user}{config}  labels:\n    {title}: {name}\n    {description}: \"{what}\"\n    \
             {version}: \"{tag}\"\n    {contract_key}: '{contract}'\n{mark}",
            title = annotation::TITLE,
            description = annotation::DESCRIPTION,
            version = annotation::VERSION,
            contract_key = annotation::CONTRACT,
        )
    }

    /// A program that says what is not there.
    pub(super) fn stand_in(&self) -> String {
        format!(
            "#!/bin/sh\n# Stands in for {what}: this demo image was made on a host without a {command} small enough.\n\
             echo \"{command}: a stand-in for {what}, made by bakery demo\"\n",
            what = self.what,
            command = self.command,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_is_sound_yaml_with_a_contract() {
        for runtime in &RUNTIMES {
            for stand_in in [false, true] {
                let text = runtime.recipe(stand_in, if runtime.name == MOVING { HARDENING } else { "" });
                let recipe: serde_yaml::Value = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
                assert_eq!(recipe["name"], runtime.name);
                let labels = &recipe["config"]["labels"];
                let contract = labels[annotation::CONTRACT].as_str().unwrap();
                let contract: serde_json::Value = serde_json::from_str(contract).unwrap();
                assert_eq!(contract["user"], "nonroot");
                assert_eq!(labels.get(annotation::STAND_IN).is_some(), stand_in);
            }
        }
    }
}
