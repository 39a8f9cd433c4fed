// SPDX-License-Identifier: Apache-2.0
#include "base/archive.h"

#include <boost/filesystem.hpp>
#include <map>

#include "support/made_archive.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Kind = ArchiveEntry::Kind;

std::map<std::string, std::string> content(const Path& folder) {
  std::map<std::string, std::string> files;
  for (const ArchiveEntry& entry : entries_of(folder)) files[entry.name] = entry.content;
  return files;
}

std::map<std::string, std::string> unpacked_content(const Scratch& scratch, const Path& archive) {
  const Path folder = scratch / ("from-" + archive.filename().string());
  fs::create_directory(folder);
  unpack(archive, folder);
  return content(folder);
}

/// Bytes that do not pack.
std::string noise(std::size_t count) {
  std::string bytes(count, ' ');
  std::uint64_t state = 88172645463325252;
  for (char& byte : bytes) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;  // Marsaglia's xorshift64
    byte = static_cast<char>(state >> 32);
  }
  return bytes;
}

/// The error that an archive of these entries ends with; nothing must lie beside the folder afterwards.
Error refused(std::vector<ArchiveEntry> entries, const std::string& name = "hostile.tar") {
  const Scratch scratch;
  const Path archive = scratch / name, folder = scratch / "deep/folder";
  write_archive(archive, entries);
  fs::create_directories(folder);
  const Error error = thrown_by([&] { unpack(archive, folder); });
  std::vector<std::string> beside;
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch.path()))
    beside.push_back(entry.path().filename().string());
  std::ranges::sort(beside);
  CHECK(beside == std::vector<std::string>{"deep", name});
  CHECK(std::distance(fs::directory_iterator(scratch / "deep"), fs::directory_iterator()) == 1);
  CHECK(error.place().file == archive.string());
  return error;
}

}  // namespace

