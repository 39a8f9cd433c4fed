// SPDX-License-Identifier: Apache-2.0
#include "fetch/download.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <csignal>
#include <cstdlib>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <variant>

#include "base/error.h"
#include "base/json.h"
#include "catch.h"
#include "support.h"
#include "support/scratch.h"
#include "support/web_server.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::bytes_of;
using maskmill::tests::contains;
using maskmill::tests::Cut;
using maskmill::tests::file_reply;
using maskmill::tests::kHasty;
using maskmill::tests::Quiet;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;
using maskmill::tests::WebReply;
using maskmill::tests::WebRequest;
using maskmill::tests::WebServer;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string sum_of(const std::string& bytes) {
  return sha256_of(std::string_view(bytes));
}

// Nothing is left of a file but the file.
void require_whole(const Path& target, const std::string& bytes) {
  CHECK(read_file(target) == bytes);
  CHECK_FALSE(fs::exists(target.string() + ".part"));
  CHECK_FALSE(fs::exists(target.string() + ".part.json"));
}

}  // namespace

TEST_CASE("a file comes whole, with its size and digest") {
  const Scratch scratch;
  for (const std::size_t size : {0, 1, 1000000}) {
    const std::string bytes = bytes_of(size);
    const WebServer server([&](const WebRequest& request) { return file_reply(request, bytes, "\"1\""); });
    const Path target = scratch / ("sub/" + std::to_string(size));
    const Downloaded got = download(
        {Url(server.url("/a")), target, {{ChecksumKind::sha256, sum_of(bytes).substr(0, 8)}}}, {kHasty});
    CHECK(got.bytes == size);
    CHECK(got.sha256 == sum_of(bytes));
    require_whole(target, bytes);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("a file without a length, in chunks, comes whole") {
  const Scratch scratch;
  const WebServer server([&](const WebRequest&) {
    return WebReply{.headers = {{"Transfer-Encoding", "chunked"}},
                    .body = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"};
  });
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", "abcde");
}

TEST_CASE("a file that is cut at any place goes on there") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(100000);
  for (std::size_t cut = 0; cut < bytes.size(); cut += bytes.size() / 20) {
    INFO(cut);
    std::atomic<int> requests = 0;
    const WebServer server([&](const WebRequest& request) {
      WebReply reply = file_reply(request, bytes, "\"1\"");
      if (requests++ == 0) reply.sent = cut;
      return reply;
    });
    const Path target = scratch / std::to_string(cut);
    CHECK(download({Url(server.url("/a")), target}, {kHasty}).sha256 == sum_of(bytes));
    require_whole(target, bytes);
    const auto seen = server.requests();
    REQUIRE(seen.size() == 2);
    CHECK(seen[1].headers.contains("range") == (cut > 0));
    if (cut > 0) CHECK(seen[1].headers.at("range") == "bytes=" + std::to_string(cut) + "-");
  }
}

TEST_CASE("an answer that breaks off before its first byte costs nothing that is there") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(5000);
  std::atomic<int> requests = 0;
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, "\"1\"");
    const int number = requests++;
    if (number < 2) reply.sent = number == 0 ? 3000 : 0;
    return reply;
  });
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", bytes);
  CHECK(server.requests().back().headers.at("range") == "bytes=3000-");
}

TEST_CASE("a server that hangs up on the first request is there, and is asked again") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(5000);
  for (const Cut cut : {Cut::close, Cut::reset}) {
    std::atomic<int> requests = 0;
    const WebServer server([&](const WebRequest& request) {
      WebReply reply = file_reply(request, bytes, "\"1\"");
      reply.unanswered = requests++ == 0;
      reply.cut = cut;
      return reply;
    });
    const std::string name = cut == Cut::close ? "closed" : "reset";
    download({Url(server.url("/a")), scratch / name}, {kHasty});
    require_whole(scratch / name, bytes);
  }
}

TEST_CASE("as long as there is headway, cuts are no failures; without it there is an end") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(2000000);
  std::string etag = "\"1\"";
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, etag);
    reply.sent = 100000;
    return reply;
  });
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", bytes);
  CHECK(server.requests().size() == 20);
  etag = "W/\"1\"";
  const Error error = thrown_by([&] { download({Url(server.url("/b")), scratch / "b"}, {kHasty}); });
  CHECK_THAT(error.what(), contains("tried 3 times") && !contains("what has come is kept"));
  CHECK(server.requests().size() == 23);
}

