// Kernel code that a cell has no business in. A bad pointer as argument shows whether the filter let the call through:
// the kernel answers EFAULT.
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>

#include "tests/hostile/attempt.h"

// Newer than the headers of Debian 12.
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif
#ifndef SYS_lsm_get_self_attr
#define SYS_lsm_get_self_attr 459
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

namespace warder::hostile {

namespace {

constexpr std::string_view kItsCode = "nothing but the filter keeps this code of the kernel out of reach";
constexpr std::string_view kItself = "it concerns only the cell itself";

Probe BadPointer(std::string_view name, Attempt attempt, std::vector<int> reached = {EFAULT}) {
  return {.name = name,
          .attempt = std::move(attempt),
          .reached = std::move(reached),
          .without_filter = FilterOnly(kItsCode)};
}

// A call that makes a descriptor, and therefore ends at RLIMIT_NOFILE.
Probe Descriptor(std::string_view name, Attempt attempt, std::vector<int> reached = {},
                 const std::vector<int>& errors = {EMFILE}) {
  return {.name = name,
          .attempt = std::move(attempt),
          .reached = std::move(reached),
          .without_filter = {errors},
          .alone = {{jail::layer::kRlimits, errors}}};
}

Probe Harmless(std::string_view name, Attempt attempt, std::vector<int> reached = {}) {
  return {.name = name,
          .attempt = std::move(attempt),
          .reached = std::move(reached),
          .without_filter = FilterOnly(kItself)};
}

// What only root may do in the first user namespace.
Probe Administration(std::string_view name, Attempt attempt, std::vector<int> reached) {
  return {.name = name,
          .attempt = std::move(attempt),
          .reached = std::move(reached),
          .without_filter = {{EPERM}},
          .alone = {{jail::layer::kCapabilities, {EPERM}}, {jail::layer::kUser, {EPERM}}, {jail::layer::kUid, {EPERM}}},
          .needs_root = "the kernel asks for the capability first"};
}

}  // namespace

Group KernelSurfaceProbes() {
  return {
      "exotic kernel surface",
      {
          Descriptor("io_uring", [](const World&) { return Call(SYS_io_uring_setup, 1, Scratch()); }, {EPERM},
                     {EMFILE, ENOMEM}),
          BadPointer("io_uring, bad pointer", Raw(SYS_io_uring_setup, 8, kBadPointer), {EFAULT, EPERM}),
          BadPointer("io_uring_enter", Raw(SYS_io_uring_enter, -1, 1, 1, 0, kBadPointer, 8), {EBADF, EINVAL}),
          BadPointer("io_uring_register", Raw(SYS_io_uring_register, -1, 0, kBadPointer, 1), {EBADF, EINVAL}),
          BadPointer("bpf, bad pointer", Raw(SYS_bpf, 0, kBadPointer, 8), {EFAULT, EPERM}),
          BadPointer("perf_event_open, bad pointer", Raw(SYS_perf_event_open, kBadPointer, 0, -1, -1, 0)),
          Descriptor("userfaultfd", Raw(SYS_userfaultfd, 1)),
          BadPointer("userfaultfd, bad flags", Raw(SYS_userfaultfd, 0xff0001), {EINVAL, EPERM}),
          BadPointer("keyctl", Raw(SYS_keyctl, 0, -3, 0), {ENOKEY}),
          BadPointer("add_key, bad pointer", Raw(SYS_add_key, kBadPointer, kBadPointer, kBadPointer, 1, -3)),
          BadPointer("request_key, bad pointer", Raw(SYS_request_key, kBadPointer, kBadPointer, kBadPointer, -3)),
          Descriptor("memfd_create", Raw(SYS_memfd_create, "x", 0)),
          BadPointer("memfd_create, bad pointer", Raw(SYS_memfd_create, kBadPointer, 0)),
          Descriptor("memfd_secret", Raw(SYS_memfd_secret, 0), {ENOSYS}),
          Descriptor("epoll_create1", Raw(SYS_epoll_create1, 0)),
          Descriptor("eventfd2", Raw(SYS_eventfd2, 0, 0)),
          Descriptor("timerfd_create", Raw(SYS_timerfd_create, 1, 0)),
          Descriptor("signalfd4", [](const World&) { return Call(SYS_signalfd4, -1, Scratch(), 8, 0); }),
          BadPointer("fanotify_init", Raw(SYS_fanotify_init, ~0U, 0), {EINVAL, EPERM}),
          BadPointer("fanotify_mark", Raw(SYS_fanotify_mark, -1, 1, 1, -1, kBadPointer), {EBADF}),
          BadPointer("inotify_add_watch", Raw(SYS_inotify_add_watch, -1, kBadPointer, 1), {EBADF}),
          Harmless("io_setup", [](const World&) { return Call(SYS_io_setup, 1, Scratch()); }),
          BadPointer("io_setup, bad pointer", Raw(SYS_io_setup, 1, kBadPointer)),
          BadPointer("io_submit", Raw(SYS_io_submit, 0, 1, kBadPointer), {EINVAL}),
          BadPointer("vmsplice", Raw(SYS_vmsplice, 3, kBadPointer, 1, 0), {EBADF, EFAULT}),
          BadPointer("splice", Raw(SYS_splice, 3, 0, 3, 0, 1, 0), {EINVAL}),
          BadPointer("tee", Raw(SYS_tee, 3, 3, 1, 0), {EINVAL}),
          BadPointer("sendfile", Raw(SYS_sendfile, 3, 3, kBadPointer, 1), {EFAULT, EINVAL}),
          BadPointer("copy_file_range", Raw(SYS_copy_file_range, -1, 0, -1, 0, 1, 0), {EBADF}),
          BadPointer("process_madvise", Raw(SYS_process_madvise, -1, kBadPointer, 1, 4, 0), {EBADF, EFAULT, EINVAL}),
          BadPointer("process_mrelease", Raw(SYS_process_mrelease, -1, 0), {EBADF}),
          BadPointer("move_pages", Raw(SYS_move_pages, 0, 1, kBadPointer, 0, kBadPointer, 0), {EFAULT, ENODEV, EPERM}),
          BadPointer("mbind", Raw(SYS_mbind, 0, 4096, 2, kBadPointer, 64, 0), {EFAULT, ENOSYS}),
          BadPointer("set_mempolicy", Raw(SYS_set_mempolicy, 2, kBadPointer, 64), {EFAULT, ENOSYS}),
          BadPointer("modify_ldt", Raw(SYS_modify_ldt, 1, kBadPointer, 16), {EFAULT, ENOSYS}),
          BadPointer("arch_prctl", Raw(SYS_arch_prctl, 0x1003, kBadPointer)),
          BadPointer("remap_file_pages", Raw(SYS_remap_file_pages, 0, 4096, 0, 0, 0), {EINVAL}),
          BadPointer("futex with priority inheritance", Raw(SYS_futex, kBadPointer, FUTEX_LOCK_PI_PRIVATE, 0, 0)),
          BadPointer("futex requeue", Raw(SYS_futex, kBadPointer, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 1, kBadPointer, 0),
                     {EFAULT, EINVAL}),
          BadPointer("futex_waitv", Raw(SYS_futex_waitv, kBadPointer, 1, 0, 0, 0), {EFAULT, EINVAL}),
          BadPointer("quotactl", Raw(SYS_quotactl, 0, kBadPointer, 0, kBadPointer), {EFAULT, ENOSYS, ENODEV, EINVAL}),
          BadPointer("seccomp, bad pointer", Raw(SYS_seccomp, 1, 0, kBadPointer), {EFAULT, EACCES}),
          BadPointer("landlock_add_rule", Raw(SYS_landlock_add_rule, -1, 1, kBadPointer, 0), {EBADF, EOPNOTSUPP}),
          BadPointer("cachestat", Raw(SYS_cachestat, -1, kBadPointer, kBadPointer, 0), {EBADF, ENOSYS}),
          BadPointer("map_shadow_stack", Raw(SYS_map_shadow_stack, 0, 4096, ~0U), {EINVAL, EOPNOTSUPP, ENOSYS}),
          BadPointer("lsm_get_self_attr", Raw(SYS_lsm_get_self_attr, 100, kBadPointer, kBadPointer, 0),
                     {EFAULT, EINVAL, ENOSYS}),
          Harmless("mseal", Raw(SYS_mseal, 0, 0, 0), {ENOSYS}),
          Harmless("membarrier", Raw(SYS_membarrier, 0, 0, 0)),
          Harmless("rseq", Raw(SYS_rseq, kBadPointer, 32, 0, 0), {EINVAL, EFAULT, EBUSY, EPERM}),
          Harmless("set_robust_list", Raw(SYS_set_robust_list, 0, 24)),
          Harmless("getrandom", [](const World&) { return Call(SYS_getrandom, Scratch(), 16, 0); }),
          Harmless("personality", Raw(SYS_personality, 0xffffffffUL)),
          Harmless("sysinfo", [](const World&) { return Call(SYS_sysinfo, Scratch()); }),
          Harmless("mincore", [](const World&) { return Call(SYS_mincore, Scratch(), kScratchBytes, Scratch()); }),
          Harmless("pkey_alloc", Raw(SYS_pkey_alloc, 0, 0), {ENOSPC, EINVAL, ENOSYS}),
          BadPointer("a call that does not exist", Raw(9999), {ENOSYS}),
          BadPointer("a negative number", Raw(-1), {ENOSYS}),
          BadPointer("load a module", Raw(SYS_init_module, kBadPointer, 4096, kBadPointer), {EFAULT, EPERM, ENOSYS}),
          BadPointer("load a module from a file", Raw(SYS_finit_module, -1, kBadPointer, 0),
                     {EBADF, EFAULT, EPERM, ENOSYS}),
          BadPointer("unload a module", Raw(SYS_delete_module, kBadPointer, 0), {EFAULT, EPERM, ENOSYS}),
          BadPointer("another kernel", Raw(SYS_kexec_load, 0, 1000, kBadPointer, 0), {EINVAL, EPERM, ENOSYS}),
          BadPointer("input and output ports", Raw(SYS_ioperm, 0x80, 1, 1), {EPERM, ENOSYS}),
          BadPointer("every port", Raw(SYS_iopl, 3), {EPERM, ENOSYS}),
          BadPointer("the kernel's log", Raw(SYS_syslog, 3, kBadPointer, 1), {EFAULT, EPERM}),
          BadPointer("accounting", Raw(SYS_acct, kBadPointer), {EFAULT, EPERM, ENOSYS}),
          Administration("restart the machine", Raw(SYS_reboot, 0, 0, 0, 0), {EINVAL}),
          Administration("swap to a file", Raw(SYS_swapon, kBadPointer, 0), {EFAULT}),
          Administration("swap no more", Raw(SYS_swapoff, kBadPointer), {EFAULT}),
          Administration("another name for the host, bad pointer", Raw(SYS_sethostname, kBadPointer, 4), {EFAULT}),
          Administration("another domain for the host, bad pointer", Raw(SYS_setdomainname, kBadPointer, 4), {EFAULT}),
      }};
}

}  // namespace warder::hostile
