/* SPDX-License-Identifier: Apache-2.0 */
/* The contract between ch-fromhost and a provider plugin: plain C11, frozen layout.
 *
 * C++ authors include provider_plugin.hpp instead, which turns this into a class to derive from.
 *
 * Rules that hold for every function and struct below:
 *  - Strings are UTF-8, end with a NUL and are borrowed for the duration of the call. Paths are bytes.
 *  - Memory never changes owner. What the host hands out stays valid until the provider function that asked
 * for it (declare, create, claims, collect) returns.
 *  - No exception crosses the boundary, in either direction.
 *  - Everything is called on one thread, and the host's functions may be called on that one only.
 *  - A call that crashes, calls exit(), or does not come back in the time that the person gives it (five
 * minutes, --plugin-timeout; commands count, standard input does not) ends the run, by the plugin's name.
 *  - A host function that answers FH_FAILED or FH_NOT_HERE leaves its results as they were, and last_error()
 * says why. A NULL where a path or a result is wanted is FH_FAILED.
 *  - Every name is there since interface 1.0 unless it says otherwise.
 *  - Growth: structs gain fields at their end only, and tell their size; a field is there only if `size`
 * covers it. New services arrive as extensions. Another major version is refused, a newer minor is refused,
 * an older minor works for good.
 */
#ifndef FROMHOST_PROVIDER_ABI_H
#define FROMHOST_PROVIDER_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. docs/plugin-abi.md says what each of the two numbers promises. */
#define FH_ABI_MAJOR 1u
#define FH_ABI_MINOR 1u

/* The one exported symbol, and the section that carries it. The section's name holds the major version, so
 * that the host can refuse a plugin before any of its code runs. */
#define FH_ENTRY_SYMBOL "fromhost_provider"
#define FH_ENTRY_SECTION "fromhost_abi_1"

/* Answers. Unknown values count as FH_FAILED. */
typedef int32_t fh_status;
#define FH_OK 0       /* done; claims(): yes */
#define FH_NOT_HERE 1 /* nothing to do with it: no such hardware, no such file; claims(): no */
#define FH_FAILED 2   /* wrong, and reported by fail() or readable by last_error() */

/* What a provider contributes. An unknown kind is refused: contribute() answers FH_FAILED. */
typedef uint32_t fh_item_kind;
#define FH_ITEM_FILE 1u    /* the core classifies it by its path; destination: directory or NULL */
#define FH_ITEM_PROGRAM 2u /* a program; destination: directory or NULL for the usual place */
#define FH_ITEM_LIBRARY 3u /* a shared library; destination: directory or NULL for the usual place */
#define FH_ITEM_DATA 4u    /* any file; destination: its directory in the image, made if missing */
#define FH_ITEM_LIBFABRIC_PROVIDER 5u /* a loadable libfabric provider; destination: directory or NULL */
#define FH_ITEM_LIBFABRIC 6u /* a libfabric that replaces the image's; destination: directory or NULL */
#define FH_ITEM_DIRECTORY 7u /* destination: a directory (mount point) that shall exist; no source */
#define FH_ITEM_LD_SO_CONF                                                                                \
  8u                    /* source: a directory for the image's loader to search; destination: the name of \
                         * the file below etc/ld.so.conf.d, or NULL for ch-fromhost.conf */
#define FH_ITEM_LINK 9u /* destination: full path of a symbolic link; source: what it points to */

/* One thing for the image. The plugin's; the host copies what it needs before contribute() returns. */
typedef struct fh_item {
  uint32_t size;           /* sizeof(fh_item) */
  fh_item_kind kind;       /* decides what source and destination mean, and which of them must be there */
  const char* source;      /* a path on the host, or as the kind says */
  const char* destination; /* a path in the image, or NULL */
  const char* reason;      /* why, for -v: a few words; may be NULL */
} fh_item;

/* How loud a message is. Unknown levels above FH_LOG_WARNING count as that. */
typedef uint32_t fh_log_level;
#define FH_LOG_DEBUG 1u   /* shown by -vv */
#define FH_LOG_INFO 2u    /* shown by -v */
#define FH_LOG_WARNING 3u /* shown unless -qq */

