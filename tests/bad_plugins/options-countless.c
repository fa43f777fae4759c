/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it says that it has more options than anybody can read. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {RIGHT_HEAD, BAD_ID, "1.0", "wrong on purpose", kOptions, UINT64_MAX, 0, make_idle, 0};
