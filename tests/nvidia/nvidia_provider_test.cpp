// SPDX-License-Identifier: Apache-2.0
// The NVIDIA provider, its sources linked into this test, on hosts that are only told about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "fromhost/provider_abi.h"
#include "fromhost/testing/fake_host.hpp"

namespace {

using fromhost::CommandResult;
using fromhost::ElfInfo;
using fromhost::fake::FakeHost;
using fromhost::fake::Item;
using fromhost::fake::Outcome;
using fromhost::fake::Session;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr std::uint16_t kX86_64 = 62, kI386 = 3, kAArch64 = 183, kArm = 40;
constexpr const char* kGpus = "nvidia-container-cli failed; does this host have GPUs?";
constexpr const char* kNotFound = "nvidia-container-cli: not found";

std::string stem_of(const std::string& file) {
  return file.substr(0, file.find(".so"));
}

class NvidiaProvider : public testing::Test {
 protected:
  // What is on the host.

  /// Libraries NAME.so.VERSION in a directory, each with its link for the loader.
  void libraries(const std::string& directory, const std::string& version,
                 const std::vector<std::string>& names, std::uint16_t machine = kX86_64,
                 std::uint8_t elf_class = 2) {
    for (const std::string& name : names) {
      const std::string file = name + ".so." + version;
      host_.with_library(directory + "/" + file, ElfInfo{machine, elf_class, name + ".so.1", {"libc.so.6"}});
      host_.with_link(directory + "/" + name + ".so.1", file);
    }
  }
  void kernel_module(const std::string& version) {
    host_.with_file("/sys/module/nvidia/version", version + "\n");
  }
  /// nvidia-container-cli is installed and ends like this.
  void cli(const CommandResult& result) { host_.with_command({"nvidia-container-cli"}, result); }
  void cli_lists(const std::vector<std::string>& paths) {
    std::string output;
    for (const std::string& path : paths) output += path + "\n";
    cli({FH_COMMAND_EXITED, 0, output, ""});
  }
  void cli_fails(const std::string& errors) { cli({FH_COMMAND_EXITED, 1, "", errors}); }
  /// An ordinary host of a RHEL family with driver 550.90.07.
  void rhel_host() {
    libraries("/usr/lib64", "550.90.07", {"libcuda", "libnvidia-ml", "libnvidia-ptxjitcompiler"});
    host_.with_program("/usr/bin/nvidia-smi");
    kernel_module("550.90.07");
  }

  // What the provider makes of it.

  /// --nvidia, after --nvidia-discovery HOW if that is not empty.
  Outcome run(const std::string& how = "", const std::optional<std::string>& destination = std::nullopt) {
    Session session(host_, fromhost_provider);
    if (!how.empty()) {
      const Outcome set = session.collect({"nvidia-discovery", how, std::nullopt});
      if (set.status != FH_OK) return set;
    }
    return session.collect({"nvidia", "", destination});
  }
  std::vector<Item> items(const std::string& how = "",
                          const std::optional<std::string>& destination = std::nullopt) {
    const Outcome got = run(how, destination);
    EXPECT_EQ(got.status, FH_OK) << got.message;
    return got.items;
  }
  std::string failure(const std::string& how = "") {
    const Outcome got = run(how);
    EXPECT_EQ(got.status, FH_FAILED);
    EXPECT_THAT(got.items, IsEmpty());
    return got.message;
  }
  static std::vector<std::string> sources(const std::vector<Item>& items, fh_item_kind kind) {
    std::vector<std::string> paths;
    for (const Item& item : items)
      if (item.kind == kind) paths.push_back(item.source);
    return paths;
  }
  static std::vector<std::string> programs(const std::vector<Item>& items) {
    return sources(items, FH_ITEM_PROGRAM);
  }
  static std::vector<std::string> libraries(const std::vector<Item>& items) {
    return sources(items, FH_ITEM_LIBRARY);
  }
  static std::vector<std::string> data(const std::vector<Item>& items) {
    return sources(items, FH_ITEM_DATA);
  }
  /// "NAME -> TARGET"
  static std::vector<std::string> links(const std::vector<Item>& items) {
    std::vector<std::string> texts;
    for (const Item& item : items)
      if (item.kind == FH_ITEM_LINK) texts.push_back(item.destination.value_or("") + " -> " + item.source);
    return texts;
  }
  std::string warnings() const { return host_.log_text(FH_LOG_WARNING); }
  std::string talk() const { return host_.log_text(FH_LOG_INFO); }

