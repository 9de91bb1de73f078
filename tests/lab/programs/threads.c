/* Three threads whose stacks, registers and data a debugger can be asked for: one waits, one sleeps deep in calls, one
   keeps known values in registers and never enters the kernel. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kept {
  char text[32];
  struct kept *next;
};

volatile long answer;
struct kept *first;
static volatile int holding;

/* What the spinning thread has in its registers. */
static const unsigned long long pattern[4] = {0x1111222233334444ULL, 0x5555666677778888ULL, 0x9999aaaabbbbccccULL,
                                              0xddddeeeeffff0000ULL};

__attribute__((noinline)) static void sleep_below(int depth) {
  if (depth == 0) for (;;) pause();
  sleep_below(depth - 1);
  __asm__ volatile(""); /* no tail call */
}

static void *sleeper(void *unused) {
  sleep_below(3);
  return unused;
}

#if defined(__x86_64__)
__attribute__((noinline)) static void hold_registers(void) {
  register unsigned long long r12 __asm__("r12") = pattern[0];
  if (__builtin_cpu_supports("avx")) __asm__ volatile("vmovdqu %0, %%ymm12" ::"m"(pattern));
  else __asm__ volatile("movdqu %0, %%xmm12" ::"m"(pattern));
  holding = 1;
  __asm__ volatile("1: pause; jmp 1b" : "+r"(r12));
}
#else
__attribute__((noinline)) static void hold_registers(void) {
  holding = 1;
  for (;;) __asm__ volatile("");
}
#endif

static void *spinner(void *unused) {
  hold_registers();
  return unused;
}

static void keep(const char *text) {
  struct kept *one = malloc(sizeof *one);
  strncpy(one->text, text, sizeof one->text - 1);
  one->next = first;
  first = one;
}

__attribute__((noinline)) static void wait_for(pthread_t thread) {
  pthread_join(thread, NULL);
}

int main(void) {
  pthread_t threads[2];
  answer = 40;
  keep("on the heap");
  keep("and behind it");
  pthread_create(&threads[0], NULL, sleeper, NULL);
  pthread_create(&threads[1], NULL, spinner, NULL);
  while (!holding) usleep(1000);
  usleep(200000);
  answer += 2;
  puts("ready");
  fflush(stdout);
  wait_for(threads[0]);
  return 0;
}
