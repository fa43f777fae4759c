/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it needs a function that nobody has. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
fh_status function_that_nobody_has(void);
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  (void)self;
  (void)host;
  (void)request;
  return function_that_nobody_has();
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