typedef struct fh_host fh_host;

/* The host, lent to the provider for one call; not to be kept. Its functions want it as their first argument.
 */
struct fh_host {
  uint32_t size;      /* sizeof(fh_host), as the host knows it */
  uint32_t abi_minor; /* the host's FH_ABI_MINOR, never less than the plugin's */
  void* context;      /* the host's own */
  /* Adds an item; in collect() only. It is copied at once. FH_FAILED: malformed, or at the wrong time; the
   * call then fails by the plugin's name, whatever the plugin answers. */
  fh_status (*contribute)(const fh_host* host, const fh_item* item);
  /* A line for the person, without newline; the plugin's id is put in front. Cannot fail. */
  void (*log)(const fh_host* host, fh_log_level level, const char* message);
  /* Says why the current call is about to answer FH_FAILED (or FH_NOT_HERE): a phrase for the person, with
   * what was looked for and the way out. The message is copied; the last one counts. Cannot fail. */
  void (*fail)(const fh_host* host, const char* message);
  /* Why the last service call failed, e.g. "No such file or directory"; never NULL. Good until the next
   * service call. */
  const char* (*last_error)(const fh_host* host);
  /* A variable of the caller's environment, or NULL where it is not set. Good until the call returns. */
  const char* (*environment)(const fh_host* host, const char* name);
  /* A table of services by name, at least of this revision; it stays good as long as the plugin is loaded.
   * NULL: this host does not have it; a plugin says so by fail(). */
  const void* (*extension)(const fh_host* host, const char* id, uint32_t revision);
};

/* Extension: files of the host, for reading. */
#define FH_FILES "fromhost.files"
#define FH_FILES_REVISION 1u
/* What a path leads to, links followed. */
typedef uint32_t fh_file_kind;
#define FH_FILE_REGULAR 1u
#define FH_FILE_DIRECTORY 2u
#define FH_FILE_OTHER 3u /* a device, socket or pipe */
/* Facts of a file. The plugin's; the host fills in what `size` covers. */
typedef struct fh_file_info {
  uint32_t size;     /* sizeof(fh_file_info), set by the caller */
  fh_file_kind kind; /* FH_FILE_… */
  uint64_t bytes;    /* length; of a regular file only it means something */
  uint32_t mode;     /* permission bits, 07777 at most */
  uint32_t reserved; /* 0 */
} fh_file_info;
/* The services of FH_FILES. */
typedef struct fh_files {
  uint32_t size;     /* of the host's table */
  uint32_t revision; /* of the host's table, at least the one asked for */
  /* All that can be read from a file or pipe: `*bytes` bytes at `*data`, and a NUL that is not counted.
   * FH_NOT_HERE: no such file. FH_FAILED: unreadable, a directory, or over `limit` bytes. */
  fh_status (*read)(const fh_host* host, const char* path, uint64_t limit, const char** data,
                    uint64_t* bytes);
  /* The rest of the person's standard input, as read() gives a file. FH_FAILED: unreadable, or over `limit`
   * bytes. */
  fh_status (*read_standard_input)(const fh_host* host, uint64_t limit, const char** data, uint64_t* bytes);
  /* Facts of a file, symbolic links followed. FH_NOT_HERE: no such file. FH_FAILED: it cannot be reached, or
   * `info->size` is too small. */
  fh_status (*inspect)(const fh_host* host, const char* path, fh_file_info* info);
  /* The `*count` names in a directory, sorted by bytes, without . and ..; the host's. FH_NOT_HERE: no such
   * directory. FH_FAILED: unreadable. */
  fh_status (*list)(const fh_host* host, const char* path, const char* const** names, uint64_t* count);
  /* The directory below which absolute paths are looked up: "/", or what --host-root says. Relative paths are
   * the person's own, from the current directory. Never NULL. */
  const char* (*root)(const fh_host* host);
  /* The path with every symbolic link resolved, as a path below root(). FH_NOT_HERE: no such file. FH_FAILED:
   * it cannot be reached. */
  fh_status (*resolve)(const fh_host* host, const char* path, const char** resolved);
} fh_files;

