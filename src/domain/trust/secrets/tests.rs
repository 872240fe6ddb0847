//! Each rule on what it is to find and on what it is to pass over.

use super::place::Place;
use super::rules::{Check, RULES};
use super::scanner::expression_of;
use super::value::masked;
use super::{Hit, Scanner, known_rules};

/// Characters nobody could guess, the same every time; no secret of anybody.
fn chars(count: usize, of: &str) -> String {
    let of: Vec<char> = of.chars().collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        of[usize::try_from(state >> 33).unwrap() % of.len()]
    };
    (0..count).map(next).collect()
}

const BASE62: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";

fn token(start: &str, count: usize) -> String {
    format!("{start}{}", chars(count, BASE62))
}

fn scan(path: &str, text: &str) -> Vec<Hit> {
    Scanner::shared().scan(path.as_bytes(), text.as_bytes())
}

fn rules(path: &str, text: &str) -> Vec<&'static str> {
    scan(path, text).into_iter().map(|hit| hit.rule).collect()
}

/// A key in PEM that opens nothing.
fn pem(label: &str) -> String {
    let body =
        chars(1600, BASE62).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n").collect::<String>();
    format!("-----BEGIN {label}-----\n{body}-----END {label}-----\n")
}

#[test]
fn every_expression_is_one_and_every_rule_has_where_to_look() {
    for rule in RULES {
        match rule.check {
            Check::Key(_) | Check::ServiceAccount => {}
            _ => assert!(expression_of(rule).is_some(), "{}", rule.name),
        }
        assert_eq!(rule.literals.is_empty(), matches!(rule.check, Check::In(..)), "{}", rule.name);
        assert!(rule.literals.iter().all(|literal| literal.len() >= 4), "{}", rule.name);
    }
    assert!(known_rules().all(|(name, what)| !name.is_empty() && !what.is_empty()));
}

/// A file for each rule with what it is to find.
fn finds() -> Vec<(&'static str, &'static str, String)> {
    [keys(), tokens(), chosen()].concat()
}

fn jwt() -> String {
    format!("eyJ{}.eyJ{}.{}", chars(20, BASE62), chars(60, BASE62), chars(43, BASE62))
}

fn keys() -> Vec<(&'static str, &'static str, String)> {
    let account = format!(
        "{{\"type\": \"service_account\", \"project_id\": \"p\",\n \"private_key_id\": \"{}\",\n \"private_key\": \"{}\"}}",
        chars(40, HEX),
        pem("PRIVATE KEY").replace('\n', "\\n")
    );
    vec![
        ("private-key", "srv/key", pem("RSA PRIVATE KEY")),
        ("private-key", "srv/key", pem("EC PRIVATE KEY")),
        ("private-key", "root/.ssh/id_ed25519", pem("OPENSSH PRIVATE KEY")),
        ("private-key", "srv/app.js", format!("const k = `{}`", pem("PRIVATE KEY"))),
        ("private-key", "srv/.env", format!("KEY=\"{}\"", pem("PRIVATE KEY").replace('\n', "\\n"))),
        ("private-key", "srv/k8s.yaml", pem("DSA PRIVATE KEY").replace('\n', "\r\n    ")),
        (
            "private-key",
            "srv/old.pem",
            pem("RSA PRIVATE KEY").replacen(
                '\n',
                "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0D71FC6E46E4B3D9F2B9D4A0F6B5C1A2\n\n",
                1,
            ),
        ),
        ("encrypted-private-key", "srv/key", pem("ENCRYPTED PRIVATE KEY")),
        ("pgp-private-key", "srv/key.asc", pem("PGP PRIVATE KEY BLOCK")),
        ("cosign-private-key", "srv/cosign.key", pem("ENCRYPTED SIGSTORE PRIVATE KEY")),
        ("cosign-private-key", "srv/cosign.key", pem("ENCRYPTED COSIGN PRIVATE KEY")),
        (
            "putty-private-key",
            "srv/a.ppk",
            format!("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 14\n{}\n", token("", 64)),
        ),
        ("age-private-key", "srv/age.txt", format!("AGE-SECRET-KEY-1{}", chars(58, UPPER32))),
        ("aws-access-key", "srv/a.py", format!("key = '{}'", format_args!("AKIA{}", chars(16, UPPER32)))),
        ("aws-access-key", "srv/a.py", format!("ASIA{}", chars(16, UPPER32))),
        ("aws-secret-key", "srv/a.py", format!("aws_secret_access_key = \"{}\"", token("", 40))),
        ("aws-secret-key", "root/.aws/credentials", format!("[default]\naws_secret_access_key={}\n", token("", 40))),
        ("aws-secret-key", "srv/a.json", format!("{{\"SecretAccessKey\": \"{}\"}}", token("", 40))),
        ("gcp-service-account", "srv/gcp.json", account),
    ]
}

