// SPDX-License-Identifier: Apache-2.0
// Wrong: an exception leaves create().
#include <stdexcept>

#include "rest_of_plugin.h"

static fh_provider* make(const fh_host*) {
  throw std::runtime_error("no luck in create");
}
static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
