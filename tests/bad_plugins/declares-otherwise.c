/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: what it declares depends on how often it was asked. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static const fh_discovery* discovery_of(const fh_host* host) {
  return (const fh_discovery*)host->extension(host, FH_DISCOVERY, FH_DISCOVERY_REVISION);
}
static fh_status declare(const fh_host* host) {
  static int asked;
  const fh_option one = {.name = "declared", .help = "does something"};
  const fh_option other = {.name = "declared", .help = "does something else"};
  if (!discovery_of(host)) return FH_NOT_HERE;
  return discovery_of(host)->declare_option(host, ++asked % 2 ? &one : &other);
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_DECLARING_ENTRY(kOptions, make_idle_finder, declare)};
