/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its help is a sentence, unlike everybody else's. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = BAD_ID, .help = "Does something wrong."}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
