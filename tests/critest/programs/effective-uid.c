/* Is installed set-uid root, and so tells whether no-new-privileges holds. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  printf("Effective uid: %d\n", (int)geteuid());
  return 0;
}
