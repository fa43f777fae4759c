/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: --list-plugins and --help have a line for its summary, and it fills three. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {RIGHT_HEAD, BAD_ID,
             "1.0",      "a card that was bought in the spring, together with three racks and their cables",
             kOptions,   1,
             0,          make_idle,
             0};