  FakeHost host_;
};

// No driver.

TEST_F(NvidiaProvider, SaysWhatWasTriedOnAHostWithNothing) {
  const std::string said = failure();
  EXPECT_THAT(said, HasSubstr(kGpus));
  EXPECT_THAT(said, HasSubstr(kNotFound));
  EXPECT_THAT(said, HasSubstr("libcuda.so.*.* in the loader's cache and the usual directories"));
  EXPECT_THAT(said, HasSubstr("/sys/module/nvidia/version"));
}

TEST_F(NvidiaProvider, NamesTheKernelModuleThatHasNoLibraries) {
  kernel_module("535.54.03");
  EXPECT_THAT(failure(), HasSubstr("the kernel module is 535.54.03, but has no libraries here"));
}

TEST_F(NvidiaProvider, ProgramsAloneAreNoDriver) {
  host_.with_program("/usr/bin/nvidia-smi");
  EXPECT_THAT(failure(), HasSubstr(kGpus));
}

// Ways of discovery.

TEST_F(NvidiaProvider, AutoAsksTheCliWhereItIsInstalled) {
  rhel_host();
  cli_lists({"/usr/bin/nvidia-smi", "/usr/lib64/libcuda.so.550.90.07"});
  for (const char* how : {"", "auto", "cli"}) {
    const auto got = items(how);
    EXPECT_THAT(programs(got), ElementsAre("/usr/bin/nvidia-smi"));
    EXPECT_THAT(libraries(got), ElementsAre("/usr/lib64/libcuda.so.550.90.07"));
    EXPECT_THAT(talk(), HasSubstr("found by nvidia-container-cli\n"));
    EXPECT_THAT(talk(), HasSubstr("driver version 550.90.07\n"));
  }
}

TEST_F(NvidiaProvider, AutoLooksItselfWhereTheCliIsMissing) {
  rhel_host();
  EXPECT_THAT(libraries(items()),
              UnorderedElementsAre("/usr/lib64/libcuda.so.550.90.07", "/usr/lib64/libnvidia-ml.so.550.90.07",
                                   "/usr/lib64/libnvidia-ptxjitcompiler.so.550.90.07"));
  EXPECT_THAT(talk(), HasSubstr("nvidia-container-cli is not installed"));
  EXPECT_THAT(talk(), HasSubstr("driver version 550.90.07\n"));
  EXPECT_EQ(warnings(), "");
}

TEST_F(NvidiaProvider, CliAloneIsAnErrorWhereItIsMissing) {
  rhel_host();
  const std::string said = failure("cli");
  EXPECT_THAT(said, HasSubstr(kGpus));
  EXPECT_THAT(said, HasSubstr(kNotFound));
  EXPECT_THAT(said, HasSubstr("--nvidia-discovery=native"));
}

TEST_F(NvidiaProvider, NativeDoesNotAskTheCli) {
  rhel_host();
  cli_fails("nvidia-container-cli: initialization error: nvml error: driver not loaded\n");
  EXPECT_THAT(libraries(items("native")), Contains("/usr/lib64/libcuda.so.550.90.07"));
  EXPECT_THAT(host_.ran(), IsEmpty());
}

TEST_F(NvidiaProvider, UnknownWayIsRefusedByName) {
  rhel_host();
  const std::string said = failure("magic");
  EXPECT_THAT(said, HasSubstr("--nvidia-discovery: magic is none of auto, cli, native"));
}

TEST_F(NvidiaProvider, DiscoveryIsASettingAndSoReachesUsFirst) {
  ASSERT_EQ(fromhost_provider.option_count, 2u);
  EXPECT_STREQ(fromhost_provider.options[0].name, "nvidia");
  EXPECT_EQ(fromhost_provider.options[0].flags, 0);
  EXPECT_STREQ(fromhost_provider.options[1].name, "nvidia-discovery");
  EXPECT_EQ(fromhost_provider.options[1].flags, FH_OPTION_SETTING);
}

TEST_F(NvidiaProvider, BothWaysFindTheSameFiles) {
  rhel_host();
  libraries("/usr/lib64", "550.90.07", {"libEGL_nvidia", "libnvidia-vulkan-producer", "libnvidia-nvvm70"});
  libraries("/usr/lib64", "1.1.13", {"libnvidia-egl-wayland"});
  host_.with_program("/usr/bin/nvidia-imex");
  host_.with_file("/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "{}");
  host_.with_file("/usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json", "{}");
  cli_lists({"/usr/bin/nvidia-smi", "/usr/lib64/libnvidia-ml.so.550.90.07", "/usr/lib64/libcuda.so.550.90.07",
             "/usr/lib64/libnvidia-ptxjitcompiler.so.550.90.07", "/usr/lib64/libEGL_nvidia.so.550.90.07"});
  const auto by_cli = items("cli"), by_ourselves = items("native");
  EXPECT_THAT(libraries(by_ourselves), Contains("/usr/lib64/libnvidia-egl-wayland.so.1.1.13"));
  for (const auto kind : {FH_ITEM_PROGRAM, FH_ITEM_LIBRARY, FH_ITEM_DATA})
    EXPECT_THAT(sources(by_cli, kind), testing::UnorderedElementsAreArray(sources(by_ourselves, kind)));
  EXPECT_THAT(links(by_cli), testing::UnorderedElementsAreArray(links(by_ourselves)));
}

TEST_F(NvidiaProvider, EveryFileHasAReason) {
  rhel_host();
  for (const Item& item : items()) EXPECT_NE(item.reason, "") << item;
}

// How the cli is called, and how it can fail.

TEST_F(NvidiaProvider, CliIsCalledAsDocumentedAndWithATimeLimit) {
  rhel_host();
  cli_lists({"/usr/lib64/libcuda.so.550.90.07"});
  items();
  ASSERT_EQ(host_.ran().size(), 1u);
  EXPECT_THAT(host_.ran()[0].argv, ElementsAre("nvidia-container-cli", "list", "--binaries", "--libraries"));
  EXPECT_GT(host_.ran()[0].time_limit.count(), 0);
  EXPECT_EQ(host_.ran()[0].flags, 0u);
}

TEST_F(NvidiaProvider, CliGetsTheHostRoot) {
  rhel_host();
  host_.with_root("/run/nvidia/driver/");
  cli_lists({"/usr/bin/nvidia-smi", "/run/nvidia/driver/usr/lib64/libcuda.so.550.90.07"});
  const auto got = items();
  ASSERT_EQ(host_.ran().size(), 1u);
  EXPECT_THAT(host_.ran()[0].argv, ElementsAre("nvidia-container-cli", "--root=/run/nvidia/driver", "list",
                                               "--binaries", "--libraries"));
  // Printed with the root or without it: what we ask the host for is below it.
  EXPECT_THAT(libraries(got), ElementsAre("/usr/lib64/libcuda.so.550.90.07"));
  EXPECT_THAT(programs(got), ElementsAre("/usr/bin/nvidia-smi"));
}

TEST_F(NvidiaProvider, CliGetsAnAbsoluteHostRoot) {
  rhel_host();
  host_.with_root("driver");
  cli_lists({"/usr/lib64/libcuda.so.550.90.07"});
  items();
  ASSERT_EQ(host_.ran().size(), 1u);
  EXPECT_THAT(host_.ran()[0].argv[1], testing::MatchesRegex("--root=/.*/driver"));
}

struct CliError {
  const char* name;
  const char* text;
  const char* expected;
};

class CliFailing : public NvidiaProvider, public testing::WithParamInterface<CliError> {};

TEST_P(CliFailing, IsAnErrorWithItsOwnWords) {
  rhel_host();  // whatever we could find ourselves: a cli that is there and fails has a reason
  cli_fails(GetParam().text);
  for (const char* how : {"", "cli"}) {
    const std::string said = failure(how);
    EXPECT_THAT(said, HasSubstr(kGpus));
    EXPECT_THAT(said, HasSubstr(GetParam().expected));
    EXPECT_THAT(said, HasSubstr("--nvidia-discovery=native looks without it"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    RealTexts, CliFailing,
    testing::Values(
        CliError{"NoNvml",
                 "nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot "
                 "open shared object file: no such file or directory\n",
                 "load library failed: libnvidia-ml.so.1: cannot open shared object file"},
        CliError{"DriverNotLoaded",
                 "nvidia-container-cli: initialization error: nvml error: driver not loaded\n",
                 "nvidia-container-cli: initialization error: nvml error: driver not loaded"},
        CliError{"VersionMismatch",
                 "nvidia-container-cli: initialization error: nvml error: driver/library version mismatch\n",
                 "nvml error: driver/library version mismatch"},
        CliError{"CudaError", "nvidia-container-cli: initialization error: cuda error: unknown error\n",
                 "cuda error: unknown error"},
        CliError{"DetectionError", "nvidia-container-cli: detection error: nvml error: unknown error\n",
                 "detection error: "},
        CliError{"DeviceError", "nvidia-container-cli: device error: unknown device id: 7\n",
                 "device error: "},
        CliError{
            "PermissionError",
            "nvidia-container-cli: permission error: capability change failed: operation not permitted\n",
            "permission error: capability change failed"},
        CliError{"InputError", "nvidia-container-cli: input error: invalid argument\n", "input error: "},
        CliError{"MigConfigError", "nvidia-container-cli: mig-config error: no such device\n",
                 "mig-config error: "},
        CliError{"Silence", "", "exit status 1"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(NvidiaProvider, AllThatAFailingCliSaidIsShown) {
  cli_fails("a first line\nnvidia-container-cli: initialization error: nvml error: driver not loaded\n");
  EXPECT_THAT(failure(), HasSubstr("driver not loaded"));
  EXPECT_THAT(warnings(), HasSubstr("a first line"));
}

TEST_F(NvidiaProvider, HangingCliIsAnErrorThatNamesTheTime) {
  cli({FH_COMMAND_TIMED_OUT, 0, "/usr/bin/nvidia-smi\n", ""});
  const std::string said = failure();
  EXPECT_THAT(said, HasSubstr(kGpus));
  EXPECT_THAT(said, HasSubstr("It did not answer within 60 s"));
}

TEST_F(NvidiaProvider, KilledCliIsAnErrorThatNamesTheSignal) {
  cli({FH_COMMAND_SIGNALLED, 11, "", ""});
  EXPECT_THAT(failure(), HasSubstr("It was killed by signal 11"));
}

TEST_F(NvidiaProvider, CliThatPrintsWithoutEndIsAnError) {
  cli({FH_COMMAND_TOO_MUCH, 0, "y\n", ""});
  EXPECT_THAT(failure(), HasSubstr("It printed too much"));
}

TEST_F(NvidiaProvider, CliThatCannotBeStartedIsNotTakenForMissing) {
  rhel_host();
  cli({FH_COMMAND_NOT_FOUND, ENOEXEC, "", ""});
  const std::string said = failure();
  EXPECT_THAT(said, HasSubstr("It could not be started: Exec format error"));
  EXPECT_THAT(said, Not(HasSubstr(kNotFound)));
}

TEST_F(NvidiaProvider, CliThatPrintsNothingIsAnError) {
  rhel_host();
  cli_lists({});
  EXPECT_THAT(failure(), HasSubstr("It lists no library that is there"));
}

TEST_F(NvidiaProvider, RubbishFromTheCliIsWarnedOfAndAnError) {
  cli_lists({"Segmentation fault", "libcuda.so", "???", "and so on"});
  EXPECT_THAT(failure(), HasSubstr("It lists no library that is there"));
  EXPECT_THAT(warnings(), HasSubstr("printed something that is no path: Segmentation fault"));
  // Three are enough to see what it is.
  EXPECT_THAT(warnings(), Not(HasSubstr("and so on")));
}

TEST_F(NvidiaProvider, RubbishAmongGoodLinesIsWarnedOfAndTheRestGoesOn) {
  rhel_host();
  cli_lists({"warning: something", "/usr/lib64/libcuda.so.550.90.07\r"});
  EXPECT_THAT(libraries(items()), ElementsAre("/usr/lib64/libcuda.so.550.90.07"));
  EXPECT_THAT(warnings(), HasSubstr("warning: something"));
}

TEST_F(NvidiaProvider, ListedFileThatIsMissingIsWarnedOfAndTheRestGoesOn) {
  rhel_host();
  cli_lists(
      {"/usr/bin/nvidia-smi", "/usr/lib64/libcuda.so.550.90.07", "/usr/lib64/libnvidia-cfg.so.550.90.07"});
  EXPECT_THAT(libraries(items()), ElementsAre("/usr/lib64/libcuda.so.550.90.07"));
  EXPECT_THAT(warnings(),
              HasSubstr("lists /usr/lib64/libnvidia-cfg.so.550.90.07, which is not there: No such file"));
}

TEST_F(NvidiaProvider, ListedFileThatCannotBeSeenIsWarnedOfAndTheRestGoesOn) {
  rhel_host();
  host_.with_unreadable("/root/driver");
  cli_lists({"/root/driver/libnvidia-ml.so.550.90.07", "/usr/lib64/libcuda.so.550.90.07"});
  EXPECT_THAT(libraries(items()), ElementsAre("/usr/lib64/libcuda.so.550.90.07"));
  EXPECT_THAT(warnings(), HasSubstr("lists /root/driver/libnvidia-ml.so.550.90.07: Permission denied"));
}

TEST_F(NvidiaProvider, NothingLeftOfTheListIsAnError) {
  cli_lists({"/usr/lib64/libcuda.so.550.90.07"});
  EXPECT_THAT(failure(), HasSubstr(kGpus));
  EXPECT_THAT(warnings(), HasSubstr("/usr/lib64/libcuda.so.550.90.07"));
}

TEST_F(NvidiaProvider, SocketsInTheListAreNotInjected) {
  rhel_host();
  host_.with_special_file("/run/nvidia-persistenced/socket");
  cli_lists({"/usr/lib64/libcuda.so.550.90.07", "/run/nvidia-persistenced/socket"});
  const auto got = items();
  for (const Item& item : got) EXPECT_NE(item.source, "/run/nvidia-persistenced/socket");
  EXPECT_EQ(warnings(), "");
}

TEST_F(NvidiaProvider, ProgramsBeyondTheClisPathAreFound) {
  rhel_host();
  host_.with_program("/usr/sbin/nvidia-debugdump");
  host_.with_program("/opt/nvidia/bin/nvidia-cuda-mps-server")
      .with_environment("PATH", "bin:/opt/nvidia/bin:");
  cli_lists({"/usr/lib64/libcuda.so.550.90.07"});
  EXPECT_THAT(programs(items()), UnorderedElementsAre("/usr/bin/nvidia-smi", "/usr/sbin/nvidia-debugdump",
                                                      "/opt/nvidia/bin/nvidia-cuda-mps-server"));
}

// Refusals.

TEST_F(NvidiaProvider, KernelModuleAndLibrariesThatDifferAreRefusedByVersion) {
  rhel_host();
  kernel_module("535.54.03");
  cli_lists({"/usr/lib64/libcuda.so.550.90.07"});
  for (const char* how : {"cli", "native"}) {
    const std::string said = failure(how);
    EXPECT_THAT(said, HasSubstr("kernel module is 535.54.03, its libraries are 550.90.07")) << how;
    EXPECT_THAT(said, HasSubstr("reboot")) << how;
  }
}

TEST_F(NvidiaProvider, KernelVersionIsReadFromProcToo) {
  libraries("/usr/lib64", "535.54.03", {"libcuda"});
  for (const char* text :
       {"NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31 09:35:42 UTC 2024\nGCC "
        "version:  gcc version 12.2.0 (Debian 12.2.0-14)\n",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.90.07  Release Build\n"}) {
    host_.with_file("/proc/driver/nvidia/version", text);
    EXPECT_THAT(failure(), HasSubstr("kernel module is 550.90.07, its libraries are 535.54.03"));
  }
}

TEST_F(NvidiaProvider, EmptyLibraryIsRefusedByName) {
  rhel_host();
  host_.with_file("/usr/lib64/libnvidia-ml.so.550.90.07", "");
  cli_lists({"/usr/lib64/libnvidia-ml.so.550.90.07", "/usr/lib64/libcuda.so.550.90.07"});
  for (const char* how : {"cli", "native"})
    EXPECT_THAT(failure(how), HasSubstr("/usr/lib64/libnvidia-ml.so.550.90.07 is empty")) << how;
}

TEST_F(NvidiaProvider, EmptyLibcudaIsRefusedByNameAndNotTakenForNoDriver) {
  host_.with_file("/usr/lib64/libcuda.so.550.90.07", "");
  EXPECT_THAT(failure(), HasSubstr("/usr/lib64/libcuda.so.550.90.07 is empty"));
}

TEST_F(NvidiaProvider, LibraryThatIsNotElfIsLeftOutWithAWarning) {
  rhel_host();
  host_.with_file("/usr/lib64/libnvidia-ml.so.550.90.07", "INPUT(libfoo.so)\n");
  cli_lists({"/usr/lib64/libnvidia-ml.so.550.90.07", "/usr/lib64/libcuda.so.550.90.07",
             "/usr/lib64/libnvidia-ptxjitcompiler.so.550.90.07"});
  for (const char* how : {"cli", "native"}) {
    EXPECT_THAT(libraries(items(how)),
                UnorderedElementsAre("/usr/lib64/libcuda.so.550.90.07",
                                     "/usr/lib64/libnvidia-ptxjitcompiler.so.550.90.07"));
    EXPECT_THAT(warnings(), testing::ContainsRegex("libnvidia-ml.so.550.90.07.* is not an ELF file")) << how;
  }
}

TEST_F(NvidiaProvider, LibrariesOfAnotherMachineAloneAreAnError) {
  libraries("/usr/lib64", "550.90.07", {"libcuda"}, kAArch64);
  EXPECT_THAT(failure(), HasSubstr("/usr/lib64/libcuda.so.550.90.07 and the like are not for this machine"));
  cli_lists({"/usr/lib64/libcuda.so.550.90.07"});
  EXPECT_THAT(failure(), HasSubstr("It lists no library that is there"));
  EXPECT_THAT(warnings(), HasSubstr("/usr/lib64/libcuda.so.550.90.07, which is not for this machine"));
}

TEST_F(NvidiaProvider, DirectoriesInPathThatAreClosedToUsAreNoMatter) {
  rhel_host();
  host_.with_unreadable("/root").with_environment("PATH", "/root/bin:/usr/bin");
  EXPECT_THAT(programs(items()), ElementsAre("/usr/bin/nvidia-smi"));
}

// Versions.

TEST_F(NvidiaProvider, KernelModulePicksAmongSeveralDrivers) {
  libraries("/usr/lib64", "535.54.03", {"libcuda", "libnvidia-ml"});
  libraries("/usr/lib64", "550.90.07", {"libcuda", "libnvidia-ml"});
  kernel_module("535.54.03");
  EXPECT_THAT(libraries(items()), UnorderedElementsAre("/usr/lib64/libcuda.so.535.54.03",
                                                       "/usr/lib64/libnvidia-ml.so.535.54.03"));
  EXPECT_EQ(warnings(), "");
}

TEST_F(NvidiaProvider, NewestOfSeveralDriversIsTakenWhereNoModuleIsLoaded) {
  libraries("/usr/lib64", "550.90.07", {"libcuda"});
  libraries("/usr/lib64", "550.100", {"libcuda"});
  libraries("/usr/lib64", "99.9", {"libcuda"});
  EXPECT_THAT(libraries(items()), ElementsAre("/usr/lib64/libcuda.so.550.100"));
  EXPECT_THAT(warnings(), HasSubstr("several drivers are installed; 550.100 is injected"));
  EXPECT_THAT(talk(), HasSubstr("no NVIDIA kernel module is loaded here"));
}

TEST_F(NvidiaProvider, Leftover32BitDriverDoesNotDecideTheVersion) {
  libraries("/usr/lib64", "535.54.03", {"libcuda"});
  libraries("/usr/lib", "550.90.07", {"libcuda"}, kI386, 1);
  EXPECT_THAT(libraries(items()), ElementsAre("/usr/lib64/libcuda.so.535.54.03"));
}

TEST_F(NvidiaProvider, LinkThatDanglesIsNoLibrary) {
  rhel_host();
  host_.with_link("/usr/lib64/libnvidia-cfg.so.550.90.07", "gone");
  EXPECT_THAT(libraries(items()), Not(Contains("/usr/lib64/libnvidia-cfg.so.550.90.07")));
}

// Layouts.

TEST_F(NvidiaProvider, RhelLayoutPartsTheClassesByLib64AndLib) {
  rhel_host();
  libraries("/usr/lib", "550.90.07", {"libcuda"}, kI386, 1);
  host_.with_link("/lib64", "usr/lib64").with_link("/lib", "usr/lib");
  host_.with_image_library("libc.so.6", "/lib/i386-linux-gnu/libc.so.6", kI386, 1);
  EXPECT_THAT(libraries(items()),
              UnorderedElementsAre("/usr/lib64/libcuda.so.550.90.07", "/usr/lib64/libnvidia-ml.so.550.90.07",
                                   "/usr/lib64/libnvidia-ptxjitcompiler.so.550.90.07",
                                   "/usr/lib/libcuda.so.550.90.07"));
}

TEST_F(NvidiaProvider, DebianLayoutIsReadBelowNvidiaCurrent) {
  const std::string real = "/usr/lib/x86_64-linux-gnu/nvidia/current";
  libraries(real, "535.261.03", {"libcuda", "libnvidia-ml"});
  host_.with_link("/usr/lib/x86_64-linux-gnu/libcuda.so.1", "/etc/alternatives/libcuda.so.1")
      .with_link("/etc/alternatives/libcuda.so.1", real + "/libcuda.so.1")
      .with_cached("libcuda.so.1", "/usr/lib/x86_64-linux-gnu/libcuda.so.1")
      .with_program("/usr/lib/nvidia/current/nvidia-smi")
      .with_link("/usr/bin/nvidia-smi", "/usr/lib/nvidia/current/nvidia-smi");
  const auto got = items();
  EXPECT_THAT(libraries(got),
              UnorderedElementsAre(real + "/libcuda.so.535.261.03", real + "/libnvidia-ml.so.535.261.03"));
  EXPECT_THAT(programs(got), ElementsAre("/usr/bin/nvidia-smi"));
}

TEST_F(NvidiaProvider, DebianLayoutHasADirectoryForEachSeries) {
  const std::string below = "/usr/lib/x86_64-linux-gnu/nvidia/";
  libraries(below + "current", "535.261.03", {"libcuda"});
  libraries(below + "tesla-470", "470.256.02", {"libcuda"});
  kernel_module("470.256.02");
  EXPECT_THAT(libraries(items()), ElementsAre(below + "tesla-470/libcuda.so.470.256.02"));
}

TEST_F(NvidiaProvider, LoadersCacheLeadsToOtherDirectories) {
  libraries("/opt/nvidia/lib", "550.90.07", {"libcuda", "libnvidia-ml"});
  host_.with_cached("libcuda.so.1", "/opt/nvidia/lib/libcuda.so.1");
  EXPECT_THAT(libraries(items()), UnorderedElementsAre("/opt/nvidia/lib/libcuda.so.550.90.07",
                                                       "/opt/nvidia/lib/libnvidia-ml.so.550.90.07"));
}

TEST_F(NvidiaProvider, Arm64ServerIsServed) {
  host_.with_machine(kAArch64);
  const std::string directory = "/usr/lib/aarch64-linux-gnu";
  libraries(directory, "550.90.07", {"libcuda"}, kAArch64);
  libraries("/usr/lib/arm-linux-gnueabihf", "550.90.07", {"libcuda"}, kArm, 1);
  host_.with_file("/etc/vulkan/icd.d/nvidia_icd.aarch64.json", "{}");
  libraries(directory, "550.90.07", {"libGLX_nvidia"}, kAArch64);
  EXPECT_THAT(libraries(items()), UnorderedElementsAre(directory + "/libcuda.so.550.90.07",
                                                       directory + "/libGLX_nvidia.so.550.90.07"));
  host_.with_image_library("libc.so.6", "/lib/arm-linux-gnueabihf/libc.so.6", kArm, 1);
  const auto got = items();
  EXPECT_THAT(libraries(got), Contains("/usr/lib/arm-linux-gnueabihf/libcuda.so.550.90.07"));
  EXPECT_THAT(data(got), ElementsAre("/etc/vulkan/icd.d/nvidia_icd.aarch64.json"));
}

TEST_F(NvidiaProvider, DriverContainerIsReadBelowItsRoot) {
  // The core looks paths up below the root; its kernel module is known by the container's /proc.
  host_.with_root("/run/nvidia/driver");
  libraries("/usr/lib/x86_64-linux-gnu", "550.90.07", {"libcuda", "libnvidia-ml"});
  host_.with_file("/proc/driver/nvidia/version",
                  "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07\n");
  EXPECT_THAT(libraries(items()), Contains("/usr/lib/x86_64-linux-gnu/libcuda.so.550.90.07"));
  EXPECT_THAT(host_.ran()[0].argv, Contains("--root=/run/nvidia/driver"));
}

// 32-bit.

TEST_F(NvidiaProvider, Libraries32BitAreLeftOutWhereTheImageHasNo32BitLibc) {
  rhel_host();
  libraries("/usr/lib", "550.90.07", {"libcuda"}, kI386, 1);
  host_.with_image_library("libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6", kX86_64, 2);
  EXPECT_THAT(libraries(items()), Not(Contains("/usr/lib/libcuda.so.550.90.07")));
  EXPECT_THAT(talk(), HasSubstr("32-bit libraries are left out: the image has no 32-bit C library"));
}

TEST_F(NvidiaProvider, Libraries32BitGoBesideTheImages32BitLibc) {
  rhel_host();
  libraries("/usr/lib", "550.90.07", {"libcuda"}, kI386, 1);
  host_.with_image_library("libc.so.6", "/usr/lib/i386-linux-gnu/libc.so.6", kI386, 1);
  cli_lists({"/usr/lib64/libcuda.so.550.90.07", "/usr/lib/libcuda.so.550.90.07"});
  for (const char* how : {"native", "cli"}) {
    const auto got = items(how, "/opt/nvidia");
    const auto at = std::find_if(got.begin(), got.end(), [](const Item& item) {
      return item.source == "/usr/lib/libcuda.so.550.90.07";
    });
    ASSERT_NE(at, got.end()) << how;
    // --dest is for the 64-bit ones: these have the same names.
    EXPECT_EQ(at->destination, "/usr/lib/i386-linux-gnu") << how;
  }
  EXPECT_THAT(host_.ran()[0].argv, Contains("--compat32"));
}

// Links and data files.

TEST_F(NvidiaProvider, LinksThatLdconfigDoesNotMakeAreMade) {
  libraries("/usr/lib64", "550.90.07",
            {"libcuda", "libnvidia-opticalflow", "libGLX_nvidia", "libnvidia-vulkan-producer",
             "libnvidia-allocator"});
  EXPECT_THAT(links(items()),
              UnorderedElementsAre("libcuda.so -> libcuda.so.1",
                                   "libnvidia-opticalflow.so -> libnvidia-opticalflow.so.1",
                                   "libGLX_indirect.so.0 -> libGLX_nvidia.so.550.90.07",
                                   "libnvidia-vulkan-producer.so -> libnvidia-vulkan-producer.so.550.90.07",
                                   "gbm/nvidia-drm_gbm.so -> ../libnvidia-allocator.so.1"));
}

TEST_F(NvidiaProvider, LinksOfLibrariesThatAreNotThereAreNotMade) {
  libraries("/usr/lib64", "550.90.07", {"libcuda"});
  // The core makes the soname's.
  EXPECT_THAT(links(items()), ElementsAre("libcuda.so -> libcuda.so.1"));
}

TEST_F(NvidiaProvider, DevelopmentLinksOfTheHostComeToo) {
  rhel_host();
  host_.with_link("/usr/lib64/libnvidia-ml.so", "libnvidia-ml.so.1");
  EXPECT_THAT(links(items()), Contains("libnvidia-ml.so -> libnvidia-ml.so.1"));
}

TEST_F(NvidiaProvider, DataFilesComeWithTheirLibrariesAtTheirOwnPaths) {
  libraries("/usr/lib64", "550.90.07", {"libcuda", "libnvidia-opencl", "libEGL_nvidia", "libnvoptix"});
  host_.with_file("/etc/OpenCL/vendors/nvidia.icd", "libnvidia-opencl.so.1\n")
      .with_file("/usr/share/glvnd/egl_vendor.d/10_nvidia.json", "{}")
      .with_file("/usr/local/share/glvnd/egl_vendor.d/10_nvidia.json", "{}")
      .with_file("/usr/share/nvidia/nvoptix.bin", "x")
      .with_file("/usr/share/vulkan/icd.d/nvidia_icd.json", "{}");
  const auto got = items("", "/opt/nvidia");
  // The first of /etc, /usr/local/share, /usr/share; nothing for libGLX_nvidia, which is not there.
  EXPECT_THAT(data(got), UnorderedElementsAre("/etc/OpenCL/vendors/nvidia.icd",
                                              "/usr/local/share/glvnd/egl_vendor.d/10_nvidia.json",
                                              "/usr/share/nvidia/nvoptix.bin"));
  for (const Item& item : got)
    if (item.kind == FH_ITEM_DATA) {
      EXPECT_EQ(item.destination, item.source.substr(0, item.source.rfind('/')));
    }
}

TEST_F(NvidiaProvider, VendorNeutralLibrariesStayOutUnlessTheCliListsThem) {
  rhel_host();
  libraries("/usr/lib64", "550.90.07",
            {"libEGL", "libGL", "libGLX", "libOpenGL", "libGLdispatch", "libOpenCL"});
  libraries("/usr/lib64", "1.7.0", {"libEGL", "libGL", "libGLX"});
  for (const std::string& path : libraries(items("native")))
    EXPECT_THAT((std::vector<std::string>{"libcuda", "libnvidia-ml", "libnvidia-ptxjitcompiler"}),
                Contains(stem_of(path.substr(path.rfind('/') + 1))));
  cli_lists({"/usr/lib64/libcuda.so.550.90.07", "/usr/lib64/libGL.so.1.7.0"});
  EXPECT_THAT(libraries(items("cli")),
              UnorderedElementsAre("/usr/lib64/libcuda.so.550.90.07", "/usr/lib64/libGL.so.1.7.0"));
}

// Destinations.

TEST_F(NvidiaProvider, DestInForceCountsForProgramsLibrariesAndLinks) {
  rhel_host();
  const auto got = items("", "/opt/nvidia");
  EXPECT_THAT(links(got), ElementsAre("/opt/nvidia/libcuda.so -> libcuda.so.1"));
  for (const Item& item : got) {
    if (item.kind != FH_ITEM_LINK) {
      EXPECT_EQ(item.destination, "/opt/nvidia") << item;
    }
  }
}

TEST_F(NvidiaProvider, WithoutDestTheCoreDecides) {
  rhel_host();
  for (const Item& item : items()) {
    if (item.kind != FH_ITEM_LINK) {
      EXPECT_EQ(item.destination, std::nullopt) << item;
    }
  }
}

// A host that does not serve.

TEST_F(NvidiaProvider, HostWhoseEveryServiceFailsIsAnErrorWithItsWords) {
  host_.with_failing_services("Input/output error");
  EXPECT_THAT(failure(), HasSubstr("Input/output error"));
}

TEST_F(NvidiaProvider, HostThatIsTooOldIsNamed) {
  host_.without_extension(FH_LIBRARIES);
  EXPECT_THAT(failure(), HasSubstr(FH_LIBRARIES));
}

}  // namespace
