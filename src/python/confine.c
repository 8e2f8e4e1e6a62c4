/* What a worker may not do, set between fork and exec of its interpreter. See confine.h. Rights of
 * files and of the network stay: a function works with the engine's tables.
 *
 * The filter of system calls is for x86-64, as the engine is. It refuses with EPERM what reads or
 * changes other processes and the kernel, and what would end the keeper or the engine; clone3,
 * whose flags no filter can see, is answered as by a kernel without it, and libraries take clone.
 */
#include "python/confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { X32 = 0x40000000, TASKS_PER_PROCESS = 8, MAX_FILTER = 512 };

/* Always refused. */
static const uint16_t refused[] = {
    /* other processes */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
    SYS_pidfd_send_signal, SYS_process_mrelease, SYS_process_madvise, SYS_move_pages,
    SYS_migrate_pages,
    /* file systems and namespaces */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_setns, SYS_unshare,
    SYS_open_by_handle_at, SYS_quotactl, SYS_quotactl_fd, SYS_fanotify_init, SYS_swapon,
    SYS_swapoff,
    /* the kernel */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    SYS_kexec_file_load, SYS_reboot, SYS_syslog, SYS_acct, SYS_iopl, SYS_ioperm, SYS_settimeofday,
    SYS_clock_settime, SYS_sethostname, SYS_setdomainname, SYS_vhangup,
    /* keys */
    SYS_add_key, SYS_request_key, SYS_keyctl};

/* Refused when the argument of that number is the value. */
static const struct {
    uint16_t call;
    uint8_t argument;
    uint32_t value;
} refused_with[] = {{SYS_kill, 0, (uint32_t)-1}, /* all processes */
                    {SYS_fcntl, 1, F_SETOWN},   /* signals for somebody else */
                    {SYS_fcntl, 1, F_SETOWN_EX},
                    {SYS_fcntl, 1, F_SETSIG},
                    {SYS_ioctl, 1, 0x8901 /* FIOSETOWN */},
                    {SYS_ioctl, 1, 0x8902 /* SIOCSPGRP */}};

/* Refused when the first argument is a guarded process, or its group. */
static const uint16_t guarded[] = {SYS_kill,        SYS_tkill,          SYS_tgkill,
                                   SYS_pidfd_open,  SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
                                   SYS_prlimit64};

static const uint32_t new_namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                       CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

typedef struct filter {
    struct sock_filter op[MAX_FILTER];
    unsigned short n;
} filter;

static void put(filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no) {
    if (f->n < MAX_FILTER) f->op[f->n++] = (struct sock_filter){code, yes, no, k};
}

static void load(filter *f, size_t offset) {
    put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(filter *f, int error) {
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0);
}

/* If the loaded word is k, that answer. */
static void answer_if(filter *f, uint32_t k, int error) {
    put(f, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
    answer(f, error);
}

/* The call's number is loaded, before and after. The low half of an argument is what is looked at:
 * these are ints. */
static void argument_of(filter *f, uint32_t call, int argument, uint16_t jump, uint32_t value) {
    put(f, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    load(f, offsetof(struct seccomp_data, args) + (size_t)argument * 8);
    put(f, BPF_JMP | jump | BPF_K, value, 0, 1);
    answer(f, EPERM);
    load(f, offsetof(struct seccomp_data, nr));
}

static void make_filter(filter *f, const pid_t *guard, int nguard) {
    load(f, offsetof(struct seccomp_data, arch));
    put(f, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    answer(f, EPERM);
    load(f, offsetof(struct seccomp_data, nr));
    put(f, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
    answer(f, EPERM);
    answer_if(f, SYS_clone3, ENOSYS);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) answer_if(f, refused[i], EPERM);
    argument_of(f, SYS_clone, 0, BPF_JSET, new_namespaces);
    for (size_t i = 0; i < sizeof refused_with / sizeof *refused_with; i++)
        argument_of(f, refused_with[i].call, refused_with[i].argument, BPF_JEQ,
                    refused_with[i].value);
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        for (int k = 0; k < nguard; k++) {
            argument_of(f, guarded[i], 0, BPF_JEQ, (uint32_t)guard[k]);
            argument_of(f, guarded[i], 0, BPF_JEQ, (uint32_t)-guard[k]);
        }
    put(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* Of an engine that runs as root: what an ordinary service has stays. */
static const uint8_t kept[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
                               CAP_FSETID, CAP_KILL,         CAP_SETGID,          CAP_SETUID,
                               CAP_NET_BIND_SERVICE};

static void drop_capabilities(void) {
    uint64_t keep = 0;
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {{0, 0, 0}, {0, 0, 0}};
    for (size_t i = 0; i < sizeof kept; i++) keep |= (uint64_t)1 << kept[i];
    for (int c = 0; c < 64 && prctl(PR_CAPBSET_READ, c) >= 0; c++)
        if (!(keep >> c & 1)) (void)prctl(PR_CAPBSET_DROP, c); /* no right to: there is none */
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &h, d) != 0) return;
    for (int i = 0; i < 2; i++) {
        uint32_t mask = (uint32_t)(keep >> 32 * i);
        d[i].effective &= mask;
        d[i].permitted &= mask;
        d[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &h, d) != 0) perror("weir: a Python worker keeps its capabilities");
}

static void limit(int what, rlim_t most) {
    struct rlimit r;
    if (getrlimit(what, &r) != 0) return;
    if (r.rlim_max == RLIM_INFINITY || r.rlim_max > most) r.rlim_max = most;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(what, &r) != 0) perror("weir: a Python worker has no limit");
}

/* Threads that this user has: RLIMIT_NPROC counts them all. */
static rlim_t tasks_of_user(void) {
    DIR *d = opendir("/proc");
    char path[300];
    struct stat st;
    rlim_t n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        (void)snprintf(path, sizeof path, "/proc/%s/task", e->d_name);
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && stat(path, &st) == 0 &&
            st.st_uid == getuid() && st.st_nlink > 2)
            n += st.st_nlink - 2;
    }
    if (d) closedir(d);
    return n;
}

void weir_py_confine(const weir_py_limits *l, const pid_t *guard, int nguard) {
    filter f = {.n = 0};
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, (rlim_t)l->files);
    if (getuid() != 0)
        limit(RLIMIT_NPROC, tasks_of_user() + (rlim_t)l->processes * TASKS_PER_PROCESS);
    drop_capabilities();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        perror("weir: a Python worker may gain rights");
    make_filter(&f, guard, nguard);
    struct sock_fprog program = {.len = f.n, .filter = f.op};
    if (f.n == MAX_FILTER || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        perror("weir: the system calls of a Python worker are not filtered");
}
