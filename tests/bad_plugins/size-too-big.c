/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: the entry says that it is larger than it is. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {FH_ABI_MAJOR, FH_ABI_MINOR, 4096, sizeof(fh_option), REST_OF_ENTRY(kOptions, make_idle)};
