//! What Dockerfiles become, what of them does not map, and that no text breaks the reader.

use super::*;
use crate::domain::recipe::{Recipe, Run, parse};
use proptest::prelude::*;

fn imported(text: &[u8]) -> Imported {
    let stores = [("registry.example:5000/global".to_owned(), "global".to_owned())];
    let (name, tag) = ("team/app".parse().unwrap(), "1".parse().unwrap());
    import(text, Names { name: &name, tag: &tag, stores: &stores, base_env: None })
}

fn recipe(text: &str) -> Recipe {
    let imported = imported(text.as_bytes());
    assert_eq!(imported.unmapped, [], "{text}");
    read(&imported.recipe)
}

fn read(text: &str) -> Recipe {
    let (recipe, problems) = parse(text.as_bytes(), &["global"]).finish();
    recipe.unwrap_or_else(|| panic!("{problems:?}\n{text}"))
}

/// `line:column INSTRUCTION message` of everything that does not map.
fn left(text: &str) -> Vec<String> {
    let imported = imported(text.as_bytes());
    read(&imported.recipe);
    let line = |one: &Unmapped| {
        let Problem { line, column, message, help, .. } = &one.problem;
        assert!(help.is_some(), "{message}");
        format!("{line}:{column} {} {message}", one.instruction)
    };
    imported.unmapped.iter().map(line).collect()
}

/// The recipe's text behind its first three lines.
fn written(text: &str) -> String {
    let imported = imported(text.as_bytes());
    assert_eq!(imported.unmapped, [], "{text}");
    read(&imported.recipe);
    imported.recipe.strip_prefix("recipe: 1\nname: team/app\ntag: \"1\"\n").unwrap().to_owned()
}

