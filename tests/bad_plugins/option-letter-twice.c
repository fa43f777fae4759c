/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: two of its options have one letter. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = BAD_ID, .help = "does something wrong", .letter = 'z'},
                                     {.name = BAD_ID "-too", .help = "does something wrong", .letter = 'z'}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
