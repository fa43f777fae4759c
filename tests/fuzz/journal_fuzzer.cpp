// SPDX-License-Identifier: Apache-2.0
// Any text as the journal that an interrupted run left: what is accepted holds what a Journal promises, and
// is read again as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/apply/journal.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool plain(const std::string& name) {
  return name != "." && name != ".." && name.find('/') == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fromhost::core;
  const auto journal = read_journal(std::string(reinterpret_cast<const char*>(data), size));
  if (!journal) return 0;
  for (const JournalStep& step : journal->steps)
    require(!step.name.empty() && plain(step.name) && plain(step.fresh) && plain(step.kept) &&
            plain(step.archive));
  const auto again = read_journal(to_text(*journal));
  require(again && to_text(*again) == to_text(*journal));
  return 0;
}