/* Extension: commands on the host; never by way of a shell. */
#define FH_COMMANDS "fromhost.commands"
#define FH_COMMANDS_REVISION 1u
#define FH_COMMAND_STDIN 1u /* flag: the command reads our standard input (else an empty one) */
#define FH_COMMAND_HERE 2u  /* flag: run in our working directory (else in /) */
/* A command to run. The plugin's. */
typedef struct fh_command {
  uint32_t size;           /* sizeof(fh_command) */
  uint32_t flags;          /* FH_COMMAND_…, or 0 */
  const char* const* argv; /* ends with NULL; argv[0] is looked up in PATH if it has no slash */
  uint64_t time_limit_ms;  /* milliseconds; 0: none of its own */
  uint64_t output_limit;   /* bytes of stdout and of stderr; 0: the host's choice */
} fh_command;
/* How a command ended. */
typedef uint32_t fh_command_outcome;
#define FH_COMMAND_EXITED 1u    /* code: exit status */
#define FH_COMMAND_SIGNALLED 2u /* code: signal */
#define FH_COMMAND_TIMED_OUT 3u /* and was killed */
#define FH_COMMAND_TOO_MUCH 4u  /* printed more than output_limit, and was killed */
#define FH_COMMAND_NOT_FOUND 5u /* could not be started; code: errno */
/* What came of a command. The plugin's; the texts in it are the host's. */
typedef struct fh_command_result {
  uint32_t size;              /* sizeof(fh_command_result), set by the caller */
  fh_command_outcome outcome; /* decides what code means */
  int32_t code;               /* exit status, signal number, or errno */
  uint32_t reserved;          /* 0 */
  const char* output;         /* stdout; ends with a NUL that output_bytes does not count */
  uint64_t output_bytes;      /* of output */
  const char* errors;         /* stderr, in the same way */
  uint64_t errors_bytes;      /* of errors */
} fh_command_result;
/* The services of FH_COMMANDS. */
typedef struct fh_commands {
  uint32_t size;     /* of the host's table */
  uint32_t revision; /* of the host's table, at least the one asked for */
  /* Runs a command to its end; its children end with it where a limit was passed. FH_OK: `result` tells how
   * it went, however that was. FH_FAILED: the call itself was wrong. */
  fh_status (*run)(const fh_host* host, const fh_command* command, fh_command_result* result);
} fh_commands;

/* Extension: libraries of the host, by its ld.so.cache and ELF files; nothing is executed. */
#define FH_LIBRARIES "fromhost.libraries"
#define FH_LIBRARIES_REVISION 1u
/* What an ELF file says of itself. The plugin's; the texts in it are the host's. */
typedef struct fh_elf {
  uint32_t size;             /* sizeof(fh_elf), set by the caller */
  uint16_t machine;          /* e_machine: 62 is x86-64, 183 is AArch64 */
  uint8_t elf_class;         /* 1: 32-bit, 2: 64-bit */
  uint8_t reserved;          /* 0 */
  const char* soname;        /* DT_SONAME, or NULL */
  const char* const* needed; /* DT_NEEDED, ends with NULL */
} fh_elf;
/* The services of FH_LIBRARIES. */
typedef struct fh_libraries {
  uint32_t size;        /* of the host's table */
  uint32_t revision;    /* of the host's table, at least the one asked for */
  uint16_t machine;     /* e_machine of this host */
  uint16_t reserved[3]; /* 0 */
  /* Entries of the cache whose soname matches the glob `pattern`, in the loader's order of preference:
   * `*count` of each list, maybe 0. FH_FAILED: there is no cache that can be read. */
  fh_status (*cached)(const fh_host* host, const char* pattern, const char* const** sonames,
                      const char* const** paths, uint64_t* count);
  /* What a file says of itself. FH_NOT_HERE: it cannot be read, or is not ELF. FH_FAILED: `elf->size` is too
   * small. */
  fh_status (*inspect)(const fh_host* host, const char* path, fh_elf* elf);
  /* The file that a program of this machine and class would load for `soname`. FH_NOT_HERE: none. */
  fh_status (*find)(const fh_host* host, const char* soname, uint16_t machine, uint8_t elf_class,
                    const char** path);
  /* The libraries that `path` brings along by being linked with them, directly and by way of others, each
   * once: what ldd prints, without running anything. paths[i] is NULL where sonames[i] is not found on this
   * host. FH_NOT_HERE: it cannot be read, or is not ELF. */
  fh_status (*linked)(const fh_host* host, const char* path, const char* const** sonames,
                      const char* const** paths, uint64_t* count);
} fh_libraries;

