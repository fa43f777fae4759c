/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its items are malformed, each in the way that the argument names, and it does not look at the
 * answer. */
#include <string.h>

#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = BAD_ID, .argument = "WAY", .help = "does something wrong"}};

static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  const char* way = request->value;
  fh_item item = {sizeof item, FH_ITEM_PROGRAM, "/usr/bin/true", "/usr/bin", "wrong on purpose"};
  (void)self;
  if (strcmp(way, "null") == 0) {
    host->contribute(host, 0);
    return FH_OK;
  }
  if (strcmp(way, "size") == 0) item.size = sizeof item - 1;
  if (strcmp(way, "kind-zero") == 0) item.kind = 0;
  if (strcmp(way, "kind-77") == 0) item.kind = 77;
  if (strcmp(way, "no-source") == 0) item.source = 0;
  if (strcmp(way, "empty-source") == 0) item.source = "";
  if (strcmp(way, "data-without-destination") == 0) item.kind = FH_ITEM_DATA, item.destination = 0;
  if (strcmp(way, "directory-without-destination") == 0) item.kind = FH_ITEM_DIRECTORY, item.destination = 0;
  if (strcmp(way, "link-without-destination") == 0) item.kind = FH_ITEM_LINK, item.destination = 0;
  host->contribute(host, &item);
  /* A good one behind it does not make up for it. */
  item = (fh_item){sizeof item, FH_ITEM_PROGRAM, "/usr/bin/true", 0, 0};
  host->contribute(host, &item);
  return FH_OK;
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
