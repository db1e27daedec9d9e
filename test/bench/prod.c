/* prod out MIB: so many megabytes of lines as programs print them, as fast as they are taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, MIB = 1 << 20 };

int main(int argc, char **argv) {
  static char block[BLOCK];
  if (argc != 3) return 2;
  for (int at = 0, line = 0; at < BLOCK; line++)
    at += snprintf(block + at, (size_t)(BLOCK - at), "{\"Key\": \"reports/2026/%d.csv\", \"Size\": %d},\n", line, line * 7919);
  block[BLOCK - 1] = '\n';
  for (long left = atol(argv[2]) * MIB; left > 0;) {
    ssize_t written = write(1, block, left < BLOCK ? (size_t)left : BLOCK);
    if (written <= 0) return 1;
    left -= written;
  }
  return 0;
}
