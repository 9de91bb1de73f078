/* An ordinary worker: a list on the heap, a file that it reads, a connection to the service. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  char **orders = calloc(64, sizeof *orders);
  int configuration = open("/etc/service.conf", O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < 64; i++) {
    char line[64];
    snprintf(line, sizeof line, "order %d: %d apples, %d pears", i, i % 7, i % 11);
    orders[i] = strdup(line);
  }
  const char *port = getenv("SERVICE_PORT");
  int service = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port ? atoi(port) : 8080)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(service, (struct sockaddr *)&address, sizeof address) == 0) dprintf(service, "KEEP orders\n");
  for (;;) {
    lseek(configuration, 0, SEEK_SET);
    sleep(5);
  }
}
