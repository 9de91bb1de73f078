/* Stands in for nginx and httpd in critest's images: answers 200 on the port of its first argument, and shows itself to
   pidof, to /proc/1/cmdline and in /var/run/nginx.pid as nginx does. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char title[] = "nginx: master process";
static const char page[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 28\r\nConnection: close\r\n\r\n"
                           "<h1>Welcome to nginx!</h1>\r\n";

static void end(int signal) {
  (void)signal;
  _exit(0);
}

int main(int argc, char **argv) {
  const char *port = argc > 1 ? argv[1] : "80";
  if (strcmp(argv[0], title) != 0) {
    execl("/proc/self/exe", title, port, (char *)NULL);
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  signal(SIGTERM, end);
  signal(SIGQUIT, end);
  int listening = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 64) != 0) {
    perror("webserver");
    return 1;
  }
  /* A spec waits for httpd's name in the log. */
  printf("in place of nginx and httpd, port %s\n", port);
  fflush(stdout);
  FILE *pidfile = fopen("/var/run/nginx.pid", "w");
  if (pidfile) {
    fprintf(pidfile, "%d\n", (int)getpid());
    fclose(pidfile);
  }
  for (;;) {
    int client = accept(listening, NULL, NULL);
    if (client < 0) continue;
    if (fork() == 0) {
      char request[4096];
      alarm(10);
      if (read(client, request, sizeof request) > 0) (void)!write(client, page, sizeof page - 1);
      shutdown(client, SHUT_WR);
      while (read(client, request, sizeof request) > 0) {
      }
      _exit(0);
    }
    close(client);
  }
}
