/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: same-switch-2 wants the same switch and the same letter. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = "same-switch", .help = "does something wrong"},
                                     {.name = "letter-one", .help = "does something wrong", .letter = 'y'}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
