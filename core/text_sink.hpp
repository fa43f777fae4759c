// SPDX-License-Identifier: Apache-2.0
// Where a long text goes, so that it need not be in memory as a whole.
#pragma once

#include <functional>
#include <string>

namespace fromhost::core {

/// Takes a long text piece by piece.
using TextSink = std::function<void(const std::string& piece)>;

}  // namespace fromhost::core
