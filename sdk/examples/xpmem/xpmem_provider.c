/* SPDX-License-Identifier: Apache-2.0 */
/* xpmem: memory shared between the processes of a node. A provider in C11, from provider_abi.h alone: for
 * sites that have no C++ compiler to spare, and to see what provider_plugin.hpp does for the others. */
#include <stddef.h>

#include "fromhost/provider_abi.h"

static const char kDevice[] = "/dev/xpmem";
static const char kLibrary[] = "libxpmem.so.0";
enum { k64Bit = 2 };

static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  (void)self;
  /* Tables of services are asked for by name: an older host may lack one. */
  const fh_files* files = host->extension(host, FH_FILES, FH_FILES_REVISION);
  const fh_libraries* libraries = host->extension(host, FH_LIBRARIES, FH_LIBRARIES_REVISION);
  if (!files || !libraries) {
    host->fail(host, "this ch-fromhost is too old for the plugin: it cannot look for files or libraries");
    return FH_FAILED;
  }

  /* The kernel's side first: without it, the library is of no use. */
  fh_file_info device = {.size = sizeof device};
  fh_status status = files->inspect(host, kDevice, &device);
  if (status == FH_NOT_HERE) host->fail(host, "no /dev/xpmem: the kernel module is not loaded");
  if (status == FH_FAILED) host->fail(host, host->last_error(host));
  if (status != FH_OK) return status;

  const char* path = NULL; /* the host's, and good until we return */
  status = libraries->find(host, kLibrary, libraries->machine, k64Bit, &path);
  if (status != FH_OK) {
    /* A node with the module and without the library is a mistake of its administrator, not of the person. */
    host->fail(host, "there is /dev/xpmem, but no libxpmem.so.0: install XPMEM's user space on this host");
    return FH_FAILED;
  }
  const fh_item item = {.size = sizeof item,
                        .kind = FH_ITEM_LIBRARY,
                        .source = path,
                        .destination = request->destination,
                        .reason = "found by its soname, libxpmem.so.0"};
  return host->contribute(host, &item);
}

static void destroy(fh_provider* self) {
  (void)self; /* it is static, below */
}

static fh_provider* create(const fh_host* host) {
  /* Nothing to remember between two calls, so that one object serves everybody. A provider with a state
   * allocates a struct whose first member is an fh_provider, and frees it in destroy(). */
  static fh_provider provider = {
      .size = sizeof provider, .claims = NULL, .collect = collect, .destroy = destroy};
  (void)host;
  return &provider;
}

static const fh_option kOptions[] = {
    {.name = "xpmem", .help = "inject the library of XPMEM, if this host has its kernel module"}};

FH_ENTRY_ATTRIBUTES const fh_entry fromhost_provider = {
    .abi_major = FH_ABI_MAJOR,
    .abi_minor = FH_ABI_MINOR,
    .size = sizeof(fh_entry),
    .option_size = sizeof(fh_option),
    .id = "xpmem",
    .version = "1.0",
    .summary = "XPMEM, memory shared between processes",
    .options = kOptions,
    .option_count = sizeof kOptions / sizeof kOptions[0],
    .claim_patterns = NULL,
    .create = create,
};
