/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it wants --dest, which is the core's. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION,
                                     {.name = "dest", .argument = "DST", .help = "does something wrong"}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
