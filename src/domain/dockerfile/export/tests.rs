//! What is written of recipes, and that it is read back as the same recipe.

use super::super::{Names, import};
use super::*;
use crate::domain::recipe::{
    Action, Base, ConfigChange, Copy, Healthcheck, Mode, Network, Packages, Remove, Run, Step, Unpack, Write, parse,
};
use proptest::prelude::*;

fn recipe(text: &str) -> Recipe {
    let text = format!("recipe: 1\nname: team/app\ntag: \"1\"\nbase: x.io/a:1\n{text}");
    let (recipe, problems) = parse(text.as_bytes(), &[]).finish();
    recipe.unwrap_or_else(|| panic!("{problems:?}"))
}

fn on(from: &str) -> BaseFacts {
    let installer = Installer::named("apk");
    BaseFacts { from: from.to_owned(), user: Some("app".into()), installer, ..BaseFacts::default() }
}

const STEPS: &str = r#"steps:
  - packages: [curl]
  - copy: {from: a b, to: /srv/x, owner: "1:2", mode: "0755", exclude: ["*.pyc"]}
  - write: {to: /etc/a, content: "$A\nEOF\n", mode: "0600"}
  - run: {script: "echo $HOME\n", network: none, env: {A: "it's"}, secrets: [t], cache: [/c], user: web}
  - run: {shell: [/bin/bash, -e], script: "a\nb"}
  - remove: [/usr/share/a b]
  - unpack: {from: v.tar, to: /opt}
config: {env: {A: "a \"$b\\"}, labels: {a b: c}, workdir: /w, expose: [80], volumes: [/v], stop-signal: SIGINT, entrypoint: [], cmd: [a], healthcheck: {test: "x | y", interval: 90s}}
"#;

