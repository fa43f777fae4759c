# SPDX-License-Identifier: Apache-2.0
# fromhost_add_provider(NAME SOURCES FILE... [TARGET TARGET] [DESTINATION DIR] [ALLOW_UNDEFINED])
# A provider plugin: module target NAME, file NAME.so, which exports the plugin's entry and nothing else.
#   TARGET           the target's name where it is not NAME
#   DESTINATION      where it is installed, below the prefix; lib/ch-fromhost/plugins unless said, where ch-fromhost looks.
#   ALLOW_UNDEFINED  for sanitizers, whose run time belongs to the program; otherwise a missing symbol is an error of the
#                    linker here, not of the loader on a cluster.
# What it is linked with is the caller's: target_link_libraries(NAME PRIVATE ...). Every library there has to be on the
# machine where ch-fromhost runs; the SDK itself needs none.
set(FROMHOST_SDK_VERSION_SCRIPT_BESIDE "${CMAKE_CURRENT_LIST_DIR}/provider.map")

function(fromhost_add_provider name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALLOW_UNDEFINED" "TARGET;DESTINATION" "SOURCES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "fromhost_add_provider(${name}): wanted: NAME SOURCES FILE... [DESTINATION DIR]")
  endif()
  if(NOT name MATCHES "^[a-z0-9][a-z0-9-]*$")
    message(FATAL_ERROR "fromhost_add_provider(${name}): a name has lower case letters, digits and dashes, as the "
      "plugin's id")
  endif()
  if(NOT arg_TARGET)
    set(arg_TARGET ${name})
  endif()
  if(NOT arg_DESTINATION)
    set(arg_DESTINATION lib/ch-fromhost/plugins)
  endif()
  if(NOT FROMHOST_SDK_VERSION_SCRIPT)
    set(FROMHOST_SDK_VERSION_SCRIPT "${FROMHOST_SDK_VERSION_SCRIPT_BESIDE}")
  endif()

  add_library(${arg_TARGET} MODULE ${arg_SOURCES})
  target_link_libraries(${arg_TARGET} PRIVATE fromhost::sdk)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(CXX IN_LIST languages)
    target_compile_features(${arg_TARGET} PRIVATE cxx_std_17)  # at least; a site may ask for more
  endif()
  set_target_properties(${arg_TARGET} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX .so
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_options(${arg_TARGET} PRIVATE "LINKER:--version-script=${FROMHOST_SDK_VERSION_SCRIPT}")
  set_property(TARGET ${arg_TARGET} APPEND PROPERTY LINK_DEPENDS "${FROMHOST_SDK_VERSION_SCRIPT}")
  if(NOT arg_ALLOW_UNDEFINED)
    target_link_options(${arg_TARGET} PRIVATE LINKER:-z,defs)
  endif()
  install(TARGETS ${arg_TARGET} LIBRARY DESTINATION ${arg_DESTINATION})
endfunction()
