/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: create() gives nothing and does not say why. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_provider* make(const fh_host* host) {
  (void)host;
  return 0;
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
