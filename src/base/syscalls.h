/* syscalls.h - the numbers of calls, and -1 for those that this machine has not, so that a table
 * has one row a call for all machines.  (A call that the headers do not know yet cannot be
 * allowed.) */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include <sys/syscall.h>

/* Not of 64 bits */
#ifndef __NR_clock_gettime64
#define __NR_clock_gettime64 (-1)
#endif
#ifndef __NR_ppoll_time64
#define __NR_ppoll_time64 (-1)
#endif
#ifndef __NR_sigreturn
#define __NR_sigreturn (-1)
#endif
#ifndef __NR_socketcall
#define __NR_socketcall (-1)
#endif
#ifndef __NR_fstatat64
#define __NR_fstatat64 (-1)
#endif
#ifndef __NR_fstat64
#define __NR_fstat64 (-1)
#endif
#ifndef __NR_stat64
#define __NR_stat64 (-1)
#endif
#ifndef __NR_lstat64
#define __NR_lstat64 (-1)
#endif
#ifndef __NR__llseek
#define __NR__llseek (-1)
#endif
#ifndef __NR_fcntl64
#define __NR_fcntl64 (-1)
#endif
#ifndef __NR_mmap2
#define __NR_mmap2 (-1)
#endif
#ifndef __NR_getuid32
#define __NR_getuid32 (-1)
#endif
#ifndef __NR_geteuid32
#define __NR_geteuid32 (-1)
#endif
#ifndef __NR_getgid32
#define __NR_getgid32 (-1)
#endif
#ifndef __NR_getegid32
#define __NR_getegid32 (-1)
#endif
#ifndef __NR_futex_time64
#define __NR_futex_time64 (-1)
#endif
#ifndef __NR_ugetrlimit
#define __NR_ugetrlimit (-1)
#endif
#ifndef __NR_clock_getres_time64
#define __NR_clock_getres_time64 (-1)
#endif
#ifndef __NR_clock_nanosleep_time64
#define __NR_clock_nanosleep_time64 (-1)
#endif
#ifndef __NR_timerfd_settime64
#define __NR_timerfd_settime64 (-1)
#endif
#ifndef __NR_timerfd_gettime64
#define __NR_timerfd_gettime64 (-1)
#endif
#ifndef __NR_lchown32
#define __NR_lchown32 (-1)
#endif
#ifndef __NR_ftruncate64
#define __NR_ftruncate64 (-1)
#endif
#ifndef __NR_pselect6_time64
#define __NR_pselect6_time64 (-1)
#endif
#ifndef __NR_statfs64
#define __NR_statfs64 (-1)
#endif
#ifndef __NR_fstatfs64
#define __NR_fstatfs64 (-1)
#endif

/* Not of 32 bits */
#ifndef __NR_mmap /* arm */
#define __NR_mmap (-1)
#endif
#ifndef __NR_newfstatat
#define __NR_newfstatat (-1)
#endif
#ifndef __NR_kexec_file_load
#define __NR_kexec_file_load (-1)
#endif

/* Not where the kernel is younger than they are */
#ifndef __NR_poll
#define __NR_poll (-1)
#endif
#ifndef __NR_open
#define __NR_open (-1)
#endif
#ifndef __NR_stat
#define __NR_stat (-1)
#endif
#ifndef __NR_lstat
#define __NR_lstat (-1)
#endif
#ifndef __NR_access
#define __NR_access (-1)
#endif
#ifndef __NR_readlink
#define __NR_readlink (-1)
#endif
#ifndef __NR_rename
#define __NR_rename (-1)
#endif
#ifndef __NR_unlink
#define __NR_unlink (-1)
#endif
#ifndef __NR_time
#define __NR_time (-1)
#endif
#ifndef __NR_iopl
#define __NR_iopl (-1)
#endif
#ifndef __NR_ioperm
#define __NR_ioperm (-1)
#endif
#ifndef __NR_eventfd
#define __NR_eventfd (-1)
#endif
#ifndef __NR_pipe
#define __NR_pipe (-1)
#endif
#ifndef __NR_epoll_wait
#define __NR_epoll_wait (-1)
#endif
#ifndef __NR_dup2
#define __NR_dup2 (-1)
#endif
#ifndef __NR_select
#define __NR_select (-1)
#endif
#ifndef __NR_mkdir
#define __NR_mkdir (-1)
#endif

/* Made by what the kernel writes into a traced program, and therefore whatever the headers know;
 * of x86_64 alone. */
#ifndef __NR_uretprobe
#if defined(__x86_64__) && !defined(__ILP32__)
#define __NR_uretprobe 335
#else
#define __NR_uretprobe (-1)
#endif
#endif
#ifndef __NR_uprobe
#if defined(__x86_64__) && !defined(__ILP32__)
#define __NR_uprobe 336
#else
#define __NR_uprobe (-1)
#endif
#endif

#endif
