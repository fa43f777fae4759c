/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its item does not exist. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  (void)self;
  (void)request;
  const fh_item item = {sizeof item, FH_ITEM_PROGRAM, "/usr/bin/no-such-program", 0, "wrong on purpose"};
  return host->contribute(host, &item);
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
