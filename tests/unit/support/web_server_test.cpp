// SPDX-License-Identifier: Apache-2.0
#include "support/web_server.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <boost/filesystem.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>

#include "base/random.h"
#include "base/text.h"
#include "catch.h"
#include "support/folder_server.h"
#include "support/program.h"

using namespace maskmill;
using namespace maskmill::tests;
using std::chrono::milliseconds;

namespace {

enum class Speaks { http1, http2_with_tls, http2_without };

struct Got {
  CURLcode result = CURLE_OK;
  long status = 0, version = 0;
  std::string body;
  std::vector<std::string> headers;

  std::string header(const std::string& name) const {
    for (const std::string& line : headers)
      if (lower_case(line).starts_with(lower_case(name) + ": ")) return line.substr(name.size() + 2);
    return "";
  }
};

/// A transfer by libcurl, which is not ours.
class Transfer {
 public:
  Transfer(const std::string& url, Speaks speaks, const std::string& certificate)
      : handle_(::curl_easy_init()), got_(std::make_unique<Got>()) {
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_TIMEOUT_MS, 60000L);
    set(CURLOPT_PIPEWAIT, 1L);
    set(CURLOPT_HTTP_VERSION,
        static_cast<long>(speaks == Speaks::http1            ? CURL_HTTP_VERSION_1_1
                          : speaks == Speaks::http2_with_tls ? CURL_HTTP_VERSION_2TLS
                                                             : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    if (!certificate.empty()) set(CURLOPT_CAINFO, certificate.c_str());
    set(CURLOPT_WRITEDATA, &got_->body);
    set(
        CURLOPT_WRITEFUNCTION, +[](char* bytes, std::size_t one, std::size_t count, std::string* body) {
          body->append(bytes, one * count);
          return one * count;
        });
    set(CURLOPT_HEADERDATA, &got_->headers);
    set(
        CURLOPT_HEADERFUNCTION,
        +[](char* bytes, std::size_t one, std::size_t count, std::vector<std::string>* headers) {
          headers->emplace_back(trimmed({bytes, one * count}));
          return one * count;
        });
  }
  ~Transfer() {
    ::curl_easy_cleanup(handle_);
    ::curl_slist_free_all(lines_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  template <class Value>
  void set(CURLoption option, Value value) {
    REQUIRE(::curl_easy_setopt(handle_, option, value) == CURLE_OK);
  }
  void header(const std::string& line) {
    lines_ = ::curl_slist_append(lines_, line.c_str());
    set(CURLOPT_HTTPHEADER, lines_);
  }
  CURL* handle() const { return handle_; }
  Got run() { return finished(::curl_easy_perform(handle_)); }
  Got finished(CURLcode result) {
    got_->result = result;
    ::curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &got_->status);
    ::curl_easy_getinfo(handle_, CURLINFO_HTTP_VERSION, &got_->version);
    return *got_;
  }

 private:
  CURL* handle_;
  curl_slist* lines_ = nullptr;
  std::unique_ptr<Got> got_;
};

WebOptions options_for(Speaks speaks) {
  return {.tls = speaks == Speaks::http2_with_tls, .http2 = speaks == Speaks::http2_with_tls};
}

using Change = std::function<void(Transfer&)>;

Got get(const WebServer& server, Speaks speaks, const std::string& target, const Change& change = {}) {
  Transfer transfer(server.url(target), speaks,
                    speaks == Speaks::http2_with_tls ? server.certificate().string() : "");
  if (change) change(transfer);
  return transfer.run();
}

/// All at once, over one connection where the protocol has it.
std::vector<Got> get_all(const WebServer& server, Speaks speaks, const std::vector<std::string>& targets) {
  CURLM* multi = ::curl_multi_init();
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (const std::string& target : targets) {
    transfers.push_back(std::make_unique<Transfer>(
        server.url(target), speaks, speaks == Speaks::http2_with_tls ? server.certificate().string() : ""));
    ::curl_multi_add_handle(multi, transfers.back()->handle());
  }
  for (int left = 1; left > 0; ::curl_multi_poll(multi, nullptr, 0, 100, nullptr))
    REQUIRE(::curl_multi_perform(multi, &left) == CURLM_OK);
  std::vector<Got> got(targets.size());
  int queued = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi, &queued)) {
    const auto found = std::ranges::find(transfers, message->easy_handle,
                                         [](const auto& transfer) { return transfer->handle(); });
    got.at(static_cast<std::size_t>(found - transfers.begin())) = (*found)->finished(message->data.result);
  }
  for (const auto& transfer : transfers) ::curl_multi_remove_handle(multi, transfer->handle());
  ::curl_multi_cleanup(multi);
  return got;
}

std::string bytes_of(std::size_t size) {
  Random random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

const std::vector<Speaks> kAll{Speaks::http1, Speaks::http2_with_tls, Speaks::http2_without};

}  // namespace

TEST_CASE("one answer serves every protocol") {
  const std::string bytes = bytes_of(300000);
  for (const Speaks speaks : kAll) {
    const WebServer server([&](const WebRequest&) { return WebReply{.body = bytes}; }, options_for(speaks));
    const Got got = get(server, speaks, "/a?b");
    CHECK(got.result == CURLE_OK);
    CHECK((got.body == bytes));
    CHECK(got.version == (speaks == Speaks::http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2_0));
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests()[0].target == "/a?b");
    CHECK(server.requests()[0].protocol == (speaks == Speaks::http1 ? "HTTP/1.1" : "HTTP/2"));
    CHECK(server.requests()[0].header("host") == server.url("").substr(server.url("").find("127")));
    const Got head = get(server, speaks, "/a", [](Transfer& transfer) { transfer.set(CURLOPT_NOBODY, 1L); });
    CHECK((head.status == 200 && head.body.empty() && head.header("content-length") == "300000"));
  }
}

