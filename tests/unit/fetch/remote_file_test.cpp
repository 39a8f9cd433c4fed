// SPDX-License-Identifier: Apache-2.0
#include "fetch/remote_file.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "catch.h"
#include "support.h"
#include "support/scratch.h"
#include "support/web_server.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::bytes_of;
using maskmill::tests::contains;
using maskmill::tests::file_reply;
using maskmill::tests::kHasty;
using maskmill::tests::Quiet;
using maskmill::tests::thrown_by;
using maskmill::tests::WebReply;
using maskmill::tests::WebRequest;
using maskmill::tests::WebServer;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string streamed(const Url& url, const Access& access = {kHasty}) {
  std::string got;
  stream(
      url, [&](std::string_view bytes) { got += bytes; }, access);
  return got;
}

/// "crc32c=..." as Google Cloud Storage has it.
std::string goog_crc(const std::string& bytes) {
  const std::uint32_t sum = crc32c(bytes);
  std::string big_endian;
  for (int shift = 24; shift >= 0; shift -= 8) big_endian += static_cast<char>(sum >> shift & 0xFF);
  return "crc32c=" + to_base64(big_endian);
}

}  // namespace

TEST_CASE("a stream that is cut at any place goes on there, and hands on each byte once") {
  const Quiet quiet;
  const std::string bytes = bytes_of(100000);
  for (std::size_t cut = 0; cut < bytes.size(); cut += bytes.size() / 20) {
    INFO(cut);
    std::atomic<int> requests = 0;
    const WebServer server([&](const WebRequest& request) {
      WebReply reply = file_reply(request, bytes, "\"1\"");
      if (requests++ == 0) reply.sent = cut;
      return reply;
    });
    CHECK(streamed(Url(server.url("/a"))) == bytes);
    CHECK(requests == 2);
  }
}

TEST_CASE("a stream of a file that became another, or that cannot be continued, is an error and no mixture") {
  const Quiet quiet;
  std::string tag = "\"1\"";
  std::atomic<int> requests = 0;
  const std::string bytes = bytes_of(50000), other = bytes_of(50000, 2);
  const WebServer server([&](const WebRequest& request) {
    const bool is_first = requests++ == 0;
    WebReply reply = file_reply(request, is_first ? bytes : other, is_first ? tag : "\"2\"");
    if (is_first) reply.sent = 20000;
    return reply;
  });
  std::string got;
  const auto take = [&](std::string_view some) { got += some; };
  CHECK_THAT(thrown_by([&] { stream(Url(server.url("/a")), take, {kHasty}); }).what(),
             contains("became another file"));
  CHECK(got == bytes.substr(0, 20000));
  requests = 0;
  tag = "W/\"1\"";
  CHECK_THAT(thrown_by([&] { stream(Url(server.url("/a")), take, {kHasty}); }).what(),
             contains("cannot continue it"));
}

TEST_CASE("a stream is held to what its server publishes") {
  const std::string bytes = bytes_of(1000);
  bool is_spoilt = false;
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, "\"1\"");
    reply.headers.emplace_back("x-goog-hash", goog_crc(bytes));
    if (is_spoilt) reply.body[500] ^= 1;
    return reply;
  });
  CHECK(streamed(Url(server.url("/a"))) == bytes);
  is_spoilt = true;
  CHECK(thrown_by([&] { streamed(Url(server.url("/a"))); }).code() == Code::bad_format);
}

TEST_CASE("what is stored packed and sent unpacked is not held to the sum of the packed bytes") {
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, "unpacked", "\"1\"");
    reply.headers.emplace_back("x-goog-hash", goog_crc("packed"));
    reply.headers.emplace_back("x-goog-stored-content-encoding", "gzip");
    return reply;
  });
  CHECK(streamed(Url(server.url("/a"))) == "unpacked");
}

TEST_CASE("a look says a file's size, and whether parts of it can be had") {
  const std::string bytes = bytes_of(1000000);
  bool has_ranges = true;
  std::string body = bytes;
  const WebServer server([&](WebRequest request) {
    if (!has_ranges) request.headers.erase("range");
    return file_reply(request, body, "\"1\"");
  });
  CHECK(look(Url(server.url("/a"))).bytes == bytes.size());
  CHECK(look(Url(server.url("/a"))).has_ranges);
  body = "x";
  CHECK(look(Url(server.url("/a"))).bytes == 1);
  body.clear();
  CHECK(look(Url(server.url("/a"))).bytes == 0);
  body = bytes;
  has_ranges = false;
  CHECK(look(Url(server.url("/a"))).bytes == bytes.size());
  CHECK_FALSE(look(Url(server.url("/a"))).has_ranges);
  CHECK(thrown_by([&] { RemoteFile(Url(server.url("/a")), {kHasty}); }).code() == Code::unsupported);
}

TEST_CASE("parts of a file come as they lie there, several at once, cut or not") {
  const Quiet quiet;
  const std::string bytes = bytes_of(300000);
  std::mutex mutex;
  std::set<std::string> seen;
  std::string tag = "\"1\"";
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, tag);
    const std::string range = request.header("range");
    const std::lock_guard lock(mutex);
    // Each part is cut once: where it ends stays the same when it is gone on with.
    if (seen.insert(range.substr(range.find('-'))).second) reply.sent = reply.body.size() / 2;
    return reply;
  });
  const RemoteFile file(Url(server.url("/a")), {kHasty});
  CHECK(file.size() == bytes.size());
  std::vector<ByteRange> ranges{{0, 1}, {bytes.size() - 1, 1}, {5, 0}, {0, bytes.size()}};
  for (std::uint64_t i = 0; i < 30; ++i) ranges.push_back({i * 9000, 2 * i * 100 + 1});
  std::map<std::size_t, std::string> got;
  file.read(ranges, [&](std::size_t number, std::string part) { got[number] = std::move(part); });
  REQUIRE(got.size() == ranges.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    INFO(i);
    CHECK(got[i] == bytes.substr(ranges[i].offset, ranges[i].bytes));
  }
  tag = "\"2\"";
  CHECK_THAT(thrown_by([&] { file.read({100, 200}); }).what(), contains("became another file"));
}
