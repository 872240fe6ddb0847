// What a step might try with bare system calls. Prints "DONE name" where something worked that must not, "no name" else.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void tell(const char *name, long result) {
  printf("%s %s\n", result >= 0 ? "DONE" : "no", name);
  fflush(stdout);
}

#define TRY(name, call) tell(name, (long)(call))

static long cloned(unsigned long flags) {
  long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(pid, 0, 0);
  return pid;
}

static long by_x32(void) {
  // The call by its other number, past filters that go by number.
  return syscall(0x40000000 | SYS_getpid);
}

static long out_of_chroot(const char *marker) {
  int fd = open("/", O_RDONLY | O_DIRECTORY);
  mkdir("/tmp/jail", 0755);
  if (chroot("/tmp/jail") || fchdir(fd)) return -1;
  for (int i = 0; i < 64; i++)
    if (chdir("..")) return -1;
  if (chroot(".")) return -1;
  return access(marker, F_OK);
}

static long device(const char *path, mode_t kind, int major, int minor) {
  dev_t number = ((dev_t)(major & 0xfff) << 8) | (minor & 0xff);
  mknod(path, kind | 0666, number);
  long fd = open(path, O_RDWR);
  if (fd < 0) fd = open(path, O_RDONLY);
  return fd;
}

static long pushed(unsigned long request) {
  int tty = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  char byte = 2;
  return ioctl(tty < 0 ? 0 : tty, request, &byte);
}

static long descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  int more = 0;
  for (struct dirent *entry; folder && (entry = readdir(folder));)
    if (entry->d_name[0] != '.' && atoi(entry->d_name) > 2 && atoi(entry->d_name) != dirfd(folder)) more++;
  return folder && more == 0 ? -1 : more;
}

static long seen(void) {
  // Processes of others: all there are below /proc are this one and those it descends from.
  DIR *folder = opendir("/proc");
  int others = 0;
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    int pid = atoi(entry->d_name);
    if (pid > 1 && pid != getpid() && pid != getppid()) others++;
  }
  return folder && others == 0 ? -1 : others;
}

int main(int count, char **arguments) {
  const char *marker = count > 1 ? arguments[1] : "/nothing";
  char buffer[4096] = {0};
  TRY("descriptors", descriptors());
  TRY("mount tmpfs", mount("none", "/tmp", "tmpfs", 0, 0));
  TRY("mount proc", mount("none", "/tmp", "proc", 0, 0));
  TRY("mount bind", mount("/", "/tmp", 0, MS_BIND, 0));
  TRY("mount remount", mount(0, "/sys", 0, MS_REMOUNT | MS_BIND, 0));
  TRY("mount shared", mount(0, "/", 0, MS_SHARED | MS_REC, 0));
  TRY("umount", umount2("/etc/hosts", MNT_DETACH));
  TRY("umount proc", umount2("/proc/sys", MNT_DETACH));
  TRY("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
  TRY("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
  TRY("move_mount", syscall(SYS_move_mount, AT_FDCWD, "/tmp", AT_FDCWD, "/root", 0));
  TRY("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/sys", 0, buffer, 32));
  TRY("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
  unsigned long flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
    snprintf(buffer, sizeof buffer, "unshare %lx", flags[i]);
    TRY(buffer, unshare(flags[i]));
    snprintf(buffer, sizeof buffer, "clone %lx", flags[i]);
    TRY(buffer, cloned(flags[i]));
  }
  memset(buffer, 0, sizeof buffer);
  TRY("clone3", syscall(SYS_clone3, buffer, 64));
  TRY("setns", setns(open("/proc/1/ns/mnt", O_RDONLY), 0));
  TRY("x32", by_x32());
  TRY("add_key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
  TRY("keyctl", syscall(SYS_keyctl, 0, -3, 0));
  TRY("request_key", syscall(SYS_request_key, "user", "x", 0, -3));
  TRY("bpf", syscall(SYS_bpf, 0, buffer, 64));
  TRY("perf_event_open", syscall(SYS_perf_event_open, buffer, 0, -1, -1, 0));
  TRY("userfaultfd", syscall(SYS_userfaultfd, 1));
  TRY("io_uring", syscall(SYS_io_uring_setup, 1, buffer));
  TRY("open_by_handle_at", open_by_handle_at(AT_FDCWD, (void *)buffer, O_RDONLY));
  TRY("init_module", syscall(SYS_init_module, buffer, 1, ""));
  TRY("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
  TRY("reboot", syscall(SYS_reboot, 0xfee1dead, 0x28121969, 0, 0));
  TRY("swapon", syscall(SYS_swapon, "/tmp", 0));
  TRY("sethostname", sethostname("x", 1));
  TRY("settimeofday", settimeofday(&(struct timeval){1, 1}, 0));
  TRY("syslog", syscall(SYS_syslog, 3, buffer, 64));
  TRY("acct", syscall(SYS_acct, "/tmp/x"));
  TRY("quotactl", syscall(SYS_quotactl, 0, 0, 0, 0));
  TRY("iopl", syscall(SYS_iopl, 3));
  TRY("vsock", socket(40, SOCK_STREAM, 0));
  TRY("TIOCSTI", pushed(TIOCSTI));
  TRY("TIOCLINUX", pushed(TIOCLINUX));
  TRY("ptrace outside", ptrace(PTRACE_ATTACH, getppid() == 0 ? 1 : 100000, 0, 0));
  TRY("kill outside", kill(100000, 0));
  TRY("processes", seen());
  TRY("block device", device("/tmp/b", S_IFBLK, 254, 0));
  TRY("block device 8:0", device("/root/sda", S_IFBLK, 8, 0));
  TRY("mem", device("/tmp/mem", S_IFCHR, 1, 1));
  TRY("kmsg", device("/tmp/kmsg", S_IFCHR, 1, 11));
  TRY("null of its own", device("/tmp/null", S_IFCHR, 1, 3));
  TRY("device in /dev", device("/dev/sda", S_IFBLK, 8, 0));
  TRY("device in /dev/shm", device("/dev/shm/mem", S_IFCHR, 1, 1));
  TRY("chmod device", chmod("/dev/null", 0600));
  TRY("chown device", chown("/dev/zero", 1000, 1000));
  TRY("chroot", out_of_chroot(marker));
  return 0;
}
