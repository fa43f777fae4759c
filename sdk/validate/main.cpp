// SPDX-License-Identifier: Apache-2.0
// fromhost-validate: each check of a plugin in a process of its own, then what came of them.
#include <boost/program_options.hpp>
#include <filesystem>
#include <iomanip>
#include <iostream>

#include "core/error.hpp"
#include "core/json_text.hpp"
#include "core/log.hpp"
#include "sdk/validate/checks.hpp"

namespace {

using namespace fromhost::validate;
namespace po = boost::program_options;
using fromhost::core::Json;

enum Status { kPassed = 0, kFailed = 1, kUsage = 2 };

struct Result {
  const Check* check;
  Verdict verdict;
};

const char* word(Verdict::Result result) {
  switch (result) {
    case Verdict::Result::passed:
      return "passed";
    case Verdict::Result::failed:
      return "FAILED";
    case Verdict::Result::not_judged:
      return "not judged";
  }
  return "?";
}

Verdict judge(const Check& check, const Ended& ended) {
  if (ended.how == Ended::How::died) return failed(ended.death);
  if (check.outside && ended.verdict.result == Verdict::Result::passed) return check.outside(ended);
  return ended.verdict;
}

std::string seconds(std::chrono::milliseconds time) {
  std::ostringstream text;
  text << static_cast<double>(time.count()) / 1000 << " s";
  return text.str();
}

/// Every check in order. Behind one that stands in the way, or that the plugin did not survive, the others
/// are not judged: they would only say the same once more.
std::vector<Result> validate(const Subject& subject, std::chrono::milliseconds limit) {
  std::vector<Result> results;
  std::string in_the_way, hung_in;
  for (const Check& check : checks()) {
    const bool is_time = std::string_view(check.name) == "time";
    if (is_time && !hung_in.empty()) {
      results.push_back({&check, failed("no answer within " + seconds(limit) + " (in " + hung_in + ")")});
      continue;
    }
    if (!in_the_way.empty()) {
      results.push_back({&check, not_judged(in_the_way)});
      continue;
    }
    const Ended ended = run_in_child([&] { return check.inside(subject); }, limit, check.watch_writes);
    if (ended.how == Ended::How::hung && !is_time) {
      hung_in = check.name;
      in_the_way = "see time";
      results.push_back({&check, not_judged(in_the_way)});
      continue;
    }
    results.push_back({&check, ended.how == Ended::How::hung ? failed("no answer within " + seconds(limit))
                                                             : judge(check, ended)});
    const bool stands = results.back().verdict.result != Verdict::Result::passed;
    if (stands && (check.gate || ended.how == Ended::How::died))
      in_the_way = std::string("see ") + check.name;
  }
  return results;
}

std::size_t count(const std::vector<Result>& results, Verdict::Result which) {
  return static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(), [&](const Result& result) { return result.verdict.result == which; }));
}

void print_text(const Subject& subject, const std::vector<Result>& results) {
  std::cout << subject.file << "\n";
  for (const Result& result : results) {
    std::cout << "  " << std::left << std::setw(12) << word(result.verdict.result) << std::setw(14)
              << result.check->name;
    std::cout << (result.verdict.why.empty() ? result.check->promise
                                             : fromhost::core::printable(result.verdict.why))
              << "\n";
  }
  std::cout << count(results, Verdict::Result::passed) << " passed, "
            << count(results, Verdict::Result::failed) << " failed, "
            << count(results, Verdict::Result::not_judged) << " not judged\n";
}

void print_json(const Subject& subject, const std::vector<Result>& results) {
  Json all;
  all["plugin"] = fromhost::core::bytes_to_json(subject.file);
  all["checks"] = Json::array();
  for (const Result& result : results) {
    std::string name = word(result.verdict.result);
    if (result.verdict.result == Verdict::Result::failed) name = "failed";
    Json one{{"name", result.check->name}, {"result", name}};
    if (!result.verdict.why.empty()) one["why"] = fromhost::core::bytes_to_json(result.verdict.why);
    all["checks"].push_back(std::move(one));
  }
  all["passed"] = count(results, Verdict::Result::passed);
  all["failed"] = count(results, Verdict::Result::failed);
  all["not_judged"] = count(results, Verdict::Result::not_judged);
  std::cout << all.dump(2) << "\n";
}

