/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: two of its options have one name. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION, OWN_OPTION};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
