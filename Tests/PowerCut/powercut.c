// Simulates a power cut for one process: preloaded (LD_PRELOAD), it notes what every write to *.db and *.db-wal
// replaces, until the file is synced. When the process is killed, writing the notes back, last first, leaves each file
// as a disk without power would hold it at worst: with what was synced and nothing more.
//
// POWERCUT_JOURNAL names the file of notes. It is mapped shared, so that it outlives the process.
// Layout (little endian, as PowerCut.swift reads it): a header of 8 bytes (end of the notes), 8 bytes (number of
// files) and 16 names of 512 bytes; then notes, each 8-aligned: file, live, offset, length, old size (8 bytes each) and
// the bytes that were there.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 16, NAME_MAX_BYTES = 512 };
static const uint64_t JOURNAL_BYTES = 1ull << 30;

struct header {
  uint64_t end;
  uint64_t files;
  char names[FILES_MAX][NAME_MAX_BYTES];
};

struct note {
  uint64_t file, live, offset, length, old_size;
};

static struct header *journal;
static struct { dev_t device; ino_t inode; } tracked[FILES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void start(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  const char *path = getenv("POWERCUT_JOURNAL");
  if (!path) return;
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || real_ftruncate(file, (off64_t)JOURNAL_BYTES) != 0) abort();
  void *mapped = mmap(NULL, JOURNAL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  close(file);
  journal = mapped;
  journal->end = sizeof(struct header);
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

// The number of a tracked file, or -1. Called with the lock held.
static int file_number(int descriptor) {
  struct stat status;
  if (!journal || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return -1;
  for (uint64_t number = 0; number < journal->files; number++)
    if (tracked[number].device == status.st_dev && tracked[number].inode == status.st_ino) return (int)number;
  char link[64] = "/proc/self/fd/", digits[16], name[NAME_MAX_BYTES];
  int place = 0, rest = descriptor;
  do digits[place++] = (char)('0' + rest % 10); while ((rest /= 10) > 0);
  size_t length = strlen(link);
  while (place > 0) link[length++] = digits[--place];
  link[length] = 0;
  ssize_t count = readlink(link, name, sizeof name - 1);
  if (count <= 0) return -1;
  name[count] = 0;
  if (!ends_with(name, ".db") && !ends_with(name, ".db-wal")) return -1;
  if (journal->files == FILES_MAX) abort();
  int number = (int)journal->files;
  tracked[number].device = status.st_dev;
  tracked[number].inode = status.st_ino;
  memcpy(journal->names[number], name, (size_t)count + 1);
  journal->files = (uint64_t)number + 1;
  return number;
}

// Notes what a change of `length` bytes (or, cutting, of all behind `offset`) replaces.
static void note_old(int descriptor, int number, uint64_t offset, uint64_t length, int cutting) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) abort();
  uint64_t size = (uint64_t)status.st_size;
  uint64_t behind = offset < size ? size - offset : 0;
  uint64_t old = cutting || behind < length ? behind : length;
  uint64_t next = (journal->end + sizeof(struct note) + old + 7) & ~7ull;
  if (next > JOURNAL_BYTES) abort();
  struct note *note = (struct note *)((char *)journal + journal->end);
  *note = (struct note){(uint64_t)number, 1, offset, old, size};
  if (old && pread64(descriptor, note + 1, old, (off64_t)offset) != (ssize_t)old) abort();
  __atomic_store_n(&journal->end, next, __ATOMIC_RELEASE);
}

// What was noted of a file until now is on the disk.
static void forget(int number) {
  uint64_t place = sizeof(struct header);
  int others = 0;
  while (place < journal->end) {
    struct note *note = (struct note *)((char *)journal + place);
    if (note->file == (uint64_t)number) note->live = 0;
    others |= note->live != 0;
    place = (place + sizeof(struct note) + note->length + 7) & ~7ull;
  }
  if (!others) journal->end = sizeof(struct header);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  pthread_once(&once, start);
  pthread_mutex_lock(&lock);
  int number = file_number(descriptor);
  if (number >= 0) note_old(descriptor, number, (uint64_t)offset, count, 0);
  ssize_t result = real_pwrite(descriptor, bytes, count, offset);
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  return pwrite64(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  pthread_once(&once, start);
  struct stat status;
  // Only regular files are looked at: a pipe may block, and must not block the others.
  if (!journal || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    return real_write(descriptor, bytes, count);
  pthread_mutex_lock(&lock);
  int number = file_number(descriptor);
  if (number >= 0) {
    int appends = (fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
    off64_t offset = appends ? status.st_size : lseek64(descriptor, 0, SEEK_CUR);
    note_old(descriptor, number, (uint64_t)offset, count, 0);
  }
  ssize_t result = real_write(descriptor, bytes, count);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate64(int descriptor, off64_t length) {
  pthread_once(&once, start);
  pthread_mutex_lock(&lock);
  int number = file_number(descriptor);
  if (number >= 0) note_old(descriptor, number, (uint64_t)length, 0, 1);
  int result = real_ftruncate(descriptor, length);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

static int sync_with(int (*sync_file)(int), int descriptor) {
  pthread_mutex_lock(&lock);
  int number = file_number(descriptor);
  int result = sync_file(descriptor);
  if (number >= 0 && result == 0) forget(number);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int descriptor) {
  pthread_once(&once, start);
  return sync_with(real_fsync, descriptor);
}

int fdatasync(int descriptor) {
  pthread_once(&once, start);
  return sync_with(real_fdatasync, descriptor);
}
