// SPDX-License-Identifier: Apache-2.0
// Wrong: an exception leaves destroy().
#include <stdexcept>

#include "rest_of_plugin.h"

static void destroy(fh_provider*) {
  throw std::runtime_error("no luck in destroy");
}
static fh_provider* make(const fh_host*) {
  static fh_provider provider = {sizeof(fh_provider), 0, nullptr, contribute_nothing, destroy};
  return &provider;
}
static const fh_option kOptions[] = {OWN_OPTION};
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
