// SPDX-License-Identifier: Apache-2.0
#pragma once

// Debian 12 has Catch2 2, Ubuntu 24.04 has 3, whose headers have other names; tests include this file only.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
namespace maskmill::tests {
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
inline auto contains(const std::string& text) {
  return Catch::Matchers::ContainsSubstring(text);
}
}  // namespace maskmill::tests
#else
#include <catch2/catch.hpp>
namespace maskmill::tests {
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
inline auto contains(const std::string& text) {
  return Catch::Matchers::Contains(text);
}
}  // namespace maskmill::tests
#endif
