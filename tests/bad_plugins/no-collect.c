/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its provider has no collect(). */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
MAKE_WITH_COLLECT(0)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