/* Extension: the image, as it is before the run; links are followed inside it. It may be hostile. inspect and
 * find_library do not show what this provider injected earlier where nothing was before. */
#define FH_IMAGE "fromhost.image"
#define FH_IMAGE_REVISION 1u
/* The services of FH_IMAGE. */
typedef struct fh_image {
  uint32_t size;     /* of the host's table */
  uint32_t revision; /* of the host's table, at least the one asked for */
  /* Facts of a file, links followed. FH_NOT_HERE: no such file. */
  fh_status (*inspect)(const fh_host* host, const char* path, fh_file_info* info);
  /* A regular file, as fh_files.read gives one. FH_NOT_HERE: no such file, or larger than `limit` bytes. */
  fh_status (*read)(const fh_host* host, const char* path, uint64_t limit, const char** data,
                    uint64_t* bytes);
  /* The path, by the image's ld.so.cache, of `soname` for this machine and class. FH_NOT_HERE: none. */
  fh_status (*find_library)(const fh_host* host, const char* soname, uint16_t machine, uint8_t elf_class,
                            const char** path);
} fh_image;

/* Extension, since 1.1: files by which a site describes what a plugin shall inject, from places that the host
 * trusts: of this machine, also where --host-root is another one, and never of the image. */
#define FH_RECIPES "fromhost.recipes"
#define FH_RECIPES_REVISION 1u
/* The services of FH_RECIPES. */
typedef struct fh_recipes {
  uint32_t size;     /* of the host's table */
  uint32_t revision; /* of the host's table, at least the one asked for */
  /* The paths of all *.toml in the directories of --recipe-dir, CH_FROMHOST_RECIPE_PATH and
   * etc/ch-fromhost/recipes.d, in this order, sorted by name within each; of two of one name the first
   * counts, the other is left out. `*count` may be 0. */
  fh_status (*list)(const fh_host* host, const char* const** paths, uint64_t* count);
  /* One of them, as fh_files.read gives a file. FH_NOT_HERE: list() does not have it. FH_FAILED: unreadable,
   * over `limit` bytes, or the host is run by root and somebody else could have written it. */
  fh_status (*read)(const fh_host* host, const char* path, uint64_t limit, const char** data,
                    uint64_t* bytes);
} fh_recipes;

/* Extension, since 1.1: what else the person asks for in this run. In create(), claims() and collect(). */
#define FH_REQUESTS "fromhost.requests"
#define FH_REQUESTS_REVISION 1u
/* The services of FH_REQUESTS. */
typedef struct fh_requests {
  uint32_t size;     /* of the host's table */
  uint32_t revision; /* of the host's table, at least the one asked for */
  /* Is this option, of any plugin, on the command line? `option`: long name without dashes. FH_NOT_HERE: no.
   */
  fh_status (*asked)(const fh_host* host, const char* option);
} fh_requests;

/* One use of one of the provider's options, or (option NULL) a path that it claimed. The host's. */
typedef struct fh_request {
  uint32_t size;           /* of the host's struct; a plugin reads only what it covers */
  uint32_t reserved;       /* 0 */
  const char* option;      /* long name without dashes; NULL: a claimed path */
  const char* value;       /* the option's argument; NULL where it has none; the claimed path */
  const char* destination; /* the --dest in force, or NULL */
} fh_request;

