/*
 * An ordinary service: listens on SERVICE_PORT, writes a line a second to its log, keeps a cache and a temporary file without
 * a name under /tmp, has a shell for upkeep and a worker as children. Nothing in it is to raise an alarm.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) {
    perror("listen");
    exit(1);
  }
  return listener;
}

static void start(const char *path, char *const arguments[]) {
  if (fork() == 0) {
    execv(path, arguments);
    _exit(127);
  }
}

/* A client that says KEEP stays connected. */
static void answer(int client, FILE *log, const char *greeting) {
  char asked[512] = "";
  ssize_t length = read(client, asked, sizeof asked - 1);
  if (length > 0 && strncmp(asked, "KEEP", 4) == 0) return;
  if (length > 0) {
    dprintf(client, "HTTP/1.0 200 OK\r\n\r\n%s\n", greeting);
    fprintf(log, "request %.*s\n", (int)strcspn(asked, "\r\n"), asked);
  }
  close(client);
}

int main(void) {
  const char *port = getenv("SERVICE_PORT");
  int listener = listen_on(port ? atoi(port) : 8080);
  FILE *log = fopen("/var/log/service.log", "ae");
  FILE *cache = fopen("/tmp/service.cache", "w+e");
  FILE *pid_file = fopen("/run/service.pid", "we");
  char spare[] = "/tmp/service-XXXXXX";
  int temporary = mkostemp(spare, O_CLOEXEC);
  if (!log || !cache || !pid_file || temporary < 0) return 1;
  unlink(spare);
  dprintf(temporary, "sorted orders\n");
  fprintf(pid_file, "%d\n", getpid());
  fclose(pid_file);
  char *greeting = strdup("Hello from the shop, the items are in stock.");
  fprintf(cache, "%s\n", greeting);
  fflush(cache);
  start("/bin/sh", (char *[]){"sh", "-c", "while :; do rm -f /tmp/upload-*; sleep 30; done", NULL});
  start("/usr/bin/worker", (char *[]){"/usr/bin/worker", "--queue", "orders", NULL});
  for (long second = 0;; second++) {
    struct pollfd waited = {.fd = listener, .events = POLLIN};
    if (poll(&waited, 1, 1000) > 0) answer(accept4(listener, NULL, NULL, SOCK_CLOEXEC), log, greeting);
    fprintf(log, "%ld second %ld, all is well\n", (long)time(NULL), second);
    fflush(log);
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  }
}
