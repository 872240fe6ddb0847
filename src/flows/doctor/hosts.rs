//! Hosts that lack something, each as data: what `doctor` says of them, and the exact commands it says it with.

use std::path::PathBuf;

use super::steps::{Trial, judge};
use super::{Finding, Standing};
use crate::adapters::host::IdSetting;
use crate::adapters::process::probe::{
    Container, Granted, HostFacts, IdFacts, IdRange, KernelFacts, MapTool, OverlayFacts, Tried, UsernsFacts,
};

/// A host that has everything, for an ordinary user called alice.
fn good() -> HostFacts {
    let tool =
        |name: &str| Some(MapTool { path: PathBuf::from("/usr/bin").join(name), privileged: true, nosuid: false });
    let granted = Granted { own: vec![range(165_536)], all: vec![range(100_000), range(165_536)] };
    HostFacts {
        uid: 1000,
        user: Some("alice".into()),
        program: "/usr/local/bin/bakery".into(),
        distribution: vec!["debian".into()],
        container: None,
        kernel: KernelFacts { release: Some("6.12.9+deb13-amd64".into()), openat2: true, seccomp: true, overlay: true },
        sys_admin: false,
        no_new_privs: false,
        userns: UsernsFacts {
            built_in: true,
            max: Some(15_000),
            clone: None,
            apparmor_restricts: None,
            tried: Tried::Worked,
        },
        ids: IdFacts {
            uids: granted.clone(),
            gids: granted,
            newuidmap: tool("newuidmap"),
            newgidmap: tool("newgidmap"),
        },
        overlay: OverlayFacts {
            folder: "/home/alice/.cache/bakery".into(),
            filesystem: "ext4".into(),
            tried: Tried::Worked,
        },
    }
}

fn range(start: u64) -> IdRange {
    IdRange { start, count: 65_536 }
}

/// The good host with something changed, and what is said of one thing then.
fn with(id: &str, change: impl FnOnce(&mut HostFacts)) -> Finding {
    let mut facts = good();
    change(&mut facts);
    said(&facts, id)
}

fn said(facts: &HostFacts, id: &str) -> Finding {
    // Where something was tried and failed, so does the whole.
    let tried = [&facts.userns.tried, &facts.overlay.tried];
    let trial = if tried.iter().all(|tried| **tried == Tried::Worked) { Ok(12_345) } else { Err("refused".into()) };
    judge(facts, &trial, None).into_iter().find(|finding| finding.id == id).unwrap()
}

fn refused(facts: &mut HostFacts) {
    facts.userns.tried = Tried::Failed("unshare: unshare failed: Operation not permitted".into());
    facts.overlay.tried = facts.userns.tried.clone();
}

fn mend(finding: &Finding) -> &str {
    finding.mend.as_deref().unwrap_or_else(|| panic!("no mend for {finding:?}"))
}

#[test]
fn a_host_that_has_everything_needs_nothing() {
    let mut root = good();
    (root.uid, root.user, root.sys_admin) = (0, Some("root".into()), true);
    root.ids = IdFacts::default();
    for facts in [good(), root] {
        for finding in judge(&facts, &Ok(12_345), None) {
            assert_eq!((finding.standing, &finding.mend), (Standing::Ok, &None), "{finding:?}");
        }
    }
    assert!(said(&good(), "ids").found.starts_with("subordinate: "));
}

#[test]
fn every_switch_that_forbids_user_namespaces_has_its_command() {
    let found = with("userns", |facts| {
        refused(facts);
        facts.userns.max = Some(0);
    });
    assert_eq!(found.standing, Standing::Lacking);
    assert_eq!(found.found, "forbidden: user.max_user_namespaces is 0");
    assert_eq!(
        mend(&found),
        "as root: echo 'user.max_user_namespaces = 15000' > /etc/sysctl.d/90-bakery.conf && sysctl --system"
    );
    let found = with("userns", |facts| {
        refused(facts);
        facts.userns.clone = Some(false);
    });
    assert_eq!(found.found, "forbidden to ordinary users: kernel.unprivileged_userns_clone is 0");
    assert_eq!(
        mend(&found),
        "as root: echo 'kernel.unprivileged_userns_clone = 1' > /etc/sysctl.d/90-bakery.conf && sysctl --system"
    );
    let found = with("userns", |facts| {
        refused(facts);
        facts.userns.built_in = false;
    });
    assert_eq!(mend(&found), "boot a kernel built with CONFIG_USER_NS=y, or bake as root");
}

