/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a command once and tells what it took: stopwatch OUTPUT_FD COMMAND [ARGUMENT …]
 * To OUTPUT_FD: wall time, user and system time in microseconds, the largest memory in KiB, and the status as
 * a shell has it. The memory of a process counts from the fork on, so who starts it has to be small: this is
 * why this is C. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(struct timeval t) {
  return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int output = atoi(argv[1]);
  if (fcntl(output, F_SETFD, FD_CLOEXEC) != 0) return 2;
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  int status = 0;
  struct rusage used;
  if (wait4(child, &status, 0, &used) != child) return 2;
  clock_gettime(CLOCK_MONOTONIC, &end);
  const long long wall = (end.tv_sec - begin.tv_sec) * 1000000LL + (end.tv_nsec - begin.tv_nsec) / 1000;
  dprintf(output, "%lld %lld %lld %ld %d\n", wall, microseconds(used.ru_utime), microseconds(used.ru_stime),
          used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
