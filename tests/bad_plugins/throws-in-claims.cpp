// SPDX-License-Identifier: Apache-2.0
// Wrong: an exception leaves claims().
#include <stdexcept>

#include "rest_of_plugin.h"

static fh_status claims(fh_provider*, const fh_host*, const char*) {
  throw std::runtime_error("no luck in claims");
}
static fh_provider* make(const fh_host*) {
  static fh_provider provider = {sizeof(fh_provider), 0, claims, contribute_nothing, ignore_destroy};
  return &provider;
}
static const fh_option kOptions[] = {OWN_OPTION};
static const char* const kPatterns[] = {"claimed-by-throws*", nullptr};
BAD_ENTRY = {RIGHT_HEAD, BAD_ID, "1.0", "wrong on purpose", kOptions, 1, kPatterns, make, 0};
