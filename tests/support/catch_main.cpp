// SPDX-License-Identifier: Apache-2.0
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif
#include "base/parallel.h"

int main(int argc, char** argv) {
  const maskmill::Jobs jobs(0);
  return Catch::Session().run(argc, argv);
}
