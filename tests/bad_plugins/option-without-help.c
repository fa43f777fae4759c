/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its option has no help. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {{.name = BAD_ID}};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
