# SPDX-License-Identifier: Apache-2.0
# What the folders of tests share.
set(FROMHOST_TEST_SUPPORT ${CMAKE_CURRENT_LIST_DIR})

# compile_by_folder(TARGET): a folder at a time. Each file alone would read the same headers, and instantiate the same of the
# standard library and of GoogleTest, once more. So names in the anonymous namespaces of a folder differ.
function(compile_by_folder target)
  get_target_property(sources ${target} SOURCES)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  foreach(source ${sources})
    cmake_path(ABSOLUTE_PATH source)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    string(REPLACE / - folder ${folder})
    set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${folder})
  endforeach()
endfunction()

# own_fixture(NAME [IMAGES]): a build directory for run-e2e that differs from ours in its fixture alone, or in its images, too.
# Sets `here`, where there is room beside it, `build` and `fixture`.
function(own_fixture name)
  set(here ${CMAKE_BINARY_DIR}/${name})
  set(shared bin lib images)
  if("IMAGES" IN_LIST ARGN)
    list(REMOVE_ITEM shared images)
  endif()
  file(MAKE_DIRECTORY ${here}/build/tests/fixture)
  foreach(one ${shared})
    file(CREATE_LINK ../../${one} ${here}/build/${one} SYMBOLIC)
  endforeach()
  set(here ${here} PARENT_SCOPE)
  set(build ${here}/build PARENT_SCOPE)
  set(fixture ${here}/build/tests/fixture PARENT_SCOPE)
endfunction()

# end_to_end_test(NAME BUILD IMAGE USER TEST "FIXTURE;…" [PROPERTY VALUE]…): one run of a *.test by run-e2e.
function(end_to_end_test name build image user test fixtures)
  string(REGEX MATCH "^[^.]*" label ${name})
  add_test(NAME ${name} COMMAND ${FROMHOST_TEST_SUPPORT}/run-e2e ${build} ${image} ${user} ${test})
  set_tests_properties(${name} PROPERTIES LABELS ${label}
    FIXTURES_REQUIRED "${fixtures}" SKIP_RETURN_CODE 77 TIMEOUT 300 ${ARGN})
endfunction()

# end_to_end_tests(NAME BUILD "IMAGE;…" "FIXTURE;…"): each *.test of this folder, one behaviour, on copies of these images, by
# root and by an ordinary user. Lines at its top narrow that: "# images: minimal" and "# users: root". They are named
# NAME.TEST.IMAGE.USER, so that ctest -R picks any set. Sets `tests`, and images_TEST and users_TEST of each.
function(end_to_end_tests name build default_images fixtures)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.test)
  set(tests)
  foreach(file ${files})
    get_filename_component(test ${file} NAME_WE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    foreach(kind images users)
      file(STRINGS ${file} line REGEX "^# ${kind}: ")
      string(REGEX REPLACE "^# ${kind}: " "" ${kind} "${line}")
      separate_arguments(${kind})
    endforeach()
    if(NOT images)
      set(images ${default_images})
    endif()
    if(NOT users)
      set(users root user)
    endif()
    if(FROMHOST_SANITIZE AND test MATCHES "-completes-")
      continue()  # it is a shell's work
    endif()
    if(FROMHOST_SANITIZE)
      # The sanitizers look at the tool, not at the image: the quick one will do, and one user.
      list(REMOVE_ITEM images debian)
      if(user IN_LIST users)
        set(users user)
      endif()
    endif()
    foreach(image ${images})
      foreach(user ${users})
        set(required image.${image} ${fixtures})
        end_to_end_test(${name}.${test}.${image}.${user} ${build} ${image} ${user} ${file} "${required}")
      endforeach()
    endforeach()
    list(APPEND tests ${test})
    set(images_${test} ${images} PARENT_SCOPE)
    set(users_${test} ${users} PARENT_SCOPE)
  endforeach()
  set(tests ${tests} PARENT_SCOPE)
endfunction()
