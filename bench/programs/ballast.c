/*
 * ballast MEBIBYTES PROBE: touches so much memory, half of it random, half repetitive, then writes the monotonic time into the
 * shared file PROBE every millisecond, and the largest gap between two such writes: what a pause looks like from inside.
 * PROBE holds three 64-bit numbers: the time in nanoseconds, the largest gap, and 1 once all memory is touched.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* xorshift64: random enough that nothing compresses it. */
static void fill_random(uint64_t *words, size_t count) {
  uint64_t x = 88172645463325252ull;
  for (size_t i = 0; i < count; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    words[i] = x;
  }
}

static void fill_repetitive(char *bytes, size_t size) {
  static const char line[] = "GET /index.html HTTP/1.1 200 OK user=alice session=closed\n";
  for (size_t at = 0; at + sizeof line <= size; at += sizeof line - 1) memcpy(bytes + at, line, sizeof line - 1);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t size = strtoull(argv[1], NULL, 10) << 20;
  int fd = open(argv[2], O_RDWR | O_CREAT, 0644);
  if (fd < 0 || ftruncate(fd, 4096) != 0) return 1;
  volatile uint64_t *probe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *memory = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : NULL;
  if (probe == MAP_FAILED || memory == MAP_FAILED) return 1;
  fill_random((uint64_t *)memory, size / 16);
  fill_repetitive(memory + size / 2, size - size / 2);
  const char *needle = getenv("NEEDLE");
  if (needle && size) strcpy(memory + size / 4 * 3 + 12345, needle);
  uint64_t last = now();
  probe[1] = 0;
  probe[2] = 1;
  puts("ready");
  fflush(stdout);
  for (const struct timespec pause = {0, 1000000};; nanosleep(&pause, NULL)) {
    uint64_t time = now();
    if (time - last > probe[1]) probe[1] = time - last;
    probe[0] = last = time;
  }
}