TEST_CASE("a file that became another in between begins again") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string old_bytes = bytes_of(5000, 1), new_bytes = bytes_of(4000, 2);
  std::atomic<int> requests = 0;
  const WebServer server([&](const WebRequest& request) {
    if (requests++ > 0) return file_reply(request, new_bytes, "\"2\"");
    WebReply reply = file_reply(request, old_bytes, "\"1\"");
    reply.sent = 3000;
    return reply;
  });
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", new_bytes);
}

TEST_CASE("a part of another state is not put behind what is there, whatever the server thinks") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string old_bytes = bytes_of(5000, 1), new_bytes = bytes_of(5000, 2);
  std::atomic<int> requests = 0;
  const WebServer server([&](WebRequest request) {
    if (requests++ > 0) {
      request.headers.erase("if-range");
      return file_reply(request, new_bytes, "\"2\"");
    }
    WebReply reply = file_reply(request, old_bytes, "\"1\"");
    reply.sent = 3000;
    return reply;
  });
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", new_bytes);
}

TEST_CASE("without a validator that is strong nothing is continued") {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const std::string at = "Thu, 01 Oct 2026 10:00:00 GMT", later = "Thu, 01 Oct 2026 10:00:01 GMT";
  const std::vector<std::pair<Headers, bool>> cases{
      {{}, false},
      {{{"ETag", "W/\"1\""}}, false},
      {{{"ETag", "W/\"1\""}, {"Last-Modified", at}, {"Date", later}}, false},
      {{{"Last-Modified", at}}, false},
      {{{"Last-Modified", at}, {"Date", at}}, false},
      {{{"Last-Modified", at}, {"Date", later}}, true},
      {{{"ETag", "\"1\""}, {"Last-Modified", at}, {"Date", at}}, true}};
  const Quiet quiet;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(i);
    const auto& [headers, is_strong] = cases[i];
    const bool has_tag = !headers.empty() && headers.front().first == "ETag";
    const std::string validator = has_tag ? headers.front().second : at;
    const Scratch scratch;
    const std::string bytes = bytes_of(5000);
    std::atomic<int> requests = 0;
    const WebServer server([&, &sent = headers](const WebRequest& request) {
      WebReply reply = file_reply(request, bytes, validator);
      reply.headers.erase(reply.headers.begin());  // its ETag
      reply.headers.insert(reply.headers.end(), sent.begin(), sent.end());
      if (requests++ == 0) reply.sent = 100;
      return reply;
    });
    download({Url(server.url("/a")), scratch / "a"}, {kHasty});
    require_whole(scratch / "a", bytes);
    CHECK(server.requests().back().headers.contains("range") == is_strong);
  }
}

TEST_CASE("what came of another URL is not used") {
  const Scratch scratch;
  const std::string bytes = bytes_of(5000);
  const WebServer server([&](const WebRequest& request) { return file_reply(request, bytes, "\"1\""); });
  scratch.write("b.part", "what came of another");
  scratch.write("b.part.json",
                to_text({{"url_sha256", Url("http://example.org/b").digest()}, {"validator", "\"1\""}}));
  download({Url(server.url("/b")), scratch / "b"}, {kHasty});
  require_whole(scratch / "b", bytes);
}

TEST_CASE("a later command goes on, also where all the bytes had come") {
  const Scratch scratch;
  const std::string bytes = bytes_of(5000);
  const WebServer server([&](const WebRequest& request) { return file_reply(request, bytes, "\"1\""); });
  for (const std::size_t there : {0, 1, 4999, 5000, 6000}) {
    INFO(there);
    const Path target = scratch / std::to_string(there);
    const std::string name = target.filename().string();
    scratch.write(name + ".part", (bytes + bytes).substr(0, there));
    scratch.write(name + ".part.json", to_text({{"url_sha256", Url(server.url("/a")).digest()},
                                                {"validator", "\"1\""},
                                                {"total", bytes.size()}}));
    const Quiet quiet;
    const std::size_t before = server.requests().size();
    CHECK(download({Url(server.url("/a")), target}, {kHasty}).sha256 == sum_of(bytes));
    require_whole(target, bytes);
    const WebRequest first = server.requests().at(before);
    if (there == 0)
      CHECK_FALSE(first.headers.contains("range"));
    else
      CHECK(first.headers.at("range") == "bytes=" + std::to_string(there) + "-");
    CHECK(server.requests().size() == before + (there > bytes.size() ? 2 : 1));
  }
}

