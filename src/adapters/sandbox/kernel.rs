//! The system calls no safe wrapper exists for. The one file with `unsafe` in it; knows nothing of steps.
#![allow(unsafe_code, reason = "raw system calls: each is wrapped so that no argument can be wrong")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

pub(super) use rustix::thread::UnshareFlags;

/// Leaves namespaces for new ones (unshare(2)).
pub(super) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    let flags = flags.difference(UnshareFlags::FILES);
    // SAFETY: unsafe only for `FILES`, which is taken out.
    Ok(unsafe { rustix::thread::unshare_unsafe(flags) }?)
}

/// `struct mount_attr` of linux/mount.h.
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns: u64,
}

/// Makes a mount and all mounts below it read-only, without devices, set-id bits and programs.
pub(super) fn freeze_recursively(mount: BorrowedFd<'_>) -> io::Result<()> {
    const RDONLY_NOSUID_NODEV_NOEXEC: u64 = 0x1 | 0x2 | 0x4 | 0x8;
    set_attributes(mount, RDONLY_NOSUID_NODEV_NOEXEC)
}

/// Makes devices and set-id bits on a mount, and on all mounts below it, mean nothing.
pub(super) fn make_inert(mount: BorrowedFd<'_>) -> io::Result<()> {
    const NOSUID_NODEV: u64 = 0x2 | 0x4;
    set_attributes(mount, NOSUID_NODEV)
}

/// Makes the mount of a device read-only: it can be read and written as before, but nobody changes its owner and mode.
pub(super) fn freeze_device(mount: BorrowedFd<'_>) -> io::Result<()> {
    const RDONLY_NOSUID_NOEXEC: u64 = 0x1 | 0x2 | 0x8;
    set_attributes(mount, RDONLY_NOSUID_NOEXEC)
}

/// mount_setattr(2), recursively.
fn set_attributes(mount: BorrowedFd<'_>, set: u64) -> io::Result<()> {
    let attr = MountAttr { set, clear: 0, propagation: 0, userns: 0 };
    // SAFETY: the path is a constant with its NUL, the structure outlives the call and is as long as said.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// No descriptor but the standard ones outlives this process's next exec (close_range(2)), whoever left it open.
pub(super) fn keep_standard_descriptors() -> io::Result<()> {
    const FIRST: libc::c_uint = 3;
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: marks descriptors and closes none, so that every one stays what its owner takes it for.
    let done = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Closes all descriptors but the standard ones (close_range(2)): those that whoever started bakery had left open. For the
/// first moment of a process, before it has any of its own.
pub(super) fn close_inherited() -> io::Result<()> {
    const FIRST: libc::c_uint = 3;
    // SAFETY: called before anything is opened: no owner of a descriptor exists yet.
    let done = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Loads a system call filter (seccomp(2)) without giving up set-id programs, which `PR_SET_NO_NEW_PRIVS` would: the
/// caller has `CAP_SYS_ADMIN` in its user namespace.
pub(super) fn load_filter(program: &[seccompiler::sock_filter]) -> io::Result<()> {
    let too_long = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let length = u16::try_from(program.len()).map_err(too_long)?;
    // `seccompiler::sock_filter` is `struct sock_filter` of linux/filter.h, field by field.
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: the kernel copies `length` instructions and writes nothing.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Bytes of a large page.
pub(in crate::adapters) const LARGE_PAGE: usize = 2 << 20;

/// Asks for large pages, or for none, where memory is not in use yet (madvise(2)): what is read all over large ones is found faster.
/// That the kernel has none only costs time.
pub(in crate::adapters) fn ask_for_large_pages<T>(memory: &mut [MaybeUninit<T>], are_wanted: bool) {
    let before = memory.as_ptr().addr().next_multiple_of(LARGE_PAGE) - memory.as_ptr().addr();
    let length = size_of_val(memory).saturating_sub(before) / LARGE_PAGE * LARGE_PAGE;
    let advice = if are_wanted { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE };
    if length > 0 {
        // SAFETY: what lies in the range, which is within `memory`, stays as it is.
        let _ = unsafe { libc::madvise(memory.as_mut_ptr().byte_add(before).cast(), length, advice) };
    }
}
