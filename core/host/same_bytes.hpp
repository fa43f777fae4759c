// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fromhost::core {

/// True if two files, open for reading, have the same contents; false also where one cannot be read.
bool same_bytes(int a, int b);

}  // namespace fromhost::core