TEST_CASE("a killed process's bytes are used by the next") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(3000000);
  std::atomic<bool> hang = true;
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, "\"1\"");
    if (hang) reply.sent = 1000000, reply.held = true;
    return reply;
  });
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      download({Url(server.url("/a")), scratch / "a"});
    } catch (...) {
    }
    ::_exit(0);
  }
  const Path part = scratch / "a.part";
  const auto deadline = std::chrono::steady_clock::now() + seconds(60);
  const auto there = [&] { return fs::exists(part) ? fs::file_size(part) : 0; };
  while (there() < 1000000 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(5));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  REQUIRE(there() == 1000000);
  hang = false;
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", bytes);
  CHECK(server.requests().back().headers.at("range") == "bytes=1000000-");
}

TEST_CASE("what passes is tried again, after as long as the server asks for") {
  const Quiet quiet;
  const Scratch scratch;
  for (const char* status : {"503 Service Unavailable", "429 Too Many Requests", "521 Down"}) {
    INFO(status);
    std::atomic<int> requests = 0;
    const WebServer server([&](const WebRequest& request) {
      if (requests++ == 0)
        return WebReply{.status = status, .headers = {{"Retry-After", "1"}}, .body = "busy"};
      return file_reply(request, "abc", "\"1\"");
    });
    const Path target = scratch / std::string(status).substr(0, 3);
    const auto start = std::chrono::steady_clock::now();
    download({Url(server.url("/a")), target}, {kHasty});
    CHECK(std::chrono::steady_clock::now() - start >= milliseconds(900));
    require_whole(target, "abc");
  }
}

TEST_CASE("what does not pass is said, and no file is there") {
  const Quiet quiet;
  const Scratch scratch;
  std::string status = "404 Not Found";
  const WebServer server(
      [&](const WebRequest&) { return WebReply{.status = status, .body = "<html>a page</html>"}; });
  const auto refused = [&] {
    return thrown_by([&] { download({Url(server.url("/a")), scratch / "a"}, {kHasty}); });
  };
  CHECK(refused().code() == Code::not_found);
  CHECK(server.requests().size() == 1);
  status = "403 Forbidden";
  CHECK(refused().code() == Code::unreadable);
  CHECK_THAT(refused().what(), contains("the server says 403 Forbidden") && contains(server.url("/a")));
  status = "503 Service Unavailable";
  CHECK_THAT(refused().what(), contains("tried 3 times"));
  status = "501 Not Implemented";
  CHECK_THAT(refused().what(), !contains("tried"));
  CHECK(list_files(scratch.path()).empty());
}

TEST_CASE("a server that is silent is given up") {
  const Quiet quiet;
  const Scratch scratch;
  const WebServer server(
      [&](const WebRequest&) { return WebReply{.body = "abc", .silence = milliseconds(2500)}; });
  const Patience once{
      .attempts = 1, .first_wait = milliseconds(1), .longest_wait = seconds(1), .stalled = seconds(1)};
  CHECK(thrown_by([&] {
          download({Url(server.url("/a")), scratch / "a"}, {once});
        }).code() == Code::unreadable);
}

TEST_CASE("without a network the error says so at once") {
  const Scratch scratch;
  std::string url;
  {
    const WebServer gone([](const WebRequest&) { return WebReply{}; });
    url = gone.url("/a");
  }
  const Error error = thrown_by([&] { download({Url(url), scratch / "a"}); });
  CHECK(error.code() == Code::unreadable);
  CHECK_THAT(error.what(), contains("cannot be downloaded") && contains("is there a network"));
}

TEST_CASE("other bytes than the published are refused and not kept") {
  const Scratch scratch;
  const WebServer server(
      [&](const WebRequest& request) { return file_reply(request, "a login page", "\"1\""); });
  const Error error = thrown_by([&] {
    download({Url(server.url("/a")), scratch / "a", {parse_checksum("sha256:01234567")}}, {kHasty});
  });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.what(), contains("01234567") && contains(sum_of("a login page").substr(0, 16)));
  CHECK(list_files(scratch.path()).empty());
  scratch.write("b", "a login page");
  CHECK(thrown_by([&] {
          download({Url(server.url("/a")), scratch / "b", {parse_checksum("sha256:01234567")}}, {kHasty});
        }).code() == Code::bad_format);
}

