/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it contributes in create(). */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static const fh_item kItem = {sizeof kItem, FH_ITEM_PROGRAM, "/usr/bin/true", 0, 0};
static fh_provider* make(const fh_host* host) {
  static fh_provider provider = {sizeof(fh_provider), 0, 0, find_nothing, ignore_destroy};
  host->contribute(host, &kItem);
  return &provider;
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
