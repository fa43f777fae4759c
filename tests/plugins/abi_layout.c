/* SPDX-License-Identifier: Apache-2.0 */
/* The interface as a C11 compiler sees it: the checks are in abi_layout.h. */
#include "abi_layout.h"

/* For plugin_boundary_test.cpp: that this file was compiled. */
unsigned abi_major_in_c(void);
unsigned abi_major_in_c(void) {
  return FH_ABI_MAJOR;
}