TEST_CASE("redirects are followed, but not to files of this machine") {
  const Scratch scratch;
  std::string to = "/there";
  const WebServer server([&](const WebRequest& request) {
    if (request.target == "/there") return file_reply(request, "abc", "\"1\"");
    return WebReply{.status = "302 Found", .headers = {{"Location", to}}, .body = "moved"};
  });
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", "abc");
  to = "file:///etc/hostname";
  CHECK(thrown_by([&] {
          download({Url(server.url("/a")), scratch / "b"}, {kHasty});
        }).code() == Code::unreadable);
  to = "/a";
  CHECK_THAT(thrown_by([&] {
               download({Url(server.url("/a")), scratch / "c"}, {kHasty});
             }).what(),
             contains("Maximum (10) redirects"));
}

TEST_CASE("of two that want one file, one fetches it") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(10000);
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, "\"1\"");
    reply.silence = milliseconds(300);
    return reply;
  });
  const Path target = scratch / "a";
  const auto fetch = [&] { return download({Url(server.url("/a")), target}, {kHasty}); };
  std::future<Downloaded> other = std::async(std::launch::async, fetch);
  const Downloaded second = fetch(), first = other.get();
  CHECK((first.sha256 == sum_of(bytes) && second.sha256 == first.sha256));
  CHECK(server.requests().size() == 1);
  require_whole(target, bytes);
}

TEST_CASE("a length that is not that of the body is no whole file") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(5000);
  std::atomic<int> requests = 0;
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, "\"1\"");
    if (requests++ < 1) reply.headers.emplace_back("Content-Length", "9000");
    return reply;
  });
  // What came is gone on with; the server's second answer says another total: then it is another file.
  download({Url(server.url("/a")), scratch / "a"}, {kHasty});
  require_whole(scratch / "a", bytes);
  const WebServer liar([&](const WebRequest&) {
    return WebReply{.headers = {{"Content-Length", "9000"}}, .body = bytes, .closes = true};
  });
  CHECK_THAT(thrown_by([&] {
               download({Url(liar.url("/b")), scratch / "b"}, {kHasty});
             }).what(),
             contains("tried 3 times"));
  CHECK_FALSE(fs::exists(scratch / "b"));
}

TEST_CASE("a trickle is waited for, as long as it does not stand still") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(3000);
  bool stands_still = false;
  const WebServer server([&](const WebRequest& request) {
    WebReply reply = file_reply(request, bytes, "\"1\"");
    if (stands_still)
      reply.silence = seconds(10), reply.silent_at = 1000;
    else
      reply.trickle = {100, milliseconds(50)};
    return reply;
  });
  const Patience impatient{
      .attempts = 2, .first_wait = milliseconds(1), .longest_wait = seconds(1), .stalled = seconds(1)};
  download({Url(server.url("/a")), scratch / "a"}, {impatient});
  require_whole(scratch / "a", bytes);
  stands_still = true;
  CHECK(thrown_by([&] {
          download({Url(server.url("/b")), scratch / "b"}, {impatient});
        }).code() == Code::unreadable);
  CHECK(fs::file_size(scratch / "b.part") >= 1000);
}

TEST_CASE("streams of HTTP/2 that are reset go on, and cost the others nothing") {
  const Quiet quiet;
  const Scratch scratch;
  const std::string bytes = bytes_of(400000);
  std::mutex mutex;
  std::set<std::string> seen;
  const WebServer server(
      [&](const WebRequest& request) {
        WebReply reply = file_reply(request, bytes, "\"1\"");
        const std::lock_guard lock(mutex);
        if (seen.insert(request.target).second && request.target.ends_with("0")) {
          reply.sent = 100000;
          reply.cut = maskmill::tests::Cut::stream;
        }
        return reply;
      },
      {.tls = true, .http2 = true});
  const char* before = std::getenv("CURL_CA_BUNDLE");
  const std::string old = before ? before : "";
  ::setenv("CURL_CA_BUNDLE", server.certificate().c_str(), 1);
  std::size_t begun = 0, done = 0;
  download_all(
      [&]() -> std::optional<Wanted> {
        if (begun == 40) return std::nullopt;
        const std::string name = std::to_string(begun++);
        return Wanted{Url(server.url("/" + name)), scratch / name};
      },
      [&](const Wanted&, const DownloadResult& result) {
        done += std::holds_alternative<Downloaded>(result) ? 1 : 0;
      },
      {kHasty});
  before ? ::setenv("CURL_CA_BUNDLE", old.c_str(), 1) : ::unsetenv("CURL_CA_BUNDLE");
  CHECK(done == 40);
  for (int i = 0; i < 40; ++i) require_whole(scratch / std::to_string(i), bytes);
  CHECK(server.requests().size() == 44);
  CHECK(server.requests().front().protocol == "HTTP/2");
}
