// SPDX-License-Identifier: Apache-2.0
// Conditions, variables, sources, closures: everything is found first, then contributed.
#include "follow.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "host_paths.hpp"

namespace recipe {

using fromhost::Answer;
using fromhost::Failure;
using fromhost::Host;

namespace {

constexpr std::uint8_t k64Bit = 2;
constexpr std::uint64_t kMostImageLibrary = 64u << 20;
constexpr std::size_t kLongestValue = 256;

/// Never part of a closure: the C library and its loader fit together and the image's programs, or nothing.
/// The list is glibc's own.
const std::vector<std::string>& never() {
  static const std::vector<std::string> patterns = {
      "ld-linux*.so.*",    "ld64.so.*",      "ld-*.so*",      "linux-vdso*",
      "linux-gate*",       "libc.so.*",      "libm.so.*",     "libmvec.so.*",
      "libpthread.so.*",   "libdl.so.*",     "librt.so.*",    "libutil.so.*",
      "libresolv.so.*",    "libanl.so.*",    "libnss_*.so.*", "libBrokenLocale.so.*",
      "libthread_db.so.*", "libSegFault.so*"};
  return patterns;
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches(pattern, name); });
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// An item as it will be contributed.
struct Made {
  fh_item_kind kind;
  std::optional<std::string> source, destination;
  std::string reason;
};

class Following {
 public:
  Following(const Recipe& recipe, Host& host) : recipe_(recipe), host_(host) {}

  Answer run() {
    for (const std::string& other : recipe_.conflicts)
      if (host_.is_asked_for(other))
        throw Failure("--" + recipe_.name + " and --" + other + " exclude each other, says " + recipe_.file +
                      "; give one of them");
    for (const std::string& other : recipe_.needs)
      if (!host_.is_asked_for(other))
        throw Failure("--" + recipe_.name + " wants --" + other + ", too, says " + recipe_.file +
                      "; give both");
    if (const std::string why = unmet(recipe_.conditions); !why.empty()) {
      host_.explain(why);
      return Answer::not_here;
    }
    for (const Item& item : recipe_.items)
      if (unmet(item.conditions).empty()) add(item);
    if (!missing_.empty()) {
      // Without conditions, a host that has nothing of it is one that is not meant.
      if (found_ > 0 || !recipe_.conditions.empty()) throw Failure(missing_);
      host_.explain(missing_);
      return Answer::not_here;
    }
    if (made_.empty()) {
      host_.explain("nothing that " + recipe_.file + " names");
      return Answer::not_here;
    }
    for (const Made& one : made_) host_.contribute(one.kind, one.source, one.destination, one.reason);
    return Answer::done;
  }

 private:
  /// Why the conditions do not hold; empty: they do.
  std::string unmet(const std::vector<Condition>& conditions) {
    for (const Condition& one : conditions) {
      const std::string& subject = one.subject.text;
      bool there = false;
      if (!one.of_file) {
        const auto value = host_.environment(with_variables(one.subject, false));
        there = value && !value->empty();
      } else {
        for (const std::string& pattern : patterns_of({one.subject}))
          there = there || !matching_paths(host_, pattern).empty();
      }
      if (there == one.holds_if_there) continue;
      return one.of_file ? (one.holds_if_there ? "no " + subject : "this host has " + subject)
                         : subject + (one.holds_if_there ? " is not set" : " is set");
    }
    return "";
  }

  /// The text with the values of its variables. `as_glob`: what is special in a value means itself.
  std::string with_variables(const Text& in, bool as_glob) {
    std::string out;
    std::size_t done = 0;
    for_each_variable(in, [&](const std::string& name) {
      const std::size_t at = in.text.find("${" + name + "}", done);
      out += in.text.substr(done, at - done);
      done = at + name.size() + 3;
      if (name == "LIB")
        out += "${LIB}";  // patterns_of() knows
      else
        out += as_glob ? quoted(value_of(name)) : value_of(name);
    });
    return out + in.text.substr(done);
  }

