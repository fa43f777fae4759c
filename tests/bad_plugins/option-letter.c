/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its short option is a control character. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = BAD_ID, .help = "does something wrong", .letter = '\033'}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
