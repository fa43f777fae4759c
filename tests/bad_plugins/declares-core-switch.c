/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it declares --dest, which is the core's, and says nothing when it does not get it. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static const fh_discovery* discovery_of(const fh_host* host) {
  return (const fh_discovery*)host->extension(host, FH_DISCOVERY, FH_DISCOVERY_REVISION);
}
static fh_status declare(const fh_host* host) {
  const fh_option option = {.name = "dest", .argument = "DST", .help = "does something wrong"};
  if (discovery_of(host)) discovery_of(host)->declare_option(host, &option);
  return FH_OK;
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_DECLARING_ENTRY(kOptions, make_idle_finder, declare)};
