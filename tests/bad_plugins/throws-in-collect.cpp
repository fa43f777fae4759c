// SPDX-License-Identifier: Apache-2.0
// Wrong: an exception leaves collect().
#include <stdexcept>

#include "rest_of_plugin.h"

static fh_status collect(fh_provider*, const fh_host*, const fh_request*) {
  throw std::runtime_error("no luck in collect");
}
MAKE_WITH_COLLECT(collect)
static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
