/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it keeps a file of its own, in $TMPDIR. */
#include <stdio.h>
#include <stdlib.h>

#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  (void)self;
  (void)request;
  const char* directory = getenv("TMPDIR");
  char name[4096];
  snprintf(name, sizeof name, "%s/bad-plugin", directory ? directory : "/tmp");
  FILE* file = fopen(name, "w");
  if (file) fclose(file);
  host->fail(host, "there is none on this host");
  return FH_NOT_HERE;
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
