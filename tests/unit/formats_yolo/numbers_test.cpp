// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo_numbers.h"

#include <rapidcheck.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

double read_back(const std::string& text, int side) {
  return in_pixels(parse_yolo_number(text).value(), side);
}

// A coordinate of up to six decimals, a little outside of the image at times.
double decimal_coordinate(int side) {
  const int decimals = *rc::gen::inRange(0, 7);
  const auto scale = static_cast<std::int64_t>(std::pow(10, decimals));
  return static_cast<double>(*rc::gen::inRange<std::int64_t>(-20 * scale, (side + 20) * scale)) /
         static_cast<double>(scale);
}

std::size_t decimals_of(const std::string& text) {
  const std::size_t point = text.find('.');
  return point == std::string::npos ? 0 : text.size() - point - 1;
}

}  // namespace

TEST_CASE("11 decimals bring each coordinate of up to 6 decimals back, in images of up to 9999 pixels") {
  const bool holds = rc::check([] {
    const int side = *rc::gen::element(*rc::gen::inRange(1, 10000), 6000, 4000, 9999);
    const double x = decimal_coordinate(side);
    const std::string text = fraction_text(x, side);
    RC_ASSERT(decimals_of(text) <= 11U);
    RC_ASSERT(read_back(text, side) == x);
  });
  CHECK(holds);
}

TEST_CASE("11 decimals bring each box of up to 6 decimals back") {
  const bool holds = rc::check([] {
    const int side = *rc::gen::element(*rc::gen::inRange(1, 10000), 6000, 4000, 9999);
    const double begin = decimal_coordinate(side), length = std::abs(decimal_coordinate(side));
    const auto [centre, size] = extent_texts({begin, length}, side);
    const Extent read =
        extent_in_pixels(parse_yolo_number(centre).value(), parse_yolo_number(size).value(), side);
    RC_ASSERT(read.begin == begin);
    RC_ASSERT(read.length == length);
    RC_ASSERT(decimals_of(centre) <= 11U);
    RC_ASSERT(decimals_of(size) <= 11U);
  });
  CHECK(holds);
}

TEST_CASE("every other coordinate comes back too, in more decimals") {
  const bool holds = rc::check([] {
    const int side = *rc::gen::inRange(1, 20000);
    const double x = *rc::gen::arbitrary<double>();
    RC_PRE(std::isfinite(x));
    const double within = std::fmod(x, side);
    RC_PRE(std::abs(within) > 1e-3);
    RC_ASSERT(read_back(fraction_text(within, side), side) == within);
  });
  CHECK(holds);
  for (const double x : {1. / 3, 5999.999999999999, 2.9999999999999996, .001}) {
    INFO(x);
    CHECK(read_back(fraction_text(x, 6000), 6000) == x);
  }
}

TEST_CASE("what other programs wrote is read to its last digit") {
  CHECK(read_back("0.5", 641) == 320.5);
  CHECK(read_back(".5", 640) == 320);
  CHECK(read_back("1", 640) == 640);
  CHECK(read_back("+0.25", 640) == 160);
  CHECK(read_back("-0.25", 640) == -160);
  CHECK(read_back("0.191888", 641) == 123.000208);            // 6 digits are not taken for more than they say
  CHECK(read_back("1.5e-05", 100000) == 1.5);                 // "%g"
  CHECK(read_back("0.19188767550702026", 641) == 123);        // Python's repr(123 / 641)
  CHECK(read_back("0.000000000000000000000000001", 4) == 0);  // noise
}

TEST_CASE("a number of few decimals is written again in the same ones") {
  const bool holds = rc::check([] {
    const int side = *rc::gen::inRange(1, 10000);
    const std::string text = std::to_string(*rc::gen::inRange(100000, 1000000));
    const std::string fraction = "0." + text.substr(0, text.find_last_not_of('0') + 1);
    RC_ASSERT(fraction_text(read_back(fraction, side), side) == fraction);
  });
  CHECK(holds);
}

TEST_CASE("decimals can be stated") {
  CHECK(fraction_text(123, 641, 6) == "0.191888");
  CHECK(fraction_text(320, 640, 6) == "0.5");
  CHECK(fraction_text(-0.0001, 640, 3) == "0");
  CHECK(extent_texts({100, 50}, 640, 4) == std::pair<std::string, std::string>("0.1953", "0.0781"));
}

TEST_CASE("what is no finite number is none") {
  for (const char* text :
       {"", ".", "-", "nan", "inf", "1e999", "0x1", "1,5", "1.2.3", "1 ", "--1", "+-1", "e5"}) {
    INFO(text);
    CHECK_FALSE(parse_yolo_number(text));
  }
  CHECK(parse_yolo_number("99999999999999999999")->value == 1e20);
  CHECK(thrown_by([] { fraction_text(std::numeric_limits<double>::quiet_NaN(), 10); }).code() ==
        Code::bad_value);
  CHECK(thrown_by([] { fraction_text(1e300, 10); }).code() == Code::bad_value);
}
