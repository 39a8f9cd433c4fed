// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/json.h"
#include "base/random.h"
#include "support/data_sets.h"
#include "support/folder_server.h"
#include "support/made_archive.h"
#include "support/program.h"
#include "support/schemas.h"

using namespace maskmill;
using namespace maskmill::tests;
using Kind = ArchiveEntry::Kind;

namespace {

/// A folder that a server gives out, and a cache of the test's own.
struct Remote {
  Scratch scratch;
  Path served = scratch / "served", cache = scratch / "cache";

  Remote() {
    fs::create_directories(served);
    ::setenv("MASKMILL_CACHE", cache.c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", (scratch / "config").c_str(), 1);
  }
  ~Remote() {
    ::unsetenv("MASKMILL_CACHE");
    ::unsetenv("XDG_CONFIG_HOME");
  }
  std::string out(const std::string& name = "out") const { return (scratch / name).string(); }
};

std::string noise(std::size_t size, std::uint64_t seed = 1) {
  Random random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

/// pets.tar.gz and masks.zip: pairs of images and masks, in a folder set/.
void serve_data_set(const Remote& remote, int count = 5) {
  const Scratch made;
  for (int i = 0; i < count; ++i) {
    const std::string name = "item" + std::to_string(i);
    made.write("set/images/" + name + ".jpg", jpeg_picture({60, 40}));
    made.write("set/masks/" + name + ".png", png_mask({i % 3}, {60, 40}));
  }
  made.write("set/labels.txt", "ground\nroad\ncar\n");
  write_archive(remote.served / "set.tar.gz", entries_of(made.path()));
  write_archive(remote.served / "set.zip", entries_of(made.path()));
}

std::string catalogue(const Remote& remote, const std::string& url, const Json& more = {}) {
  Json entry{{"name", "roads"},
             {"title", "Roads"},
             {"description", "five roads"},
             {"format", "pairs"},
             {"licence", "CC0"},
             {"citation", "Nobody: Roads"},
             {"homepage", "https://example.org/"},
             {"files", {{{"url", url}}}}};
  if (more.contains("root")) entry["root"] = more["root"];
  if (more.contains("checksum")) entry["files"][0]["checksum"] = more["checksum"];
  return remote.scratch.write("mine.json", to_text({{"data", {entry}}})).string();
}

Ran fetch(std::vector<std::string> words, const std::vector<std::string>& through = {}) {
  words.insert(words.begin(), "fetch");
  return tests::maskmill(words, through);
}

std::vector<std::string> names_below(const Path& folder) {
  std::vector<std::string> names;
  for (const Path& file : list_files(folder)) names.push_back(relative_name(file, folder));
  return names;
}

/// Of the first entry of a tar file (POSIX.1-1988, ustar).
void claim_size(const Path& tar, const std::string& octal) {
  constexpr std::size_t kSizeAt = 124, kSumAt = 148, kSumBytes = 8, kHeader = 512;
  std::string bytes = read_file(tar);
  bytes.replace(kSizeAt, octal.size(), octal);
  bytes.replace(kSumAt, kSumBytes, kSumBytes, ' ');
  unsigned sum = 0;
  for (std::size_t i = 0; i < kHeader; ++i) sum += static_cast<unsigned char>(bytes[i]);
  bytes.replace(kSumAt, kSumBytes, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  rewrite(tar, bytes);
}

bool is_clean(const Path& folder) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().filename().string().find(".part") != std::string::npos ||
        entry.path().filename().string().starts_with("."))
      return false;
  return true;
}

}  // namespace

TEST_CASE("a data set comes by its name as the verbs take it, with its licence beside") {
  const Remote remote;
  serve_data_set(remote);
  const FolderServer server(remote.served);
  const std::string mine = catalogue(remote, server.url("/set.tar.gz"));
  const Ran ran = fetch({"roads", "--catalogue", mine, "-o", remote.out()});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK_THAT(ran.out, contains("CC0") && contains("Nobody: Roads") &&
                          contains("maskmill check " + remote.out() + " --from pairs"));
  // All lay in one folder, which the data set has become.
  CHECK(fs::exists(Path(remote.out()) / "masks/item0.png"));
  CHECK_THAT(read_file(Path(remote.out()) / "SOURCE.md"),
             contains("CC0") && contains(server.url("/set.tar.gz")));
  const std::string provenance = read_file(Path(remote.out()) / "maskmill/provenance.json");
  CHECK(departures(provenance, "provenance").empty());
  CHECK_THAT(provenance, contains("Nobody: Roads"));
  CHECK(tests::maskmill({"check", remote.out(), "--from", "pairs"}).status == 0);
  CHECK(is_clean(remote.scratch.path()));

  SECTION("what is there is not written over, but for --force where maskmill wrote it") {
    CHECK(fetch({"roads", "--catalogue", mine, "-o", remote.out()}).status == 3);
    CHECK(fetch({"roads", "--catalogue", mine, "-o", remote.out(), "--force"}).status == 0);
    fs::create_directories(remote.scratch / "own");
    remote.scratch.write("own/thesis.txt", "mine");
    CHECK(fetch({"roads", "--catalogue", mine, "-o", remote.out("own"), "--force"}).status == 3);
    CHECK(read_file(remote.scratch / "own/thesis.txt") == "mine");
  }
  SECTION("offline it comes from the cache, and only what is there") {
    const std::size_t before = server.web().counts().requests;
    REQUIRE(fetch({"roads", "--catalogue", mine, "-o", remote.out("again"), "--offline"}).status == 0);
    CHECK(names_below(remote.out("again")) == names_below(remote.out()));
    const Ran refused = fetch({server.url("/set.zip"), "-o", remote.out("zip"), "--offline"});
    CHECK(refused.status == 3);
    CHECK_THAT(refused.err, contains("--offline"));
    CHECK(server.web().counts().requests == before);
  }
  SECTION("what came first is held to, also when it is no longer in the cache") {
    for (const Path& file : list_files(remote.cache))
      if (file.filename() == "set.tar.gz") fs::remove(file);
    write_archive(remote.served / "set.tar.gz", {{"other/a", "other"}});
    const Ran refused = fetch({"roads", "--catalogue", mine, "-o", remote.out("again")});
    CHECK(refused.status == 3);
    CHECK_THAT(refused.err, contains("sha256") && contains("set.tar.gz.sha256"));
    CHECK_FALSE(fs::exists(remote.out("again")));
  }
}

TEST_CASE("what has another checksum is refused, and nothing is left of it") {
  const Remote remote;
  serve_data_set(remote);
  const FolderServer server(remote.served);
  const std::string zeros(32, '0');
  const Ran data = fetch({"roads", "--catalogue",
                          catalogue(remote, server.url("/set.tar.gz"), {{"checksum", "md5:" + zeros}}), "-o",
                          remote.out()});
  CHECK(data.status == 3);
  CHECK_THAT(data.err, contains(zeros) && contains("is not what was published"));
  const Ran file = fetch({server.url("/set.zip"), "--no-unpack", "--checksum", zeros, "-o", remote.out()});
  CHECK(file.status == 3);
  CHECK((!fs::exists(remote.out()) || list_files(remote.out()).empty()));
}

TEST_CASE("a file that is there is taken for the URL's, or with --force replaced by it") {
  const Remote remote;
  remote.scratch.write("served/a.bin", "new");
  remote.scratch.write("out/a.bin", "old");
  const FolderServer server(remote.served);
  const Ran dry = fetch({server.url("/a.bin"), "-o", remote.out(), "--dry-run", "--json"});
  CHECK(parse_json(dry.out, "fetch")["files"][0]["there"] == 3);
  CHECK(fetch({server.url("/a.bin"), "-o", remote.out()}).status == 0);
  CHECK(read_file(remote.scratch / "out/a.bin") == "old");
  CHECK(fetch({server.url("/a.bin"), "-o", remote.out(), "--force"}).status == 0);
  CHECK(read_file(remote.scratch / "out/a.bin") == "new");
  CHECK(is_clean(remote.out()));
  CHECK(fetch({server.url("/a.bin"), "-o", remote.out(), "--checksum", "12"}).status == 2);
}

TEST_CASE("a server that wants a password is told where it belongs, and gets it from there") {
  const Remote remote;
  const WebServer server([](const WebRequest& request) {
    if (request.header("authorization").empty())
      return WebReply{.status = "401 Unauthorized", .headers = {{"WWW-Authenticate", "Basic realm=\"a\""}}};
    return file_reply(request, "secret", "\"1\"");
  });
  const std::vector<std::string> at_home{"/usr/bin/env", "HOME=" + remote.scratch.path().string()};
  const Ran refused = fetch({server.url("/a"), "-o", remote.out()}, at_home);
  CHECK(refused.status == 3);
  CHECK_THAT(refused.err, contains("401") && contains("~/.netrc"));
  remote.scratch.write(".netrc", "machine 127.0.0.1 login me password mine\n");
  CHECK(fetch({server.url("/a"), "-o", remote.out()}, at_home).status == 0);
  CHECK(read_file(Path(remote.out()) / "a") == "secret");
}

TEST_CASE("a typo names the nearest, and what needs an account says how to come by it") {
  const Remote remote;
  CHECK_THAT(fetch({"oxford-iit-pet", "-o", remote.out()}).err, contains("did you mean oxford-iiit-pet?"));
  const Ran account = fetch({"cityscapes", "-o", remote.out()});
  CHECK(account.status == 3);
  CHECK_THAT(account.err, contains("https://www.cityscapes-dataset.com/register/"));
  CHECK(fetch({}).status == 2);
  CHECK(fetch({"--list"}).status == 0);
  CHECK(fetch({"--list", "--json"}).status == 0);
  CHECK(fetch({"ftp://example.org/a", "-o", remote.out()}).status == 2);
}

TEST_CASE("a dry run says the sizes and fetches nothing") {
  const Remote remote;
  serve_data_set(remote);
  remote.scratch.write("served/a.bin", noise(123456));
  const FolderServer server(remote.served);
  const Ran ran = fetch({"roads", "--catalogue", catalogue(remote, server.url("/set.tar.gz")),
                         server.url("/a.bin"), "--dry-run", "--json"});
  REQUIRE(ran.status == 0);
  const Json document = parse_json(ran.out, "fetch");
  const auto size = fs::file_size(remote.served / "set.tar.gz");
  CHECK(document["files"][0]["bytes"] == size);
  CHECK(document["bytes"] == size + 123456);
  CHECK_FALSE(fs::exists(remote.cache));
  CHECK(fetch({server.url("/absent"), "-n"}).status == 3);
}

TEST_CASE("a mirror is asked in the place of the server") {
  const Remote remote;
  remote.scratch.write("served/example.org/deep/a.bin", "abc");
  const FolderServer server(remote.served);
  REQUIRE(fetch({"https://example.org/deep/a.bin", "--mirror", server.url(""), "-o", remote.out()}).status ==
          0);
  CHECK(read_file(Path(remote.out()) / "a.bin") == "abc");
}

TEST_CASE("many files come at once; one that is missing is said and keeps no other away") {
  const Remote remote;
  std::string list = "# pictures\n\n";
  for (int i = 0; i < 300; ++i) {
    const std::string name = std::to_string(i) + ".bin";
    remote.scratch.write("served/" + name, noise(1000 + static_cast<std::size_t>(i), 7));
  }
  const bool secure = GENERATE(false, true);
  const FolderServer server(remote.served, {.delay = std::chrono::milliseconds(10)},
                            {.tls = secure, .http2 = secure});
  for (int i = 0; i < 300; ++i) list += server.url("/" + std::to_string(i) + ".bin") + "\r\n";
  list += server.url("/absent.bin") + "\n";
  const std::string file = remote.scratch.write("list.txt", list).string();
  std::vector<std::string> trusting;
  if (secure)
    trusting = {"/usr/bin/env", "-u", "CURL_CA_BUNDLE",
                "SSL_CERT_FILE=" + server.web().certificate().string()};
  const Ran ran = fetch({"--urls", file, "-o", remote.out(), "--json"}, trusting);
  INFO(ran.err);
  REQUIRE(ran.status == 1);
  CHECK_THAT(ran.err, contains("absent.bin") && contains("404"));
  CHECK(names_below(remote.out()) == names_below(remote.served));
  for (const Path& got : list_files(remote.out()))
    CHECK(read_file(got) == read_file(remote.served / got.filename()));
  CHECK(server.web().counts().most_requests > 4);
  CHECK(server.web().counts().connections <= 12);
  CHECK(server.web().requests().back().protocol == (secure ? "HTTP/2" : "HTTP/1.1"));
  remote.scratch.write("list.txt", server.url("/0.bin") + "\n" + server.url("/0.bin") + " xyz\n");
  CHECK_THAT(fetch({"--urls", file, "-o", remote.out()}).err, contains("list.txt:2"));
}

TEST_CASE("a certificate that nobody vouches for is refused") {
  const Remote remote;
  remote.scratch.write("served/a", "abc");
  const FolderServer server(remote.served, {}, {.tls = true});
  const Ran ran = fetch({server.url("/a"), "-o", remote.out()});
  CHECK(ran.status == 3);
  CHECK_THAT(ran.err, contains("certificate"));
}

TEST_CASE("members of a server's zip come by ranges, and of other archives out of the whole") {
  const Remote remote;
  std::vector<ArchiveEntry> entries;
  for (int i = 0; i < 50; ++i) {
    entries.push_back({"train/" + std::to_string(i) + ".png", noise(100000, static_cast<std::uint64_t>(i))});
    entries.push_back({"val/" + std::to_string(i) + ".png", noise(1000, static_cast<std::uint64_t>(i))});
  }
  write_archive(remote.served / "a.zip", entries);
  write_archive(remote.served / "a.tar.zst", entries);
  std::atomic<std::size_t> sent = 0;
  const FolderServer server(remote.served, {}, {}, [&](const WebRequest&, const Visit&, WebReply& reply) {
    if (reply.status.starts_with("206")) sent += reply.size();
  });
  for (const char* name : {"zip", "tar.zst"}) {
    const Ran ran =
        fetch({server.url(std::string("/a.") + name), "--members", "val/*.png", "-o", remote.out(name)});
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    CHECK(list_files(Path(remote.out(name)) / "val").size() == 50);
    CHECK_FALSE(fs::exists(Path(remote.out(name)) / "train"));
    CHECK(read_file(Path(remote.out(name)) / "val/7.png") == noise(1000, 7));
    const std::string provenance = read_file(Path(remote.out(name)) / "maskmill/provenance.json");
    CHECK(departures(provenance, "provenance").empty());
    CHECK_THAT(provenance, contains("/a." + std::string(name)));
    if (std::string(name) == "zip") CHECK(sent < fs::file_size(remote.served / "a.zip") * 3 / 2);
  }
  const Ran none = fetch({server.url("/a.zip"), "--members", "test/*", "-o", remote.out("none")});
  CHECK(none.status == 3);
  CHECK_THAT(none.err, contains("test/*"));
  CHECK_FALSE(fs::exists(remote.out("none")));
}

TEST_CASE("an archive that means harm is refused with a clear word, and the output is not there") {
  const Remote remote;
  const std::vector<std::tuple<std::string, std::vector<ArchiveEntry>, std::string>> all{
      {"up.tar", {{"../out", "x"}}, "leads out"},
      {"up.zip", {{"a/../../out", "x"}}, "leads out"},
      {"absolute.tar.gz", {{"/tmp/maskmill-must-not-be-there", "x"}}, "leads out"},
      {"soft.tar", {{"link", "/etc", Kind::symbolic_link}}, "leads out"},
      {"hard.tar", {{"link", "../../x", Kind::hard_link}}, "leads out"},
      {"twice.zip", {{"a", "1"}, {"a", "2"}}, "two entries of one name"},
      {"device.tar", {{"null", "", Kind::device}}, "neither a file nor a folder"},
      {"pipe.tar.zst", {{"pipe", "", Kind::pipe}}, "neither a file nor a folder"},
      {"bomb.tar", {{"zeros", ""}}, "unpacks to more than"}};
  for (const auto& [name, entries, word] : all) write_archive(remote.served / name, entries);
  claim_size(remote.served / "bomb.tar", "11400000000");  // 1.2 GiB, in octal digits
  const FolderServer server(remote.served);
  for (const auto& [name, entries, word] : all) {
    INFO(name);
    const Ran ran = fetch({server.url("/" + name), "-o", remote.out()});
    CHECK(ran.status == 3);
    CHECK_THAT(ran.err, contains(word) && contains(name));
    CHECK_FALSE(fs::exists(remote.out()));
  }
  CHECK_FALSE(fs::exists("/tmp/maskmill-must-not-be-there"));
}

TEST_CASE("transfers that are cut at every twentieth of their length end with the same bytes") {
  const Remote remote;
  const std::string bytes = noise(2000000);
  for (int i = 0; i < 20; ++i) remote.scratch.write("served/" + std::to_string(i) + ".bin", bytes);
  const FolderServer server(remote.served, {}, {},
                            [](const WebRequest& request, const Visit& visit, WebReply& reply) {
                              const int twentieth = std::stoi(request.target.substr(1));
                              if (visit.of_target == 1)
                                cut_at(0.05 * twentieth, twentieth % 2 == 1 ? Cut::close : Cut::reset)(reply);
                            });
  std::vector<std::string> words{"-o", remote.out()};
  for (int i = 0; i < 20; ++i) words.push_back(server.url("/" + std::to_string(i) + ".bin"));
  const Ran ran = fetch(words);
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK(server.web().counts().requests == 40);
  for (int i = 0; i < 20; ++i) CHECK(read_file(Path(remote.out()) / (std::to_string(i) + ".bin")) == bytes);
  CHECK(is_clean(remote.out()));
}

TEST_CASE("killed twenty times at random, the next try goes on and ends with the same bytes") {
  const Remote remote;
  const std::string bytes = noise(6000000);
  remote.scratch.write("served/a.bin", bytes);
  const FolderServer server(remote.served, {}, {}, [](const WebRequest&, const Visit&, WebReply& reply) {
    reply.trickle = {60000, std::chrono::milliseconds(2)};
  });
  Random random(3);
  std::size_t killed = 0;
  for (int round = 0; round < 20; ++round) {
    Running running(maskmill_words({"fetch", server.url("/a.bin"), "-o", remote.out()}));
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random.below(60)));
    running.signal(SIGKILL);
    killed += running.wait().status == 128 + SIGKILL ? 1 : 0;
    const Path whole = Path(remote.out()) / "a.bin";
    if (fs::exists(whole)) CHECK(read_file(whole) == bytes);
  }
  CHECK(killed > 5);
  REQUIRE(fetch({server.url("/a.bin"), "-o", remote.out()}).status == 0);
  CHECK(read_file(Path(remote.out()) / "a.bin") == bytes);
  CHECK(names_below(remote.out()) == std::vector<std::string>{"a.bin"});
  CHECK(is_clean(remote.out()));
}

