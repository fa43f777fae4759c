# SPDX-License-Identifier: Apache-2.0
# find_package(fromhost-sdk 1): what a provider plugin is built with. The number is that of the plugin interface.
#   fromhost::sdk                   the headers; C11 or C++17, and no library
#   fromhost_add_provider()         the plugin itself; see fromhost_add_provider.cmake
#   FROMHOST_SDK_PREFIX             the prefix of this ch-fromhost
#   FROMHOST_VALIDATE               its fromhost-validate, for tests
# Everything is found relative to this file, so that the installed tree can be moved.
get_filename_component(FROMHOST_SDK_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(FROMHOST_SDK_VERSION_SCRIPT "${FROMHOST_SDK_PREFIX}/share/fromhost-sdk/provider.map")
set(FROMHOST_VALIDATE "${FROMHOST_SDK_PREFIX}/bin/fromhost-validate")

if(NOT TARGET fromhost::sdk)
  add_library(fromhost::sdk INTERFACE IMPORTED)
  set_target_properties(fromhost::sdk PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${FROMHOST_SDK_PREFIX}/include")
endif()
include("${CMAKE_CURRENT_LIST_DIR}/fromhost_add_provider.cmake")

# A project that was given no prefix installs beside ch-fromhost, where its plugins are found without being told.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
  set(CMAKE_INSTALL_PREFIX "${FROMHOST_SDK_PREFIX}" CACHE PATH "Where ch-fromhost is" FORCE)
  set(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT OFF)
endif()
