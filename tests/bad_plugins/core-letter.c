/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it wants -v, which is the core's. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = BAD_ID, .help = "does something wrong", .letter = 'v'}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
