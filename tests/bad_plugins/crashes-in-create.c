/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it follows a null pointer while it is made. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_provider* make(const fh_host* host) {
  const volatile int* nowhere = 0;
  return *nowhere ? 0 : make_idle(host);
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