#[test]
fn a_recipe_in_the_words_of_a_dockerfile() {
    let written = export(&recipe(STEPS), &[], &on("x.io/a:1@sha256:1"), Style::default());
    let expected = r#"# syntax=docker/dockerfile:1
# team/app:1, from its recipe by `bakery export dockerfile`.
FROM x.io/a:1@sha256:1
USER root
RUN <<EOF
set -eu
export LC_ALL='C.UTF-8'
export SOURCE_DATE_EPOCH='0'
/sbin/apk add --no-cache --no-progress --wait 30 -- curl
rm -rf /var/cache/apk/* /etc/apk/cache/*
EOF
COPY --chown=1:2 --chmod=0755 --exclude=*.pyc ["a b", "/srv/x"]
COPY --chmod=0600 <<"EOF2" /etc/a
$A
EOF
EOF2
USER web
RUN --mount=type=secret,id=t,required=true --mount=type=cache,target=/c --network=none <<EOF
set -eu
export A='it'\''s'
echo $HOME
EOF
USER root
RUN ["/bin/bash", "-e", "-c", "a\nb"]
RUN rm -r -- '/usr/share/a b'
ADD v.tar /opt/
ENV A="a \"\$b\\"
LABEL "a b"="c"
WORKDIR /w
EXPOSE 80/tcp
VOLUME ["/v"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=90s CMD x | y
ENTRYPOINT []
CMD ["a"]
USER app
"#;
    assert_eq!(written.dockerfile, expected);
    assert_eq!(written.notes, [] as [&str; 0]);
}

#[test]
fn builders_without_heredocs_get_lists_and_files() {
    let style = Style { plain: true, gathered: true };
    let written = export(&recipe(STEPS), &[], &on("x.io/a:1"), style);
    assert!(!written.dockerfile.contains("<<") && !written.dockerfile.contains("--exclude"), "{}", written.dockerfile);
    let alone = recipe("steps:\n  - run: {network: none, script: \"true\"}\n");
    let written_alone = export(&alone, &[], &on("x.io/a:1"), style);
    assert!(!written_alone.dockerfile.contains("--network="), "{}", written_alone.dockerfile);
    assert!(written_alone.notes[0].contains("`--network none`"), "{:?}", written_alone.notes);
    assert!(written.dockerfile.contains("COPY --chown=1:2 [\"files/02/a b\", \"/srv/x\"]"), "{}", written.dockerfile);
    assert!(written.dockerfile.contains("ADD files/07/v.tar /opt/"));
    let file = ContextFile { path: "files/03/a".into(), content: "$A\nEOF\n".into(), mode: 0o600 };
    assert_eq!(written.files, [file]);
    assert_eq!(written.inputs, [(1, "files/02/a b".to_owned()), (6, "files/07/v.tar".to_owned())]);
}

#[test]
fn what_is_not_said_exactly_is_noted() {
    let text = "steps:\n  - packages: [curl]\n  - copy: {from: a, to: /a, mode: \"0644\"}\n  - write: {to: /w, content: x}\nconfig: {env: {A: \"a\\nb\"}}\ntests: [{name: t, run: a}]\n";
    let base = BaseFacts { from: "x.io/a:1".into(), ..BaseFacts::default() };
    let notes = export(&recipe(text), &[], &base, Style::default()).notes;
    let begins = [
        "line 6: packages curl: what installs packages in the base is not known",
        "line 7: a would give folders the mode of files too",
        "line 8: /w is not exactly the recipe's",
        "ENV A: no Dockerfile says a value of several lines",
        "tests are not in it: t",
    ];
    assert_eq!(notes.len(), begins.len(), "{notes:?}");
    for (note, begin) in notes.iter().zip(begins) {
        assert!(note.starts_with(begin), "{note}");
    }
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,6}", "[a-z $\"'\\\\#=\\[\\]{}:,&*%@!~é-]{1,12}"]
}

fn path() -> impl Strategy<Value = String> {
    "(/[a-z][a-z0-9._-]{0,5}){1,3}"
}

fn from() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,5}( [a-z$]{1,3})?(/[a-z]{1,4}\\.txt)?"
}

fn name() -> impl Strategy<Value = String> {
    "[A-Z][A-Z0-9_]{0,5}"
}

/// Scripts are texts of lines, and begin with no variable of their own: those are `env`.
fn script() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-zA-Z$\"'\\\\|&;<>(){}= /\t-]{0,20}", 1..4).prop_filter_map("empty", |lines| {
        let script = format!("{}\n", lines.join("\n"));
        let fits = !script.trim().is_empty() && !script.starts_with("export ") && !script.starts_with("#!");
        fits.then_some(script)
    })
}

fn run() -> impl Strategy<Value = Action> {
    let env = prop::collection::btree_map(name(), word(), 0..3);
    let all = (script(), 0..3_usize, any::<bool>(), env, prop::option::of("[a-z]{1,5}"));
    all.prop_map(|(script, shell, offline, env, user)| {
        let shells: [&[&str]; 3] = [&["/bin/sh", "-eu"], &["/bin/bash", "-o", "pipefail"], &["/usr/bin/python3"]];
        let network = if offline { Network::None } else { Network::Host };
        let (secrets, cache) = match offline {
            true => (vec!["t".into()], vec!["/c/d".parse().unwrap()]),
            false => (Vec::new(), Vec::new()),
        };
        let shell = shells[shell].iter().map(|word| (*word).to_owned()).collect();
        let user = user.filter(|user| user != "root");
        Action::Run(Run { script, shell, network, env, secrets, cache, user })
    })
}

fn action() -> impl Strategy<Value = Action> {
    let mode = || prop::option::of((0_u32..0o1000).prop_map(Mode));
    let owner =
        || prop::option::of(prop_oneof![Just("1:2"), Just("app"), Just("a:b")].prop_map(|text| text.parse().unwrap()));
    prop_oneof![
        prop::collection::btree_set("[a-z]{2,6}", 1..3)
            .prop_map(|names| Action::Packages(Packages { names: names.into_iter().collect() })),
        (from(), path(), owner(), mode(), prop::collection::vec("[a-z*.]{1,5}", 0..2)).prop_map(
            |(from, to, owner, mode, exclude)| {
                let to = to.parse().unwrap();
                Action::Copy(Copy { from, to, owner, mode, exclude })
            }
        ),
        (path(), "([a-z $\"'\\\\#\tEOF]{0,9}\n){1,3}", owner(), mode()).prop_map(|(to, content, owner, mode)| {
            Action::Write(Write { to: to.parse().unwrap(), content, owner, mode })
        }),
        run(),
        prop::collection::vec(path(), 1..3).prop_map(|paths| {
            Action::Remove(Remove { paths: paths.iter().map(|path| path.parse().unwrap()).collect() })
        }),
        (path(), owner()).prop_map(|(to, owner)| {
            let to = format!("{to}/").parse().unwrap();
            Action::Unpack(Unpack { from: "v.tar.gz".into(), to, owner })
        }),
    ]
}

fn config() -> impl Strategy<Value = ConfigChange> {
    let words = || prop::option::of(prop::collection::vec(word(), 0..3));
    let check = prop_oneof![
        Just(vec!["NONE".to_owned()]),
        "[a-z|&\"]{1,8}".prop_map(|text| vec!["CMD-SHELL".to_owned(), text]),
        word().prop_map(|text| vec!["CMD".to_owned(), text]),
    ];
    let healthcheck = (check, 0_u64..200).prop_map(|(test, seconds)| match test[0] == "NONE" {
        true => Healthcheck { test, ..Healthcheck::default() },
        false => Healthcheck { test, interval: Some(seconds * 500_000_000), ..Healthcheck::default() },
    });
    let labels = prop::collection::btree_map("[a-z][a-z .]{0,5}[a-z]", word(), 0..3);
    let maps = (prop::collection::btree_map(name(), word(), 0..3), labels);
    let texts = (prop::option::of("[a-z]{1,5}"), prop::option::of(path()), prop::collection::vec(path(), 0..2));
    (maps, words(), words(), texts, prop::option::of(healthcheck)).prop_map(
        |((env, labels), entrypoint, cmd, (user, workdir, volumes), healthcheck)| ConfigChange {
            env,
            labels,
            entrypoint,
            cmd,
            user,
            workdir: workdir.map(|path| path.parse().unwrap()),
            volumes: volumes.iter().map(|path| path.parse().unwrap()).collect(),
            expose: vec!["80/tcp".into()],
            stop_signal: Some("SIGINT".into()),
            healthcheck,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_the_same_recipe(
        actions in prop::collection::vec(action(), 0..6),
        config in config(),
        plain in any::<bool>(),
    ) {
        let steps: Vec<Step> = actions.into_iter().map(|action| Step { action, line: 0 }).collect();
        // Without heredocs, a written file needs one beside it, and no step is cut off from the network.
        let beyond = |step: &Step| match &step.action {
            Action::Run(run) => run.network == Network::None,
            action => matches!(action, Action::Write(_)),
        };
        let beyond = steps.iter().any(beyond);
        // Who ran the last step is the image's user, where nobody says another.
        let ran = steps.iter().any(|step| matches!(&step.action, Action::Run(run) if run.user.is_some()));
        let user = config.user.clone().or(ran.then(|| "web".to_owned()));
        let config = ConfigChange { user, ..config };
        let recipe = Recipe {
            name: "team/app".parse().unwrap(),
            tag: "1".parse().unwrap(),
            base: Base::Image(crate::domain::oci::ImageRef::parse("x.io/a:1", |_| false).unwrap()),
            platforms: vec!["linux/arm64".parse().unwrap()],
            steps,
            config,
            tests: Vec::new(),
        };
        let base = BaseFacts {
            from: "x.io/a:1".into(),
            user: Some(String::new()),
            installer: Installer::named("apt"),
            created: 7,
            ..BaseFacts::default()
        };
        let style = Style { plain: plain && !beyond, gathered: false };
        let dockerfile = export(&recipe, &[], &base, style).dockerfile;
        let imported = import(dockerfile.as_bytes(), Names { name: &recipe.name, tag: &recipe.tag, stores: &[], base_env: None });
        prop_assert_eq!(&imported.unmapped, &[], "{}", dockerfile);
        let (back, problems) = parse(imported.recipe.as_bytes(), &[]).finish();
        let Some(mut back) = back else { panic!("{problems:?}\n{dockerfile}\n---\n{}", imported.recipe) };
        back.steps.iter_mut().for_each(|step| step.line = 0);
        prop_assert_eq!(back, recipe, "{}", dockerfile);
    }
}
