/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it uses the answer of a service that failed. */
#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  (void)self;
  (void)request;
  const fh_files* files = (const fh_files*)host->extension(host, FH_FILES, FH_FILES_REVISION);
  const char* data = 0;
  uint64_t bytes = 0;
  if (files && files->read(host, "/etc/bad-plugin.conf", 100, &data, &bytes) != FH_NOT_HERE && *data)
    return FH_OK;
  host->fail(host, "there is none on this host");
  return FH_NOT_HERE;
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
