/*
 * Memory with pages of zeroes that were written, of every kind, in two processes: private and shared anonymous, a memfd, a
 * private mapping of a file, and a locked one. Each keeps checking all of it and prints the round; it ends at a difference.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 512, KINDS = 6, RANDOM = 24 << 20 };

static unsigned char *places[KINDS];
/* Which pages of a kind are zeroes: in runs of different lengths. */
static int is_zero(int page) { return page % 7 < 4; }

static uint64_t sum(const unsigned char *bytes, size_t length) {
  uint64_t hash = 1469598103934665603u;
  for (size_t at = 0; at < length; at++) hash = (hash ^ bytes[at]) * 1099511628211u;
  return hash;
}

static void fill(unsigned char *memory, int kind) {
  for (int page = 0; page < PAGES; page++) {
    unsigned char *start = memory + (size_t)page * PAGE;
    /* Written first, so that the kernel gives it a page of its own. */
    memset(start, 0xaa, PAGE);
    memset(start, is_zero(page) ? 0 : (unsigned char)(1 + kind * 16 + page % 13), PAGE);
  }
}

int main(void) {
  const size_t length = (size_t)PAGES * PAGE;
  const int file = open("/tmp/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
  const int memory = memfd_create("kept", 0);
  if (file < 0 || memory < 0 || ftruncate(memory, (off_t)length) != 0) return 1;
  /* The file has no page of zeroes: where one is in the mapping, it was written there. */
  static unsigned char filler[PAGE];
  memset(filler, 0x77, PAGE);
  for (int page = 0; page < PAGES; page++)
    if (write(file, filler, PAGE) != PAGE) return 2;
  const int both = PROT_READ | PROT_WRITE;
  places[0] = mmap(NULL, length, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  places[1] = mmap(NULL, length, both, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  places[2] = mmap(NULL, length, both, MAP_SHARED, memory, 0);
  places[3] = mmap(NULL, length, both, MAP_PRIVATE, file, 0);
  /* A hole of this one shows the memfd. */
  places[4] = mmap(NULL, length, both, MAP_PRIVATE, memory, 0);
  places[5] = mmap(NULL, 16 * PAGE, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int kind = 0; kind < KINDS; kind++)
    if (places[kind] == MAP_FAILED) return 3;
  for (int kind = 0; kind < 5; kind++) fill(places[kind], kind);
  memset(places[5], 0xaa, 16 * PAGE);
  memset(places[5], 0, 16 * PAGE);
  if (mlock(places[5], 16 * PAGE) != 0) return 4;
  strcpy((char *)places[0] + 4 * PAGE, "needle-in-private");
  strcpy((char *)places[1] + 4 * PAGE, "needle-in-shared");
  const pid_t child = fork();
  if (child == 0) {
    /* The parent has something where the child has zeroes, and the other way round. */
    memset(places[0] + 5 * PAGE, 0, PAGE);
    memset(places[0] + 7 * PAGE, 0x42, PAGE);
    memset(places[3] + 5 * PAGE, 0, PAGE);
  }
  else {
    /* Bytes of the parent alone that no compression makes smaller. */
    uint64_t state = 88172645463325252u;
    uint64_t *random = mmap(NULL, RANDOM, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (random == MAP_FAILED) return 6;
    for (size_t at = 0; at < RANDOM / sizeof state; at++) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      random[at] = state;
    }
  }
  const char *name = child == 0 ? "child" : "parent";
  /* Neither writes to what both share any more. */
  uint64_t sums[KINDS];
  for (int kind = 0; kind < KINDS; kind++) sums[kind] = sum(places[kind], kind == 5 ? 16 * PAGE : length);
  for (unsigned round = 1;; round++) {
    for (int kind = 0; kind < KINDS; kind++) {
      if (sum(places[kind], kind == 5 ? 16 * PAGE : length) == sums[kind]) continue;
      printf("%s differs in %d\n", name, kind);
      fflush(stdout);
      return 5;
    }
    printf("%s round %u\n", name, round);
    fflush(stdout);
    usleep(100000);
  }
}
