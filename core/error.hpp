// SPDX-License-Identifier: Apache-2.0
// What went wrong: which stage, what, why, and the way out. One error type, thrown only when the run cannot
// go on.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fromhost::core {

/// The stages of a run, as named in messages.
enum class Stage { command_line, provider, image, plan, preflight, apply, ldconfig, validate };
std::string_view to_string(Stage stage);

/// One thing that is wrong, in words for a person.
struct Problem {
  Stage stage = Stage::command_line;
  std::string what;     ///< subject and fact: "cannot inject: /usr/lib/libfoo.so"
  std::string cause;    ///< why, often an errno text; may be empty
  std::string way_out;  ///< what the person can do; may be empty
  /// "what: cause; way out", one line.
  std::string sentence() const;
  /// The same after "stage: ".
  std::string text() const;
};

/// Ends the run with one or more problems, each its own line. Caught in main().
class Error : public std::exception {
 public:
  explicit Error(Problem problem) : Error(std::vector<Problem>{std::move(problem)}) {}
  explicit Error(std::vector<Problem> problems);
  const std::vector<Problem>& problems() const { return problems_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<Problem> problems_;
  std::string text_;
};

/// Throws std::system_error of errno with these words: the call's name, or the path that it was about.
[[noreturn]] void throw_errno(const std::string& words);

/// What a failed call says: the errno text, or for EINVAL, which says nothing, the words that came with it.
std::string cause_of(const std::system_error& error);

/// The text of an errno value, in English whatever the locale: scripts look for it.
std::string errno_text(int error);

}  // namespace fromhost::core