fn tokens() -> Vec<(&'static str, &'static str, String)> {
    vec![
        (
            "azure-storage-key",
            "srv/a",
            format!("DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;", token("", 86)),
        ),
        (
            "azure-shared-key",
            "srv/a",
            format!("Endpoint=sb://x/;SharedAccessKeyName=r;SharedAccessKey={}=", token("", 43)),
        ),
        ("github-token", "srv/a", token("ghp_", 36)),
        ("github-token", "srv/a", token("x=gho_", 36)),
        ("github-token", "srv/a", token("ghs_", 36)),
        ("github-token", "srv/a", format!("{}_{}", token("github_pat_", 22), chars(59, BASE62))),
        ("gitlab-token", "srv/a", token("glpat-", 20)),
        ("slack-token", "srv/a", format!("xoxb-718263940517-605948372615-{}", chars(24, BASE62))),
        ("slack-token", "srv/a", format!("xapp-1-A07F3QZKD2M-6059483726154-{}", chars(64, HEX))),
        (
            "slack-webhook",
            "srv/a",
            format!(
                "https://hooks.slack.com/services/T0{}/B0{}/{}",
                chars(8, UPPER32),
                chars(8, UPPER32),
                chars(24, BASE62)
            ),
        ),
        ("stripe-key", "srv/a", token("sk_live_", 24)),
        ("npm-token", "srv/a", token("npm_", 36)),
        ("npm-token", "root/.npmrc", format!("//registry.npmjs.org/:_authToken={}\n", chars(36, HEX))),
        ("pypi-token", "root/.pypirc", token("password = pypi-AgEIcHlwaS5vcmc", 80)),
        ("docker-token", "srv/a", token("dckr_pat_", 27)),
        ("docker-auth", "root/.docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"YmFrZXI6aHVudGVyMg==\"}}}".into()),
        ("docker-auth", "root/.docker/config.json", format!("{{\"identitytoken\": \"{}\"}}", token("", 40))),
        ("vault-token", "root/.vault-token", token("hvs.", 95)),
        ("anthropic-key", "srv/a", token("sk-ant-api03-", 95)),
        ("openai-key", "srv/a", token("sk-proj-", 90)),
        ("openai-key", "srv/a", format!("k: sk-{}T3BlbkFJ{}", chars(20, BASE62), chars(20, BASE62))),
        ("sendgrid-key", "srv/a.js", format!("sendgrid.setApiKey('SG.{}.{}')", chars(22, BASE62), chars(43, BASE62))),
        ("sendgrid-key", "srv/.env", format!("MAIL=SG.{}.{}", chars(22, BASE62), chars(43, BASE62))),
        ("twilio-token", "srv/a", format!("TWILIO_AUTH_TOKEN={}", chars(32, HEX))),
        ("kubeconfig-key", "srv/a.yaml", format!("    client-key-data: {}\n", token("LS0tLS1CRUdJTi", 400))),
    ]
}

