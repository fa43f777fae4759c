/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it is of interface 2, and says so in the section's name; loading it would end the process. */
#include <stdlib.h>

#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
__attribute__((constructor)) static void loaded(void) {
  abort();
}
__attribute__((used, section("fromhost_abi_2"))) const fh_entry fromhost_provider = {
    FH_ABI_MAJOR + 1, 0, sizeof(fh_entry), sizeof(fh_option), REST_OF_ENTRY(kOptions, make_idle)};
