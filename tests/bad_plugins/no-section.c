/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: its entry is not in the section of the interface. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
extern const fh_entry fromhost_provider;
const fh_entry fromhost_provider = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make_idle)};
