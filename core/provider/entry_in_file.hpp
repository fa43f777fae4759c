// SPDX-License-Identifier: Apache-2.0
// What a plugin's constant says, read from its file: nothing is loaded, and none of its code runs.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "fromhost/provider_abi.h"

namespace fromhost::core {

/// A copy of a plugin's fh_entry, with all that it points to. Not to be called: create and declare only say,
/// by not being null, that there is such a function.
struct EntryInFile {
  fh_entry entry{};
  std::vector<fh_option> options = {};
  std::vector<const char*> claim_patterns = {};
  std::deque<std::string> texts = {};
};

/// `fd`: a shared object for this machine, open for reading. Follows its relocations of the two usual kinds,
/// "plus where it is loaded" and "a symbol of its own". Null where that does not lead to an entry of our
/// major version that is complete: then only the loader can tell, and it says what is wrong.
std::unique_ptr<EntryInFile> read_entry_in_file(int fd);

}  // namespace fromhost::core