TEST_CASE("what tar and Python's zipfile pack comes out byte for byte") {
  const Scratch scratch;
  std::string large(3'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 7) large[i] = static_cast<char>(i * i >> 5);
  scratch.write("in/a.txt", "one\n");
  scratch.write("in/sub/deeper/b.bin", large);
  scratch.write("in/sub/ä ö — 図.txt", "names");
  scratch.write("in/sub/empty", "");
  const auto expected = content(scratch / "in");
  REQUIRE(expected.size() == 4);
  for (const char* name : {"out.tar", "out.tar.gz", "out.TGZ", "out.tar.xz", "out.tar.bz2"}) {
    INFO(name);
    const std::string packing = Path(name).extension() == ".xz"    ? "--xz"
                                : Path(name).extension() == ".bz2" ? "--bzip2"
                                : Path(name).extension() == ".tar" ? "--format=gnu"
                                                                   : "--gzip";
    const Ran ran = run_program_at({"/usr/bin/env", "tar", packing, "-cf", (scratch / name).string(), "-C",
                                    (scratch / "in").string(), "."});
    if (ran.status != 0) {
      WARN("skipped: tar cannot write " << name << " here: " << ran.err);
      continue;
    }
    CHECK(unpacked_content(scratch, scratch / name) == expected);
  }
  const Ran ran = run_program_at({"/usr/bin/env", "python3", "-c",
                                  "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])",
                                  (scratch / "out").string(), (scratch / "in").string()});
  REQUIRE(ran.status == 0);
  CHECK(unpacked_content(scratch, scratch / "out.zip") == expected);
}

TEST_CASE("zstd and 7z are read too, and links inside lead where they did") {
  const Scratch scratch;
  write_archive(scratch / "a.tar.zst", {{"real/file", "bytes"},
                                        {"real/hard", "real/file", Kind::hard_link},
                                        {"links/soft", "../real/file", Kind::symbolic_link}});
  CHECK(unpacked_content(scratch, scratch / "a.tar.zst") ==
        std::map<std::string, std::string>{
            {"real/file", "bytes"}, {"real/hard", "bytes"}, {"links/soft", "bytes"}});
  write_archive(scratch / "a.7z", {{"x/y", "seven"}});
  CHECK(unpacked_content(scratch, scratch / "a.7z") == std::map<std::string, std::string>{{"x/y", "seven"}});
}

TEST_CASE("no name and no link leaves the folder") {
  CHECK_THAT(refused({{"../out", "x"}}).message(), contains("leads out"));
  CHECK_THAT(refused({{"/tmp/maskmill-must-not-be-there", "x"}}).message(), contains("leads out"));
  CHECK(!fs::exists("/tmp/maskmill-must-not-be-there"));
  CHECK_THAT(refused({{"a/../../out", "x"}}, "hostile.zip").message(), contains("leads out"));
  CHECK_THAT(refused({{"link", "/etc", Kind::symbolic_link}}).message(), contains("leads out"));
  CHECK_THAT(refused({{"a/link", "../../x", Kind::symbolic_link}}).message(), contains("leads out"));
  CHECK_THAT(refused({{"hard", "../../hostile.tar", Kind::hard_link}}).message(), contains("leads out"));
  // Each of the two stays inside as text; together they would not.
  CHECK_THAT(
      refused({{"a/here", ".", Kind::symbolic_link}, {"a/b/out", "../here/../../x", Kind::symbolic_link}})
          .message(),
      contains("leads out"));
}

TEST_CASE("nothing is written through a link of the archive") {
  const Error error = refused({{"link", ".", Kind::symbolic_link}, {"link/../../out", "x"}});
  CHECK_THAT(error.message(), contains("leads out"));
  CHECK_THAT(refused({{"link", "elsewhere", Kind::symbolic_link}, {"link/file", "x"}}).message(),
             contains("two entries of one name"));
}

TEST_CASE("a second entry of one name, a file that is a folder and a pipe are refused") {
  CHECK_THAT(refused({{"a", "1"}, {"a", "2"}}).message(), contains("two entries of one name"));
  CHECK_THAT(refused({{"a", "1"}, {"a", "2"}}, "hostile.zip").place().field, contains("a"));
  CHECK_THAT(refused({{"a", "1"}, {"a/b", "2"}}).message(), contains("a file and a folder"));
  CHECK_THAT(refused({{"p", "", Kind::pipe}}).message(), contains("neither a file nor a folder"));
}

TEST_CASE("an archive that unpacks to far more than it holds is refused, and one cut short too") {
  const Scratch scratch;
  const Path folder = scratch / "folder";
  fs::create_directory(folder);
  write_archive(scratch / "bomb.zip", {{"zeros", std::string(50'000'000, '\0')}});
  const Error bomb = thrown_by([&] { unpack(scratch / "bomb.zip", folder, {.most_bytes = 1000000}); });
  CHECK(bomb.code() == Code::bad_format);
  CHECK_THAT(bomb.message(), contains("more than 1,000,000 bytes"));
  CHECK(usual_unpacked_limit(scratch / "bomb.zip") == 1u << 30);

  write_archive(scratch / "whole.tar.gz", {{"a", noise(2'000'000)}});
  const std::string bytes = read_file(scratch / "whole.tar.gz");
  for (const std::size_t kept : {bytes.size() / 2, bytes.size() - 200, std::size_t{20}}) {
    const Path cut = scratch.write("cut.tar.gz", std::string_view(bytes).substr(0, kept));
    fs::remove_all(folder);
    fs::create_directory(folder);
    CHECK(thrown_by([&] { unpack(cut, folder); }).code() == Code::bad_format);
  }
  const Path text = scratch.write("text.zip", "this is no archive");
  CHECK(thrown_by([&] { unpack(text, folder); }).code() == Code::bad_format);
  CHECK(thrown_by([&] { unpack(scratch / "absent.zip", folder); }).code() == Code::not_found);
}

TEST_CASE("a byte that was changed is noticed by the checksum") {
  const Scratch scratch;
  const std::string content = noise(100'000);
  write_archive(scratch / "a.zip", {{"a.bin", content}});
  std::string bytes = read_file(scratch / "a.zip");
  REQUIRE(bytes.size() > 90'000);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  const Path broken = scratch.write("broken.zip", bytes);
  fs::create_directory(scratch / "folder");
  CHECK(thrown_by([&] { unpack(broken, scratch / "folder"); }).code() == Code::bad_format);
}

TEST_CASE("archives are told by their names") {
  CHECK(has_archive_name("a/b.ZIP"));
  CHECK(has_archive_name("b.tar.gz"));
  CHECK(archive_stem("a/export.tar.gz") == "export");
  CHECK(archive_stem("export.1.zip") == "export.1");
  CHECK(!has_archive_name("b.gz"));
  CHECK(!has_archive_name(".zip"));
  CHECK(!has_archive_name("zip"));
}
