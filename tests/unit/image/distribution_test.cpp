// SPDX-License-Identifier: Apache-2.0
// An image's name, as it says itself.
#include "core/image/distribution.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_image.hpp"

namespace fromhost::core {
namespace {

TEST(Distribution, IsThePrettyNameOrNameAndVersion) {
  struct Row {
    const char* name;
    std::string os_release;
    std::string distribution;
  };
  const Row rows[] = {
      {"pretty", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
       "Debian GNU/Linux 12 (bookworm)"},
      {"name and version", "NAME='Alpine Linux'\nID=alpine\nVERSION_ID=3.19\n", "Alpine Linux 3.19"},
      {"name alone", "NAME=Arch", "Arch"},
      {"version alone", "VERSION_ID=7", "7"},
      {"empty pretty name", "PRETTY_NAME=\"\"\nNAME=y\n", "y"},
      {"nonsense", "no equals sign\n=\n\n\"", ""},
      {"endless", "NAME=" + std::string(5000, 'x'), std::string(80, 'x')},
      {"too large a file", "NAME=z\n" + std::string(100'000, '#'), ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const test::TempImage image = test::TempImage{}.with_file("/etc/os-release", row.os_release);
    EXPECT_EQ(distribution(image.open()), row.distribution);
  }
  EXPECT_EQ(distribution(test::TempImage{}.with_file("/usr/lib/os-release", "NAME=there\n").open()), "there");
  EXPECT_EQ(distribution(test::TempImage{}.open()), "");
}

}  // namespace
}  // namespace fromhost::core
