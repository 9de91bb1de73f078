/* A library as it is preloaded to hide processes: it stands in the way of readdir(3), and does nothing more here. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>

struct dirent *readdir(DIR *folder) {
  struct dirent *(*next)(DIR *) = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir");
  return next ? next(folder) : 0;
}
