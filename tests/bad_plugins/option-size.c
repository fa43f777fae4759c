/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its options are of another size. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {FH_ABI_MAJOR, FH_ABI_MINOR, sizeof(fh_entry), sizeof(fh_option) + 8,
             REST_OF_ENTRY(kOptions, make_idle)};
