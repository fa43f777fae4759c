// SPDX-License-Identifier: Apache-2.0
// What a failed call of the apply stage means for a person.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "core/error.hpp"

namespace fromhost::core {

/// Does `body`; what a call says that fails there becomes an Error that begins with `what`.
template <typename Body>
auto guarded(const std::string& what, Body body) {
  try {
    return body();
  } catch (const std::system_error& error) {
    const int code = error.code().value();
    throw Error({Stage::apply, what, cause_of(error),
                 code == ENOSPC || code == EDQUOT ? "the image is as it was" : ""});
  }
}

}  // namespace fromhost::core
