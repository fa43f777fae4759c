/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it contributes an item and then says that the host has no such hardware. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  const fh_item item = {sizeof item, FH_ITEM_PROGRAM, "/usr/bin/true", 0, 0};
  (void)self;
  (void)request;
  host->contribute(host, &item);
  host->fail(host, "no card after all");
  return FH_NOT_HERE;
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
