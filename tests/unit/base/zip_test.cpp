// SPDX-License-Identifier: Apache-2.0
#include "base/zip.h"

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

namespace {

std::string two_entries(std::uint64_t zip64_from = 0xFFFFFFFF) {
  ZipWriter writer(zip64_from);
  writer.add("a", "first");
  writer.add("folder/b", std::string(100, 'b'));
  return writer.finish();
}

/// The place of the n-th directory entry; APPNOTE.TXT 4.3.12 has the offsets in it.
std::size_t central(const std::string& file, int number) {
  std::size_t at = file.find("PK\1\2");
  for (; number > 0; --number) at = file.find("PK\1\2", at + 1);
  REQUIRE(at != std::string::npos);
  return at;
}
constexpr std::size_t kFlags = 8, kMethod = 10, kPackedSize = 20, kSize = 24, kHeaderOffset = 42;

Error refused(const std::string& file) {
  return thrown_by([&] {
    ByteSource bytes{std::string_view(file)};
    ZipReader reader(bytes);
  });
}

}  // namespace

TEST_CASE("entries come back, with zip64 numbers too") {
  for (const std::uint64_t zip64_from : {0xFFFFFFFFULL, 50ULL, 0ULL}) {
    const std::string file = two_entries(zip64_from);
    ByteSource bytes{std::string_view(file)};
    const ZipReader reader(bytes);
    std::string inflated;
    REQUIRE(reader.entries().size() == 2);
    CHECK(reader.entries()[0].name == "a");
    REQUIRE(reader.find("folder/b") != nullptr);
    CHECK(reader.content(*reader.find("a"), inflated) == "first");
    CHECK(reader.content(*reader.find("folder/b"), inflated) == std::string(100, 'b'));
    CHECK(reader.find("folder/b")->offset % 64 == 0);
    CHECK(reader.find("b") == nullptr);
  }
}

TEST_CASE("more entries than 16 bits can count come back") {
  ZipWriter writer;
  for (int i = 0; i < 70'000; ++i) writer.add(std::to_string(i), "");
  const std::string file = writer.finish();
  ByteSource bytes{std::string_view(file)};
  const ZipReader reader(bytes);
  CHECK(reader.entries().size() == 70'000);
  CHECK(reader.find("69999") != nullptr);
}

TEST_CASE("a comment at the end is passed over") {
  std::string file = two_entries();
  file[file.size() - 2] = 5;
  file += "hello";
  ByteSource bytes{std::string_view(file)};
  CHECK(ZipReader(bytes).entries().size() == 2);
  CHECK(refused(file.substr(0, file.size() - 1)).code() == Code::bad_format);
}

TEST_CASE("an archive that lies about its entries is refused") {
  const std::string good = two_entries();
  const std::size_t first = central(good, 0), second = central(good, 1);
  const auto changed = [&](std::size_t at, char value) {
    std::string file = good;
    file[at] = value;
    return file;
  };
  CHECK(refused(changed(first + kFlags, 1)).code() == Code::unsupported);         // encrypted
  CHECK(refused(changed(first + kMethod, 99)).code() == Code::unsupported);       // AES
  CHECK(refused(changed(first + kSize, 4)).code() == Code::bad_format);           // stored, but of two sizes
  CHECK(refused(changed(second + kHeaderOffset, 0)).code() == Code::bad_format);  // another's heading
  CHECK(refused(changed(second + kHeaderOffset + 3, 0x7f)).code() == Code::bad_format);  // past the end
  CHECK(refused(changed(good.size() - 4, 0x7f)).code() == Code::bad_format);  // the directory, past the end

  std::string overlapping = good;
  overlapping[first + kPackedSize] = overlapping[first + kSize] = 80;
  CHECK_THAT(refused(overlapping).message(), contains("overlap"));

  std::string bomb = good;  // claims to inflate to 1 GB
  bomb[first + kMethod] = 8;
  bomb[first + kSize + 3] = 0x40;
  CHECK_THAT(refused(bomb).message(), contains("proportion"));

  ZipWriter twice;
  twice.add("a", "1");
  twice.add("a", "2");
  CHECK_THAT(refused(twice.finish()).message(), contains("twice"));
}

TEST_CASE("data that are not those that were written are noticed") {
  std::string file = two_entries();
  file[file.find("first")] = 'F';
  ByteSource bytes{std::string_view(file)};
  const ZipReader reader(bytes);
  std::string inflated;
  CHECK_THAT(thrown_by([&] { reader.content(*reader.find("a"), inflated); }).message(), contains("checksum"));
}
