// SPDX-License-Identifier: Apache-2.0
// A provider that uses every service of fromhost::Host, in C++17. It is built by several compilers and
// settings, and must contribute the same each time (plugin_boundary_test.cpp has the list). What it does
// inside (regex, streams, dynamic casts, exceptions) is what differs between C++ libraries.
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "fromhost/provider_plugin.hpp"

namespace {

using fromhost::Answer;
using fromhost::CommandOptions;
using fromhost::CommandResult;
using fromhost::Failure;
using fromhost::Host;
using fromhost::Request;

struct Part {
  virtual ~Part() = default;
  virtual std::string name() const = 0;
};
struct Card : Part {
  std::string name() const override { return "card"; }
};
struct Cable : Part {
  std::string name() const override { return "cable"; }
};

std::string facts_of(const Host& host, const std::string& path) {
  const auto info = host.inspect(path);
  if (!info) return "none";
  std::ostringstream facts;
  facts << (info->kind == FH_FILE_REGULAR     ? "file"
            : info->kind == FH_FILE_DIRECTORY ? "directory"
                                              : "other")
        << ' ' << info->bytes << ' ' << std::oct << info->mode;
  return facts.str();
}

std::string outcome_of(const CommandResult& result) {
  static const std::vector<std::string> kOutcomes = {"?",         "exited",   "signalled",
                                                     "timed out", "too much", "not found"};
  return kOutcomes.at(result.outcome) + " " + std::to_string(result.code) + ": " + result.output + "/" +
         result.errors;
}

class EveryService : public fromhost::ProviderPlugin {
 public:
  bool claims(Host& host, const std::string& path) override {
    host.debug("asked for " + path);
    return std::regex_match(path, std::regex(".*/libcard-[0-9]+\\.so"));
  }

  Answer collect(Host& host, const Request& request) override {
    if (request.option.empty()) {
      host.contribute_library(request.value, "claimed", request.destination);
      return Answer::done;
    }
    if (request.option == "card-missing") {
      host.explain("no card in " + host.environment("CARD_SLOT").value_or("any slot"));
      return Answer::not_here;
    }
    if (request.option == "card-broken") throw Failure("the card in slot " + request.value + " is broken");
    if (request.option == "card-odd") throw 42;
    contribute_each_kind(host, request);
    return Answer::done;
  }

 private:
  static void contribute_each_kind(Host& host, const Request& request) {
    host.debug("one");
    host.info("two");
    host.warn("three");

    // Environment and files.
    host.contribute_file(host.environment("CARD_HOME").value_or("?") + "/firmware",
                         host.environment("CARD_NOTHING").value_or("unset"), request.destination);
    host.contribute_program("/card/bin/tool", host.read_file("/card/version").value_or("?"));
    host.contribute_library("/card/lib/libcard.so.1", host.read_file("/card/nothing").value_or("no file"),
                            "/opt/lib");
    std::string names;
    for (const std::string& name : host.list("/card")) names += name + " ";
    host.contribute_data("/card/data", "/usr/share/card", names);
    host.contribute_directory("/var/opt/card", std::to_string(host.list("/nothing").size()));
    host.contribute_ld_so_conf("/opt/lib", facts_of(host, "/card/version"));
    host.contribute_ld_so_conf("/opt/lib64", facts_of(host, "/card"), "card.conf");
    host.contribute_link("/usr/lib/libcard.so", "libcard.so.1", facts_of(host, "/nothing"));
    host.contribute(FH_ITEM_LIBFABRIC_PROVIDER, "/card/lib/libcard-fi.so", std::nullopt,
                    host.read_standard_input());
    std::string why;
    try {
      why = host.read_file("/card/secret").value_or("no file");
    } catch (const Failure& failure) {
      why = failure.what();
    }
    host.contribute(FH_ITEM_LIBFABRIC, "/card/lib/libfabric.so.1", std::nullopt, why);

    // Commands, as they end.
    CommandOptions options;
    options.flags = FH_COMMAND_STDIN | FH_COMMAND_HERE;
    options.time_limit = std::chrono::milliseconds(1500);
    options.output_limit = 4000;
    host.contribute_program("/1", outcome_of(host.run({"card-tool", "--list", "a b"}, options)));
    host.contribute_program("/2", outcome_of(host.run({"card-dies"})));
    host.contribute_program("/3", outcome_of(host.run({"card-hangs"})));
    host.contribute_program("/4", outcome_of(host.run({"card-talks"})));
    host.contribute_program("/5", outcome_of(host.run({"card-nowhere"})));

    // Libraries of the host, and the image.
    const auto elf = host.inspect_elf("/card/lib/libcard.so.1");
    host.contribute_program("/elf", elf && elf->machine == host.machine() && !elf->needed.empty()
                                        ? "for this machine"
                                        : "no ELF file");
    host.contribute_program("/no-elf", host.inspect_elf("/card/version") ? "an ELF file" : "no ELF file");
    host.contribute_program("/cached", std::to_string(host.cached_libraries("libcard*").size()));
    host.contribute_program("/found", host.find_library("libcard.so.1", host.machine(), 2).value_or("?"));
    host.contribute_program("/root", host.root());
    host.contribute_program("/resolved", host.resolve("/card/version").value_or("?"));
    host.contribute_program("/unresolved", host.resolve("/card/nothing").value_or("no file"));
    host.contribute_program("/linked",
                            host.linked_libraries("/card/lib/libcard.so.1").empty() ? "alone" : "linked");
    host.contribute_program("/image/1", host.read_in_image("/etc/os-release").value_or("?"));
    host.contribute_program("/image/2", host.read_in_image("/etc/nothing").value_or("no file"));
    host.contribute_program("/image/3", host.inspect_in_image("/etc") ? "directory" : "?");
    host.contribute_program("/image/4",
                            host.find_library_in_image("libc.so.6", host.machine(), 2).value_or("none"));

    // What stays inside.
    const std::unique_ptr<Part> part = std::make_unique<Cable>();
    host.contribute_program("/6", dynamic_cast<Card*>(part.get()) ? "a card" : part->name());
    try {
      static_cast<void>(std::string("card").at(4711));
    } catch (const std::exception&) {
      host.contribute_program("/7", std::string(10'000, 'x'));
    }
  }
};

constexpr fh_option kOptions[] = {
    fromhost::option("card", "SLOT", "all that a card needs", 'k'),
    fromhost::option("card-missing", nullptr, "a card that this host has not"),
    fromhost::option("card-broken", "SLOT", "a card that ends the run"),
    fromhost::option("card-odd", nullptr, "a card that throws a number"),
};
constexpr const char* kPatterns[] = {"libcard-*.so", nullptr};

}  // namespace

FROMHOST_PROVIDER(EveryService, "every-service", "2.3", "uses every service of the host", kOptions,
                  kPatterns);