TEST_CASE("a certificate that the client was not told of is none") {
  const WebServer server([](const WebRequest&) { return WebReply{}; }, {.tls = true});
  CHECK(Transfer(server.url("/"), Speaks::http1, "").run().result == CURLE_PEER_FAILED_VERIFICATION);
  CHECK(server.requests().empty());
}

TEST_CASE("connections are kept, and many are served at once") {
  const WebServer server([](const WebRequest&) { return WebReply{.body = "a", .delay = milliseconds(200)}; });
  const std::vector<std::string> targets(8, "/a");
  for (const Got& got : get_all(server, Speaks::http1, targets)) CHECK(got.body == "a");
  CHECK(server.counts().requests == 8);
  CHECK(server.counts().most_requests == server.counts().most_connections);
  const WebServer kept([](const WebRequest&) { return WebReply{.body = "a"}; });
  Transfer transfer(kept.url("/"), Speaks::http1, "");
  for (int i = 0; i < 3; ++i) CHECK(transfer.run().status == 200);
  CHECK(kept.counts().connections == 1);
}

TEST_CASE("HTTP/2 has many streams on one connection, and a slow one holds up no other") {
  const std::string bytes = bytes_of(3000000);
  const WebServer server(
      [&](const WebRequest& request) {
        if (request.target == "/slow") return WebReply{.body = "slow", .delay = milliseconds(1500)};
        return WebReply{.body = bytes, .delay = milliseconds(300)};
      },
      options_for(Speaks::http2_with_tls));
  std::vector<std::string> targets(10, "/a");
  targets.emplace_back("/slow");
  const auto got = get_all(server, Speaks::http2_with_tls, targets);
  for (std::size_t i = 0; i < targets.size(); ++i) CHECK((got[i].body == (i < 10 ? bytes : "slow")));
  CHECK(server.counts().connections == 1);
  CHECK(server.counts().most_requests == targets.size());
}

TEST_CASE("a body is cut at the byte, by closing, by a reset and by a stream's end") {
  const std::string bytes = bytes_of(200000);
  for (const Speaks speaks : kAll)
    for (const Cut cut : {Cut::close, Cut::reset, Cut::stream})
      for (const std::uint64_t sent : {0, 1, 70000, 199999}) {
        INFO(static_cast<int>(speaks) << " " << static_cast<int>(cut) << " " << sent);
        const WebServer server(
            [&](const WebRequest&) { return WebReply{.body = bytes, .sent = sent, .cut = cut}; },
            options_for(speaks));
        const Got got = get(server, speaks, "/");
        CHECK(got.status == 200);
        CHECK(got.result != CURLE_OK);
        CHECK(got.body.size() == sent);
        CHECK(bytes.starts_with(got.body));
        if (cut == Cut::reset && speaks == Speaks::http1) CHECK(got.result == CURLE_RECV_ERROR);
        if (cut == Cut::stream && speaks != Speaks::http1) CHECK(got.result == CURLE_HTTP2_STREAM);
      }
}

TEST_CASE("a reply may not come at all") {
  for (const Speaks speaks : kAll)
    for (const Cut cut : {Cut::close, Cut::reset, Cut::stream}) {
      const WebServer server([&](const WebRequest&) { return WebReply{.cut = cut, .unanswered = true}; },
                             options_for(speaks));
      const Got got =
          get(server, speaks, "/", [](Transfer& transfer) { transfer.set(CURLOPT_TIMEOUT_MS, 5000L); });
      CHECK((got.result != CURLE_OK && got.status == 0));
    }
}

