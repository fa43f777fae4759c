/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it contributes in claims(). */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static const fh_item kItem = {sizeof kItem, FH_ITEM_PROGRAM, "/usr/bin/true", 0, 0};
static fh_status claims(fh_provider* self, const fh_host* host, const char* path) {
  (void)self;
  (void)path;
  host->contribute(host, &kItem);
  return FH_OK;
}
static fh_provider* make(const fh_host* host) {
  static fh_provider provider = {sizeof(fh_provider), 0, claims, find_nothing, ignore_destroy};
  (void)host;
  return &provider;
}
static const char* const kPatterns[] = {"claimed-by-contributing*", 0};
BAD_ENTRY = {RIGHT_HEAD, BAD_ID, "1.0", "wrong on purpose", kOptions, 1, kPatterns, make, 0};
