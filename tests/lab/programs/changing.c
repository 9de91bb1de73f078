/* A service to which little happens: waits for SIGUSR1, then writes one page and one file, starts a process and listens. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 2048, CHANGED = 1000, PORT = 7777 };

static int listen_at(int port) {
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&place, sizeof place) != 0 || listen(fd, 1) != 0) return -1;
  return fd;
}

static void tell(const char *text) {
  printf("%s\n", text);
  fflush(stdout);
}

int main(void) {
  unsigned char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 3;
  memset(memory, 'a', PAGES * PAGE);
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGUSR1);
  sigprocmask(SIG_BLOCK, &awaited, NULL);
  printf("%p\n", (void *)(memory + CHANGED * PAGE));
  tell("ready");
  int got;
  sigwait(&awaited, &got);
  strcpy((char *)memory + CHANGED * PAGE + 10, "planted in a page");
  int file = open("/root-of-all", O_CREAT | O_WRONLY | O_TRUNC, 0644);
  if (file < 0 || write(file, "written\n", 8) != 8 || close(file) != 0) return 4;
  if (listen_at(PORT) < 0) return 5;
  if (fork() == 0)
    for (;;) pause();
  tell("done");
  for (;;) pause();
}
