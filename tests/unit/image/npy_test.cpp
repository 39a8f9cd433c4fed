// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {

TEST_CASE("a NumPy array's samples are read as they are, whatever their type") {
  for (const std::string name : {"uint8", "int64", "int64_columns", "float64", "one_channel", "version2"}) {
    INFO(name);
    const ImageInfo info = probe_image(picture(name + ".npy"));
    CHECK(info.kind == FileKind::npy);
    CHECK(info.stored == kPictureSize);
    CHECK(info.channels == 1);
    CHECK(equal(read_raw(picture(name + ".npy")).pixels, values(8)));
  }
  for (const std::string name : {"uint16", "uint16_big", "int32"}) {
    INFO(name);
    CHECK(equal(read_raw(picture(name + ".npy")).pixels, values(16)));
  }
  CHECK(equal(read_raw(picture("bool.npy")).pixels, values(1)));
  CHECK(equal(read_raw(picture("rgb.npy")).pixels, colours()));
}

TEST_CASE("an array is a picture too: gray is repeated, colours are RGB") {
  CHECK(equal(read_image(picture("rgb.npy")), colours()));
  cv::Mat green;
  cv::extractChannel(read_image(picture("uint8.npy")), green, 1);
  CHECK(equal(green, values(8)));
  CHECK(read_image(picture("uint16.npy")).type() == CV_8UC3);
}

TEST_CASE("an array that is no mask says why, and where") {
  const Error negative = thrown_by([] { read_raw(picture("negative.npy")); });
  CHECK(negative.code() == Code::bad_value);
  CHECK_THAT(negative.message(), contains("0, 0") && contains("-200"));
  const Error fraction = thrown_by([] { read_raw(picture("fractions.npy")); });
  CHECK(fraction.code() == Code::bad_value);
  CHECK_THAT(fraction.message(), contains("1, 0"));
  const Error line = thrown_by([] { probe_image(picture("one_dimension.npy")); });
  CHECK(line.code() == Code::unsupported);
  CHECK_THAT(line.message(), contains("(13,)"));
}

TEST_CASE("an array file's header is held to its format") {
  const std::string bytes = picture_bytes("uint8.npy");
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = bytes;
    const std::size_t at = changed.find(from);
    REQUIRE(at != std::string::npos);
    REQUIRE(from.size() == to.size());
    return changed.replace(at, to.size(), to);
  };
  for (const auto& [from, to] :
       std::initializer_list<std::pair<const char*, const char*>>{{"'|u1'", "'|O8'"},
                                                                  {"'|u1'", "'|u3'"},
                                                                  {"'descr'", "'descs'"},
                                                                  {"False", "Maybe"},
                                                                  {"(9, 13)", "(-9,13)"},
                                                                  {"(9, 13)", "(9, 1.)"},
                                                                  {"(9, 13)", "(9;13);"}}) {
    INFO(to);
    const Error error = thrown_by([&, from = from, to = to] { decode_raw(with(from, to)); });
    CHECK((error.code() == Code::bad_format || error.code() == Code::unsupported));
  }
  CHECK(thrown_by([&] { decode_raw(with("(9, 13)", "(9, 99)")); }).code() == Code::bad_format);
}

}  // namespace maskmill::tests
