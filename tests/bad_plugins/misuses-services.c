/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it calls every service with nothing in its hands. Each must say no; the first that does not is
 * named. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};

static const char* first_wrong(const fh_host* host) {
  const fh_files* files = (const fh_files*)host->extension(host, FH_FILES, FH_FILES_REVISION);
  const fh_commands* commands = (const fh_commands*)host->extension(host, FH_COMMANDS, FH_COMMANDS_REVISION);
  const fh_libraries* libraries =
      (const fh_libraries*)host->extension(host, FH_LIBRARIES, FH_LIBRARIES_REVISION);
  const fh_image* image = (const fh_image*)host->extension(host, FH_IMAGE, FH_IMAGE_REVISION);
  const char* data = 0;
  const char* const* names = 0;
  const char* no_words[] = {0};
  uint64_t bytes = 0;
  fh_file_info small_info = {sizeof small_info - 1, 0, 0, 0, 0};
  fh_file_info info = {sizeof info, 0, 0, 0, 0};
  fh_elf small_elf = {sizeof small_elf - 1, 0, 0, 0, 0, 0};
  fh_command command = {sizeof command, 0, 0, 0, 0};
  fh_command_result result = {sizeof result, 0, 0, 0, 0, 0, 0, 0};
  fh_command_result small_result = {sizeof result - 1, 0, 0, 0, 0, 0, 0, 0};

  if (!files || !commands || !libraries || !image) return "extension()";
  if (host->extension(host, 0, 1)) return "extension(NULL)";
  if (host->extension(host, "fromhost.nothing", 1)) return "an unknown extension";
  if (host->extension(host, FH_FILES, FH_FILES_REVISION + 1)) return "a later revision";
  if (host->extension(0, FH_FILES, FH_FILES_REVISION + 1)) return "extension() without host";
  if (host->environment(host, 0)) return "environment(NULL)";
  if (host->environment(0, "HOME")) return "environment() without host";
  if (!host->last_error(host) || !host->last_error(0)) return "last_error()";
  host->log(host, FH_LOG_WARNING, 0);
  host->log(host, 4711, "level 4711 %s %n {} {0}");
  host->log(0, FH_LOG_WARNING, "without host");
  host->fail(0, "without host");
  host->fail(host, 0);
  if (files->read(host, 0, 10, &data, &bytes) != FH_FAILED) return "read() without path";
  if (files->read(host, "/list", 10, 0, &bytes) != FH_FAILED) return "read() without data";
  if (files->read(host, "/list", 10, &data, 0) != FH_FAILED) return "read() without bytes";
  if (files->read(0, "/list", 10, &data, &bytes) != FH_FAILED) return "read() without host";
  if (files->read_standard_input(host, 10, 0, &bytes) != FH_FAILED)
    return "read_standard_input() without data";
  if (files->read_standard_input(host, 10, &data, 0) != FH_FAILED)
    return "read_standard_input() without bytes";
  if (files->inspect(host, 0, &small_info) != FH_FAILED) return "inspect() without path";
  if (files->inspect(host, "/list", 0) != FH_FAILED) return "inspect() without info";
  if (files->inspect(host, "/list", &small_info) != FH_FAILED) return "inspect() with a small info";
  if (files->list(host, 0, &names, &bytes) != FH_FAILED) return "list() without path";
  if (files->list(host, "/", 0, &bytes) != FH_FAILED) return "list() without names";
  if (files->list(host, "/", &names, 0) != FH_FAILED) return "list() without count";
  if (!files->root(0)) return "root() without host";
  if (files->resolve(host, 0, &data) != FH_FAILED) return "resolve() without path";
  if (files->resolve(host, "/list", 0) != FH_FAILED) return "resolve() without result";
  if (libraries->linked(host, 0, &names, &names, &bytes) != FH_FAILED) return "linked() without path";
  if (libraries->linked(host, "/list", 0, &names, &bytes) != FH_FAILED) return "linked() without sonames";
  if (libraries->linked(host, "/list", &names, 0, &bytes) != FH_FAILED) return "linked() without paths";
  if (libraries->linked(host, "/list", &names, &names, 0) != FH_FAILED) return "linked() without count";
  if (libraries->linked(host, "/list", &names, &names, &bytes) != FH_NOT_HERE) return "linked() of a text";
  if (libraries->cached(host, 0, &names, &names, &bytes) != FH_FAILED) return "cached() without pattern";
  if (libraries->cached(host, "*", 0, &names, &bytes) != FH_FAILED) return "cached() without sonames";
  if (libraries->cached(host, "*", &names, 0, &bytes) != FH_FAILED) return "cached() without paths";
  if (libraries->cached(host, "*", &names, &names, 0) != FH_FAILED) return "cached() without count";
  if (libraries->inspect(host, 0, &small_elf) != FH_FAILED) return "inspect() of an ELF file without path";
  if (libraries->inspect(host, "/list", 0) != FH_FAILED) return "inspect() of an ELF file without result";
  if (libraries->inspect(host, "/list", &small_elf) != FH_FAILED) return "inspect() with a small fh_elf";
  if (libraries->find(host, 0, libraries->machine, 2, &data) != FH_FAILED) return "find() without soname";
  if (libraries->find(host, "libc.so.6", libraries->machine, 2, 0) != FH_FAILED) return "find() without path";
  if (libraries->find(host, "libc.so.6", 4711, 99, &data) == FH_OK) return "find() for an unknown machine";
  if (image->inspect(host, 0, &info) != FH_FAILED) return "inspect() in the image without path";
  if (image->inspect(host, "/list", 0) != FH_FAILED) return "inspect() in the image without info";
  if (image->inspect(host, "/list", &small_info) != FH_FAILED) return "inspect() in the image, small info";
  if (image->inspect(host, "/list", &info) != FH_NOT_HERE) return "inspect() without image";
  if (image->read(host, 0, 10, &data, &bytes) != FH_FAILED) return "read() in the image without path";
  if (image->read(host, "/list", 10, 0, &bytes) != FH_FAILED) return "read() in the image without data";
  if (image->read(host, "/list", 10, &data, 0) != FH_FAILED) return "read() in the image without bytes";
  if (image->read(host, "/list", 10, &data, &bytes) != FH_NOT_HERE) return "read() without image";
  if (image->find_library(host, 0, 62, 2, &data) != FH_FAILED) return "find_library() without soname";
  if (image->find_library(host, "libc.so.6", 62, 2, 0) != FH_FAILED) return "find_library() without path";
  if (image->find_library(host, "libc.so.6", 62, 2, &data) != FH_NOT_HERE)
    return "find_library() without image";
  if (commands->run(host, 0, &result) != FH_FAILED) return "run() without command";
  if (commands->run(host, &command, &result) != FH_FAILED) return "run() without argv";
  command.argv = no_words;
  if (commands->run(host, &command, &result) != FH_FAILED) return "run() with an empty argv";
  command.argv = (const char* const[]){"true", 0};
  if (commands->run(host, &command, 0) != FH_FAILED) return "run() without result";
  if (commands->run(host, &command, &small_result) != FH_FAILED) return "run() with a small result";
  command.size = 8;
  if (commands->run(host, &command, &result) != FH_FAILED) return "run() with a small command";
  command.size = sizeof command;
  command.time_limit_ms = INT64_MAX;
  command.output_limit = UINT64_MAX;
  if (commands->run(host, &command, &result) != FH_OK) return "run() with endless limits";
  return 0;
}

static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  const char* wrong = first_wrong(host);
  (void)self;
  (void)request;
  if (!wrong) return FH_OK;
  host->fail(host, wrong);
  return FH_FAILED;
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
