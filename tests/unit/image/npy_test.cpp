// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core.hpp>

#include "base/zip.h"
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

TEST_CASE("an array is written byte for byte as NumPy writes it") {
  CHECK(encode_npy(values(8)) == picture_bytes("uint8.npy"));
  CHECK(encode_npy(values(16)) == picture_bytes("uint16.npy"));
}

TEST_CASE("the one array of an archive is read like a file of its own, stored or deflated") {
  for (const std::string name : {"stored.npz", "deflated.npz"}) {
    INFO(name);
    for (const ImageInfo& info : {probe_image(picture(name)), probe_image_bytes(picture_bytes(name))}) {
      CHECK(info.kind == FileKind::npz);
      CHECK(info.stored == kPictureSize);
      CHECK(info.channels == 1);
    }
  }
  CHECK(equal(read_raw(picture("stored.npz")).pixels, values(8)));
  CHECK(equal(read_raw(picture("deflated.npz")).pixels, values(16)));
  CHECK(read_image(picture("stored.npz")).type() == CV_8UC3);
}

TEST_CASE("an archive of several arrays names them and says what to do") {
  for (const Error& error : {thrown_by([] { probe_image(picture("two_arrays.npz")); }),
                             thrown_by([] { read_raw(picture("two_arrays.npz")); })}) {
    CHECK(error.code() == Code::unsupported);
    CHECK_THAT(error.message(), contains("\"mask\", \"image\""));
    CHECK_THAT(error.hint_text(), contains("numpy.save"));
  }
}

TEST_CASE("a zip file that begins with something else is no picture") {
  ZipWriter zip;
  zip.add("readme.txt", "text");
  zip.add("mask.npy", picture_bytes("uint8.npy"));
  CHECK(thrown_by([&] { decode_raw(zip.finish()); }).code() == Code::bad_format);
}

TEST_CASE("an archive's array is held to its sizes") {
  const auto zipped = [](std::string_view array) {
    ZipWriter zip;
    zip.add("arr_0.npy", array);
    return zip.finish();
  };
  const std::string array = picture_bytes("uint8.npy");
  CHECK(equal(decode_raw(zipped(array)).pixels, values(8)));
  CHECK(thrown_by([&] { decode_raw(zipped(std::string_view(array).substr(0, array.size() - 1))); }).code() ==
        Code::bad_format);

  // The directory's claim of what inflates: 2 GiB is more than a mask may have, 1 MiB more than 100 bytes
  // give.
  const std::string deflated = picture_bytes("deflated.npz");
  const std::size_t size = deflated.find("PK\1\2") + 24;
  for (const char* claim : {"\0\0\0\x80", "\0\0\x10\0"}) {
    std::string lying = deflated;
    lying.replace(size, 4, claim, 4);
    const Error error = thrown_by([&] { decode_raw(lying); });
    CHECK(error.code() == Code::bad_format);
    CHECK_THAT(error.message(), contains("proportion"));
  }
}

TEST_CASE("an archive's header is read without its samples") {
  const tests::Scratch scratch;
  const cv::Mat large(3000, 4000, CV_8UC1, cv::Scalar(7));
  ZipWriter zip;
  zip.add("arr_0.npy", encode_npy(large));
  const Path path = scratch.write("large.npz", zip.finish());
  const long long before = bytes_read().value_or(0);
  CHECK(probe_image(path).stored == Size{4000, 3000});
  CHECK(bytes_read().value_or(0) - before < 300'000);
}

}  // namespace maskmill::tests