typedef struct fh_provider fh_provider;
/* What create() gives: the plugin's, until destroy(). It may be the first member of something larger. */
struct fh_provider {
  uint32_t size;     /* sizeof(fh_provider) */
  uint32_t reserved; /* 0 */
  /* Is this path, which a person listed, ours to contribute? Asked only for names that match claim_patterns.
   * FH_OK: yes; FH_NOT_HERE: no; FH_FAILED ends the run. May be NULL where claim_patterns is. */
  fh_status (*claims)(fh_provider* self, const fh_host* host, const char* path);
  /* Contributes what the request asks for. FH_NOT_HERE: this host has no such hardware; what was contributed
   * until then is dropped. FH_FAILED: something is wrong, and the run ends with fail()'s message. */
  fh_status (*collect)(fh_provider* self, const fh_host* host, const fh_request* request);
  /* Gives back what create() made; the last call. Cannot fail. */
  void (*destroy)(fh_provider* self);
};

#define FH_OPTION_SETTING 1u /* flag: says how, not what; collect() gets it before the other options */
/* An option that the provider owns. Constant data of the plugin, or the argument of declare_option(). */
typedef struct fh_option {
  const char* name;     /* long name without dashes: lower case letters, digits, dashes */
  const char* argument; /* for --help: its argument's name, upper case, or its words, "a|b"; NULL: it takes
                         * none. Shells complete FILE, PATH, DIR, CMD, and words. */
  const char* help;     /* for --help: a phrase without full stop */
  char letter;          /* short option, or 0 */
  uint8_t flags;        /* FH_OPTION_SETTING */
  char reserved[6];     /* 0 */
} fh_option;

/* Extension, since 1.1, in declare() only: what the plugin offers on this host, beyond the constants of its
 * entry. */
#define FH_DISCOVERY "fromhost.discovery"
#define FH_DISCOVERY_REVISION 1u
/* The services of FH_DISCOVERY. */
typedef struct fh_discovery {
  uint32_t size;     /* of the host's table */
  uint32_t revision; /* of the host's table, at least the one asked for */
  /* Adds an option; it is copied at once, and is from then on as those of the entry. FH_FAILED: ch-fromhost
   * itself or another plugin has it, as last_error() says: the plugin goes on without it, and says so by
   * log(). Malformed, twice, or at the wrong time: FH_FAILED, too, and the plugin is refused. */
  fh_status (*declare_option)(const fh_host* host, const fh_option* option);
} fh_discovery;

/* The exported constant. Its first twelve bytes never move. */
typedef struct fh_entry {
  uint32_t abi_major;                /* FH_ABI_MAJOR */
  uint32_t abi_minor;                /* FH_ABI_MINOR */
  uint32_t size;                     /* sizeof(fh_entry) */
  uint32_t option_size;              /* sizeof(fh_option) */
  const char* id;                    /* lower case letters, digits, dashes */
  const char* version;               /* of the plugin */
  const char* summary;               /* one line, at most 60 characters */
  const fh_option* options;          /* array; may be NULL where there are none */
  uint64_t option_count;             /* of options; 256 at most */
  const char* const* claim_patterns; /* globs on the file name, ends with NULL; NULL: claims nothing */
  /* A new provider, or NULL after fail(). The plugin owns it until destroy(). */
  fh_provider* (*create)(const fh_host* host);
  /* Since 1.1; NULL: all that the plugin offers is above, and none of its code runs before it is asked for
   * something. Otherwise it is called when plugins are looked for, before the command line is understood and
   * whatever the run is about, --help among it: it declares the options that only this host knows. It is lent
   * environment(), log() and fail(), FH_FILES without standard input, FH_RECIPES, and FH_DISCOVERY; no
   * commands, no image. It may be called more than once, and leaves nothing behind. FH_NOT_HERE: none today.
   * FH_FAILED: the plugin is refused, with fail()'s message. What it logs as a warning is told as one of the
   * plugin. */
  fh_status (*declare)(const fh_host* host);
} fh_entry;

/* What a plugin exports, and nothing else. In C, by the names of the fields, so that the source stays as it
 * is when they become more: FH_ENTRY_ATTRIBUTES const fh_entry fromhost_provider = {.abi_major =
 * FH_ABI_MAJOR, ...}; */
extern __attribute__((visibility("default"))) const fh_entry fromhost_provider;
#define FH_ENTRY_ATTRIBUTES __attribute__((used, section(FH_ENTRY_SECTION)))

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