/// What is found by where it stands.
fn chosen() -> Vec<(&'static str, &'static str, String)> {
    vec![
        ("kubeconfig-token", "root/.kube/config", format!("users:\n- name: a\n  user:\n    token: {}\n", jwt())),
        ("jwt", "srv/.env", format!("SESSION={}", jwt())),
        ("netrc-password", "root/.netrc", "machine git.internal login ci password hunter22\n".into()),
        ("netrc-password", "etc/apt/auth.conf.d/a.conf", "machine apt.internal\nlogin a\npassword hunter22\n".into()),
        ("pgpass-password", "root/.pgpass", "db:5432:*:app:hunter22\n".into()),
        ("npmrc-password", "root/.npmrc", "//r/:_password=aHVudGVyMjI=\n".into()),
        ("url-password", "root/.git-credentials", "https://ci:hunter22@git.internal\n".into()),
        ("url-password", "etc/pip.conf", "[global]\nindex-url = https://ci:hunter22@pypi.internal/simple\n".into()),
        ("url-password", "srv/compose.yaml", "  url: postgres://app:hunter22@db:5432/app\n".into()),
        ("password", "srv/.env", "A=b\nexport DB_PASSWORD=hunter22\n".into()),
        ("password", "root/.my.cnf", "[client]\npassword = \"hunter22\"\n".into()),
        ("password", "srv/wp-config.php", "define( 'DB_PASSWORD', 'hunter22' );\n".into()),
        ("password", "srv/secrets.json", "{\n  \"api_key\": \"k-hunter22\"\n}".into()),
    ]
}

#[test]
fn each_rule_finds_what_it_is_for() {
    for (rule, path, text) in finds() {
        assert_eq!(rules(path, &text), [rule], "{path}: {text}");
    }
    let covered: Vec<&str> = finds().into_iter().map(|(rule, ..)| rule).collect();
    assert!(known_rules().all(|(name, _)| covered.contains(&name)), "every rule has a file here");
}

