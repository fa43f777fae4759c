/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its provider says that it ends before destroy(). */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_provider* make(const fh_host* host) {
  static fh_provider provider = {offsetof(fh_provider, destroy), 0, 0, contribute_nothing, ignore_destroy};
  (void)host;
  return &provider;
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
