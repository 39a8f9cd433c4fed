// SPDX-License-Identifier: Apache-2.0
#include "fetch/remote_zip.h"

#include <zlib.h>

#include <map>

#include "base/byte_source.h"
#include "base/random.h"
#include "base/zip.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::fetch;
using namespace maskmill::tests;
using namespace std::string_literals;

namespace {

/// A file of a server, with what was asked of it.
struct Asked {
  std::string file;
  std::vector<ByteRange> ranges{};

  ByteRanges source() {
    return {file.size(), [this](std::span<const ByteRange> wanted,
                                const std::function<void(std::size_t, std::string)>& take) {
              for (std::size_t i = wanted.size(); i-- > 0;) {  // the last one comes first
                REQUIRE(wanted[i].bytes > 0);
                REQUIRE(wanted[i].offset + wanted[i].bytes <= file.size());
                ranges.push_back(wanted[i]);
                take(i, file.substr(wanted[i].offset, wanted[i].bytes));
              }
            }};
  }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const ByteRange& range : ranges) sum += range.bytes;
    return sum;
  }
};

using Contents = std::map<std::string, std::string>;

Contents made(int count, std::size_t most_bytes, std::uint64_t seed) {
  Random random(seed);
  Contents contents;
  for (int i = 0; i < count; ++i) {
    std::string bytes(random.below(most_bytes), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    contents.emplace("member-" + std::to_string(i) + ".png", std::move(bytes));
  }
  return contents;
}

std::string zipped(const Contents& contents, std::uint64_t zip64_from = 0xFFFFFFFF) {
  ZipWriter writer(zip64_from);
  for (const auto& [name, bytes] : contents) writer.add(name, bytes);
  return writer.finish();
}

Contents read_members(const RemoteZip& zip, const std::vector<std::string>& names) {
  std::vector<RemoteZip::Number> numbers;
  for (const std::string& name : names) {
    REQUIRE(zip.find(name));
    numbers.push_back(*zip.find(name));
  }
  Contents got;
  zip.read(numbers, [&](RemoteZip::Number number, std::string_view content) {
    CHECK(got.emplace(zip.name(number), content).second);
  });
  return got;
}

Error refused(const std::string& file, const std::string& member = "a") {
  return thrown_by([&] {
    Asked asked{file};
    read_members(RemoteZip(asked.source()), {member});
  });
}

void put(std::string& to, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(number >> (8 * i) & 0xFF);
}

/// As Info-ZIP writes a deflated entry whose sizes follow the data (APPNOTE.TXT 4.3.9), with fields of its
/// own in the heading.
std::string deflated_with_descriptor(const std::string& name, const std::string& content) {
  std::string packed(compressBound(content.size()) + 16, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  const std::string extra = "UT\x05\0....."s;

  std::string file = "PK\3\4";
  put(file, 20, 2), put(file, 8, 2), put(file, 8, 2), put(file, 0, 4), put(file, 0, 12);
  put(file, name.size(), 2), put(file, extra.size(), 2);
  file += name + extra + packed + "PK\7\x08";
  put(file, crc, 4), put(file, packed.size(), 4), put(file, content.size(), 4);
  const std::size_t directory = file.size();
  file += "PK\1\2";
  put(file, 20, 2), put(file, 20, 2), put(file, 8, 2), put(file, 8, 2), put(file, 0, 4);
  put(file, crc, 4), put(file, packed.size(), 4), put(file, content.size(), 4);
  put(file, name.size(), 2), put(file, 0, 2), put(file, 0, 2), put(file, 0, 12);
  file += name;
  const std::size_t size = file.size() - directory;
  file += "PK\5\6";
  put(file, 0, 4), put(file, 1, 2), put(file, 1, 2), put(file, size, 4), put(file, directory, 4),
      put(file, 0, 2);
  return file;
}

}  // namespace

TEST_CASE("members of a remote zip are those that ZipReader reads, of which little else is asked for") {
  const Contents contents = made(400, 30'000, 1);
  for (const std::uint64_t zip64_from : {0xFFFFFFFFULL, 1000ULL}) {
    Asked asked{zipped(contents, zip64_from)};
    const RemoteZip zip(asked.source());
    CHECK(zip.size() == contents.size());
    CHECK(asked.bytes() == zip.directory_bytes());
    asked.ranges.clear();
    const Contents got = read_members(zip, {"member-7.png", "member-300.png"});
    CHECK(got.at("member-7.png") == contents.at("member-7.png"));
    CHECK(got.at("member-300.png") == contents.at("member-300.png"));
    CHECK(asked.bytes() < 70'000);
    CHECK_FALSE(zip.find("member-400.png"));
  }
}

TEST_CASE("any choice of members comes whole, each once") {
  const Contents contents = made(300, 60'000, 2);
  const std::string file = zipped(contents);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Contents wanted;
    std::vector<std::string> names;
    const double share = random.uniform();
    for (const auto& member : contents)
      if (random.chance(share)) {
        wanted.insert(member);
        names.push_back(member.first);
      }
    random.shuffle(std::span(names));
    Asked asked{file};
    const RemoteZip zip(asked.source());
    asked.ranges.clear();
    std::vector<RemoteZip::Number> numbers;
    for (const std::string& name : names) numbers.push_back(*zip.find(name));
    const RemoteZip::Cost cost = zip.cost(numbers);
    CHECK(read_members(zip, names) == wanted);
    CHECK(asked.bytes() == cost.bytes);
    CHECK(asked.ranges.size() == cost.requests);
    for (const ByteRange& range : asked.ranges) CHECK(range.bytes <= RemoteZip::kLargestRange);
  }
}

TEST_CASE("neighbours are asked for together, and those far apart alone") {
  ZipWriter writer;
  writer.add("a", std::string(1000, 'a'));
  writer.add("gap", std::string(RemoteZip::kMostGap - 500, 'g'));
  writer.add("b", std::string(1000, 'b'));
  writer.add("wide gap", std::string(RemoteZip::kMostGap + 500, 'g'));
  writer.add("c", std::string(1000, 'c'));
  Asked asked{writer.finish()};
  const RemoteZip zip(asked.source());
  asked.ranges.clear();
  read_members(zip, {"c", "b", "a"});
  CHECK(asked.ranges.size() == 2);
}

TEST_CASE("deflated members whose sizes follow them, and fields in headings alone, are read") {
  const std::string content(100'000, 'x');
  Asked asked{deflated_with_descriptor("a", content)};
  CHECK(read_members(RemoteZip(asked.source()), {"a"}).at("a") == content);
}

TEST_CASE("a directory of more than a piece, and more entries than 16 bits can count") {
  ZipWriter writer;
  for (int i = 0; i < 80'000; ++i) writer.add("a name that takes some room, number " + std::to_string(i), "");
  Asked asked{writer.finish()};
  const RemoteZip zip(asked.source());
  CHECK(zip.size() == 80'000);
  CHECK(zip.find("a name that takes some room, number 79999"));
  for (const ByteRange& range : asked.ranges) CHECK(range.bytes <= 4 << 20);
}

TEST_CASE("a local zip is read the same way") {
  const Contents contents = made(20, 5000, 3);
  const Scratch scratch;
  const RemoteZip zip(ranges_of(scratch.write("a.zip", zipped(contents))));
  std::vector<std::string> names;
  for (const auto& member : contents) names.push_back(member.first);
  CHECK(read_members(zip, names) == contents);
}

TEST_CASE("a remote zip that lies about its entries is refused") {
  ZipWriter writer;
  writer.add("a", "first");
  writer.add("b", std::string(100, 'b'));
  const std::string good = writer.finish();
  const std::size_t first = good.find("PK\1\2"), second = good.find("PK\1\2", first + 1);
  const auto changed = [&](std::size_t at, char value) {
    std::string file = good;
    file[at] = value;
    return file;
  };
  CHECK(refused(changed(first + 8, 1)).code() == Code::unsupported);            // encrypted
  CHECK(refused(changed(first + 10, 99)).code() == Code::unsupported);          // AES
  CHECK_THAT(refused(changed(second + 42, 0)).message(), contains("overlap"));  // another's heading
  CHECK(refused(changed(second + 45, 0x7f)).code() == Code::bad_format);        // past the end
  CHECK_THAT(refused(changed(first + 46, 'z'), "z").message(), contains("another name"));
  CHECK_THAT(refused(changed(good.find("first"), 'F')).message(), contains("checksum"));
  CHECK_THAT(refused(changed(second + 46, 'a')).message(), contains("twice"));
  CHECK_THAT(refused(good.substr(0, good.size() - 1)).message(), contains("cut short"));
  CHECK_THAT(refused(good.substr(0, 10)).message(), contains("early"));

  std::string overlapping = good;
  overlapping[first + 20] = overlapping[first + 24] = 80;
  CHECK_THAT(refused(overlapping).message(), contains("overlap"));
  std::string bomb = good;
  bomb[first + 10] = 8;
  bomb[first + 27] = 0x40;
  CHECK_THAT(refused(bomb).message(), contains("proportion"));
}

TEST_CASE("bytes changed anywhere never come out as something else") {
  const Contents contents = made(4, 200, 4);
  const std::string good = zipped(contents);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string file = good;
    file[at] = static_cast<char>(file[at] ^ 0x55);
    try {
      Asked asked{file};
      const RemoteZip zip(asked.source());
      for (const auto& [name, content] : contents)
        if (zip.find(name)) {
          const Contents got = read_members(zip, {name});
          INFO(at);
          CHECK(got.at(name) == content);
        }
    } catch (const Error& error) {
      CHECK(error.code() != Code::bug);
    }
  }
}
