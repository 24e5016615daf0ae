// What the Glibc module leaves out.
#include <malloc.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>

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

// Variadic functions do not import.
static inline int anju_set_dumpable(int value) { return prctl(PR_SET_DUMPABLE, value, 0, 0, 0); }
static inline int anju_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

// Overwrites the stack below its caller, where the frames of what ran before may have left copies of registers.
extern void explicit_bzero(void *memory, size_t count);
__attribute__((noinline, unused)) static void anju_burn_stack(size_t count) {
  char below[count];
  explicit_bzero(below, count);
}