  const std::string& value_of(const std::string& name) {
    if (const auto known = values_.find(name); known != values_.end()) return known->second;
    const Variable& variable = *std::find_if(recipe_.variables.begin(), recipe_.variables.end(),
                                             [&](const Variable& one) { return one.name == name; });
    return values_[name] = find_value(variable);
  }

  std::string find_value(const Variable& variable) {
    std::string tried;
    if (!variable.env.empty()) {
      const std::string value = host_.environment(variable.env).value_or("");
      if (value.find('\n') != std::string::npos || ("/" + value + "/").find("/../") != std::string::npos)
        throw Failure(variable.env + "=" + value + ": no path that " + recipe_.file + " could use");
      if (!value.empty()) return value;
      tried = variable.env + " is not set";
    }
    const auto also = [&](const std::string& words) { tried += (tried.empty() ? "" : "; ") + words; };
    if (!variable.newest.text.empty()) {
      const auto all = matching_paths(host_, variable.newest.text);
      if (!all.empty())
        return *std::max_element(all.begin(), all.end(),
                                 [](const auto& one, const auto& other) { return is_newer(other, one); });
      also("nothing matches " + variable.newest.text);
    }
    if (!variable.image_library.text.empty()) {
      if (const auto value = value_in_image(variable); !value.empty()) return value;
      also("the image has no " + variable.image_library.text + " with " + variable.after + "…" +
           variable.before + " in it");
    }
    if (!variable.otherwise.empty()) return variable.otherwise;
    throw Failure(variable.place + ": no value for " + variable.name + ": " + tried);
  }

  std::string value_in_image(const Variable& variable) {
    const auto path = host_.find_library_in_image(variable.image_library.text, host_.machine(), k64Bit);
    const auto bytes = path ? host_.read_in_image(*path, kMostImageLibrary) : std::nullopt;
    if (!bytes) return "";
    for (std::size_t at = bytes->find(variable.after); at != std::string::npos;
         at = bytes->find(variable.after, at + 1)) {
      // No further than a value may reach: an image may be full of beginnings without an end.
      const std::string near =
          bytes->substr(at + variable.after.size(), kLongestValue + variable.before.size());
      const std::size_t length = near.find(variable.before);
      if (length == std::string::npos || length == 0) continue;
      const std::string value = near.substr(0, length);
      // The image is nobody's friend: what becomes part of a path is a plain name.
      const bool is_plain = std::all_of(value.begin(), value.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '+' || c == '.';
      });
      if (is_plain && value != "." && value != "..") return value;
    }
    return "";
  }

  /// Patterns without variables, in the order in which they are tried: one for each directory that ${LIB}
  /// stands for.
  std::vector<std::string> patterns_of(const std::vector<Text>& texts) {
    std::vector<std::string> patterns;
    for (const Text& text : texts) {
      const std::string one = with_variables(text, true);
      constexpr std::string_view kLib = "${LIB}";
      if (one.find(kLib) == std::string::npos) {
        patterns.push_back(one);
        continue;
      }
      for (const std::string& directory : library_directories(host_)) {
        std::string pattern = one;
        for (std::size_t at; (at = pattern.find(kLib)) != std::string::npos;)
          pattern.replace(at, kLib.size(), directory);
        patterns.push_back(std::move(pattern));
      }
    }
    return patterns;
  }

  /// The host's files that an item means; empty: there is none.
  std::vector<std::string> sources_of(const Item& item) {
    std::vector<std::string> found;
    if (!item.soname.text.empty()) {
      const std::string pattern = with_variables(item.soname, true);
      std::set<std::string> sonames;
      // A soname without wildcards may also be in a directory that the cache leaves out.
      sonames.insert(pattern);
      for (const auto& entry : host_.cached_libraries(pattern)) sonames.insert(entry.soname);
      for (const std::string& soname : sonames)
        if (const auto path = host_.find_library(soname, host_.machine(), k64Bit)) found.push_back(*path);
    } else {
      for (const std::string& pattern : patterns_of(item.from)) {
        for (const std::string& path : matching_paths(host_, pattern))
          if (const auto info = host_.inspect(path); info && info->kind == FH_FILE_REGULAR)
            found.push_back(path);
        if (!found.empty()) break;
      }
    }
    if (item.newest && found.size() > 1)
      found = {*std::max_element(found.begin(), found.end(),
                                 [](const auto& one, const auto& other) { return is_newer(other, one); })};
    return found;
  }

