// SPDX-License-Identifier: Apache-2.0
// First lines of scripts, as the kernel reads them. (tests/preflight asks the kernel itself.)
#include "core/preflight/interpreter.hpp"

#include <gtest/gtest.h>

#include "core/plan/plan.hpp"
#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

using test::TempImage;

TEST(Interpreter, TheFirstLineIsReadByTheKernelsRules) {
  const std::string long_name = "/" + std::string(300, 'x');
  struct Row {
    const char* name;
    std::string text;
    const char* interpreter;  // nullptr: no script for the kernel
    const char* argument;
  };
  const Row rows[] = {
      {"plain", "#!/bin/sh\nx\n", "/bin/sh", ""},
      {"one argument with blanks", "#!/usr/bin/env  a b \n", "/usr/bin/env", "a b"},
      {"blanks everywhere", "#! \t/bin/sh \t-e\t \n", "/bin/sh", "-e"},
      {"no end of the line", "#!/bin/sh", "/bin/sh", ""},
      {"carriage return", "#!/bin/sh\r\n", "/bin/sh\r", ""},
      {"zero byte", std::string("#!/bin/sh\0x y\n", 14), "/bin/sh", ""},
      {"nothing named", "#!\n/bin/sh\n", nullptr, ""},
      {"blanks alone", "#!  \t\n", nullptr, ""},
      {"no script", "# /bin/sh\n", nullptr, ""},
      {"empty", "", nullptr, ""},
      {"name longer than what is read", "#!" + long_name + "\n", nullptr, ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto found = read_shebang(row.text);
    ASSERT_EQ(found.has_value(), row.interpreter != nullptr);
    if (!found) continue;
    EXPECT_EQ(found->interpreter, row.interpreter);
    EXPECT_EQ(found->argument, row.argument);
  }
  const auto cut = read_shebang("#!/bin/sh " + long_name);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->interpreter, "/bin/sh");
  EXPECT_EQ(cut->argument.size(), 246u);
}

TEST(Interpreter, WhatTheImageLacksIsNamed) {
  const TempImage image = TempImage{}
                              .with_file("/usr/bin/sh", "", 0755)
                              .with_file("/usr/bin/env", "", 0755)
                              .with_file("/opt/py/bin/python", "", 0755)
                              .with_file("/usr/bin/text", "", 0644)
                              .with_link("/bin", "usr/bin")
                              .with_file("/ch/environment", "A=b\nPATH=/opt/py/bin\n");
  struct Row {
    const char* line;
    const char* missing;  // nullptr: nothing, or nobody can tell
  };
  const Row rows[] = {
      {"#!/bin/sh", nullptr},
      {"#!/bin/bash", "/bin/bash"},
      {"#!bash", nullptr},
      {"#!/bin/sh\r", "/bin/sh\\r"},
      {"#!/usr/bin/text", "/usr/bin/text"},
      {"#!/usr/bin", "/usr/bin"},
      {"#!/usr/bin/env sh", nullptr},
      {"#!/usr/bin/env", nullptr},
      {"#!/usr/bin/env python", nullptr},
      {"#!/usr/bin/env python3", "python3"},
      {"#!/usr/bin/env text", "text"},
      {"#!/usr/bin/env sh -e", "sh -e"},
      {"#!/usr/bin/env -S sh -e", nullptr},
      {"#!/usr/bin/env -S A=b python3 -u", "python3"},
      {"#!/usr/bin/env -S -i python3", nullptr},
      {"#!/usr/bin/env -i", nullptr},
      {"#!/usr/bin/env A=b", nullptr},
      {"#!/usr/bin/env /opt/none", "/opt/none"},
      {"#!/usr/local/bin/env sh", "/usr/local/bin/env"},
  };
  const ImageRoot root = image.open();
  const Plan plan;
  const std::vector<ImagePath> directories;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.line);
    Preflight preflight;
    FutureLibraries files(plan, preflight, root, directories);
    const auto missing = missing_interpreter(std::string(row.line) + "\n", files, root);
    ASSERT_EQ(missing.has_value(), row.missing != nullptr) << (missing ? missing->name : "");
    if (missing) {
      EXPECT_EQ(missing->name, row.missing);
      EXPECT_FALSE(missing->way_out.empty());
    }
  }
}

TEST(Interpreter, WhereTheBudgetIsUsedUpNothingIsFound) {
  const TempImage image = TempImage{}.with_file("/bin/sh", "", 0755);
  const ImageRoot root = image.open();
  const Plan plan;
  const std::vector<ImagePath> directories;
  Preflight preflight;
  FutureLibraries files(plan, preflight, root, directories);
  EXPECT_TRUE(files.file_at(ImagePath("/bin/sh")));
  EXPECT_FALSE(preflight.budget.used_up());
  preflight.budget.spend(std::uint64_t{1} << 60);
  EXPECT_TRUE(preflight.budget.used_up());
  EXPECT_FALSE(files.file_at(ImagePath("/bin/sh")));
}

}  // namespace
}  // namespace fromhost::core
