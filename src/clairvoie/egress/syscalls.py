"""System calls by name and number on the two architectures that a node may have, and which of them a process needs.

Only calls that some process may make are named; all others are refused without being known.
"""

from __future__ import annotations

AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What the kernel calls the convention of a system call (linux/audit.h); 32-bit calls on the same machine differ."""
SECCOMP_NUMBER = {"x86_64": 317, "aarch64": 277}

# name x86_64 aarch64; a dash where the architecture has no such call
_TABLE = """
read 0 63            write 1 64           close 3 57            fstat 5 80            poll 7 -
lseek 8 62           mmap 9 222           mprotect 10 226       munmap 11 215         brk 12 214
rt_sigaction 13 134  rt_sigprocmask 14 135                      rt_sigreturn 15 139   ioctl 16 29
pread64 17 67        pwrite64 18 68       readv 19 65           writev 20 66          access 21 -
select 23 -          sched_yield 24 124   mremap 25 216         madvise 28 233        dup 32 23
nanosleep 35 101     getpid 39 172        socket 41 198         connect 42 203        accept 43 202
sendto 44 206        recvfrom 45 207      sendmsg 46 211        recvmsg 47 212        shutdown 48 210
bind 49 200          getsockname 51 204   getpeername 52 205    socketpair 53 199     setsockopt 54 208
getsockopt 55 209    clone 56 220         exit 60 93            fcntl 72 25           flock 73 32
fsync 74 82          fdatasync 75 83      ftruncate 77 46       getcwd 79 17          unlink 87 -
rename 82 -          link 86 -            linkat 265 37         readlink 89 -         readlinkat 267 78
fchmod 91 52         umask 95 166         gettimeofday 96 169   getrusage 98 165      times 100 153
getuid 102 174       getgid 104 176       geteuid 107 175       getegid 108 177       getppid 110 173
sigaltstack 131 132  uname 63 160         gettid 186 178        time 201 -            futex 202 98
sched_getaffinity 204 123                 getdents64 217 61     restart_syscall 219 128
clock_gettime 228 113                     clock_getres 229 114  clock_nanosleep 230 115
exit_group 231 94    epoll_wait 232 -     epoll_ctl 233 21      openat 257 56         open 2 -
stat 4 -             lstat 6 -            newfstatat 262 79     unlinkat 263 35       renameat 264 38
faccessat 269 48     pselect6 270 72      ppoll 271 73          set_robust_list 273 99
epoll_pwait 281 22   eventfd2 290 19      epoll_create1 291 20  pipe2 293 59          sendmmsg 307 269
getcpu 309 168       getrandom 318 278    membarrier 324 283    statx 332 291         rseq 334 293
clone3 435 435       faccessat2 439 439   futex_waitv 449 449   sysinfo 99 179        recvmmsg 299 243
"""


def _numbers() -> dict[str, dict[str, int]]:
    words = _TABLE.split()
    entries = list(zip(words[0::3], words[1::3], words[2::3], strict=True))
    return {
        "x86_64": {name: int(number) for name, number, _ in entries if number != "-"},
        "aarch64": {name: int(number) for name, _, number in entries if number != "-"},
    }


NUMBERS = _numbers()
"""Architecture -> name -> number."""


def _named(names: str) -> frozenset[str]:
    return frozenset(names.split())


COMPUTING = _named(
    """read write readv writev pread64 lseek close poll ppoll select pselect6 brk munmap mremap madvise futex
    futex_waitv sched_yield sched_getaffinity getcpu clock_gettime clock_getres clock_nanosleep nanosleep
    gettimeofday time times rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall getpid getppid gettid
    set_robust_list rseq membarrier getrandom exit exit_group"""
)
"""What arithmetic on open descriptors needs: reading, writing, waiting, memory, threads, the time, the end.

None of these opens, names or changes a file, makes a descriptor, starts a process, or reaches another process.
"""
KEEPING_FILES = _named(
    """fstat stat lstat newfstatat statx access faccessat faccessat2 open openat pwrite64 fsync fdatasync ftruncate
    unlink unlinkat rename renameat link linkat readlink readlinkat getcwd getdents64 fchmod flock umask
    getuid geteuid getgid getegid getrusage uname dup pipe2 sysinfo"""
)
"""What SQLite and a key file need beyond; which files, Landlock says."""
NETWORKING = _named(
    """socket connect bind sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown getsockname getpeername socketpair
    setsockopt getsockopt epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2"""
)
"""What a client of the network needs beyond. It cannot listen."""
