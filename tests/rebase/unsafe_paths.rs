//! What stands in the way is told by path and field.

use super::house::{FILES, House};

#[test]
fn paths_that_both_touched_are_told() {
    let house = House::new();
    house.app("over", "steps:\n  - write: {to: /etc/conf, content: mine}\n");
    house.app("deletes", "steps:\n  - remove: [/opt/a]\n");
    house.app("homeless", "steps:\n  - write: {to: /opt/a/mine, content: x}\n");
    house.app("led", "steps:\n  - write: {to: /srv/v1/app, content: x}\n");
    house.app("covers", "steps:\n  - remove: [/etc]\n  - write: {to: /etc/mine, content: x}\n");
    house.app(
        "packages",
        "steps:\n  - write: {to: /var/lib/dpkg/status, content: two}\n  - write: {to: /lib/apk/db/installed, content: two}\n",
    );
    house.moves(
        &[
            ("etc/conf", "2"),
            ("opt/a/x", "-"),
            ("opt/b/x", "1"),
            ("srv/now", "->v2"),
            ("var/lib/dpkg/status", "three"),
            ("lib/apk/db/installed", "three"),
        ],
        "{}",
    );
    assert_eq!(house.in_the_way("over"), ["over /etc/conf /etc/conf"]);
    assert_eq!(house.in_the_way("deletes"), ["deletes /opt/a /opt/a", "covers /opt/a /opt/a/x"]);
    assert_eq!(house.in_the_way("homeless"), ["homeless /opt/a/mine /opt/a"]);
    assert_eq!(house.in_the_way("led"), ["led /srv/v1/app /srv/now"]);
    assert_eq!(house.in_the_way("covers"), ["covers /etc /etc/conf"]);
    assert_eq!(
        house.in_the_way("packages"),
        ["packages /lib/apk/db/installed /lib/apk/db/installed", "packages /var/lib/dpkg/status /var/lib/dpkg/status"]
    );
    let text = house.baker.run(&["rebase", "local/team/over:1"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("has to be baked again") && text.contains("/etc/conf  our layers put something over"),
        "{text}"
    );
}

#[test]
fn fields_that_both_changed_are_told() {
    let house = House::new();
    house.base("os:12", FILES, "{env: {MODE: a}, user: root, entrypoint: [/a]}", 100);
    house.app("fields", "config: {env: {MODE: b}, user: app, entrypoint: [/b]}\n");
    house.moves(&[], "{env: {MODE: c}, user: daemon, entrypoint: [/c]}");
    assert_eq!(house.in_the_way("fields"), ["user", "entrypoint", "env.MODE"]);
}
