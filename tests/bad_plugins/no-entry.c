/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it has the section, and in it something that nobody exports. */
#include "rest_of_plugin.h"

FH_ENTRY_ATTRIBUTES static const uint32_t kHidden[] = {FH_ABI_MAJOR, FH_ABI_MINOR};
