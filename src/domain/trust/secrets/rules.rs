//! The kept set of rules: a rule a line, the more specific before the more general, since the first to claim a value keeps
//! it. Names are stable: policies and scripts name them. Decides nothing about which file is looked into.

use super::pem;
use super::place::Place;

/// How a rule finds a value.
pub(super) enum Check {
    /// The expression matches where the literal stands, with no word before it. The first group is the value, else all.
    Here(&'static str),
    /// The expression matches in the line of the literal.
    Line(&'static str),
    /// The expression matches somewhere in a file of such a place; literals do not count.
    In(Place, &'static str),
    /// As `Line`, and the value is base64 of a name and a password.
    Login(&'static str),
    /// A key of this kind.
    Key(pem::Kind),
    /// A service account with its key.
    ServiceAccount,
}

/// One rule.
pub(super) struct Rule {
    /// Stable name.
    pub(super) name: &'static str,
    /// What it finds, for people.
    pub(super) what: &'static str,
    /// Without one of them nothing is there; empty where the place says where to look. Four bytes at least: the search for
    /// them is half as fast with three.
    pub(super) literals: &'static [&'static str],
    pub(super) check: Check,
    /// Bits of chance a byte of the value holds at least; 0 where people choose it.
    pub(super) chance: f64,
}

use Check::{Here, In, Key, Line, Login, ServiceAccount};

const fn rule(
    name: &'static str,
    what: &'static str,
    literals: &'static [&'static str],
    check: Check,
    chance: f64,
) -> Rule {
    Rule { name, what, literals, check, chance }
}

const CREDENTIALS: Place = Place::CREDENTIALS;
const WRITTEN: Place = Place::CREDENTIALS.and(Place::SETTINGS).and(Place::KUBE);

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    rule("gcp-service-account", "key of a Google service account", &["service_account"], ServiceAccount, 0.0),
    rule("cosign-private-key", "private key of cosign", &["PRIVATE KEY"], Key(pem::Kind::Cosign), 0.0),
    rule("pgp-private-key", "private key of PGP", &["PRIVATE KEY"], Key(pem::Kind::Pgp), 0.0),
    rule("encrypted-private-key", "private key under a passphrase", &["PRIVATE KEY"], Key(pem::Kind::Encrypted), 0.0),
    rule("private-key", "private key", &["PRIVATE KEY"], Key(pem::Kind::Plain), 0.0),
    rule("putty-private-key", "private key of PuTTY", &["Private-Lines: "], Here(r"\APrivate-Lines: \d+\r?\n([A-Za-z0-9+/=]{40,})"), 3.5),
    rule("age-private-key", "private key of age", &["AGE-SECRET-KEY-1"], Here(r"\AAGE-SECRET-KEY-1[0-9A-Z]{58}\b"), 3.0),
    rule("aws-access-key", "AWS access key id", &["AKIA", "ASIA"], Here(r"\A(?:AKIA|ASIA)[A-Z2-7]{16}\b"), 3.0),
    rule("aws-secret-key", "AWS secret access key", &["_access_key", "_ACCESS_KEY", "ecretAccessKey"], Line(r#"(?i)secret_?access_?key["']?\s{0,8}(?:=>|[=:])\s{0,8}["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|\z)"#), 3.5),
    rule("azure-storage-key", "key of an Azure storage account", &["AccountKey="], Here(r"\AAccountKey=([A-Za-z0-9+/]{86}==)"), 4.0),
    rule("azure-shared-key", "shared access key of Azure", &["SharedAccessKey="], Here(r"\ASharedAccessKey=([A-Za-z0-9+/]{43}=)"), 3.5),
    rule("github-token", "token of GitHub", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], Here(r"\Agh[pousr]_[A-Za-z0-9]{36,255}\b"), 3.5),
    rule("github-token", "token of GitHub", &["github_pat_"], Here(r"\Agithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"), 3.5),
    rule("gitlab-token", "token of GitLab", &["glpat-", "gldt-", "glrt-"], Here(r"\Agl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,64}"), 3.0),
    rule("slack-token", "token of Slack", &["xoxb-", "xoxp-", "xoxa-", "xoxs-", "xoxr-"], Here(r"\Axox[abprs]-(?:[0-9]+-)+[A-Za-z0-9]{16,}\b"), 3.0),
    rule("slack-token", "token of Slack", &["xapp-"], Here(r"\Axapp-[0-9]-[A-Z0-9]{9,}-[0-9]{9,}-[a-f0-9]{40,}\b"), 3.0),
    rule("slack-webhook", "webhook of Slack", &["hooks.slack.com/services/"], Here(r"\Ahooks\.slack\.com/services/(T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,})\b"), 3.5),
    rule("stripe-key", "live key of Stripe", &["sk_live_", "rk_live_"], Here(r"\A[rs]k_live_[A-Za-z0-9]{20,247}\b"), 3.0),
    rule("npm-token", "token of npm", &["npm_"], Here(r"\Anpm_[A-Za-z0-9]{36}\b"), 3.5),
    rule("npm-token", "token of npm", &["_authToken"], Here(r#"\A_authToken\s{0,4}=\s{0,4}"?([A-Za-z0-9+/=_.-]{16,})"#), 3.0),
    rule("pypi-token", "token of PyPI", &["pypi-AgE"], Here(r"\Apypi-AgE[A-Za-z0-9_-]{50,}"), 3.5),
    rule("docker-token", "token of Docker Hub", &["dckr_pat_", "dckr_oat_"], Here(r"\Adckr_[op]at_[A-Za-z0-9_-]{27,32}"), 3.0),
    rule("docker-auth", "registry credentials of docker", &["\"auth\""], Login(r#""auth"\s{0,8}:\s{0,8}"([A-Za-z0-9+/=]{8,})""#), 0.0),
    rule("docker-auth", "registry credentials of docker", &["\"identitytoken\""], Line(r#""identitytoken"\s{0,8}:\s{0,8}"([A-Za-z0-9+/=_.-]{16,})""#), 3.0),
    rule("vault-token", "token of HashiCorp Vault", &["hvs.", "hvb."], Here(r"\Ahv[sb]\.[A-Za-z0-9_-]{24,}"), 3.5),
    rule("anthropic-key", "key of Anthropic", &["sk-ant-"], Here(r"\Ask-ant-[a-z0-9]{3,10}-[A-Za-z0-9_-]{32,}"), 3.5),
    rule("openai-key", "key of OpenAI", &["sk-proj-", "sk-svcacct-", "sk-admin-"], Here(r"\Ask-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"), 3.5),
    rule("openai-key", "key of OpenAI", &["T3BlbkFJ"], Line(r"\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b"), 3.5),
    rule("sendgrid-key", "key of SendGrid", &["SENDGRID", "endgrid", "endGrid"], Line(r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"), 3.5),
    rule("sendgrid-key", "key of SendGrid", &[], In(WRITTEN, r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"), 3.5),
    rule("twilio-token", "token of Twilio", &["TWILIO", "twilio", "Twilio"], Line(r#"(?i)twilio[a-z_.\- ]{0,24}(?:token|secret|key)["']?\s{0,8}[=:]\s{0,8}["']?((?:SK)?[0-9a-f]{32})\b"#), 3.0),
    rule("kubeconfig-key", "client key of Kubernetes", &["client-key-data"], Here(r#"\Aclient-key-data["']?\s{0,8}:\s{0,8}["']?([A-Za-z0-9+/=]{64,})"#), 3.5),
    rule("kubeconfig-token", "token of Kubernetes", &[], In(Place::KUBE, r#"(?m)^\s*(?:token|password)["']?:\s*["']?([^\s"']{8,})"#), 0.0),
    rule("jwt", "signed token", &[], In(WRITTEN, r"\b(eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,})"), 3.5),
    rule("netrc-password", "password of netrc", &[], In(Place::NETRC, r"(?m)^[^#\n]*\bpassword\s+(\S+)"), 0.0),
    rule("pgpass-password", "password of PostgreSQL", &[], In(Place::PGPASS, r"(?m)^[^#:\n][^:\n]*:[^:\n]*:[^:\n]*:[^:\n]*:([^\r\n]+)$"), 0.0),
    rule("npmrc-password", "password of npm", &[], In(Place::NPMRC, r#"(?m)^[^#;\n]*\b_(?:auth|password)\s*=\s*"?([^\s"]{8,})"#), 0.0),
    rule("url-password", "password in an address", &[], In(WRITTEN, r#"(?im)^[^#;\n]*\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@"'<>?#]{0,100}:([^\s/@"'<>]{3,200})@[a-z0-9\[]"#), 0.0),
    rule("password", "password or token", &[], In(CREDENTIALS, r#"(?im)^[^\n#;=:]{0,80}(?:password|passwd|passphrase|secret|secret_?key|secret_?key_?base|secret_?access_?key|private_?key|api_?key|access_?token|auth_?token|private_?token|refresh_?token|_token|_pwd|^token)["']?[ \t]*(?:=>|[=:,])[ \t]*["']?([^\s"',;]{6,})"#), 0.0),
];