int usage(const std::string& why) {
  std::cerr << "fromhost-validate: error: " << why << "; see fromhost-validate --help\n";
  return kUsage;
}

int run(int argc, char** argv) {
  Subject subject;
  std::vector<std::string> requests, may_fail;
  double limit = 10;
  po::options_description options("Options");
  // clang-format off
  options.add_options()
      ("host-root", po::value(&subject.host_root)->value_name("DIR"), "try it on the host below DIR, not on this machine")
      ("image", po::value(&subject.image)->value_name("IMGDIR"), "let it see this image")
      ("recipe-dir", po::value(&subject.recipe_directories)->value_name("DIR"),
       "let it see the recipes in DIR, and no others; may be repeated")
      ("request", po::value(&requests)->value_name("NAME[=VALUE]"),
       "try only this option of the plugin; may be repeated")
      ("may-fail", po::value(&may_fail)->value_name("NAME"),
       "an option that promises an error where it finds nothing; may be repeated")
      ("time-limit", po::value(&limit)->value_name("SECONDS"), "for each check; 10 unless said")
      ("json", "print the results as JSON")
      ("list", "say what each check looks for, and exit")
      ("help,h", "print this text, and exit")
      ("version", "print the version, and exit");
  // clang-format on
  po::options_description hidden;
  hidden.add(options).add_options()("plugin", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("plugin", -1);
  po::variables_map given;
  try {
    constexpr int kStyle = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(argc, argv).options(hidden).positional(positional).style(kStyle).run(),
              given);
    po::notify(given);
  } catch (const po::error& error) {
    return usage(error.what());
  }
  if (given.count("help")) {
    std::cout << "Usage: fromhost-validate [OPTION ...] PLUGIN.so\n\n"
                 "Checks a provider plugin for ch-fromhost, each time in a process of its own.\n"
                 "The plugin is tried on hosts that are made up, then on this one; nothing is\n"
                 "injected. A check is \"not judged\" where an earlier one stands in its way.\n"
                 "Exit status: 0 if no check failed, 1 if one did, 2 for a wrong command line.\n\n"
              << options
              << "\nFor example:\n"
                 "  fromhost-validate build/mycard.so\n"
                 "  fromhost-validate --host-root node --request mycard build/mycard.so\n"
                 "  fromhost-validate --recipe-dir recipes PREFIX/lib/ch-fromhost/plugins/recipe.so\n";
    return kPassed;
  }
  if (given.count("version")) {
    std::cout << "fromhost-validate " FROMHOST_VERSION " (plugin interface " << FH_ABI_MAJOR << "."
              << FH_ABI_MINOR << ")\n";
    return kPassed;
  }
  if (given.count("list")) {
    for (const Check& check : checks())
      std::cout << std::left << std::setw(14) << check.name << check.promise << "\n";
    return kPassed;
  }
  if (!given.count("plugin") || given["plugin"].as<std::vector<std::string>>().size() != 1)
    return usage("one plugin is wanted");
  if (!(limit > 0 && limit < 1e6)) return usage("--time-limit: not a number of seconds");
  // The checks run in other directories' names: dlopen looks for a name without slash elsewhere.
  subject.file =
      std::filesystem::absolute(given["plugin"].as<std::vector<std::string>>().front()).lexically_normal();
  for (const std::string& request : requests) {
    const std::size_t equals = std::min(request.find('='), request.size());
    subject.requests.emplace_back(request.substr(0, equals),
                                  request.substr(std::min(equals + 1, request.size())));
  }
  subject.may_fail.insert(may_fail.begin(), may_fail.end());
  RealGround try_directories(subject);
  const std::vector<Result> results =
      validate(subject, std::chrono::milliseconds(static_cast<std::int64_t>(limit * 1000)));
  given.count("json") ? print_json(subject, results) : print_text(subject, results);
  return count(results, Verdict::Result::failed) ? kFailed : kPassed;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int status = run(argc, argv);
    return std::cout.flush() ? status : kUsage;
  } catch (const std::exception& error) {
    return usage(error.what());
  }
}
