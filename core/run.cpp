// SPDX-License-Identifier: Apache-2.0
// The stages of one injection, in order. Start reading here.
#include "core/run.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <functional>
#include <optional>
#include <set>
#include <system_error>

#include "core/apply/image_lock.hpp"
#include "core/apply/record.hpp"
#include "core/apply/recovery.hpp"
#include "core/apply/transaction.hpp"
#include "core/apply/validate.hpp"
#include "core/cli/command_line.hpp"
#include "core/host/interruption.hpp"
#include "core/host/rooted_host.hpp"
#include "core/image/image_libraries.hpp"
#include "core/image/image_root.hpp"
#include "core/image/ldconfig.hpp"
#include "core/log.hpp"
#include "core/manifest/status.hpp"
#include "core/plan/earlier_places.hpp"
#include "core/plan/line_owners.hpp"
#include "core/plan/plan.hpp"
#include "core/plan/removals.hpp"
#include "core/preflight/already_there.hpp"
#include "core/preflight/changes.hpp"
#include "core/preflight/compatibility.hpp"
#include "core/preflight/destinations.hpp"
#include "core/preflight/preflight.hpp"
#include "core/preflight/soname_links.hpp"
#include "core/provider/collect.hpp"
#include "core/report/progress.hpp"
#include "core/request/request.hpp"

namespace fromhost::core {
namespace {

/// One run on one image: what its stages share.
struct Run {
  const Options& options;
  const PluginCatalog& catalog;
  HostSystem& host;  ///< or what --host-root says
  const ImageRoot& image;
  Ldconfig& ldconfig;
  Report& report;
};

void print_paths(const Run& run) {
  const Options& options = run.options;
  if (options.print_lib) run.report.path(run.ldconfig.directories().front());
  if (!options.print_fi && !options.print_cray_fi) return;
  const auto libfabric = find_libfabric(run.image, run.ldconfig.directories());
  if (!libfabric)
    throw Error({Stage::image, "no libfabric in the image: " + run.image.path(),
                 "nothing provides libfabric.so.1", "install libfabric in the image"});
  if (options.print_fi) run.report.path(libfabric->path.parent() / "libfabric");
  if (options.print_cray_fi) run.report.path(libfabric->path.parent());
}

ManifestRun this_run(const Run& run, const Plan& plan) {
  ManifestRun facts;
  facts.time = std::time(nullptr);
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) == 0) facts.host = name;
  const passwd* user = ::getpwuid(::geteuid());
  facts.user = user ? user->pw_name : std::to_string(::geteuid());
  facts.tool = FROMHOST_VERSION;
  std::set<std::string> ids;
  for (const PlannedFile& file : plan.files) ids.insert(file.provider);
  for (const PlannedLine& line : plan.lines) ids.insert(line.owner.provider);
  for (const PluginRecord& record : run.catalog.records())
    if (record.state == PluginRecord::State::ready && ids.count(record.id))
      facts.providers.emplace_back(record.id, record.version);
  return facts;
}

/// What an earlier run may have left is put right first; to be called under the lock.
void repair(const Run& run) {
  FileOperations files;
  run.report.warnings(recover(run.image, files));
}

std::string why_missing(const HostSystem& host, const std::string& source) {
  try {
    host.inspect(HostPath(source));
    return "";
  } catch (const std::system_error& error) {
    return cause_of(error) + (error.code().value() == ENOENT ? looked_up_below(host, source) : "");
  }
}

/// Copies what the plan says; who waits for it is told how far it is.
void stage(const Run& run, Transaction& transaction, const Plan& plan, const Preflight& preflight) {
  std::optional<Progress> progress;
  CopyObserver observer;
  if (auto display = progress_display(run.options.progress, run.options.verbosity)) {
    progress.emplace(preflight.bytes, std::move(*display));
    observer = [&](const HostPath& source, std::uint64_t piece) { progress->copied(source, piece); };
  }
  run.report.warnings(transaction.stage(plan, run.host, observer, preflight.sources));
}

/// Those that ldconfig will scan; empty, with a finding, if it cannot say.
std::vector<ImagePath> library_directories(const Run& run, const Plan& plan, Preflight& preflight) {
  try {
    std::vector<ImagePath> directories = run.ldconfig.directories();
    directories.insert(directories.end(), plan.loader_directories.begin(), plan.loader_directories.end());
    return directories;
  } catch (const Error& error) {
    for (const Problem& problem : error.problems())
      preflight.findings.push_back({FindingKind::no_ldconfig, Severity::error, problem});
    return {};
  }
}