TEST_CASE("a stated length is wrong in either direction, or missing") {
  for (const Speaks speaks : kAll) {
    const auto with = [&](const char* length) {
      const WebServer server(
          [&](const WebRequest&) {
            return WebReply{.headers = {{"Content-Length", length}}, .body = "abcdef"};
          },
          options_for(speaks));
      return get(server, speaks, "/");
    };
    CHECK(with("7").result != CURLE_OK);
    if (speaks == Speaks::http1)
      CHECK(with("5").body == "abcde");
    else
      CHECK(with("5").result != CURLE_OK);
    for (const Framing framing : {Framing::chunked, Framing::until_close}) {
      const WebServer server(
          [&](const WebRequest&) { return WebReply{.body = "abcdef", .framing = framing}; },
          options_for(speaks));
      const Got got = get(server, speaks, "/");
      CHECK((got.result == CURLE_OK && got.body == "abcdef" && got.header("content-length").empty()));
    }
  }
}

TEST_CASE("bytes come late, in drops, and spoiled") {
  for (const Speaks speaks : kAll) {
    const WebServer server(
        [&](const WebRequest& request) {
          WebReply reply{.body = "abcdef"};
          if (request.target == "/late") reply.silence = milliseconds(300), reply.silent_at = 3;
          if (request.target == "/drops") reply.trickle = Trickle{1, milliseconds(60)};
          if (request.target == "/spoiled") reply.spoiled = {1, 5};
          return reply;
        },
        options_for(speaks));
    for (const char* target : {"/late", "/drops"}) {
      const auto start = WebClock::now();
      CHECK(get(server, speaks, target).body == "abcdef");
      CHECK(WebClock::now() - start >= milliseconds(290));
    }
    CHECK(get(server, speaks, "/spoiled").body ==
          "a\x9D"
          "cde\x99");
  }
}

TEST_CASE("a connection ends where the server says that it does") {
  for (const Speaks speaks : kAll) {
    const WebServer server([](const WebRequest&) { return WebReply{.body = "a", .closes = true}; },
                           options_for(speaks));
    Transfer transfer(server.url("/"), speaks,
                      speaks == Speaks::http2_with_tls ? server.certificate().string() : "");
    transfer.run();
    CHECK(transfer.run().status == 200);
    CHECK(server.counts().connections == 2);
  }
}

TEST_CASE("GOAWAY ends a connection for the streams that were opened after the one it names") {
  std::atomic<int> requests = 0;
  const WebServer server(
      [&](const WebRequest&) {
        const bool is_first = requests++ == 0;
        return WebReply{.body = "a", .delay = milliseconds(is_first ? 300 : 600), .closes = is_first};
      },
      options_for(Speaks::http2_with_tls));
  const auto got = get_all(server, Speaks::http2_with_tls, std::vector<std::string>(5, "/a"));
  for (const Got& one : got) CHECK(one.body == "a");  // asked for again by the client
  CHECK(server.counts().connections > 1);
}

TEST_CASE("redirects lead to another server, and failures say when to come again") {
  const WebServer there([](const WebRequest&) { return WebReply{.body = "there"}; });
  const WebServer here([&](const WebRequest& request) {
    return request.target == "/busy" ? failure(503, "1") : redirect_to(there.url("/b"));
  });
  const Got got =
      get(here, Speaks::http1, "/a", [](Transfer& transfer) { transfer.set(CURLOPT_FOLLOWLOCATION, 1L); });
  CHECK(got.body == "there");
  const Got busy = get(here, Speaks::http1, "/busy");
  CHECK((busy.status == 503 && busy.header("Retry-After") == "1"));
}

