// SPDX-License-Identifier: Apache-2.0
#include "fetch/checksum.h"

#include "base/crc32c.h"
#include "base/error.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::contains;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

namespace {

const std::vector<ChecksumKind> kAll{ChecksumKind::sha256, ChecksumKind::md5, ChecksumKind::crc32c};

}  // namespace

// NIST's examples for FIPS 180-4, RFC 1321's test suite, RFC 3720's B.4.
TEST_CASE("checksums are those that the standards give") {
  Checksums sums(kAll);
  CHECK(sums.hex(ChecksumKind::sha256) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sums.hex(ChecksumKind::md5) == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(sums.hex(ChecksumKind::crc32c) == "00000000");
  sums.add("a");
  sums.add("bc");
  for (int twice = 0; twice < 2; ++twice) {
    CHECK(sums.hex(ChecksumKind::sha256) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sums.hex(ChecksumKind::md5) == "900150983cd24fb0d6963f7d28e17f72");
  }
  Checksums zeros(kAll);
  for (int i = 0; i < 4; ++i) zeros.add(std::string(8, '\0'));
  CHECK(zeros.hex(ChecksumKind::crc32c) == "8a9136aa");
  Checksums million;
  for (int i = 0; i < 1000; ++i) million.add(std::string(1000, 'a'));
  CHECK(million.hex(ChecksumKind::sha256) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a CRC-32C in pieces is that of the whole, wherever it is cut") {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(i);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    CHECK(crc32c(std::string_view(bytes).substr(cut), crc32c(std::string_view(bytes).substr(0, cut))) ==
          0x46dd794eu);  // RFC 3720, B.4: 32 incrementing bytes
}

TEST_CASE("a checksum's text says its kind, or its length does") {
  CHECK(parse_checksum("MD5:900150983CD24FB0D6963F7D28E17F72").text() ==
        "md5:900150983cd24fb0d6963f7d28e17f72");
  CHECK(parse_checksum("900150983cd24fb0d6963f7d28e17f72").kind == ChecksumKind::md5);
  CHECK(parse_checksum("46dd794e").kind == ChecksumKind::crc32c);
  CHECK(parse_checksum("sha256:0676ba61").text() == "sha256:0676ba61");
  for (const char* none : {"", "md5:", "md5:12", "sha256:0676ba6", "sha1:900150983cd24fb0d6963f7d28e17f72",
                           "46dd794g", "crc32c:46dd794e00"})
    CHECK_THAT(thrown_by([&] { parse_checksum(none); }).what(), contains("is no checksum"));
}

TEST_CASE("headers have checksums in base 64") {
  CHECK(checksum_from_base64(ChecksumKind::crc32c, "Rt15Tg==").digits == "46dd794e");
  CHECK(thrown_by([] { checksum_from_base64(ChecksumKind::md5, "Rt15Tg=="); }).code() == Code::bad_value);
}

TEST_CASE("what differs is named, with its kind") {
  const Scratch scratch;
  Checksums sums(kAll);
  add_file(sums, scratch.write("a", "abc"));
  require_equal(sums, {parse_checksum("sha256:ba7816bf"), parse_checksum("900150983cd24fb0d6963f7d28e17f72")},
                "a");
  const Error error = thrown_by([&] { require_equal(sums, {parse_checksum("sha256:00000000")}, "a.zip"); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.what(), contains("a.zip") && contains("sha256") && contains("ba7816bf"));
  CHECK(thrown_by([&] { add_file(sums, scratch / "absent"); }).code() == Code::not_found);
}