  std::optional<std::string> destination_of(const Item& item) {
    if (item.beside.text.empty()) {
      if (item.destination.text.empty()) return std::nullopt;
      return with_variables(item.destination, false);
    }
    const std::string soname = with_variables(item.beside, false);
    const auto library = host_.find_library_in_image(soname, host_.machine(), k64Bit);
    if (!library)
      throw Failure(item.beside.place + ": the image has no " + soname +
                    ", beside which this belongs; install it in the image");
    const std::string directory = directory_of(*library);
    if (item.destination.text.empty()) return directory;
    return (directory == "/" ? "" : directory) + "/" + with_variables(item.destination, false);
  }

  std::string reason_of(const Item& item) const {
    return item.reason.empty() ? "recipe " + recipe_.name : item.reason;
  }

  void add(const Item& item) {
    if (item.kind == Item::Kind::directory)
      made_.push_back({FH_ITEM_DIRECTORY, std::nullopt, with_variables(item.path, false), reason_of(item)});
    else if (item.kind == Item::Kind::link)
      made_.push_back({FH_ITEM_LINK, with_variables(item.target, false), with_variables(item.path, false),
                       reason_of(item)});
    else if (item.kind == Item::Kind::ld_so_conf)
      made_.push_back({FH_ITEM_LD_SO_CONF, with_variables(item.path, false), conf_of(item), reason_of(item)});
    else
      add_sources(item);
  }

  std::optional<std::string> conf_of(const Item& item) {
    return item.conf.text.empty() ? std::nullopt
                                  : std::optional<std::string>(with_variables(item.conf, false));
  }

  void add_sources(const Item& item) {
    const auto sources = sources_of(item);
    if (sources.empty()) {
      if (!item.optional && missing_.empty())
        missing_ = item.place + ": this host has no " +
                   (item.soname.text.empty() ? with_variables(item.from.front(), false)
                                             : with_variables(item.soname, false));
      return;
    }
    found_ += sources.size();
    const auto destination = destination_of(item);
    const fh_item_kind kind = item.kind == Item::Kind::library   ? FH_ITEM_LIBRARY
                              : item.kind == Item::Kind::program ? FH_ITEM_PROGRAM
                                                                 : FH_ITEM_DATA;
    for (const std::string& source : sources) made_.push_back({kind, source, destination, reason_of(item)});
    if (!item.closure) return;
    for (const std::string& source : sources) {
      if (const auto elf = host_.inspect_elf(source); elf && !elf->soname.empty())
        closed_.insert(elf->soname);
      add_closure(item, source);
    }
  }

  /// What a file is linked with and the image lacks. What the image has fits the image: it is left.
  void add_closure(const Item& item, const std::string& source) {
    const std::optional<std::string> destination =
        item.closure_destination.text.empty()
            ? std::nullopt
            : std::optional<std::string>(with_variables(item.closure_destination, false));
    for (const auto& needed : host_.linked_libraries(source)) {
      if (matches_any(never(), needed.soname) || matches_any(item.exclude, needed.soname)) continue;
      if (!closed_.insert(needed.soname).second) continue;
      if (host_.find_library_in_image(needed.soname, host_.machine(), k64Bit)) continue;
      if (!needed.path)
        throw Failure(item.place + ": " + source + " needs " + needed.soname +
                      ", which this host does not have");
      made_.push_back({FH_ITEM_LIBRARY, *needed.path, destination, "linked by " + source});
    }
  }

  const Recipe& recipe_;
  Host& host_;
  std::map<std::string, std::string> values_;
  std::vector<Made> made_;
  std::set<std::string> closed_;  // sonames that are dealt with
  std::size_t found_ = 0;         // sources
  std::string missing_;           // the first that is wanted and not there, in words
};

}  // namespace

Answer follow(const Recipe& recipe, Host& host) {
  return Following(recipe, host).run();
}

}  // namespace recipe
