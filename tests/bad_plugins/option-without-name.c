/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its second option has no name. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION, {.help = "does something wrong"}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
