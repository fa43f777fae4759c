/* SPDX-License-Identifier: Apache-2.0 */
/* A provider in plain C11 that uses every function of fh_host, and contributes each kind of item. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fromhost/provider_abi.h"

/* What the provider keeps from create() to destroy(). */
struct card {
  fh_provider provider; /* first: a pointer to it is a pointer to us */
  char home[64];
};

static fh_status give(const fh_host* host, fh_item_kind kind, const char* source, const char* destination,
                      const char* reason) {
  const fh_item item = {sizeof item, kind, source, destination, reason};
  return host->contribute(host, &item);
}

static fh_status claims(fh_provider* self, const fh_host* host, const char* path) {
  (void)self;
  host->log(host, FH_LOG_DEBUG, path);
  return strstr(path, "libplain-") ? FH_OK : FH_NOT_HERE;
}

static fh_status contribute_each_kind(const struct card* card, const fh_host* host, const char* destination) {
  const fh_files* files = host->extension(host, FH_FILES, FH_FILES_REVISION);
  const fh_commands* commands = host->extension(host, FH_COMMANDS, FH_COMMANDS_REVISION);
  if (!files || !commands) return FH_FAILED;

  host->log(host, FH_LOG_WARNING, "three");
  fh_status worst = give(host, FH_ITEM_FILE, card->home, destination, NULL);

  const char* data = NULL;
  uint64_t bytes = 0;
  worst |= files->read(host, "/card/version", 100, &data, &bytes);
  worst |= give(host, FH_ITEM_PROGRAM, "/card/bin/tool", NULL, data);

  if (files->read(host, "/card/secret", 100, &data, &bytes) != FH_FAILED) return FH_FAILED;
  /* The reason is a pointer into the host's own memory: it has to outlive the call. */
  worst |= give(host, FH_ITEM_LIBRARY, "/card/lib/libcard.so.1", "/opt/lib", host->last_error(host));

  const char* const* names = NULL;
  uint64_t count = 0;
  worst |= files->list(host, "/card", &names, &count);
  worst |= give(host, FH_ITEM_DATA, "/card/data", "/usr/share/card", count > 1 ? names[1] : "?");

  fh_file_info info = {.size = sizeof info};
  worst |= files->inspect(host, "/card/version", &info);
  char facts[64];
  snprintf(facts, sizeof facts, "%u %llu %o", info.kind, (unsigned long long)info.bytes, info.mode);
  worst |= give(host, FH_ITEM_DIRECTORY, NULL, "/var/opt/card", facts);

  worst |= files->read_standard_input(host, 100, &data, &bytes);
  worst |= give(host, FH_ITEM_LD_SO_CONF, "/opt/lib", NULL, data);

  const char* const words[] = {"card-tool", "--list", "a b", NULL};
  const fh_command command = {.size = sizeof command,
                              .flags = FH_COMMAND_STDIN | FH_COMMAND_HERE,
                              .argv = words,
                              .time_limit_ms = 1500};
  fh_command_result result = {.size = sizeof result};
  worst |= commands->run(host, &command, &result);
  worst |= give(host, FH_ITEM_LINK, "libcard.so.1", "/usr/lib/libcard.so", result.output);
  worst |= give(host, FH_ITEM_LIBFABRIC_PROVIDER, "/card/lib/libcard-fi.so", NULL, result.errors);
  worst |= give(host, FH_ITEM_LIBFABRIC, "/card/lib/libfabric.so.1", NULL,
                result.outcome == FH_COMMAND_EXITED && result.code == 0 ? "exited" : "?");
  return worst == FH_OK ? FH_OK : FH_FAILED;
}

static fh_status collect(fh_provider* self, const fh_host* host, const fh_request* request) {
  if (!request->option) return give(host, FH_ITEM_LIBRARY, request->value, request->destination, "claimed");
  if (strcmp(request->option, "plain-broken") == 0) {
    const fh_files* files = host->extension(host, FH_FILES, FH_FILES_REVISION);
    const char* data = NULL;
    uint64_t bytes = 0;
    if (files && files->read(host, "/card/secret", 100, &data, &bytes) == FH_FAILED) {
      host->log(host, FH_LOG_DEBUG, host->last_error(host));
      host->fail(host, host->last_error(host));
    }
    return FH_FAILED;
  }
  return contribute_each_kind((const struct card*)self, host, request->destination);
}

static void destroy(fh_provider* self) {
  free(self);
}

static fh_provider* create(const fh_host* host) {
  const char* home = host->environment(host, "CARD_HOME");
  struct card* card = calloc(1, sizeof *card);
  if (!home || !card) {
    host->fail(host, "CARD_HOME is not set");
    free(card);
    return NULL;
  }
  card->provider = (fh_provider){sizeof(fh_provider), 0, claims, collect, destroy};
  snprintf(card->home, sizeof card->home, "%s/firmware", home);
  return &card->provider;
}

static const fh_option kOptions[] = {
    {.name = "plain", .help = "all that a card needs"},
    {.name = "plain-broken", .help = "a card that cannot be read"},
};
static const char* const kPatterns[] = {"libplain-*", NULL};

FH_ENTRY_ATTRIBUTES const fh_entry fromhost_provider = {
    .abi_major = FH_ABI_MAJOR,
    .abi_minor = FH_ABI_MINOR,
    .size = sizeof(fh_entry),
    .option_size = sizeof(fh_option),
    .id = "plain",
    .version = "1.0",
    .summary = "a provider in plain C",
    .options = kOptions,
    .option_count = 2,
    .claim_patterns = kPatterns,
    .create = create,
};
