// SPDX-License-Identifier: Apache-2.0
#include "image/capture.h"

#include <string>
#include <utility>
#include <vector>

#include "image/image.h"
#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

std::string number(std::uint32_t value, int bytes, bool big) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * (big ? bytes - 1 - i : i)));
  return text;
}

using Texts = std::vector<std::pair<std::uint32_t, std::string>>;

/// A directory at `offset` whose entries are texts, and perhaps a pointer; its texts follow it.
std::string directory(const Texts& texts, std::uint32_t offset, bool big, std::uint32_t exif_at = 0) {
  const auto count = static_cast<std::uint32_t>(texts.size() + (exif_at ? 1 : 0));
  std::string entries = number(count, 2, big), behind;
  for (const auto& [tag, text] : texts) {
    const std::string value = text + '\0';
    entries +=
        number(tag, 2, big) + number(2, 2, big) + number(static_cast<std::uint32_t>(value.size()), 4, big);
    if (value.size() <= 4) {
      entries += value + std::string(4 - value.size(), '\0');
    } else {
      entries += number(offset + 2 + 12 * count + 4 + static_cast<std::uint32_t>(behind.size()), 4, big);
      behind += value;
    }
  }
  if (exif_at)
    entries += number(34665, 2, big) + number(4, 2, big) + number(1, 4, big) + number(exif_at, 4, big);
  return entries + std::string(4, '\0') + behind;
}

std::string photograph(const Texts& first, const Texts& exif, bool big = false) {
  std::string tiff = (big ? std::string("MM\0*", 4) : std::string("II*\0", 4)) + number(8, 4, big);
  const auto length = static_cast<std::uint32_t>(directory(first, 8, big, 1).size());
  tiff += directory(first, 8, big, 8 + length);
  tiff += directory(exif, 8 + length, big);
  const std::string body = std::string("Exif\0\0", 6) + tiff;
  const std::string jpeg = encode_jpeg(cv::Mat(8, 8, CV_8UC3, cv::Scalar(1, 2, 3)));
  return jpeg.substr(0, 2) + "\xFF\xE1" + number(static_cast<std::uint32_t>(body.size() + 2), 2, true) +
         body + jpeg.substr(2);
}

const Texts kCamera{{271, "Canon"}, {272, "Canon EOS 5D"}};

}  // namespace

TEST_CASE("the camera and the time of a photograph are read in either byte order") {
  for (const bool big : {false, true}) {
    const auto capture =
        capture_of(photograph(kCamera, {{36867, "1970:01:02 00:00:03"}, {37521, "25"}, {42033, "77"}}, big));
    REQUIRE(capture);
    CHECK(capture->camera == "Canon Canon EOS 5D 77");
    CHECK(capture->milliseconds == (24 * 3600 + 3) * 1000 + 250);
  }
  // 2004-08-31 13:05:59 is 1093957559 s after 1970 by `date -u -d '2004-08-31 13:05:59' +%s`.
  CHECK(capture_of(photograph(kCamera, {{36867, "2004:08:31 13:05:59"}}))->milliseconds == 1093957559000);
}

TEST_CASE("a time or a model that is missing, empty or no date is no capture") {
  CHECK_FALSE(capture_of(encode_jpeg(cv::Mat(8, 8, CV_8UC3, cv::Scalar(1, 2, 3)))));
  CHECK_FALSE(capture_of("no picture"));
  CHECK_FALSE(capture_of(photograph({{271, "Canon"}}, {{36867, "2004:08:31 13:05:59"}})));
  CHECK_FALSE(capture_of(photograph(kCamera, {{37521, "25"}})));
  for (const char* time :
       {"0000:00:00 00:00:00", "    :  :     :  :  ", "2004:13:31 13:05:59", "2004:02:30 13:05:59",
        "2004:08:31 24:05:59", "2004-08-31 13:05:59", "2004:08:31"}) {
    INFO(time);
    CHECK_FALSE(capture_of(photograph(kCamera, {{36867, time}})));
  }
}

TEST_CASE("EXIF that is cut off anywhere is no capture, or the same one") {
  const std::string whole = photograph(kCamera, {{36867, "2004:08:31 13:05:59"}, {42033, "serial number"}});
  const auto capture = capture_of(whole);
  REQUIRE(capture);
  for (std::size_t length = 0; length < whole.size(); ++length)
    if (const auto cut = capture_of(whole.substr(0, length)); cut && cut->camera == capture->camera)
      CHECK(cut->milliseconds == capture->milliseconds);
}

}  // namespace maskmill::tests
