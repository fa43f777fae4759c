/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: collect() fails without fail(), after a service that failed. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  const fh_files* files = (const fh_files*)host->extension(host, FH_FILES, FH_FILES_REVISION);
  const char* data = 0;
  uint64_t bytes = 0;
  (void)self;
  (void)request;
  if (!files) return FH_NOT_HERE;
  return files->read(host, "/unreadable", 1000, &data, &bytes);
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
