// SPDX-License-Identifier: Apache-2.0
// The seam to this machine: its environment, its files, its commands. Tests put a fake in its place.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/host/unique_fd.hpp"
#include "core/paths.hpp"

namespace fromhost::core {

/// Where a command sees a directory as its whole file system: read-only, without devices, and without set-id
/// rights, in namespaces of its own.
struct Confinement {
  std::string root;      ///< absolute path of the directory that becomes "/"
  std::string writable;  ///< a directory below it (absolute, as seen inside) that may be written; empty: none
  /// The same two, open, until the command is prepared. The directory's owner may give either name to a link
  /// or to another directory meanwhile: then the command does not start (ESTALE). -1 where there is none.
  int root_directory = -1, writable_directory = -1;
  /// The program is the directory's own, thus nobody's friend: it gets no right of ours over other people's
  /// files, no network, sees no process but its own, and cannot write more than kForeignFileLimit to a file.
  /// Otherwise it is this host's, and must need no loader, which would be the directory's.
  bool foreign = false;
};
inline constexpr std::uint64_t kForeignFileLimit = 64u << 20;

/// A command to run: argv, never a shell.
struct Command {
  enum class Input { empty, ours };
  enum class Directory { root, current };
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH if it has no slash
  /// The whole environment, "NAME=value" each; nullopt: ours.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  Input input = Input::empty;
  Directory directory = Directory::root;
  std::optional<Confinement> confinement = std::nullopt;
  std::chrono::milliseconds time_limit{0};  ///< 0: none
  std::uint64_t output_limit = 64u << 20;   ///< bytes of stdout, and of stderr
  /// argv for messages, words with blanks quoted.
  std::string text() const;
};

/// How a command ended; everything that can happen to it is a value.
struct CommandResult {
  /// interrupted: we ourselves got a signal that is held back (HeldSignals)
  enum class Outcome { exited, signalled, timed_out, too_much_output, interrupted, not_started };
  Outcome outcome = Outcome::not_started;
  int code = 0;  ///< exit status, signal number or errno, as outcome says
  std::string output;
  std::string errors;
  bool succeeded() const { return outcome == Outcome::exited && code == 0; }
  /// "exit status 3", "killed by signal 9", "no answer within 60 s", …
  std::string how(const Command& command) const;
};

/// What kind of file a path leads to, links followed.
struct HostFile {
  enum class Kind { regular, directory, other };
  Kind kind = Kind::other;
  std::uint64_t bytes = 0;
  std::uint32_t mode = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
};

/// A command that waits to be run; one that never is, ends with its owner.
class PreparedCommand {
 public:
  virtual ~PreparedCommand() = default;
  /// Once, as HostSystem::run() does. Its time begins here.
  virtual CommandResult run() = 0;
};

class HostSystem {
 public:
  virtual ~HostSystem() = default;
  /// A variable of our environment.
  virtual std::optional<std::string> environment(const std::string& name) const = 0;
  /// Runs a command to its end, its output captured. Children of a command that overran its limits are killed
  /// too.
  virtual CommandResult run(const Command& command) = 0;
  /// As much of run() as can be done before, such as its confinement, which takes as long as a short command
  /// and goes on beside us. We must outlive it. Unless overridden, nothing is done before.
  virtual std::unique_ptr<PreparedCommand> prepare(Command command);
  /// Opens a regular file for reading, links followed. Never blocks on a FIFO. Throws std::system_error;
  /// EISDIR or EINVAL (message: what it is) for what is no regular file.
  virtual UniqueFd open_file(const HostPath& path) const = 0;
  /// All that can be read: of a regular file, but also of a pipe (--file <(command)) or /dev/null. Throws
  /// std::system_error; EFBIG beyond `limit` bytes.
  virtual std::string read_file(const HostPath& path, std::uint64_t limit) const = 0;
  virtual std::string read_standard_input(std::uint64_t limit) = 0;
  /// Throws std::system_error, ENOENT among them.
  virtual HostFile inspect(const HostPath& path) const = 0;
  /// Names in a directory, sorted, without . and ..; throws std::system_error.
  virtual std::vector<std::string> list(const HostPath& path) const = 0;
  /// The path with every symbolic link resolved; throws std::system_error.
  virtual HostPath resolve(const HostPath& path) const {
    throw std::system_error(ENOSYS, std::generic_category(), path.text());
  }
  /// The first executable of this name in PATH (or the path itself if it has a slash); nullopt if there is
  /// none.
  virtual std::optional<HostPath> find_program(const std::string& name) const = 0;
  /// The directory of our own executable.
  virtual HostPath own_directory() const = 0;
  /// The directory below which absolute paths of files are looked up: "/", or what --host-root says.
  virtual std::string root() const { return "/"; }
};

inline std::unique_ptr<PreparedCommand> HostSystem::prepare(Command command) {
  class Later : public PreparedCommand {
   public:
    Later(HostSystem& host, Command later) : host_(host), command_(std::move(later)) {}
    CommandResult run() override { return host_.run(command_); }

   private:
    HostSystem& host_;
    const Command command_;
  };
  return std::make_unique<Later>(*this, std::move(command));
}

/// To be put behind "No such file or directory": where an absolute path is looked up, if not on this machine.
inline std::string looked_up_below(const HostSystem& host, const std::string& path) {
  return path.starts_with('/') && host.root() != "/" ? " below " + host.root() : "";
}

/// Throws what open_file() promises for anything but a regular file.
void require_regular(const struct stat& status, const HostPath& path);
HostFile describe(const struct stat& status);

/// Reads everything from a descriptor, at most `limit` bytes; throws std::system_error (EFBIG beyond it).
std::string read_all(int fd, std::uint64_t limit, const std::string& name);

}  // namespace fromhost::core
