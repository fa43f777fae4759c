/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it ends the process at once, which nobody can catch. */
#include <unistd.h>

#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  (void)self;
  (void)request;
  _exit(0);
  host->fail(host, "there is none on this host");
  return FH_NOT_HERE;
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
