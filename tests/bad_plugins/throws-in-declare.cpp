// SPDX-License-Identifier: Apache-2.0
// Wrong: an exception leaves declare().
#include <stdexcept>

#include "rest_of_plugin.h"

static constexpr fh_option kOptions[] = {OWN_OPTION};
static fh_status declare(const fh_host*) {
  throw std::runtime_error("no idea");
}
BAD_ENTRY = {RIGHT_HEAD, REST_OF_DECLARING_ENTRY(kOptions, make_idle_finder, declare)};
