/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong: it calls the host from a thread of its own. */
#include <pthread.h>

#include "rest_of_plugin.h"

static const fh_option kOptions[] = {OWN_OPTION};
static void* look(void* host) {
  const fh_host* lent = host;
  lent->environment(lent, "HOME");
  return 0;
}
static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  (void)self;
  (void)request;
  pthread_t thread;
  if (pthread_create(&thread, 0, look, (void*)host) == 0) pthread_join(thread, 0);
  host->fail(host, "there is none on this host");
  return FH_NOT_HERE;
}
MAKE_WITH_COLLECT(collect)
BAD_ENTRY = {RIGHT_HEAD, REST_OF_ENTRY(kOptions, make)};
