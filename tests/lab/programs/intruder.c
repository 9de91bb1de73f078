/*
 * What an intruder leaves running, one role a process; it harms nothing and speaks to nobody outside of the pod. Where each
 * thing is it says on its standard output, a line each: thing, pid, fd or -, address or -, bytes in base 16 or -. Then it
 * lets go of its streams and waits. Roles are told by name or first argument: some have to look like something else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <shadow.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
/* push %rbp; mov %rsp,%rbp; sub $32,%rsp; then pause(2) for ever. */
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20, 0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7};
/* xor %eax,%eax; ret */
static const unsigned char yes[] = {0x31, 0xc0, 0xc3};
#else
/* stp x29,x30,[sp,#-16]!; mov x29,sp; then ppoll(2) of nothing for ever. */
static const unsigned char code[] = {0xfd, 0x7b, 0xbf, 0xa9, 0xfd, 0x03, 0,    0x91, 0, 0, 0x80, 0xd2, 1,    0, 0x80, 0xd2, 2,    0,
                                     0x80, 0xd2, 3,    0,    0x80, 0xd2, 0x68, 9,    0x80, 0xd2, 1,    0, 0,    0xd4, 0xfa, 0xff, 0xff, 0x17};
/* mov w0,#0; ret */
static const unsigned char yes[] = {0, 0, 0x80, 0x52, 0xc0, 3, 0x5f, 0xd6};
#endif

static void must(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static void place(const char *thing, int fd, const void *address, const void *bytes, size_t length) {
  printf("%s %d ", thing, getpid());
  if (fd < 0) printf("- "); else printf("%d ", fd);
  if (address) printf("%p ", address); else printf("- ");
  if (length == 0) printf("-");
  for (size_t i = 0; i < length; i++) printf("%02x", ((const unsigned char *)bytes)[i]);
  printf("\n");
}

/* No more streams of whoever started it: the checkpoint could not hold them. */
static void let_go(void) {
  fflush(stdout);
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) dup2(nothing, fd);
  close(nothing);
}

static void wait_for_ever(void) {
  let_go();
  for (;;) pause();
}

/* Copies the program that runs into an anonymous file and runs that. */
static void run_memfd(void) {
  int memfd = memfd_create("kaudit", MFD_CLOEXEC);
  int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  must(memfd >= 0 && self >= 0, "memfd");
  char block[4096];
  for (ssize_t n; (n = read(self, block, sizeof block)) > 0;) must(write(memfd, block, n) == n, "write");
  close(self);
  fexecve(memfd, (char *[]){"auditd", NULL}, environ);
  must(0, "fexecve");
}

/* PATH TEXT, several times: files that are held open and have no name any more. */
static void hold_deleted(char **arguments) {
  for (; arguments[0] && arguments[1]; arguments += 2) {
    int fd = open(arguments[0], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, arguments[0]);
    for (int i = 0; i < 40; i++) dprintf(fd, "%s\n", arguments[1]);
    unlink(arguments[0]);
    place(arguments[0], fd, NULL, NULL, 0);
  }
}

/* NAME PATH, several times: reads files onto the heap, where nothing else stands of them. */
static void read_secrets(char **arguments) {
  for (; arguments[0] && arguments[1]; arguments += 2) {
    int fd = open(arguments[1], O_RDONLY | O_CLOEXEC);
    must(fd >= 0, arguments[1]);
    char *text = malloc(8192);
    ssize_t length = read(fd, text, 8191);
    must(length > 0, arguments[1]);
    text[length] = 0;
    close(fd);
    place(arguments[0], -1, text, NULL, 0);
  }
}

/* Copies machine code to where no file is, with the protection that it shall have at last. */
static unsigned char *inject(const char *thing, int protection) {
  unsigned char *place_of = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(place_of != MAP_FAILED, "mmap");
  memcpy(place_of, code, sizeof code);
  must(mprotect(place_of, 8192, protection) == 0, "mprotect");
  place(thing, -1, place_of, code, sizeof code);
  return place_of;
}

/* Writes over code that is mapped from a file; says what stood there before. */
static void patch(const char *thing, void *function, const unsigned char *bytes, size_t length) {
  unsigned char *target = function;
  unsigned char *page = (unsigned char *)((uintptr_t)target & ~4095ul);
  char name[64];
  snprintf(name, sizeof name, "%s-before", thing);
  place(name, -1, target, target, length);
  must(mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == 0, "mprotect");
  memcpy(target, bytes, length);
  must(mprotect(page, 8192, PROT_READ | PROT_EXEC) == 0, "mprotect");
  __builtin___clear_cache((char *)target, (char *)target + length);
  place(thing, -1, target, bytes, length);
}

