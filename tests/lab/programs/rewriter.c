/* Memory that changes a little: fills MEGABYTES with random bytes, and at each SIGUSR1 rewrites one page in twenty, scattered. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096, PARTS = 20 };

static uint64_t state = 88172645463325252u;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static void fill(unsigned char *page) {
  for (size_t at = 0; at < PAGE; at += sizeof state) *(uint64_t *)(page + at) = next();
}

/* Told once all of a round is done. */
static void tell(unsigned round) {
  printf("round %u\n", round);
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  const size_t pages = strtoul(argv[1], NULL, 10) * 256;
  unsigned char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 3;
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGUSR1);
  sigaddset(&awaited, SIGTERM);
  sigprocmask(SIG_BLOCK, &awaited, NULL);
  for (size_t page = 0; page < pages; page++) fill(memory + page * PAGE);
  tell(0);
  for (unsigned round = 1;; round++) {
    int got;
    sigwait(&awaited, &got);
    if (got == SIGTERM) return 0;
    for (size_t page = 0; page < pages; page++)
      if (next() % PARTS == 0) fill(memory + page * PAGE);
    tell(round);
  }
}
