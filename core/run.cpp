// SPDX-License-Identifier: Apache-2.0
// The stages of one injection, in order. Start reading here.
#include "core/run.hpp"

#include "core/apply/interruption.hpp"
#include "core/apply/transaction.hpp"
#include "core/apply/validate.hpp"
#include "core/cli/command_line.hpp"
#include "core/host/rooted_host.hpp"
#include "core/image/image_libraries.hpp"
#include "core/image/image_root.hpp"
#include "core/image/ldconfig.hpp"
#include "core/plan/plan.hpp"
#include "core/preflight/preflight.hpp"
#include "core/provider/collect.hpp"
#include "core/request/request.hpp"

namespace fromhost::core {
namespace {

void print_paths(const Options& options, const ImageRoot& image, Ldconfig& ldconfig, Report& report) {
  if (options.print_lib) report.answer(ldconfig.directories().front().text());
  if (!options.print_fi && !options.print_cray_fi) return;
  const auto libfabric = find_libfabric(image, ldconfig.directories());
  if (!libfabric)
    throw Error({Stage::image, "no libfabric in the image: " + image.path(),
                 "nothing provides libfabric.so.1", "install libfabric in the image"});
  if (options.print_fi) report.answer((libfabric->path.parent() / "libfabric").text());
  if (options.print_cray_fi) report.answer(libfabric->path.parent().text());
}

void inject(const Options& options, const PluginCatalog& catalog, HostSystem& host, const ImageRoot& image,
            Ldconfig& ldconfig, Report& report) {
  // --dest counts for what follows it, so the command line's order is kept up to here.
  const std::vector<Request> requests = read_requests(options, catalog.groups());

  // Providers only describe. One that finds nothing on this host says so; that is no error.
  const Contributions wanted =
      collect(requests, {[&](const std::string& id) { return catalog.open(id, host, &image); },
                         [&](const std::string& name) { return catalog.interested_in(name); }});

  const Plan plan = make_plan(
      wanted, image, [&]() -> const auto& { return ldconfig.directories(); });
  // From here on the plan does not change.
  report.plan(plan);
  report.warnings(plan.warnings);

  // Every finding at once, while nothing has been written.
  const Preflight preflight = check(plan, image, host);
  report.warnings(preflight.warnings);

  // What asks the image comes before what changes it.
  const bool run_ldconfig = plan.has_libraries && options.run_ldconfig;
  if (run_ldconfig) ldconfig.directories();

  // From here on the image is written, and given back by ~Transaction until commit().
  const HeldSignals held;
  FileOperations files;
  Transaction transaction(image, files);
  report.warnings(transaction.stage(plan, host));
  transaction.apply(plan);
  std::size_t found = 0;
  if (run_ldconfig) {
    // New lines in etc/ld.so.conf.d are new directories.
    if (!plan.texts.empty()) ldconfig.ask_again();
    transaction.expect_ldconfig(ldconfig.directories());
    ldconfig.update();
    found = validate(plan, preflight, image, ldconfig.directories());
  }
  transaction.commit();

  report.injected(plan, preflight, image.path(), run_ldconfig, found);
}

}  // namespace

ExitStatus run(const Options& options, const PluginCatalog& catalog, HostSystem& host, Report& report) {
  if (options.mode == Mode::help) {
    report.text(help_text(catalog.groups()));
    return ExitStatus::success;
  }
  if (options.mode == Mode::version) {
    report.answer(FROMHOST_VERSION);
    return ExitStatus::success;
  }
  if (options.mode == Mode::list_plugins) {
    report.plugins(catalog.records());
    return ExitStatus::success;
  }
  report.warnings(catalog.warnings());
  const ImageRoot image = ImageRoot::open(options.image);
  Ldconfig ldconfig(host, image);
  if (options.mode == Mode::print_paths) {
    print_paths(options, image, ldconfig, report);
  } else if (options.host_root.empty()) {
    inject(options, catalog, host, image, ldconfig, report);
  } else {
    RootedHost below(host, options.host_root);
    inject(options, catalog, below, image, ldconfig, report);
  }
  return ExitStatus::success;
}

}  // namespace fromhost::core
