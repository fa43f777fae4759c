// SPDX-License-Identifier: Apache-2.0
// A second source of the site's plugin.
int function_of_the_site(int number);
int function_of_the_site(int number) {
  return number + 1;
}
