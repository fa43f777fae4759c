/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its option's name is written with dashes and a value. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = "--name=VALUE", .help = "does something wrong"}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
