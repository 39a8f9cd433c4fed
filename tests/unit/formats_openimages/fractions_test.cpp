// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/fractions.h"

#include <rapidcheck.h>

#include "base/text.h"
#include "catch.h"

using namespace maskmill;

TEST_CASE("fractions become pixels without the noise of multiplying") {
  const PixelSpan span = pixels_of_fractions(0.0125, 0.195312, 1024);
  CHECK(span.start == 12.8);
  CHECK(span.length == 187.199488);
}

TEST_CASE("pixels become the fractions of which they were made, to the digit") {
  struct Example {
    const char *low, *high;
    int side;
  };
  for (const Example& example :
       {Example{"0.0125", "0.195312", 1024}, Example{"0.022673031", "0.9642005", 768},
        Example{"0.0022172949", "0.93569845", 1023}, Example{"0", "1", 683},
        Example{"0.333333", "0.833333", 6}}) {
    INFO(example.low << " " << example.high);
    const PixelSpan span =
        pixels_of_fractions(*to_number(example.low), *to_number(example.high), example.side);
    CHECK(fractions_of_pixels(span, example.side) ==
          std::pair<std::string, std::string>(example.low, example.high));
  }
}

TEST_CASE("pixels of up to six decimals come back exactly from an image of any size") {
  CHECK(rc::check([] {
    const int side = *rc::gen::inRange(1, 20000);
    const double start = *rc::gen::inRange(-1000000, 2000000000) / 1e6;
    const double length = *rc::gen::inRange(0, 2000000000) / 1e6;
    const auto [low, high] = fractions_of_pixels({start, length}, side);
    const PixelSpan back = pixels_of_fractions(*to_number(low), *to_number(high), side);
    RC_ASSERT(back.start == start);
    RC_ASSERT(back.length == length);
  }));
}
