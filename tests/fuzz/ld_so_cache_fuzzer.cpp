// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image's ld.so.cache.
#include <cstddef>
#include <cstdint>

#include "core/host/ld_so_cache.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)fromhost::core::read_ld_so_cache({reinterpret_cast<const char*>(data), size});
  return 0;
}
