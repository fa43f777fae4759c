/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it has no create(). */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, 0)};
