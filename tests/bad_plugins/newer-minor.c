/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it is built for a later minor version, and expects what we do not have. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {FH_ABI_MAJOR, FH_ABI_MINOR + 1, sizeof(fh_entry), sizeof(fh_option),
             REST_OF_ENTRY(kOptions, make_idle)};
