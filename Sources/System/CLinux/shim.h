// What the Glibc module leaves out.
#include <execinfo.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/// The processor's time stamp, after what comes before in the program; nanoseconds where there is none.
static inline unsigned long long anju_cycles(void) {
#if defined(__x86_64__)
  __asm__ __volatile__("lfence" : : : "memory");
  return __builtin_readcyclecounter();
#else
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
#endif
}

// Declared by the C library for _GNU_SOURCE only.
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
long syscall(long number, ...);

// Variadic functions do not import.
static inline int anju_set_dumpable(int value) { return prctl(PR_SET_DUMPABLE, value, 0, 0, 0); }
static inline int anju_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

// Overwrites the stack below its caller, where the frames of what ran before may have left copies of registers.
extern void explicit_bzero(void *memory, size_t count);
__attribute__((noinline, unused)) static void anju_burn_stack(size_t count) {
  char below[count];
  explicit_bzero(below, count);
}

// Tells a crash by the places in the program on its stack, and dies of the same signal. Registers and memory, where
// keys and opened values may be, are not told. An alarm ends the process if even that hangs.
__attribute__((unused)) static void anju_tell_crash(int number) {
  static const char head[] = "anju: crashed; the stack, as places in the program:\n";
  void *places[64];
  alarm(5);
  if (write(STDERR_FILENO, head, sizeof head - 1) >= 0) {
    backtrace_symbols_fd(places, backtrace(places, 64), STDERR_FILENO);
  }
  // Blocked until the handler returns, and then taken by the default action.
  raise(number);
}

/// Lets crashes be told so, in the place of what the language's runtime does.
static inline int anju_tell_crashes_by_place(void) {
  static const int numbers[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP};
  struct sigaction action;
  void *place[1];
  // Loads what walks the stack now: in a crash there may be no memory for it.
  backtrace(place, 1);
  memset(&action, 0, sizeof action);
  action.sa_handler = anju_tell_crash;
  action.sa_flags = SA_RESETHAND | SA_ONSTACK;
  for (size_t index = 0; index < sizeof numbers / sizeof numbers[0]; index++) {
    if (sigaction(numbers[index], &action, (void *)0) != 0) return -1;
  }
  return 0;
}

/// Closes a file and gives back the lock on it. Closing alone does not always: a child that another thread has forked
/// keeps a copy of the file, and so the lock, until it runs its own program.
static inline void linux_close_unlocked(int file) {
  flock(file, LOCK_UN);
  close(file);
}

// Calls with variable arguments, which Swift does not import. Each answers 0, or -1 and sets errno.

static inline int linux_refuse_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

static inline int linux_refuse_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// Confines every thread of the process to a filter.
static inline int linux_confine(const struct sock_filter *filter, unsigned short count) {
  struct sock_fprog program = {count, (struct sock_filter *)filter};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

/// The user of the process at the other end of a Unix socket.
static inline int linux_peer_user(int descriptor, uid_t *user) {
  struct { pid_t process; uid_t user; gid_t group; } peer;
  socklen_t size = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  *user = peer.user;
  return 0;
}

/// A socket taken that blocks nobody and is passed on to no other program.
static inline int linux_accept(int descriptor) {
  return (int)syscall(SYS_accept4, descriptor, (void *)0, (void *)0, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
