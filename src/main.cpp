// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <iostream>

#include "dropwarden/cli/cli.hpp"
#include "dropwarden/sys/standard_descriptors.hpp"

int main(int argc, char** argv) {
  try {
    dropwarden::sys::value_or_throw(dropwarden::sys::fill_standard_descriptors());
    return dropwarden::cli::main(argc, argv, std::cout, std::cerr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dropwarden: %s\n", error.what());
  } catch (...) {
    std::fputs("dropwarden: unknown error\n", stderr);
  }
  return 1;
}
