/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it says that it has three options and shows none. */
#include "rest_of_plugin.h"

BAD_ENTRY = {RIGHT_HEAD, BAD_ID, "1.0", "wrong on purpose", 0, 3, 0, make_idle, 0};
