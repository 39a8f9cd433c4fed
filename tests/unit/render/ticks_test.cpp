// SPDX-License-Identifier: Apache-2.0
#include "render/ticks.h"

#include <cmath>
#include <limits>

#include "catch.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("ticks are round, few, and hold the range") {
  const double values[] = {-1e300, -5e6, -3.7, -1, -1e-9,  0,    1e-300, 2e-5,
                           0.1,    0.93, 1,    7,  1234.5, 8e15, 1e300};
  for (const double low : values)
    for (const double high : values) {
      if (low > high) continue;
      INFO(low << " to " << high);
      const Ticks ticks = nice_ticks(low, high);
      CHECK(ticks.low < ticks.high);
      CHECK(ticks.low <= low + ticks.step * 1e-6);
      CHECK(ticks.high >= high - ticks.step * 1e-6);
      CHECK(ticks.values.size() >= 2);
      CHECK(ticks.values.size() <= 12);
      const double lead = ticks.step / std::pow(10, std::floor(std::log10(ticks.step) + 1e-9));
      CHECK((std::abs(lead - 1) < 1e-6 || std::abs(lead - 2) < 1e-6 || std::abs(lead - 5) < 1e-6));
    }
}

TEST_CASE("a number that does not change stands in the middle of its axis") {
  const Ticks ticks = nice_ticks(3, 3);
  CHECK(ticks.low < 3);
  CHECK(ticks.high > 3);
  CHECK(nice_ticks(0, 0).low < 0);
}

TEST_CASE("an axis of whole numbers has no halves") {
  for (const int last : {1, 2, 3, 7, 30, 1000})
    CHECK(nice_ticks(1, last, 6, true).step == std::floor(nice_ticks(1, last, 6, true).step));
}

TEST_CASE("tick labels have the decimals that their step needs") {
  CHECK(tick_label(0.2, 0.2) == "0.2");
  CHECK(tick_label(1, 0.2) == "1.0");
  CHECK(tick_label(1, 0.25) == "1.0");
  CHECK(tick_label(20000, 5000) == "20,000");
  CHECK(tick_label(-5, 5) == "\u22125");
  CHECK(tick_label(1e-17, 0.2) == "0");
  CHECK(tick_label(3e12, 1e12) == "3e12");
  CHECK(tick_label(2e-7, 1e-7) == "2e\u22127");
}

TEST_CASE("short numbers keep three digits at any magnitude") {
  CHECK(short_number(0) == "0");
  CHECK(short_number(0.73456) == "0.735");
  CHECK(short_number(12.345) == "12.3");
  CHECK(short_number(1234567) == "1,234,567");
  CHECK(short_number(-1.5) == "\u22121.50");
  CHECK(short_number(1.23456e-9) == "1.23e\u22129");
  CHECK(short_number(std::numeric_limits<double>::quiet_NaN()) == "\u2013");
  CHECK(short_number(std::numeric_limits<double>::infinity()) == "\u2013");
  CHECK(short_number(std::numeric_limits<double>::max()) == "1.8e308");
}
