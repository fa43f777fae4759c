// SPDX-License-Identifier: Apache-2.0
#include "core/utf8.hpp"

namespace fromhost::core {

Utf8Character utf8_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  const Utf8Character wrong{lead, 1, false};
  std::size_t more = 0;
  std::uint32_t code = 0, least = 0;
  if ((lead & 0xe0) == 0xc0) {
    more = 1, code = lead & 0x1f, least = 0x80;
  } else if ((lead & 0xf0) == 0xe0) {
    more = 2, code = lead & 0x0f, least = 0x800;
  } else if ((lead & 0xf8) == 0xf0) {
    more = 3, code = lead & 0x07, least = 0x10000;
  } else {
    return wrong;
  }
  if (more >= text.size() - at) return wrong;
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return wrong;
    code = code << 6 | (byte(at + i) & 0x3f);
  }
  if (code < least || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return wrong;
  return {code, more + 1, true};
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character one = utf8_at(text, at);
    if (!one.valid) return false;
    at += one.bytes;
  }
  return true;
}

}  // namespace fromhost::core