/// Looks at each name that will be written, as `visit_all` foretells it. The list, which may be long, is kept
/// only where it is told: by a dry run and in JSON.
std::vector<Change> foretell(const Run& run, const Plan& plan, Preflight& preflight,
                             const std::function<void(const ChangeVisitor&)>& visit_all) {
  const bool told = run.options.json || run.options.dry_run;
  std::vector<Change> changes;
  Destinations destinations(plan, run.image);
  visit_all([&](Change&& change) {
    destinations.look_at(change);
    if (told) changes.push_back(std::move(change));
  });
  for (Finding& one : destinations.take_findings()) preflight.findings.push_back(std::move(one));
  return changes;
}

/// Who asked for hardware that is not here has been told so by its provider, and is not told to ask for
/// something; nor is who gave a list that is empty.
void require_contributions(const Contributions& wanted, const std::vector<Request>& requests) {
  if (!wanted.empty()) return;
  std::string switches, lists;
  std::set<std::string> told;
  for (const Request& request : requests) {
    if (!told.insert(request.option).second) continue;
    std::string& those = request.value.empty() ? switches : lists;
    those += (those.empty() ? "--" : ", --") + request.option;
  }
  if (!switches.empty())
    throw Error({Stage::plan, "empty file list", "this host has nothing for " + switches,
                 "inject on a host that has it, or ask for something else"});
  if (!lists.empty())
    throw Error({Stage::plan, "empty file list", "no file came of " + lists, "-v tells more"});
}

void inject(const Run& run) {
  const Options& options = run.options;
  const ImageRoot& image = run.image;
  // --dest counts for what follows it, so the command line's order is kept up to here.
  const std::vector<Request> requests = read_requests(options, run.catalog.groups());

  // Providers only describe. One that finds nothing on this host says so; that is no error.
  Contributions wanted = collect(
      requests, {[&](const std::string& id) { return run.catalog.open(id, run.host, &image, &requests); },
                 [&](const std::string& name) { return run.catalog.interested_in(name); }});
  require_contributions(wanted, requests);

  const LibraryDirectories scanned = [&]() -> const auto& {
    return run.ldconfig.directories();
  };
  Plan plan = make_plan(wanted, image, scanned,
                        [&](const std::string& source) { return why_missing(run.host, source); });
  Contributions().swap(wanted);  // a long list's memory, for what comes
  Manifest manifest = read_manifest(image);
  keep_earlier_places(plan, manifest, image, scanned);
  settle_line_owners(plan, manifest, image);
  plan_superseded(plan, manifest, image);
  // From here on the plan does not change.
  run.report.plan(plan);
  run.report.warnings(plan.warnings);

  // Every finding at once, while nothing has been written.
  Preflight preflight = check(plan, image, run.host);
  const bool run_ldconfig = plan.has_libraries && options.run_ldconfig;
  std::vector<ImagePath> directories;
  if (run_ldconfig) directories = library_directories(run, plan, preflight);
  if (!directories.empty()) find_soname_links(preflight, plan, manifest, image, directories);
  // What an earlier run left as it would be now is not copied again.
  if (!options.force && !options.force_copy) find_unchanged(preflight, plan, manifest, image);
  const bool all_there =
      !options.force && !options.force_copy && already_there(plan, preflight, manifest, image, run_ldconfig);
  std::vector<Change> changes;
  if (!all_there) {
    changes = foretell(run, plan, preflight, [&](const ChangeVisitor& visit) {
      visit_injection(plan, preflight, manifest, image, run_ldconfig, visit);
    });
    check_space(preflight, plan, image);
    check_use(preflight, image);
  }
  check_compatibility(preflight, plan, image, directories, run.host);
  weigh(preflight.findings, options.force, options.strict);
  run.report.findings(preflight.findings);
  // A dry run ends here; it shows the plan also where errors end it.
  if (options.dry_run) run.report.would_inject(plan, preflight, changes, image.path());
  stop_at_errors(preflight.findings);
  if (options.dry_run) return;
  if (all_there) {
    run.report.already_there(plan, image.path());
    return;
  }

  // From here on the image is written, and given back by ~Transaction until commit(); should we be killed,
  // the next run does the same.
  const HeldSignals held;
  FileOperations files;
  Transaction transaction(image, files, manifest, options.sync);
  stage(run, transaction, plan, preflight);
  for (const PlannedLink& link : preflight.soname_links) transaction.stage_link(link);
  for (const PlannedRemoval& removal : preflight.superseded) transaction.stage_removal(removal);
  transaction.stage_directory(ImagePath(kManifest).parent());
  if (run_ldconfig) transaction.stage_cache();
  // Nothing is staged after it, so the transaction does not look into the old one any more.
  transaction.stage_manifest(record(std::move(manifest), plan, preflight, transaction, this_run(run, plan)));
  if (run_ldconfig) run.ldconfig.prepare_cache(transaction.scratch());
  transaction.apply();
  std::optional<std::size_t> found;
  if (run_ldconfig) {
    transaction.place_cache(run.ldconfig.make_cache(transaction.scratch()));
    found = validate(plan, preflight, image, directories);
  }
  transaction.commit();

  run.report.injected(plan, preflight, changes, image.path(), found);
}

