// SPDX-License-Identifier: Apache-2.0
// argv, the plugins, the run, the exit status. The stages are in run.cpp.
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "core/cli/command_line.hpp"
#include "core/host/linux_host.hpp"
#include "core/log.hpp"
#include "core/provider/search_directories.hpp"
#include "core/run.hpp"
#include "core/terminal.hpp"

int main(int argc, char** argv) {
  using namespace fromhost::core;
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  take_closed_descriptors();
  // A reader that went away, or a file size limit, is an error with a name, not a death in the middle.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  start_log(0);
  Report report(std::cout);
  try {
    LinuxHost host;
    const PluginCallRules rules{plugin_timeout_in(words),
                                [&report](const Problem& problem) { return report.last_words(problem); }};
    report.use_json(json_in(words, {}));  // as far as can be told before the plugins are known
    const std::vector<std::string> plugins = plugin_directories_in(words);
    const std::vector<std::string> recipes = recipe_directories_in(words);
    PluginCatalog catalog = PluginCatalog::discover(plugin_search_path(plugins, host), rules, &host,
                                                    RecipeFiles(recipe_search_path(recipes, host)));
    report.use_json(json_in(words, catalog.groups()));
    if (!help_in(words, catalog.groups())) check_directories({{"plugin", plugins}, {"recipe", recipes}});
    const Options options = parse_command_line(words, catalog.groups(), catalog.refused());
    start_log(options.verbosity);
    report.use_json(options.json);
    report.use_answers_only(options.dry_run && !options.json && stdout_is_stderr());
    if (options.mode == Mode::list_plugins) catalog.load_all();
    const ExitStatus status = run(options, catalog, host, report);
    if (!std::cout.flush()) {
      log::error("cannot write to standard output");
      return static_cast<int>(ExitStatus::failure);
    }
    return static_cast<int>(status);
  } catch (const Error& error) {
    report.failed(error);
  } catch (const std::exception& error) {
    report.failed(error.what());
  }
  return static_cast<int>(ExitStatus::failure);
}