#[test]
fn a_usual_dockerfile_becomes_the_recipe_one_would_write() {
    let text = r#"# syntax=docker/dockerfile:1
ARG VERSION=3.12
FROM registry.example:5000/global/python:${VERSION} AS base
LABEL org.opencontainers.image.title="app" \
      vendor='a b'
ENV APP_ENV=production PATH_OF="/srv app"
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/app
COPY --chown=1000:1000 --chmod=644 requirements.txt .
COPY app/ /srv/app/
RUN --mount=type=secret,id=pip_token --mount=type=cache,target=/root/.cache pip install -r requirements.txt
USER 1000:1000
EXPOSE 8080 9090/udp
HEALTHCHECK --interval=30s --retries=3 CMD curl -f http://localhost
STOPSIGNAL SIGINT
ENTRYPOINT ["python3", "-m", "app"]
CMD ["serve"]
"#;
    let expected = r#"base: global/python:3.12
steps:
  - run:
      shell: [/bin/sh]
      env: {APP_ENV: production, PATH_OF: "/srv app"}
      script: |
        apt-get update \
         && apt-get install -y --no-install-recommends curl ca-certificates \
         && rm -rf /var/lib/apt/lists/*
  - copy: {from: requirements.txt, to: /srv/app/, owner: "1000:1000", mode: "0644"}
  - copy: {from: app, to: /srv/app/}
  - run: |
      mkdir -p /srv/app
  - run:
      shell: [/bin/sh]
      env: {APP_ENV: production, PATH_OF: "/srv app"}
      secrets: [pip_token]
      cache: [/root/.cache]
      script: "cd /srv/app\npip install -r requirements.txt"
config:
  env: {APP_ENV: production, PATH_OF: "/srv app"}
  user: "1000:1000"
  workdir: /srv/app
  entrypoint: [python3, -m, app]
  cmd: [serve]
  expose: ["8080/tcp", "9090/udp"]
  labels: {org.opencontainers.image.title: app, vendor: "a b"}
  stop-signal: "SIGINT"
  healthcheck: {test: [CMD-SHELL, "curl -f http://localhost"], interval: 30s, retries: 3}
"#;
    assert_eq!(written(text), expected);
}

#[test]
fn what_a_recipe_says_better_it_says() {
    let apt = "FROM x.io/a:1\nRUN apt-get update && apt-get install -yq --no-install-recommends g++ curl=1.2\n";
    assert_eq!(written(apt), "base: x.io/a:1\nsteps:\n  - packages: [g++, \"curl=1.2\"]\n");
    let apk =
        "FROM x.io/a:1\nENV DEBIAN_FRONTEND=noninteractive\nRUN apk add --no-cache curl && rm -r /usr/share/doc\n";
    assert!(written(apk).contains("script: \"apk add"), "{}", written(apk));
    let remove = "FROM x.io/a:1\nRUN rm -r /usr/share/doc /usr/share/man\nRUN rm -rf /tmp/x";
    let expected = "steps:\n  - remove: [/usr/share/doc, /usr/share/man]\n  - run:\n      shell: [/bin/sh]\n      script: \"rm -rf /tmp/x\"\n";
    assert!(written(remove).ends_with(expected), "{}", written(remove));
    // What installs recommended packages, or a file, or an option, stays the script it is.
    for packages in ["curl", "--no-install-recommends ./x.deb", "--no-install-recommends -o X=y curl"] {
        let text = format!("FROM x.io/a:1\nRUN apt-get install -y {packages}\n");
        assert!(written(&text).contains("script"), "{text}");
    }
}

#[test]
fn short_forms_mean_what_builders_take_them_for() {
    let base = |from: &str| recipe(&format!("FROM {from}\n")).base.to_string();
    assert_eq!(base("python:3"), "docker.io/library/python:3");
    assert_eq!(base("grafana/grafana:1"), "docker.io/grafana/grafana:1");
    assert_eq!(base("registry.example:5000/global/os:12"), "global/os:12");
    assert_eq!(base("global/os:12"), "global/os:12");
    assert_eq!(base("scratch"), "scratch");
    let said = recipe("FROM scratch\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN a | b\nCMD serve it\n");
    let Action::Run(run) = &said.steps[0].action else { panic!() };
    assert_eq!(run.shell, ["/bin/bash", "-o", "pipefail"]);
    assert_eq!(said.config.cmd.unwrap(), ["/bin/bash", "-o", "pipefail", "-c", "serve it"]);
    let said =
        recipe("FROM a.io/b:1 AS one\nUSER app\nFROM one\nENTRYPOINT [\"a\"]\nRUN [\"/x\", \"y z\"]\nENV A b c\n");
    assert_eq!(said.config.env["A"], "b c");
    let Action::Run(Run { script, user, .. }) = &said.steps[0].action else { panic!() };
    assert_eq!((script.as_str(), user.as_deref()), ("exec /x 'y z'\n", Some("app")));
    let said = recipe("FROM scratch\nARG A=1\nCOPY <<EOF <<\"B\" /etc/\n$A\"x\nEOF\n$A\nB\n");
    let contents: Vec<&Action> = said.steps.iter().map(|step| &step.action).collect();
    let [Action::Write(first), Action::Write(second)] = contents[..] else { panic!() };
    assert_eq!((first.to.as_str(), first.content.as_str()), ("/etc/EOF", "1\"x\n"));
    assert_eq!((second.to.as_str(), second.content.as_str()), ("/etc/B", "$A\n"));
}

#[test]
fn every_line_that_does_not_map_is_named_with_its_place() {
    let text = "FROM golang:1 AS build\nRUN go build\nFROM a.io/b:1\nCOPY --from=build /x /x\n  ADD https://h/x /x\nCOPY a*.txt /x/\nCOPY ../a /x\nRUN --mount=type=bind,target=/x make\nRUN --security=insecure make\nENV PATH=/opt/bin:$PATH\nONBUILD RUN a\nARG TARGETARCH\nEXPOSE 1-9\nVOLUME [\"a\"]\nUSER a:b:c\nSTOPSIGNAL SIGNOPE\nHEALTHCHECK --start-interval=1s CMD a\nMAINTAINER me\nRNU x\nADD x.tar.xz /\nCOPY a\nCOPY a b /c\nSHELL x\nLABEL\nRUN --mount=type=secret,id=t,target=/etc/t a\nRUN\nSTOPSIGNAL $NO\n";
    let expected = [
        "1:1 FROM another stage is built here, which the image does not stand on (2 lines)",
        "4:1 COPY it copies from build, which no recipe reads",
        "5:3 ADD https://h/x is fetched while it is built",
        "6:1 COPY a*.txt is a pattern",
        "7:1 COPY ../a leaves the folder",
        "8:1 RUN a mount of type bind is not in recipes",
        "9:1 RUN --security is not in recipes",
        "10:1 ENV PATH is set nowhere in this file; the base may set it",
        "11:1 ONBUILD a recipe does nothing for those that inherit from its image",
        "12:1 ARG TARGETARCH is the builder's",
        "13:1 EXPOSE 1-9 is no single port",
        "14:1 VOLUME a is no whole path",
        "15:1 USER a:b:c is no user",
        "16:1 STOPSIGNAL SIGNOPE is no signal",
        "17:1 HEALTHCHECK --start-interval is not in recipes",
        "18:1 MAINTAINER it is long out of use",
        "19:1 RNU no instruction of a Dockerfile is called so",
        "20:1 ADD no recipe unpacks .tar.xz",
        "21:1 COPY it names no file and where it goes",
        "22:1 COPY several files go to one place",
        "23:1 SHELL a shell here is a list that ends in -c",
        "24:1 LABEL it sets nothing",
        "25:1 RUN secret t is not below /run/secrets/",
        "26:1 RUN it runs nothing",
        "27:1 STOPSIGNAL NO is set nowhere in this file; the base may set it",
    ];
    assert_eq!(left(text), expected);
}

#[test]
fn variables_are_those_of_the_text_then_those_of_the_base() {
    let (name, tag) = ("team/app".parse().unwrap(), "1".parse().unwrap());
    let read = |text: &str, base_env: Option<&BTreeMap<String, String>>| {
        import(text.as_bytes(), Names { name: &name, tag: &tag, stores: &[], base_env })
    };
    let text = "ARG V=1\nFROM a.io/b:$V\nARG D=opt\nENV A=/$D\nENV PATH=$PATH:/$D/bin\nENV B=$A/b:$PATH C=${NO:-c}\n";
    let unasked = read(text, None);
    let told: Vec<String> = unasked.unmapped.iter().map(|one| one.problem.message.clone()).collect();
    assert_eq!(told, ["PATH is set nowhere in this file; the base may set it"; 2]);
    assert_eq!(unasked.unmapped[0].problem.line, 5);
    assert_eq!(unasked.wants.as_deref(), Some("a.io/b:1"));
    let env =
        [("PATH", "/bin:/usr/bin"), ("D", "never")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let asked = read(&text.replace("/$D", "/opt"), Some(&env));
    assert_eq!((asked.unmapped.len(), asked.wants), (0, None));
    let expected = "env: {A: /opt, B: /opt/b:/bin:/usr/bin:/opt/bin, C: c, PATH: /bin:/usr/bin:/opt/bin}";
    assert!(asked.recipe.contains(expected), "{}", asked.recipe);
    assert!(asked.recipe.starts_with("# Values of the base as it was when this was read: PATH.\n"), "{}", asked.recipe);
    // A build argument has to be called something.
    assert_eq!(read("FROM scratch\nARG =1\n", None).unmapped.len(), 1);
    // Nothing of the base goes into its own name, and scratch sets nothing.
    let outer = read("FROM a.io/$PATH:1\nENV X=$LANG\n", Some(&env));
    assert_eq!((outer.unmapped.len(), outer.unmapped[0].instruction.as_str()), (2, "FROM"));
    let of_scratch = read("FROM scratch\nENV P=$PATH:/x\n", None);
    assert_eq!(of_scratch.unmapped[0].problem.message, "PATH is set neither in this file nor by its base");
    assert_eq!(of_scratch.wants, None);
}

#[test]
fn y10_what_is_hostile_is_refused_with_a_place_and_never_in_a_recipe() {
    for (text, expected) in [
        (&b"FROM a.io/b:1\nRUN <<EOF\nx"[..], "2:1  Y-10: nothing ends <<EOF"),
        (b"FROM a.io/b:1\nENV A=\0", "2:1  Y-10: a NUL is no text"),
        (b"\xff\xfe", "1:1  Y-10: not UTF-8"),
    ] {
        let found = imported(text).unmapped;
        let first = format!(
            "{}:{} {} {}",
            found[0].problem.line, found[0].problem.column, found[0].instruction, found[0].problem.message
        );
        assert_eq!(first, expected);
    }
    assert_eq!(imported(b"").unmapped[0].problem.message, "there is no FROM");
    let many = imported(format!("FROM scratch\n{}", "RNU x\n".repeat(9_000)).as_bytes());
    assert_eq!(many.unmapped.len(), 201);
    assert_eq!(many.unmapped[200].problem.message, "8800 more lines do not map");
    let long = format!("FROM scratch\nRUN {}", "x".repeat(1_000_000));
    read(&imported(long.as_bytes()).recipe);
    let continued = format!("FROM scratch\nRUN a{}", " \\\n b".repeat(10_000));
    read(&imported(continued.as_bytes()).recipe);
    let steering = imported("FROM scratch\n\u{202e}X \x1b[2J\nENV A=\"\u{202e}\x1b\"\n".as_bytes());
    assert!(!steering.recipe.chars().any(|c| c != '\n' && crate::domain::text::is_hazardous(c)), "{}", steering.recipe);
    assert!(!steering.unmapped[0].instruction.chars().any(crate::domain::text::is_hazardous));
}

#[test]
fn crlf_and_a_mark_at_the_beginning_change_nothing() {
    let unix = "FROM a.io/b:1\nRUN <<EOF\nset -eu\na\nEOF\nCOPY <<\"X\" /x\ny\nX\n";
    let dos = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    assert_eq!(recipe(unix), recipe(&dos));
}

proptest! {
    #[test]
    fn no_text_gives_a_recipe_that_cannot_be_read(text in "(FROM a.io/b:1\n)?((RUN|COPY|ADD|ENV|ARG|USER|WORKDIR|CMD|LABEL|FROM|SHELL|VOLUME)( (--[a-z]{1,4}=)?(<<E|\\$A|\\$\\{A:-b\\}|[a-z./=\\[\\]\"',:-]{1,6}|\\PC|\\[\"/a\",\"-c\",\"b\"\\])){0,4}\n(E\n)?){0,8}") {
        let imported = imported(text.as_bytes());
        let (recipe, problems) = parse(imported.recipe.as_bytes(), &["global"]).finish();
        prop_assert!(recipe.is_some(), "{problems:?}\n{text}\n---\n{}", imported.recipe);
    }
}