#[test]
fn apparmors_restriction_is_lifted_for_this_program_alone() {
    let found = with("userns", |facts| {
        refused(facts);
        facts.userns.apparmor_restricts = Some(true);
        facts.program = "/home/alice/my tools/bakery".into();
    });
    assert_eq!(found.standing, Standing::Lacking);
    assert_eq!(found.found, "AppArmor takes their rights away: kernel.apparmor_restrict_unprivileged_userns is 1");
    assert_eq!(
        mend(&found),
        "as root, for this program alone: printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bakery \
         \"/home/alice/my tools/bakery\" flags=(unconfined) {\\n  userns,\\n}\\n' > /etc/apparmor.d/bakery && apparmor_parser \
         -r /etc/apparmor.d/bakery\n\
         or for every program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    );
    let profiled = with("userns", |facts| facts.userns.apparmor_restricts = Some(true));
    assert_eq!(profiled.standing, Standing::Ok, "a profile lets this program make them");
}

#[test]
fn what_rests_on_namespaces_points_to_them() {
    for (id, standing) in [("overlay", Standing::Weak), ("ids", Standing::Lacking)] {
        let found = with(id, refused);
        assert_eq!(found.standing, standing, "{found:?}");
        assert_eq!(mend(&found), "first what `userns` says");
    }
    let unknown = with("userns", refused);
    assert_eq!(unknown.found, "refused: unshare: unshare failed: Operation not permitted");
    assert!(mend(&unknown).contains("security module"), "{unknown:?}");
}

#[test]
fn a_container_is_told_the_flags_it_needs() {
    for (container, root, expected) in [
        (
            Container::Docker,
            false,
            "start the container with: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
             --security-opt systempaths=unconfined",
        ),
        (
            Container::Docker,
            true,
            "start the container with: docker run --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt \
             apparmor=unconfined --security-opt systempaths=unconfined",
        ),
        (
            Container::Podman,
            false,
            "start the container with: podman run --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
             --security-opt unmask=ALL",
        ),
        (
            Container::Kubernetes,
            true,
            "set in the pod: securityContext: {seccompProfile: {type: Unconfined}, appArmorProfile: {type: Unconfined}, \
             procMount: Unmasked, capabilities: {add: [SYS_ADMIN]}}",
        ),
    ] {
        let found = with("userns", |facts| {
            refused(facts);
            facts.container = Some(container);
            facts.uid = if root { 0 } else { 1000 };
        });
        assert_eq!((found.standing, mend(&found)), (Standing::Lacking, expected));
    }
}

#[test]
fn a_user_without_subordinate_ids_gets_a_range_nobody_has() {
    let none = |facts: &mut HostFacts| {
        let others = Granted { own: Vec::new(), all: vec![range(100_000), range(165_536)] };
        (facts.ids.uids, facts.ids.gids) = (others.clone(), others);
    };
    let found = with("subids", none);
    assert_eq!(found.standing, Standing::Weak);
    assert_eq!(found.found, "no subordinate uids for alice, no subordinate gids for alice");
    assert_eq!(mend(&found), "as root: usermod --add-subuids 231072-296607 --add-subgids 231072-296607 alice");

    let ids = with("ids", none);
    assert_eq!(ids.standing, Standing::Weak);
    for part in ["single: ", "chown", "owned by root"] {
        assert!(ids.found.contains(part), "{ids:?}");
    }

    let one = with("subids", |facts| {
        facts.ids.gids.own = vec![IdRange { start: 165_536, count: 1000 }];
        facts.ids.uids.all.push(IdRange { start: 1 << 20, count: 5 });
    });
    assert_eq!(one.found, "only 1000 subordinate gids for alice");
    assert_eq!(mend(&one), "as root: usermod --add-subgids 231072-296607 alice");
}

#[test]
fn gaps_between_ranges_are_used_when_they_are_wide_enough() {
    let found = with("subids", |facts| {
        let all = vec![IdRange { start: 300_000, count: 10 }, IdRange { start: 150_000, count: 10 }];
        (facts.ids.uids, facts.ids.gids) = (Granted { own: Vec::new(), all }, Granted::default());
    });
    assert_eq!(mend(&found), "as root: usermod --add-subuids 150010-215545 --add-subgids 150010-215545 alice");
    let hostile = with("subids", |facts| {
        facts.ids.uids = Granted { own: Vec::new(), all: vec![IdRange { start: 1, count: u64::MAX }] };
    });
    assert!(mend(&hostile).contains("--add-subuids"), "{hostile:?}");
}

#[test]
fn programs_that_map_ids_must_be_there_and_be_allowed_to() {
    let absent = |distribution: &str| {
        with("subids", |facts| {
            facts.distribution = distribution.split(' ').map(str::to_owned).collect();
            (facts.ids.newuidmap, facts.ids.newgidmap) = (None, None);
        })
    };
    assert_eq!(absent("debian").found, "newuidmap and newgidmap not installed");
    for (distribution, expected) in [
        ("linuxmint ubuntu debian", "as root: apt-get install uidmap"),
        ("rocky rhel centos fedora", "as root: dnf install shadow-utils"),
        ("alpine", "as root: apk add shadow-uidmap"),
        ("arch", "as root: pacman -S shadow"),
        ("opensuse-leap suse opensuse", "as root: zypper install shadow"),
        ("", "install the package uidmap (Debian's name)"),
    ] {
        assert_eq!(mend(&absent(distribution)), expected);
    }
    let tool = |change: fn(&mut MapTool)| with("subids", |facts| facts.ids.newgidmap.iter_mut().for_each(change));
    let powerless = tool(|tool| tool.privileged = false);
    assert_eq!(powerless.found, "newgidmap is neither set-user-ID root nor has its file capability");
    assert_eq!(mend(&powerless), "as root: chmod u+s /usr/bin/newgidmap");
    assert_eq!(tool(|tool| tool.nosuid = true).found, "newgidmap lies on a file system mounted nosuid");
    let session = with("subids", |facts| facts.no_new_privs = true);
    assert!(session.found.contains("no_new_privs"), "{session:?}");
    assert!(mend(&session).contains("NoNewPrivileges=no"), "{session:?}");
}

#[test]
fn several_lacks_are_mended_in_order() {
    let found = with("subids", |facts| {
        facts.ids = IdFacts::default();
        facts.user = None;
    });
    assert_eq!(
        mend(&found),
        "as root: useradd --no-create-home --uid 1000 baker\n\
         as root: apt-get install uidmap\n\
         as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 baker"
    );
}

#[test]
fn an_overlay_that_does_not_mount_says_why() {
    let failed = |facts: &mut HostFacts| facts.overlay.tried = Tried::Failed("mount: wrong fs type".into());
    let case = |change: &dyn Fn(&mut HostFacts)| {
        with("overlay", |facts| {
            failed(facts);
            change(facts);
        })
    };
    let old = case(&|facts| facts.kernel.release = Some("6.1.0-28-amd64".into()));
    assert_eq!(mend(&old), "first what `kernel` says");
    let absent = case(&|facts| facts.kernel.overlay = false);
    assert!(mend(&absent).starts_with("as root: modprobe overlay && "), "{absent:?}");
    let nfs = case(&|facts| facts.overlay.filesystem = "nfs".into());
    assert!(nfs.found.contains("/home/alice/.cache/bakery (nfs)"), "{nfs:?}");
    assert!(mend(&nfs).starts_with("point BAKERY_HOME at a folder on ext4, xfs, btrfs or tmpfs"), "{nfs:?}");
    let nested = case(&|facts| {
        facts.overlay.filesystem = "overlay".into();
        facts.container = Some(Container::Docker);
    });
    assert_eq!(nested.standing, Standing::Lacking);
    assert_eq!(mend(&nested), "give it a volume: docker run --volume bakery:/bakery --env BAKERY_HOME=/bakery");
    let unexplained = case(&|_| ());
    assert!(unexplained.found.ends_with("mount: wrong fs type"), "{unexplained:?}");
}

#[test]
fn ids_are_as_the_user_set_them() {
    let ids = |facts: &HostFacts, setting| {
        judge(facts, &Ok(1), Some(setting)).into_iter().find(|finding| finding.id == "ids").unwrap()
    };
    let mut without = good();
    without.ids = IdFacts::default();
    assert_eq!(ids(&good(), IdSetting::Subordinate).standing, Standing::Ok);
    let refused = ids(&without, IdSetting::Subordinate);
    assert_eq!(refused.standing, Standing::Lacking);
    assert_eq!(mend(&refused), "what `subids` says, or `id-mode: single` in config.yaml");
    for facts in [good(), without] {
        let (single, strict) = (ids(&facts, IdSetting::Single), ids(&facts, IdSetting::Strict));
        assert!(single.found.starts_with("single, as `id-mode` says: "), "{single:?}");
        assert!(strict.found.contains("chown to others fails"), "{strict:?}");
        assert_eq!((single.standing, strict.standing), (Standing::Weak, Standing::Weak));
    }
}

#[test]
fn the_sandbox_itself_has_the_last_word() {
    let last = |facts: &HostFacts, trial: &Trial| judge(facts, trial, None).pop().unwrap();
    let works = last(&good(), &Ok(12_345));
    assert_eq!((works.id.as_str(), works.found.as_str()), ("sandbox", "works: a step begins within 12.3 ms"));
    let unexplained = last(&good(), &Err("this host refuses the sandbox".into()));
    assert_eq!(
        (unexplained.standing, unexplained.found.as_str()),
        (Standing::Lacking, "this host refuses the sandbox")
    );
    let mut facts = good();
    refused(&mut facts);
    facts.userns.max = Some(0);
    assert_eq!(mend(&last(&facts, &Err("no".into()))), "first what `userns`, `ids` says");
    let profiled = judge(&facts, &Ok(1), None);
    assert!(profiled.iter().all(|finding| finding.standing == Standing::Ok), "only others are refused: {profiled:?}");
}

#[test]
fn kernels_are_told_by_what_they_lack() {
    let kernel = |release: &str, distribution: &str| {
        with("kernel", |facts| {
            facts.kernel.release = Some(release.into());
            facts.overlay.tried = Tried::Failed("Invalid argument".into());
            facts.distribution = vec![distribution.into()];
        })
    };
    assert_eq!(kernel("6.5.0", "debian").standing, Standing::Ok);
    let old = kernel("6.1.0-18-amd64", "rhel");
    assert_eq!((old.standing, mend(&old)), (Standing::Lacking, "boot a kernel of 6.5 or newer"));
    assert!(mend(&kernel("6.1.0", "debian")).contains("linux-image-$(dpkg --print-architecture)"), "{old:?}");
    assert!(mend(&kernel("5.15.0", "ubuntu")).contains("apt-get install linux-generic-hwe-"), "{old:?}");
    assert_eq!(with("kernel", |facts| facts.kernel.release = None).standing, Standing::Weak);
    let old = with("openat2", |facts| facts.kernel.openat2 = false);
    assert_eq!(mend(&old), "boot a kernel of 5.6 or newer");
    let filtered = with("openat2", |facts| {
        facts.kernel.openat2 = false;
        facts.container = Some(Container::Docker);
    });
    assert!(mend(&filtered).contains("seccomp=unconfined"), "{filtered:?}");
    let carried = judge(
        &HostFacts { kernel: KernelFacts { release: Some("5.14.0-427.el9".into()), ..good().kernel }, ..good() },
        &Ok(1),
        None,
    );
    assert_eq!(carried[0].standing, Standing::Ok, "it has what newer ones have");
    let unfiltered = with("seccomp", |facts| facts.kernel.seccomp = false);
    assert_eq!(mend(&unfiltered), "boot a kernel built with CONFIG_SECCOMP_FILTER=y");
}
