// SPDX-License-Identifier: Apache-2.0
// Preflight: first lines of scripts, as the kernel and env(1) read them.
#include "core/preflight/interpreter.hpp"

#include <algorithm>

#include "core/host/search_path.hpp"

namespace fromhost::core {
namespace {

constexpr std::size_t kMostBytes = 256;  // BINPRM_BUF_SIZE
constexpr std::uint64_t kEnvironmentLimit = 64u << 10;
// What ch-run hands on of most hosts, and what shells take where there is none.
constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::string_view kBlanks = " \t";

/// Where programs are looked up by name.
std::vector<std::string> program_directories(const ImageRoot& image) {
  std::string path = kUsualPath;
  // ch-run --set-env sets what is there.
  const auto environment = image.read_file(ImagePath("/ch/environment"), kEnvironmentLimit);
  for (std::size_t at = 0; environment && at < environment->size();) {
    const std::size_t end = std::min(environment->find('\n', at), environment->size());
    if (environment->compare(at, 5, "PATH=") == 0) path += ":" + environment->substr(at + 5, end - at - 5);
    at = end + 1;
  }
  return split_search_path(path);
}

/// The program that env(1) will look for; empty: who knows.
std::string program_of_env(const std::string& argument) {
  // One argument, whatever blanks are in it; -S parts it.
  std::string rest = argument;
  bool parted = false;
  for (const char* split : {"-S", "-vS", "--split-string="})
    if (rest.starts_with(split)) {
      rest.erase(0, std::string_view(split).size());
      parted = true;
      break;
    }
  if (!parted) return rest.starts_with("-") || rest.find('=') != std::string::npos ? "" : rest;
  if (rest.find_first_of("\\'\"$#") != std::string::npos) return "";
  for (std::size_t at = rest.find_first_not_of(kBlanks); at != std::string::npos;
       at = rest.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(rest.find_first_of(kBlanks, at), rest.size());
    const std::string word = rest.substr(at, end - at);
    if (word.front() == '-') return "";  // an option, perhaps with an argument
    if (word.find('=') == std::string::npos) return word;
    at = end;
  }
  return "";
}

}  // namespace

std::optional<Shebang> read_shebang(const std::string& beginning) {
  const std::string_view bytes = std::string_view(beginning).substr(0, kMostBytes);
  if (!bytes.starts_with("#!")) return std::nullopt;
  const std::size_t newline = bytes.find('\n');
  std::string_view line = bytes.substr(2, newline == std::string_view::npos ? newline : newline - 2);
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return std::nullopt;
  line.remove_prefix(first);
  // The line goes on beyond what the kernel reads: if its path may do so, too, the kernel does not run it.
  const bool cut = newline == std::string_view::npos && beginning.size() >= kMostBytes;
  if (cut && line.find_first_of(" \t\0", 0, 3) == std::string_view::npos) return std::nullopt;
  if (const std::size_t zero = line.find('\0'); zero != std::string_view::npos) line = line.substr(0, zero);
  line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
  const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
  if (end == 0) return std::nullopt;
  Shebang found{std::string(line.substr(0, end)), ""};
  line.remove_prefix(end);
  if (const std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos)
    found.argument = line.substr(at);
  return found;
}

std::optional<MissingInterpreter> missing_interpreter(const std::string& beginning, FutureLibraries& files,
                                                      const ImageRoot& image) {
  const auto shebang = read_shebang(beginning);
  // A relative path depends on where somebody is.
  if (!shebang || shebang->interpreter.front() != '/') return std::nullopt;
  const std::string& interpreter = shebang->interpreter;
  if (interpreter.back() == '\r')
    return MissingInterpreter{interpreter.substr(0, interpreter.size() - 1) + "\\r",
                              "its first line ends as in a file of Windows, and so does the name",
                              "take the carriage returns out of the file"};
  const auto there = files.file_at(ImagePath(interpreter));
  if (!there) return MissingInterpreter{interpreter, "", "install it in the image, or change the first line"};
  if (!there->executable)
    return MissingInterpreter{interpreter, "it is there, but has no right to be executed",
                              "chmod a+x it, or change the first line"};
  if (ImagePath(interpreter).name() != "env") return std::nullopt;

  const std::string program = program_of_env(shebang->argument);
  if (program.empty()) return std::nullopt;
  if (program.find('/') != std::string::npos) {
    if (program.front() != '/' || files.file_at(ImagePath(program))) return std::nullopt;
    return MissingInterpreter{program, "", "install it in the image, or change the first line"};
  }
  for (const std::string& directory : program_directories(image))
    if (const auto found = files.file_at(ImagePath(directory) / program); found && found->executable)
      return std::nullopt;
  return MissingInterpreter{program, "no directory of the usual PATH will have it",
                            "install it in the image, or set PATH in the container"};
}

}  // namespace fromhost::core
