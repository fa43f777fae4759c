/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it aborts before anybody has asked it for anything. */
#include <stdlib.h>

#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  return find_nothing(self, host, request);
}
__attribute__((constructor)) static void start_up(void) {
  abort();
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
