/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it has nothing to declare, and takes that for a failure. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status declare(const fh_host* host) {
  host->fail(host, "no recipes today");
  return FH_FAILED;
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_DECLARING_ENTRY(kOptions, make_idle_finder, declare)};
