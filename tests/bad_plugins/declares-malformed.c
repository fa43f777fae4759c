/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it declares an option with dashes. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static const fh_discovery* discovery_of(const fh_host* host) {
  return (const fh_discovery*)host->extension(host, FH_DISCOVERY, FH_DISCOVERY_REVISION);
}
static fh_status declare(const fh_host* host) {
  const fh_option option = {.name = "--dashes", .help = "does something wrong"};
  if (discovery_of(host)) discovery_of(host)->declare_option(host, &option);
  return FH_OK;
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_DECLARING_ENTRY(kOptions, make_idle_finder, declare)};
