/* SPDX-License-Identifier: Apache-2.0 */
/* The right parts around the one that a bad plugin gets wrong. Plain C on purpose: nothing of
 * provider_plugin.hpp stands between its mistake and the core. A plugin names itself by BAD_ID; its switch is
 * --BAD_ID unless it says otherwise. */
#ifndef FROMHOST_REST_OF_PLUGIN_H
#define FROMHOST_REST_OF_PLUGIN_H

#include "fromhost/provider_abi.h"

#ifdef __cplusplus
#define MAYBE_UNUSED [[maybe_unused]]
#else
#define MAYBE_UNUSED __attribute__((unused))
#endif

MAYBE_UNUSED static void ignore_destroy(fh_provider* self) {
  (void)self;
}
MAYBE_UNUSED static fh_status contribute_nothing(fh_provider* self, const fh_host* host,
                                                 const fh_request* request) {
  (void)self;
  (void)host;
  (void)request;
  return FH_OK;
}
MAYBE_UNUSED static fh_status find_nothing(fh_provider* self, const fh_host* host,
                                           const fh_request* request) {
  (void)self;
  (void)request;
  host->fail(host, "there is none on this host");
  return FH_NOT_HERE;
}
MAYBE_UNUSED static fh_provider* make_idle(const fh_host* host) {
  static fh_provider idle = {sizeof(fh_provider), 0, 0, contribute_nothing, ignore_destroy};
  (void)host;
  return &idle;
}

MAYBE_UNUSED static fh_provider* make_idle_finder(const fh_host* host) {
  static fh_provider idle = {sizeof(fh_provider), 0, 0, find_nothing, ignore_destroy};
  (void)host;
  return &idle;
}

/* Defines make(): a provider with this collect(). */
#define MAKE_WITH_COLLECT(COLLECT)                                                      \
  static fh_provider* make(const fh_host* host) {                                       \
    static fh_provider provider = {sizeof(fh_provider), 0, 0, COLLECT, ignore_destroy}; \
    (void)host;                                                                         \
    return &provider;                                                                   \
  }

/* One option, named as the plugin. */
#ifdef __cplusplus
constexpr fh_option own_option() {
  fh_option option{};
  option.name = BAD_ID;
  option.help = "does something wrong";
  return option;
}
#define OWN_OPTION own_option()
#else
#define OWN_OPTION \
  { .name = BAD_ID, .help = "does something wrong" }
#endif

#define BAD_ENTRY FH_ENTRY_ATTRIBUTES const fh_entry fromhost_provider
/* The entry behind its sizes, with OPTIONS an array. */
#define REST_OF_ENTRY(OPTIONS, CREATE) \
  BAD_ID, "1.0", "wrong on purpose", OPTIONS, sizeof(OPTIONS) / sizeof((OPTIONS)[0]), 0, CREATE, 0
/* The same with declare(). */
#define REST_OF_DECLARING_ENTRY(OPTIONS, CREATE, DECLARE) \
  BAD_ID, "1.0", "wrong on purpose", OPTIONS, sizeof(OPTIONS) / sizeof((OPTIONS)[0]), 0, CREATE, DECLARE
#define RIGHT_HEAD FH_ABI_MAJOR, FH_ABI_MINOR, sizeof(fh_entry), sizeof(fh_option)

#endif
