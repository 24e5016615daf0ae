// What the Glibc module leaves out.
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/timex.h>

// Declared by the C library for _GNU_SOURCE only.
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