TEST_CASE("a data set whose fetching is killed anywhere is absent or whole, and comes in the end") {
  const Remote remote;
  serve_data_set(remote, 300);
  const FolderServer server(remote.served, {}, {}, [](const WebRequest&, const Visit&, WebReply& reply) {
    reply.trickle = {4000, std::chrono::milliseconds(1)};
  });
  const std::string mine = catalogue(remote, server.url("/set.tar.gz"));
  Random random(5);
  for (int round = 0; round < 20 && !fs::exists(remote.out()); ++round) {
    Running running(maskmill_words({"fetch", "roads", "--catalogue", mine, "-o", remote.out()}));
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + random.below(100)));
    running.signal(SIGKILL);
    running.wait();
    if (fs::exists(remote.out())) CHECK(list_files(remote.out()).size() == 300 * 2 + 3);
  }
  if (!fs::exists(remote.out()))
    REQUIRE(fetch({"roads", "--catalogue", mine, "-o", remote.out()}).status == 0);
  CHECK(list_files(remote.out()).size() == 300 * 2 + 3);
  for (const fs::directory_entry& entry : fs::directory_iterator(remote.scratch.path()))
    CHECK(entry.path().filename().string().front() != '.');
}

TEST_CASE("bytes that were spoilt on their way come again where the server says what they should be") {
  const Remote remote;
  const std::string bytes = noise(300000);
  remote.scratch.write("served/a.bin", bytes);
  const FolderServer server(remote.served, {.goog_hash = GoogHash::lines}, {},
                            first_of_each(1, [](WebReply& reply) { reply.spoiled = {150000}; }));
  const Ran ran = fetch({server.url("/a.bin"), "-o", remote.out()});
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  CHECK_THAT(ran.err, contains("checksum that it publishes"));
  CHECK(read_file(Path(remote.out()) / "a.bin") == bytes);
}
