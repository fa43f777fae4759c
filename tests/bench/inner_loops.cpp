// SPDX-License-Identifier: Apache-2.0
// The inner loops alone, by Google Benchmark: what grows with the number of files, and what runs once a file.
#include <benchmark/benchmark.h>
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "core/host/elf_file.hpp"
#include "core/host/ld_so_cache.hpp"
#include "core/host/resolve_in_root.hpp"
#include "core/manifest/manifest.hpp"
#include "core/plan/plan.hpp"
#include "tests/support/cache_bytes.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;

std::string numbered(const std::string& before, std::int64_t number) {
  return before + std::to_string(number);
}

void plan_of_files(benchmark::State& state) {
  const TempImage image = TempImage{}.with_directory("/mnt/all");
  const ImageRoot root = image.open();
  Contributions contributions;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    contributions.push_back(
        {ItemKind::file, numbered("/home/ann/tables/table-", i), "/mnt/all", "listed", "generic"});
  const std::vector<ImagePath> directories;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        make_plan(contributions, root, [&]() -> const std::vector<ImagePath>& { return directories; }));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(plan_of_files)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// A cache is read, and one library looked up in it, as is done once a run.
void cache_read_and_looked_up(benchmark::State& state) {
  std::vector<LdSoCacheEntry> entries;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    entries.push_back({numbered("liblibrary.so.", i), numbered("/usr/lib/liblibrary.so.", i), 0x303, 0});
  const std::string bytes = test::cache_bytes(entries), wanted = entries[entries.size() / 2].soname;
  for (auto _ : state) {
    const auto read = read_ld_so_cache(bytes);
    for (const LdSoCacheEntry& entry : *read)
      if (entry.soname == wanted) benchmark::DoNotOptimize(&entry);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(cache_read_and_looked_up)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);

/// A path of a usual depth, with two links on its way.
void path_in_the_image(benchmark::State& state, UniqueFd (*open)(int, const char*, int)) {
  const TempImage image = TempImage{}
                              .with_directory("/usr/lib/x86_64-linux-gnu/libfabric")
                              .with_link("/lib", "usr/lib")
                              .with_link("/usr/lib/machine", "/lib/x86_64-linux-gnu");
  const ImageRoot root = image.open();
  for (auto _ : state) benchmark::DoNotOptimize(open(root.fd(), "/lib/machine/libfabric", O_PATH).get());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(path_in_the_image, openat2, open_in_root)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(path_in_the_image, walk, open_by_walking)->Unit(benchmark::kMicrosecond);

/// This program itself: some megabytes, with symbol versions.
void elf_file_read(benchmark::State& state) {
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  for (auto _ : state) benchmark::DoNotOptimize(read_elf(file.get()));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(elf_file_read)->Unit(benchmark::kMicrosecond);

Manifest manifest_of(std::int64_t files) {
  Manifest manifest;
  for (std::int64_t i = 0; i < files; ++i) {
    ManifestEntry one;
    one.path = ImagePath(numbered("/usr/lib/x86_64-linux-gnu/libnvidia.so.", i));
    one.provider = one.set = "nvidia";
    one.size = one.source_size = 1'000'000;
    one.modified = one.source_modified = 1'700'000'000'123'456'789;
    one.source = numbered("/usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia.so.", i);
    one.build_id = "0123456789abcdef0123456789abcdef01234567";
    one.soname = numbered("libnvidia.so.", i);
    manifest.put(std::move(one));
  }
  return manifest;
}

void manifest_written(benchmark::State& state) {
  const Manifest manifest = manifest_of(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(to_text(manifest));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(manifest_written)->Arg(40)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void manifest_read(benchmark::State& state) {
  const std::string text = to_text(manifest_of(state.range(0)));
  for (auto _ : state) {
    auto manifest = manifest_from(text);
    if (!manifest) state.SkipWithError("it cannot be read");
    benchmark::DoNotOptimize(manifest);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(manifest_read)->Arg(40)->Arg(100'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace fromhost::core

BENCHMARK_MAIN();
