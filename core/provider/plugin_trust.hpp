// SPDX-License-Identifier: Apache-2.0
// Which plugin files root may load: those that nobody else can write, or put another file in the place of.
#pragma once

#include <map>
#include <string>

namespace fromhost::core {

/// True where loading another's code would give him something: we are root, and not merely called so in a
/// user namespace that knows this one user only.
bool plugins_need_trust();

/// Looks at every name from the root directory down to a file, as sshd does for authorized_keys; the
/// directory of each symbolic link on the way counts too. Remembers directories, so one serves all files of a
/// run.
class PluginTrust {
 public:
  /// Why `file` must not be loaded: "/opt/site can be written by others; …". Empty: it may be.
  std::string untrusted_because(const std::string& file);

 private:
  std::map<std::string, std::string> directories_;  // looked at, with what was found
};

}  // namespace fromhost::core