#[test]
fn examples_variables_and_other_peoples_files_are_passed_over() {
    let long = chars(64, BASE62);
    let passed: Vec<(&str, String)> = vec![
        ("srv/a", "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into()),
        ("srv/a", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into()),
        ("srv/a", format!("xAKIA{}", chars(16, UPPER32))),
        ("srv/a", format!("AKIA{}A", chars(16, UPPER32))),
        ("srv/a", "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n".into()),
        ("srv/a", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n".into()),
        ("srv/a", format!("-----BEGIN PUBLIC KEY-----\n{long}\n{long}\n")),
        ("srv/a", format!("-----BEGIN CERTIFICATE-----\n{long}\n{long}\n")),
        ("srv/a", "a PRIVATE KEY----- of nobody".into()),
        ("srv/a", format!("-----BEGIN PRIVATE KEY-----\n{}\n", "A".repeat(64))),
        ("srv/a", format!("ghp_{}", "x".repeat(36))),
        ("srv/a", "ghp_abcdefghijklmnopqrstuvwxyz0123456789".into()),
        ("srv/a", "glpat-<your-token-here-now>".into()),
        ("srv/a", "sk-ant-api03-YOUR_KEY_HERE_YOUR_KEY_HERE_YOUR_KEY_HERE".into()),
        ("srv/a", "npm_config_registry=https://registry.npmjs.org/ npm_lifecycle_event_and_more_of_them".into()),
        ("srv/a", "//registry.npmjs.org/:_authToken=${NPM_TOKEN_FROM_THE_ENVIRONMENT}".into()),
        ("srv/a", token("sk_test_", 24)),
        ("srv/a", "SG.and.then MSG.aaaaaaaaaaaaaaaaaaaaaa.bbb".into()),
        ("srv/a", "{\"auth\": \"oauth2-authentication\", \"identitytoken\": \"\"}".into()),
        ("srv/a", "password=hunter22 https://ci:hunter22@git.internal".into()),
        (
            "srv/.env",
            "DB_PASSWORD=\nDB_PASSWORD_FILE=/run/secrets/db\nAPI_KEY=${API_KEY}\nTOKEN=changeme\nSECRET=<secret>\n"
                .into(),
        ),
        ("srv/.env", "PASSWORD=/run/secrets/password\nURL=https://user:password@host\n# PASSWORD=hunter22\n".into()),
        ("srv/.env.example", "DB_PASSWORD=hunter22\n".into()),
        ("etc/fetch.conf", "#proxy = http://me:hunter22@proxy\nproxy = http://${user}:${password}@proxy\n".into()),
        ("srv/main.py", "password = ask_for_password()\n".into()),
        ("root/.pgpass", "# host:port:db:user:password\n".into()),
        ("root/.netrc", "# machine a password hunter22\n".into()),
        ("root/.kube/config", "users:\n- user:\n    tokenFile: /run/secrets/token\n    token: \"\"\n".into()),
    ];
    for (path, text) in passed {
        assert_eq!(scan(path, &text), [], "{path}: {text}");
    }
    let key = pem("PRIVATE KEY");
    for path in [
        "usr/lib/python3.11/test/keycert.pem",
        "usr/local/lib/python3.12/test/certdata/ssl_key.pem",
        "usr/share/doc/openssl/examples/key.pem",
        "srv/app/node_modules/http-proxy/test/fixtures/key.pem",
        "opt/venv/lib/python3.12/site-packages/tornado/test/test.key",
        "srv/app/logo.png",
    ] {
        assert_eq!(rules(path, &key), Vec::<&str>::new(), "{path}");
    }
    for path in ["srv/app/tests/key.pem", "usr/src/app/test/key.pem", "usr/lib/python3.11/ssl.pem", "test/key.pem"] {
        assert_eq!(rules(path, &key), ["private-key"], "{path}");
    }
}

#[test]
fn what_is_no_text_and_what_is_too_large_is_passed_over() {
    let key = pem("PRIVATE KEY");
    assert_eq!(rules("srv/a", &format!("\0ELF{key}")), Vec::<&str>::new());
    assert_eq!(rules("srv/a", &format!("{}{key}\0", "x\n".repeat(5000))), ["private-key"]);
    assert!(
        Scanner::wants(b"srv/a", 1 << 20) && !Scanner::wants(b"srv/a", (1 << 20) + 1) && !Scanner::wants(b"srv/a", 3)
    );
}

#[test]
fn a_value_is_told_once_with_its_line_and_never_itself() {
    let secret = token("ghp_", 36);
    let text = format!("\n\n# x\nGITHUB_TOKEN={secret}\nOTHER=1\nDB_PASSWORD=hunter2\n");
    let hits = scan("srv/.env", &text);
    let told: Vec<(&str, u32, &str)> = hits.iter().map(|hit| (hit.rule, hit.line, &*hit.masked)).collect();
    assert_eq!(told, [("github-token", 4, "ghp_*** (40 characters)"), ("password", 6, "*** (7 characters)")]);
    for (_, path, text) in finds() {
        for hit in scan(path, &text) {
            let shown = hit.masked.split("***").next().unwrap();
            assert!(shown.len() <= 4, "K-01: {}", hit.masked);
        }
    }
    assert_eq!(masked(b"\x1b[31mabcdefgh"), "?[31*** (13 characters)");
    let many = format!("{}\n", token("ghp_", 36)).repeat(500);
    assert_eq!(scan("srv/a", &many).len(), 100, "a file comes to an end");
}

#[test]
fn places_are_known_by_name() {
    assert!(Place::of(b"home/a/.kube/config").meets(Place::KUBE) && Place::of(b"srv/config").is_none());
    assert!(Place::of(b"srv/production.env").meets(Place::CREDENTIALS) && Place::of(b"usr/bin/env").is_none());
    assert!(Place::of(b"\xff/.env").is_none() && Place::of(b".env").meets(Place::CREDENTIALS));
    assert!(Place::of(b"usr/lib/x/a.conf").is_none() && Place::of(b"etc/a.conf").meets(Place::SETTINGS));
}
