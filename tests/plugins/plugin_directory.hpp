// SPDX-License-Identifier: Apache-2.0
// A private directory of plugins, as root would trust it.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "core/provider/plugin_catalog.hpp"

namespace fromhost::core {

/// One of tests/plugins/CMakeLists.txt.
inline std::string good_plugin(const std::string& name) {
  return std::string(FROMHOST_GOOD_PLUGINS) + "/" + name + ".so";
}

/// Removed with its owner. Plugins are copied in, since the build tree may belong to another user.
class PluginDirectory {
 public:
  PluginDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "plugin_test.XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory: " + name);
    path_ = name;
  }
  PluginDirectory(const PluginDirectory&) = delete;
  PluginDirectory& operator=(const PluginDirectory&) = delete;
  ~PluginDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path at(const std::string& name) const { return path_ / name; }
  PluginDirectory& with(const std::filesystem::path& plugin) {
    return with(plugin.filename().string(), bytes_of(plugin));
  }
  PluginDirectory& with(const std::string& name, const std::string& bytes) {
    std::ofstream(at(name), std::ios::binary) << bytes;
    ::chmod(at(name).c_str(), 0755);
    return *this;
  }
  PluginCatalog catalog(const PluginCallRules& rules = {}) const {
    return PluginCatalog::discover({{path_.string()}}, rules);
  }

  static std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("not built: " + file.string());
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

/// The record of a file in the catalog; throws where there is none.
inline const PluginRecord& record_of(const PluginCatalog& catalog, const std::string& name) {
  for (const PluginRecord& record : catalog.records())
    if (std::filesystem::path(record.file).filename() == name) return record;
  throw std::runtime_error("no record of " + name);
}

}  // namespace fromhost::core
