/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of provider_abi.h, frozen: plugins that were built against it are out there. Included by a C11
 * and by a C++ file, which both have to agree. A line here changes never; a new field at a struct's end adds
 * one, and then only the struct's own size may grow. Every machine that the core knows has 64-bit pointers.
 */
#ifndef FROMHOST_ABI_LAYOUT_H
#define FROMHOST_ABI_LAYOUT_H

#include <assert.h>
#include <stddef.h>

#include "fromhost/provider_abi.h"

#define FROZEN_SIZE(STRUCT, BYTES) \
  static_assert(sizeof(STRUCT) == (BYTES), "the size of " #STRUCT " is frozen")
#define FROZEN_FIELD(STRUCT, FIELD, OFFSET, BYTES)                                                     \
  static_assert(offsetof(STRUCT, FIELD) == (OFFSET), "the place of " #STRUCT "." #FIELD " is frozen"); \
  static_assert(sizeof(((STRUCT*)0)->FIELD) == (BYTES), "the size of " #STRUCT "." #FIELD " is frozen")

/* clang-format off */
FROZEN_SIZE(fh_item, 32);
FROZEN_FIELD(fh_item, size, 0, 4);
FROZEN_FIELD(fh_item, kind, 4, 4);
FROZEN_FIELD(fh_item, source, 8, 8);
FROZEN_FIELD(fh_item, destination, 16, 8);
FROZEN_FIELD(fh_item, reason, 24, 8);

FROZEN_SIZE(fh_host, 64);
FROZEN_FIELD(fh_host, size, 0, 4);
FROZEN_FIELD(fh_host, abi_minor, 4, 4);
FROZEN_FIELD(fh_host, context, 8, 8);
FROZEN_FIELD(fh_host, contribute, 16, 8);
FROZEN_FIELD(fh_host, log, 24, 8);
FROZEN_FIELD(fh_host, fail, 32, 8);
FROZEN_FIELD(fh_host, last_error, 40, 8);
FROZEN_FIELD(fh_host, environment, 48, 8);
FROZEN_FIELD(fh_host, extension, 56, 8);

FROZEN_SIZE(fh_file_info, 24);
FROZEN_FIELD(fh_file_info, size, 0, 4);
FROZEN_FIELD(fh_file_info, kind, 4, 4);
FROZEN_FIELD(fh_file_info, bytes, 8, 8);
FROZEN_FIELD(fh_file_info, mode, 16, 4);
FROZEN_FIELD(fh_file_info, reserved, 20, 4);

FROZEN_SIZE(fh_files, 56);
FROZEN_FIELD(fh_files, size, 0, 4);
FROZEN_FIELD(fh_files, revision, 4, 4);
FROZEN_FIELD(fh_files, read, 8, 8);
FROZEN_FIELD(fh_files, read_standard_input, 16, 8);
FROZEN_FIELD(fh_files, inspect, 24, 8);
FROZEN_FIELD(fh_files, list, 32, 8);
FROZEN_FIELD(fh_files, root, 40, 8);
FROZEN_FIELD(fh_files, resolve, 48, 8);

FROZEN_SIZE(fh_command, 32);
FROZEN_FIELD(fh_command, size, 0, 4);
FROZEN_FIELD(fh_command, flags, 4, 4);
FROZEN_FIELD(fh_command, argv, 8, 8);
FROZEN_FIELD(fh_command, time_limit_ms, 16, 8);
FROZEN_FIELD(fh_command, output_limit, 24, 8);

FROZEN_SIZE(fh_command_result, 48);
FROZEN_FIELD(fh_command_result, size, 0, 4);
FROZEN_FIELD(fh_command_result, outcome, 4, 4);
FROZEN_FIELD(fh_command_result, code, 8, 4);
FROZEN_FIELD(fh_command_result, reserved, 12, 4);
FROZEN_FIELD(fh_command_result, output, 16, 8);
FROZEN_FIELD(fh_command_result, output_bytes, 24, 8);
FROZEN_FIELD(fh_command_result, errors, 32, 8);
FROZEN_FIELD(fh_command_result, errors_bytes, 40, 8);

FROZEN_SIZE(fh_commands, 16);
FROZEN_FIELD(fh_commands, size, 0, 4);
FROZEN_FIELD(fh_commands, revision, 4, 4);
FROZEN_FIELD(fh_commands, run, 8, 8);

FROZEN_SIZE(fh_elf, 24);
FROZEN_FIELD(fh_elf, size, 0, 4);
FROZEN_FIELD(fh_elf, machine, 4, 2);
FROZEN_FIELD(fh_elf, elf_class, 6, 1);
FROZEN_FIELD(fh_elf, reserved, 7, 1);
FROZEN_FIELD(fh_elf, soname, 8, 8);
FROZEN_FIELD(fh_elf, needed, 16, 8);

FROZEN_SIZE(fh_libraries, 48);
FROZEN_FIELD(fh_libraries, size, 0, 4);
FROZEN_FIELD(fh_libraries, revision, 4, 4);
FROZEN_FIELD(fh_libraries, machine, 8, 2);
FROZEN_FIELD(fh_libraries, reserved, 10, 6);
FROZEN_FIELD(fh_libraries, cached, 16, 8);
FROZEN_FIELD(fh_libraries, inspect, 24, 8);
FROZEN_FIELD(fh_libraries, find, 32, 8);
FROZEN_FIELD(fh_libraries, linked, 40, 8);

FROZEN_SIZE(fh_image, 32);
FROZEN_FIELD(fh_image, size, 0, 4);
FROZEN_FIELD(fh_image, revision, 4, 4);
FROZEN_FIELD(fh_image, inspect, 8, 8);
FROZEN_FIELD(fh_image, read, 16, 8);
FROZEN_FIELD(fh_image, find_library, 24, 8);

FROZEN_SIZE(fh_recipes, 24);
FROZEN_FIELD(fh_recipes, size, 0, 4);
FROZEN_FIELD(fh_recipes, revision, 4, 4);
FROZEN_FIELD(fh_recipes, list, 8, 8);
FROZEN_FIELD(fh_recipes, read, 16, 8);

FROZEN_SIZE(fh_requests, 16);
FROZEN_FIELD(fh_requests, size, 0, 4);
FROZEN_FIELD(fh_requests, revision, 4, 4);
FROZEN_FIELD(fh_requests, asked, 8, 8);

FROZEN_SIZE(fh_discovery, 16);
FROZEN_FIELD(fh_discovery, size, 0, 4);
FROZEN_FIELD(fh_discovery, revision, 4, 4);
FROZEN_FIELD(fh_discovery, declare_option, 8, 8);

FROZEN_SIZE(fh_request, 32);
FROZEN_FIELD(fh_request, size, 0, 4);
FROZEN_FIELD(fh_request, reserved, 4, 4);
FROZEN_FIELD(fh_request, option, 8, 8);
FROZEN_FIELD(fh_request, value, 16, 8);
FROZEN_FIELD(fh_request, destination, 24, 8);

FROZEN_SIZE(fh_provider, 32);
FROZEN_FIELD(fh_provider, size, 0, 4);
FROZEN_FIELD(fh_provider, reserved, 4, 4);
FROZEN_FIELD(fh_provider, claims, 8, 8);
FROZEN_FIELD(fh_provider, collect, 16, 8);
FROZEN_FIELD(fh_provider, destroy, 24, 8);

FROZEN_SIZE(fh_option, 32);
FROZEN_FIELD(fh_option, name, 0, 8);
FROZEN_FIELD(fh_option, argument, 8, 8);
FROZEN_FIELD(fh_option, help, 16, 8);
FROZEN_FIELD(fh_option, letter, 24, 1);
FROZEN_FIELD(fh_option, flags, 25, 1);
FROZEN_FIELD(fh_option, reserved, 26, 6);

FROZEN_SIZE(fh_entry, 80);
FROZEN_FIELD(fh_entry, abi_major, 0, 4);
FROZEN_FIELD(fh_entry, abi_minor, 4, 4);
FROZEN_FIELD(fh_entry, size, 8, 4);
FROZEN_FIELD(fh_entry, option_size, 12, 4);
FROZEN_FIELD(fh_entry, id, 16, 8);
FROZEN_FIELD(fh_entry, version, 24, 8);
FROZEN_FIELD(fh_entry, summary, 32, 8);
FROZEN_FIELD(fh_entry, options, 40, 8);
FROZEN_FIELD(fh_entry, option_count, 48, 8);
FROZEN_FIELD(fh_entry, claim_patterns, 56, 8);
FROZEN_FIELD(fh_entry, create, 64, 8);
FROZEN_FIELD(fh_entry, declare, 72, 8);

/* The numbers that cross. */
static_assert(FH_ABI_MAJOR == 1, "FH_ABI_MAJOR is frozen");
static_assert(FH_OK == 0, "FH_OK is frozen");
static_assert(FH_NOT_HERE == 1, "FH_NOT_HERE is frozen");
static_assert(FH_FAILED == 2, "FH_FAILED is frozen");
static_assert(FH_ITEM_FILE == 1, "FH_ITEM_FILE is frozen");
static_assert(FH_ITEM_PROGRAM == 2, "FH_ITEM_PROGRAM is frozen");
static_assert(FH_ITEM_LIBRARY == 3, "FH_ITEM_LIBRARY is frozen");
static_assert(FH_ITEM_DATA == 4, "FH_ITEM_DATA is frozen");
static_assert(FH_ITEM_LIBFABRIC_PROVIDER == 5, "FH_ITEM_LIBFABRIC_PROVIDER is frozen");
static_assert(FH_ITEM_LIBFABRIC == 6, "FH_ITEM_LIBFABRIC is frozen");
static_assert(FH_ITEM_DIRECTORY == 7, "FH_ITEM_DIRECTORY is frozen");
static_assert(FH_ITEM_LD_SO_CONF == 8, "FH_ITEM_LD_SO_CONF is frozen");
static_assert(FH_ITEM_LINK == 9, "FH_ITEM_LINK is frozen");
static_assert(FH_LOG_DEBUG == 1, "FH_LOG_DEBUG is frozen");
static_assert(FH_LOG_INFO == 2, "FH_LOG_INFO is frozen");
static_assert(FH_LOG_WARNING == 3, "FH_LOG_WARNING is frozen");
static_assert(FH_FILE_REGULAR == 1, "FH_FILE_REGULAR is frozen");
static_assert(FH_FILE_DIRECTORY == 2, "FH_FILE_DIRECTORY is frozen");
static_assert(FH_FILE_OTHER == 3, "FH_FILE_OTHER is frozen");
static_assert(FH_COMMAND_STDIN == 1, "FH_COMMAND_STDIN is frozen");
static_assert(FH_COMMAND_HERE == 2, "FH_COMMAND_HERE is frozen");
static_assert(FH_COMMAND_EXITED == 1, "FH_COMMAND_EXITED is frozen");
static_assert(FH_COMMAND_SIGNALLED == 2, "FH_COMMAND_SIGNALLED is frozen");
static_assert(FH_COMMAND_TIMED_OUT == 3, "FH_COMMAND_TIMED_OUT is frozen");
static_assert(FH_COMMAND_TOO_MUCH == 4, "FH_COMMAND_TOO_MUCH is frozen");
static_assert(FH_COMMAND_NOT_FOUND == 5, "FH_COMMAND_NOT_FOUND is frozen");
FROZEN_SIZE(fh_status, 4);
FROZEN_SIZE(fh_item_kind, 4);
FROZEN_SIZE(fh_log_level, 4);
FROZEN_SIZE(fh_file_kind, 4);
FROZEN_SIZE(fh_command_outcome, 4);
/* clang-format on */

#endif
