/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: the section is of interface 1, the entry of interface 2. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {FH_ABI_MAJOR + 1, 0, sizeof(fh_entry), sizeof(fh_option), REST_OF_ENTRY(kOptions, make_idle)};