/* What asks for a password in an honest program. */
__attribute__((noipa, aligned(64))) static int check_password(const char *given) {
  return given && strcmp(given, "never this") == 0 ? 0 : 1;
}

/* A detour in the C library into injected code, as a hook has it, and a check of this program that always passes. */
static void hook(void) {
  unsigned char *injected = inject("hook-code", PROT_READ | PROT_EXEC);
  unsigned char detour[16];
#if defined(__x86_64__)
  /* movabs $injected,%rax; jmp *%rax */
  memcpy(detour, "\x48\xb8", 2);
  memcpy(detour + 2, &injected, 8);
  memcpy(detour + 10, "\xff\xe0", 2);
  size_t length = 12;
#else
  /* ldr x16,#8; br x16; the address */
  memcpy(detour, "\x50\0\0\x58\0\x02\x1f\xd6", 8);
  memcpy(detour + 8, &injected, 8);
  size_t length = 16;
#endif
  Dl_info library;
  must(dladdr((void *)getspnam, &library) != 0, "dladdr");
  place("hooked-library-path", -1, NULL, library.dli_fname, strlen(library.dli_fname));
  patch("hooked-library", (void *)getspnam, detour, length);
  patch("patched-program", (void *)check_password, yes, sizeof yes);
  must(check_password("anything") == 0, "patch");
}

static void sniff(void) {
  /* ETH_P_ARP: nothing of loopback ever comes in. */
  int packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ARP));
  must(packet >= 0, "packet socket");
  place("packet-socket", packet, NULL, NULL, 0);
  int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
  must(raw >= 0, "raw socket");
  place("raw-socket", raw, NULL, NULL, 0);
}

static void listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
  must(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  must(listen(listener, 1) == 0, "listen");
  place("bind-shell", listener, NULL, NULL, 0);
}

/* A miner's settings as it has them on its heap. */
static void mine(char **arguments) {
  char *settings = malloc(512);
  snprintf(settings, 512, "{\"algo\": \"rx/0\", \"url\": \"%s\", \"user\": \"%s\", \"agent\": \"xmrig/6.21.0\", \"donate-level\": 1}",
           arguments[1] ? arguments[1] : "", arguments[3] ? arguments[3] : "");
  place("miner", -1, settings, NULL, 0);
}

int main(int count, char **arguments) {
  const char *name = strrchr(arguments[0], '/') ? strrchr(arguments[0], '/') + 1 : arguments[0];
  const char *role = count > 1 ? arguments[1] : "";
  setsid();
  if (strcmp(arguments[0], "[kworker/0:1]") == 0) {
    prctl(PR_SET_NAME, "kworker/0:1");
    place("kernel-thread", -1, NULL, NULL, 0);
  } else if (strcmp(role, "as-kernel-thread") == 0) {
    execve("/proc/self/exe", (char *[]){"[kworker/0:1]", NULL}, environ);
    must(0, "exec");
  } else if (strcmp(name, "auditd") == 0) {
    place("memfd", -1, NULL, NULL, 0);
  } else if (strcmp(name, "kworker") == 0) {
    must(unlink(arguments[0]) == 0, "unlink");
    place("deleted-executable", -1, NULL, NULL, 0);
  } else if (strcmp(name, "xmrig") == 0) {
    mine(arguments + 1);
  } else if (strcmp(role, "memfd") == 0) {
    run_memfd();
  } else if (strcmp(role, "hold-deleted") == 0) {
    hold_deleted(arguments + 2);
  } else if (strcmp(role, "secrets") == 0) {
    read_secrets(arguments + 2);
  } else if (strcmp(role, "hook") == 0) {
    hook();
  } else if (strcmp(role, "inject") == 0) {
    inject("writable-code", PROT_READ | PROT_WRITE | PROT_EXEC);
    void (*run)(void) = (void (*)(void))inject("running-code", PROT_READ | PROT_EXEC);
    let_go();
    run();
  } else if (strcmp(role, "sniff") == 0) {
    sniff();
  } else if (strcmp(role, "bind-shell") == 0) {
    listen_on(4444);
  } else {
    fprintf(stderr, "no such role: %s\n", role);
    return 2;
  }
  wait_for_ever();
}
