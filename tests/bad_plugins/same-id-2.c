/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: same-id-1 has the same id. */
#define BAD_ID "same-id"
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = "same-id-2", .help = "does something wrong"}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
