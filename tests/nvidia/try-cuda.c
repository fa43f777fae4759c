// SPDX-License-Identifier: Apache-2.0
// Loads the CUDA driver library by the name that it is given, as a CUDA program does, and calls cuInit().
// Exit status: 0 where there is a GPU, 1 for a CUDA error, 2 where the loader does not find it.
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char** argv) {
  if (argc != 2) return 3;
  void* library = dlopen(argv[1], RTLD_NOW);
  if (!library) {
    printf("loader error: %s\n", dlerror());
    return 2;
  }
  int (*cuInit)(unsigned);
  *(void**)&cuInit = dlsym(library, "cuInit");
  if (!cuInit) {
    printf("loader error: %s\n", dlerror());
    return 2;
  }
  const int error = cuInit(0);
  printf("cuInit: CUDA error %d\n", error);
  return error != 0;
}