TEST_CASE("a folder's files come whole and in ranges, as they were asked for") {
  const Scratch scratch;
  const std::string bytes = bytes_of(500000);
  scratch.write("in/a b.csv", bytes);
  scratch.write("secret", "secret");
  fs::create_symlink(scratch / "secret", scratch / "in/link");
  for (const Speaks speaks : kAll) {
    const FolderServer server(scratch / "in", {.goog_hash = GoogHash::one_line}, options_for(speaks));
    const auto range = [&](const char* header, const char* condition = nullptr) {
      return get(server.web(), speaks, "/a%20b.csv", [&](Transfer& transfer) {
        transfer.header(std::string("Range: bytes=") + header);
        if (condition) transfer.header(condition);
      });
    };
    const Got whole = get(server.web(), speaks, "/a%20b.csv");
    CHECK((whole.status == 200 && whole.body == bytes));
    CHECK(whole.header("content-type") == "text/csv");
    CHECK((range("100-199").body == bytes.substr(100, 100)));
    CHECK(range("100-199").header("content-range") == "bytes 100-199/500000");
    CHECK((range("499990-600000").body == bytes.substr(499990)));
    CHECK((range("-7").body == bytes.substr(499993)));
    CHECK(range("1-").status == 206);
    CHECK(range("500000-").status == 416);
    CHECK(range("500000-").header("content-range") == "bytes */500000");
    CHECK(range("0-1,5-6").status == 200);
    CHECK(range("1-", ("If-Range: " + whole.header("etag")).c_str()).status == 206);
    CHECK(range("1-", ("If-Range: " + whole.header("last-modified")).c_str()).status == 206);
    CHECK((range("1-", "If-Range: \"another\"").body == bytes));
    for (const char* outside : {"/link", "/../secret", "/%2e%2e/secret", "/", "/none"})
      CHECK(get(server.web(), speaks, outside, [](Transfer& transfer) {
              transfer.set(CURLOPT_PATH_AS_IS, 1L);
            }).status == 404);
    CHECK(get(server.web(), speaks, "/a%20b.csv", [&](Transfer& transfer) {
            transfer.header("If-None-Match: " + whole.header("etag"));
          }).status == 304);
  }
}

// Of "hello world": openssl dgst -md5, and gsutil hash, of which the documentation of x-goog-hash is.
TEST_CASE("a folder's files state their sums as Google's storage does") {
  const Scratch scratch;
  scratch.write("a", "hello world");
  const FolderServer server(scratch.path(), {.goog_hash = GoogHash::one_line});
  CHECK(get(server.web(), Speaks::http1, "/a").header("x-goog-hash") ==
        "crc32c=yZRlqg==,md5=XrY7u+Ae7tCTyyK7j1rNww==");
}

TEST_CASE("chosen requests go wrong") {
  const Scratch scratch;
  scratch.write("a", "0123456789");
  scratch.write("b", "0123456789");
  const FolderServer third(scratch.path(), {}, {}, every(3, cut_at(0.5)));
  for (int i = 1; i <= 9; ++i)
    CHECK((get(third.web(), Speaks::http1, "/a").result == CURLE_OK) == (i % 3 != 0));
  const FolderServer first(scratch.path(), {}, {},
                           first_of_each(1, [](WebReply& reply) { reply = failure(429); }));
  for (const long status : {429L, 200L})
    for (const char* target : {"/a", "/b"}) CHECK(get(first.web(), Speaks::http1, target).status == status);
}

TEST_CASE("faults by a seed are the same each time, and leave each file a way through") {
  const auto outcomes = [](std::uint64_t seed) {
    const Hook hook = seeded_faults(seed, 0.5);
    std::string text;
    for (std::size_t file = 0; file < 100; ++file) {
      std::string of_file;
      for (std::size_t n = 1; n <= 9; ++n) {
        WebReply reply{.body = "0123456789"};
        WebRequest request;
        request.target = "/" + std::to_string(file);
        hook(request, {1, n}, reply);
        const bool is_good = reply.status == "200 OK" && !reply.sent && !reply.unanswered;
        of_file += is_good ? '.' : 'x';
      }
      CHECK(of_file.find("xxxxx") == std::string::npos);
      text += of_file;
    }
    return text;
  };
  CHECK(outcomes(1) == outcomes(1));
  CHECK(outcomes(1) != outcomes(2));
  CHECK(std::ranges::count(outcomes(1), 'x') > 300);
}

TEST_CASE("the program serves a folder until it is ended, and says what was asked of it") {
  const Scratch scratch;
  scratch.write("in/a", "abc");
  const Path url_file = scratch / "url", certificate = scratch / "certificate.pem";
  Running server({std::string(MASKMILL_BIN_DIR) + "/test_server", (scratch / "in").string(),
                  "--port-file", url_file.string(), "--http2", "--certificate", certificate.string()});
  while (!fs::exists(url_file) && !server.has_ended()) std::this_thread::sleep_for(milliseconds(5));
  REQUIRE_FALSE(server.has_ended());
  const std::string url(trimmed(read_file(url_file)));
  const Got got = Transfer(url + "/a", Speaks::http2_with_tls, certificate.string()).run();
  CHECK((got.body == "abc" && got.version == CURL_HTTP_VERSION_2_0));
  server.signal(SIGTERM);
  const Ran ran = server.wait();
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, contains(url) && contains("\"requests\": 1,"));
}
