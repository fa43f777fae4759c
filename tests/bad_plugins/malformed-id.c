/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: an id is made of lower case letters, digits and dashes. */
#define BAD_ID "Malformed id/../x"
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = "malformed-id", .help = "does something wrong"}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
