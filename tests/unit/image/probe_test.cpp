// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "pictures.h"
#include "support/scratch.h"

namespace maskmill::tests {
namespace {

std::string segment(char marker, std::size_t payload) {
  const std::size_t length = payload + 2;
  return std::string("\xFF") + marker + static_cast<char>(length >> 8) + static_cast<char>(length & 0xFF) +
         std::string(payload, 'x');
}

}  // namespace

TEST_CASE("a header says what the file holds") {
  const ImageInfo palette = probe_image(picture("palette4_interlaced.png"));
  CHECK(palette.kind == FileKind::png);
  CHECK(palette.stored == kPictureSize);
  CHECK(palette.bit_depth == 4);
  CHECK(palette.palette);
  CHECK(palette.channels == 1);
  const ImageInfo deep = probe_image(picture("gray16.png"));
  CHECK(deep.bit_depth == 16);
  CHECK_FALSE(deep.palette);
  CHECK(probe_image(picture("gray_alpha.png")).channels == 2);
  CHECK(probe_image(picture("rgba.png")).channels == 4);
  const ImageInfo cmyk = probe_image(picture("cmyk.jpg"));
  CHECK(cmyk.kind == FileKind::jpeg);
  CHECK(cmyk.channels == 4);
  CHECK(cmyk.cmyk);
  CHECK(cmyk.stored == Size{24, 16});
  CHECK(probe_image(picture("gray.jpg")).channels == 1);
  CHECK(probe_image(picture("ramp_progressive.jpg")).stored == Size{37, 23});
  const ImageInfo gif = probe_image(picture("rgb.gif"));
  CHECK(gif.kind == FileKind::gif);
  CHECK(gif.stored == kPictureSize);
}

TEST_CASE("the kind is taken from the content, the promise from the name") {
  CHECK(file_kind(picture_bytes("rgb.bmp")) == FileKind::bmp);
  CHECK(file_kind(picture_bytes("rgb.tif")) == FileKind::tiff);
  CHECK(file_kind(picture_bytes("rgb.webp")) == FileKind::webp);
  CHECK(file_kind("") == FileKind::unknown);
  CHECK(file_kind("BM is how a text may begin, too") == FileKind::unknown);
  CHECK(kind_of_extension("jpe") == FileKind::jpeg);
  CHECK(kind_of_extension("xml") == FileKind::unknown);
  CHECK(has_image_extension("a/B.JPG"));
  CHECK_FALSE(has_image_extension("a/jpg"));
  CHECK(to_string(FileKind::webp) == "WebP");
}

TEST_CASE("a header costs a few reads, however large the file is") {
  const Scratch scratch;
  std::string jpeg = "\xFF\xD8";
  for (int i = 0; i < 200; ++i) jpeg += segment('\xE2', 65000);  // 13 MB of colour profile
  const Path path = scratch.write("large.jpg", jpeg + picture_bytes("ramp.jpg").substr(2));
  fs::resize_file(path, std::uintmax_t{3} << 30);  // holes: it takes no room
  const auto before = bytes_read();
  CHECK(probe_image(path).stored == Size{37, 23});
  const auto after = bytes_read();
  if (!before || !after) {
    WARN("this system does not count the bytes read: their number is not tested");
    return;
  }
  CHECK(*after - *before < 300'000);
}

TEST_CASE("a header of endless segments or fill bytes ends with an error") {
  std::string segments = "\xFF\xD8";
  for (int i = 0; i < 5000; ++i) segments += segment('\xE2', 0);
  CHECK(thrown_by([&] { probe_image_bytes(segments); }).code() == Code::bad_format);
  CHECK(thrown_by([] { probe_image_bytes("\xFF\xD8" + std::string(100'000, '\xFF')); }).code() ==
        Code::bad_format);
}

TEST_CASE("an error names the file and says what to do") {
  const Scratch scratch;
  const Path empty = scratch.write("empty.png", "");
  for (const auto& read :
       {+[](const Path& path) { probe_image(path); }, +[](const Path& path) { read_image(path); },
        +[](const Path& path) { read_raw(path); }}) {
    const Error error = thrown_by([&] { read(empty); });
    CHECK(error.code() == Code::bad_format);
    CHECK(error.place().file == empty.string());
    CHECK_THAT(error.message(), contains("empty"));
    CHECK_FALSE(error.hint_text().empty());
    CHECK(thrown_by([&] { read(scratch / "nothing.png"); }).code() == Code::not_found);
    const Error folder = thrown_by([&] { read(scratch.path()); });
    CHECK(folder.code() == Code::unreadable);
    CHECK(folder.place().file == scratch.path().string());
  }
  const Error page =
      thrown_by([&] { read_image(scratch.write("page.jpg", "<!DOCTYPE html><html></html>")); });
  CHECK(page.code() == Code::bad_format);
  CHECK_THAT(page.message(), contains("<!DOCTYPE"));
}

TEST_CASE(
    "a name that promises another picture is said with the error, and harmless where the content is read") {
  const Scratch scratch;
  const Error gif = thrown_by([&] { read_image(scratch.write("a.jpg", picture_bytes("rgb.gif"))); });
  CHECK(gif.code() == Code::unsupported);
  CHECK_THAT(gif.message(), contains("the name says JPEG, the content is GIF"));
  CHECK_THAT(gif.hint_text(), contains("convert"));
  const std::string png = picture_bytes("rgb.png");
  CHECK_THAT(thrown_by([&] { read_raw(scratch.write("b.JPG", png.substr(0, 60))); }).message(),
             contains("the name says JPEG, the content is PNG"));
  CHECK(equal(read_image(scratch.write("c.jpg", png)), colours()));
}

TEST_CASE("broken headers and pictures beyond the limit are refused by the header alone") {
  CHECK(thrown_by([] { probe_image(picture("too_large.png")); }).code() == Code::unsupported);
  std::string broken = picture_bytes("gray8.png");
  broken[19] = 14;  // the width's last byte
  const Error crc = thrown_by([&] { probe_image_bytes(broken); });
  CHECK(crc.code() == Code::bad_format);
  CHECK_THAT(crc.message(), contains("checksum"));
  std::string twelve_bits = picture_bytes("ramp.jpg");
  twelve_bits[twelve_bits.find("\xFF\xC0") + 4] = 12;
  CHECK(thrown_by([&] { probe_image_bytes(twelve_bits); }).code() == Code::unsupported);
  std::string lossless = picture_bytes("ramp.jpg");
  lossless[lossless.find("\xFF\xC0") + 1] = '\xC3';
  CHECK(thrown_by([&] { probe_image_bytes(lossless); }).code() == Code::unsupported);
}

}  // namespace maskmill::tests
