//! The system call filter and the capabilities of a step, as docker's defaults have them. Pure but for loading.

use std::collections::BTreeMap;
use std::io;

use rustix::thread::CapabilitySet;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition as Condition,
    SeccompFilter, SeccompRule, TargetArch,
};

use crate::adapters::sandbox::kernel;

/// What root in a step keeps: docker's fourteen.
pub(super) fn kept_capabilities() -> CapabilitySet {
    CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::KILL
        | CapabilitySet::SETGID
        | CapabilitySet::SETUID
        | CapabilitySet::SETPCAP
        | CapabilitySet::NET_BIND_SERVICE
        | CapabilitySet::NET_RAW
        | CapabilitySet::SYS_CHROOT
        | CapabilitySet::MKNOD
        | CapabilitySet::AUDIT_WRITE
        | CapabilitySet::SETFCAP
}

/// Calls nobody may make: what docker's profile leaves out, or allows only with capabilities that steps do not have.
const REFUSED: &[i64] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_get_mempolicy,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_set_mempolicy,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
];

/// Calls that are answered as if they had worked where all files have one owner.
const PRETENDED: &[i64] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setfsgid,
    libc::SYS_setfsuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setregid,
    libc::SYS_setresgid,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setuid,
];

/// New namespaces by clone(2): the flags CLONE_NEW*, of which a user namespace would give back what was taken.
const NEW_NAMESPACES: u64 = 0x7e02_0000;

/// Loads the filters; the caller has `CAP_SYS_ADMIN` in its user namespace. `pretend`: see [`PRETENDED`].
pub(super) fn load(pretend: bool) -> io::Result<()> {
    // The one loaded last is asked together with all others, and the severest answer counts: a refusal before a pretence.
    if pretend {
        let rules = PRETENDED.iter().map(|call| (*call, Vec::new())).collect();
        kernel::load_filter(&compiled(rules, SeccompAction::Errno(0))?)?;
    }
    // glibc falls back to clone(2), whose flags can be looked at; clone3's are behind a pointer.
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    kernel::load_filter(&compiled(absent, SeccompAction::Errno(libc::ENOSYS.cast_unsigned()))?)?;
    #[cfg(target_arch = "x86_64")]
    kernel::load_filter(&no_other_numbers())?;
    kernel::load_filter(&compiled(refused()?, SeccompAction::Errno(libc::EPERM.cast_unsigned()))?)
}

/// The x32 numbers of the same calls, which a filter by number would not know again; "no such call".
#[cfg(target_arch = "x86_64")]
fn no_other_numbers() -> BpfProgram {
    const FIRST: u32 = 0x4000_0000;
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const ALLOW: u32 = 0x7fff_0000;
    const NO_SUCH_CALL: u32 = 0x0005_0000 | libc::ENOSYS.cast_unsigned();
    let line = |code, jt, k| seccompiler::sock_filter { code, jt, jf: 0, k };
    vec![line(LOAD_NUMBER, 0, 0), line(JUMP_AT_LEAST, 1, FIRST), line(RETURN, 0, ALLOW), line(RETURN, 0, NO_SUCH_CALL)]
}

fn refused() -> io::Result<BTreeMap<i64, Vec<SeccompRule>>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let mut only = |call: i64, argument: u8, length: Len, tests: &[(Op, u64)]| -> io::Result<()> {
        for (op, value) in tests {
            let condition = Condition::new(argument, length.clone(), op.clone(), *value).map_err(io::Error::other)?;
            let rule = SeccompRule::new(vec![condition]).map_err(io::Error::other)?;
            rules.entry(call).or_default().push(rule);
        }
        Ok(())
    };
    // One rule a flag: any of them is refused.
    let flags: Vec<(Op, u64)> = (0..64)
        .map(|bit| 1 << bit)
        .filter(|bit| NEW_NAMESPACES & bit != 0)
        .map(|bit| (Op::MaskedEq(bit), bit))
        .collect();
    only(libc::SYS_clone, 0, Len::Qword, &flags)?;
    // Input pushed into a terminal would be read by whoever reads from it next: the host's shell.
    only(libc::SYS_ioctl, 1, Len::Dword, &[(Op::Eq, libc::TIOCSTI), (Op::Eq, libc::TIOCLINUX)])?;
    // AF_VSOCK leads out to the hypervisor.
    only(libc::SYS_socket, 0, Len::Dword, &[(Op::Eq, libc::AF_VSOCK.unsigned_abs().into())])?;
    Ok(rules)
}

fn compiled(rules: BTreeMap<i64, Vec<SeccompRule>>, action: SeccompAction) -> io::Result<BpfProgram> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).map_err(io::Error::other)?;
    BpfProgram::try_from(filter).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_compile() {
        for pretended in [false, true] {
            let calls = if pretended { PRETENDED } else { REFUSED };
            let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
            assert!(!compiled(rules, SeccompAction::Errno(0)).unwrap().is_empty());
        }
        let rules = refused().unwrap();
        assert_eq!(rules[&libc::SYS_clone].len(), 7, "every CLONE_NEW flag clone(2) takes");
        assert!(!compiled(rules, SeccompAction::Errno(1)).unwrap().is_empty());
    }
}
