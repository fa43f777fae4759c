// SPDX-License-Identifier: Apache-2.0
// What a check says of a plugin.
#pragma once

#include <string>

namespace fromhost::validate {

struct Verdict {
  enum class Result { passed, failed, not_judged };
  Result result = Result::passed;
  std::string why;  ///< empty where it passed
};

inline Verdict passed() {
  return {};
}
inline Verdict failed(const std::string& why) {
  return {Verdict::Result::failed, why};
}
inline Verdict not_judged(const std::string& why) {
  return {Verdict::Result::not_judged, why};
}

}  // namespace fromhost::validate