void undo(const Run& run) {
  const Manifest manifest = read_manifest(run.image);
  const Undo undo = plan_undo(manifest, run.image, run.options.undo_provider, run.options.force);
  run.report.plan(undo.plan);
  run.report.warnings(undo.plan.warnings);

  const bool run_ldconfig = undo.plan.has_libraries && run.options.run_ldconfig;
  const bool nothing_left = undo.left.empty();
  // A text is then written only where somebody's own lines stay in it.
  const bool completely = nothing_left && undo.plan.texts.empty();
  Preflight preflight;
  const std::vector<Change> changes = foretell(run, undo.plan, preflight, [&](const ChangeVisitor& visit) {
    visit_undo(undo, manifest, run.image, run_ldconfig, visit);
  });
  run.report.findings(preflight.findings);
  if (run.options.dry_run) run.report.would_undo(undo.plan, changes, run.image.path(), completely);
  stop_at_errors(preflight.findings);
  if (run.options.dry_run) return;

  const HeldSignals held;
  FileOperations files;
  Transaction transaction(run.image, files, manifest, run.options.sync);
  transaction.stage(undo.plan, run.host);
  if (run_ldconfig) transaction.stage_cache();
  if (!nothing_left) transaction.stage_manifest(record_undo(undo.left, transaction));
  if (run_ldconfig) run.ldconfig.prepare_cache(transaction.scratch());
  transaction.apply();
  if (run_ldconfig) transaction.place_cache(run.ldconfig.make_cache(transaction.scratch()));
  transaction.commit();

  run.report.undone(undo.plan, changes, run.image.path(), completely);
}

ExitStatus status(const Run& run) {
  const Manifest manifest = read_manifest(run.image);
  const auto differences = check_entries(manifest, run.image, run.host, run.options.verify);
  run.report.status(manifest, differences, run.image.path());
  if (manifest.empty()) return ExitStatus::not_injected;
  return differences.empty() ? ExitStatus::success : ExitStatus::outdated;
}

LdconfigChoice ldconfig_choice(const std::string& word) {
  if (word == "host") return LdconfigChoice::host;
  return word == "image" ? LdconfigChoice::image : LdconfigChoice::automatic;
}

void change(const Run& run) {
  if (run.options.mode == Mode::inject) inject(run);
  if (run.options.mode == Mode::undo) undo(run);
}

ExitStatus run_on_image(const Run& run) {
  // Looking needs no lock; but what a dead run left would be taken for what is there.
  const bool looks_only = run.options.mode == Mode::status || run.options.mode == Mode::print_paths;
  if (run.options.dry_run) {
    // Even a lock may be a file, and a repair writes.
    run.report.warnings(left_to_repair(run.image));
    change(run);
  } else if (!looks_only || needs_recovery(run.image)) {
    const ImageLock lock(run.image, run.options.lock_timeout);
    repair(run);
    change(run);
  }
  if (run.options.mode == Mode::print_paths) print_paths(run);
  return run.options.mode == Mode::status ? status(run) : ExitStatus::success;
}

}  // namespace

ExitStatus run(const Options& options, const PluginCatalog& catalog, HostSystem& host, Report& report) {
  for (const std::string& one : catalog.skipped()) log::debug("no plugins in {}", one);
  if (options.mode == Mode::help) {
    report.text(help_text(catalog.groups()));
    return ExitStatus::success;
  }
  if (options.mode == Mode::version) {
    report.answer(FROMHOST_VERSION);
    return ExitStatus::success;
  }
  if (options.mode == Mode::list_plugins) {
    report.plugins(catalog.records(), catalog.places(), options.verbosity > 0, catalog.recipe_places());
    return ExitStatus::success;
  }
  if (options.mode == Mode::list_options) {
    report.text(option_list(catalog.groups()));
    return ExitStatus::success;
  }
  report.warnings(catalog.warnings());
  const ImageRoot image = ImageRoot::open(options.image);
  Ldconfig ldconfig(host, image, ldconfig_choice(options.ldconfig));
  if (options.host_root.empty()) return run_on_image({options, catalog, host, image, ldconfig, report});
  RootedHost below(host, options.host_root);
  return run_on_image({options, catalog, below, image, ldconfig, report});
}

}  // namespace fromhost::core
