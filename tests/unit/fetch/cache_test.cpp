// SPDX-License-Identifier: Apache-2.0
#include "fetch/cache.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cctype>
#include <cstdlib>

#include "base/error.h"
#include "catch.h"
#include "support/scratch.h"
#include "support/web_server.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::contains;
using maskmill::tests::file_reply;
using maskmill::tests::rewrite;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;
using maskmill::tests::WebRequest;
using maskmill::tests::WebServer;

namespace {

// Of "abc" (FIPS 180-4's example).
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct Cache {
  Scratch scratch;
  std::string bytes = "abc";
  WebServer server{[this](const WebRequest& request) { return file_reply(request, bytes, "\"1\""); }};
  Url url{server.url("/models/a.pth")};
  Cache() { ::setenv("MASKMILL_CACHE", scratch.path().c_str(), 1); }
  ~Cache() { ::unsetenv("MASKMILL_CACHE"); }
};

}  // namespace

TEST_CASE("a URL is fetched once, and its digest kept as sha256sum reads it") {
  const Cache cache;
  const Path file = cached(cache.url);
  CHECK(file == cached_file(cache.url));
  CHECK(relative_name(file, cache.scratch.path()) != file.string());
  CHECK(read_file(file) == "abc");
  CHECK(read_file(file.string() + ".sha256") == kAbc + "  a.pth\n");
  CHECK(cached(cache.url, {{ChecksumKind::sha256, "ba7816bf"}}) == file);
  CHECK(cache.server.requests().size() == 1);
}

TEST_CASE("a file that has changed since is refused") {
  const Cache cache;
  const Path file = cached(cache.url);
  rewrite(file, "abd");
  const Error error = thrown_by([&] { cached(cache.url); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.what(), contains(file.string()) && contains("delete it"));
  fs::remove(file);
  CHECK(read_file(cached(cache.url)) == "abc");
}

TEST_CASE("a record that says nothing vouches for nothing") {
  const Cache cache;
  const Path file = cached(cache.url), record = file.string() + ".sha256";
  for (const std::string& text : {std::string(), kAbc.substr(0, 63), "SHA256 (a.pth) = " + kAbc}) {
    rewrite(record, text);
    CHECK(thrown_by([&] { cached(cache.url); }).place().file == record.string());
  }
  std::string upper = kAbc;
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  rewrite(record, upper + "  a.pth\n");
  CHECK(cached(cache.url) == file);
}

TEST_CASE("a URL's file is not another's record") {
  Cache cache;
  const Path file = cached(cache.url);
  cache.bytes = "what its publisher says";
  for (const char* ending : {".sha256", ".part", ".part.json", "/index"})
    CHECK(read_file(cached(Url(cache.url.text() + ending))) == cache.bytes);
  CHECK(cached(cache.url) == file);
}

TEST_CASE("a file that was put there by hand is taken, if it is the published one") {
  Cache cache;
  cache.scratch.write(relative_name(cached_file(cache.url), cache.scratch.path()), "abc");
  CHECK(thrown_by([&] {
          cached(cache.url, {{ChecksumKind::sha256, "00000000"}});
        }).code() == Code::bad_format);
  CHECK(read_file(cached(cache.url, {{ChecksumKind::sha256, "ba7816bf"}})) == "abc");
  CHECK(cache.server.requests().empty());
}

TEST_CASE("what cannot be downloaded can be put in place") {
  const Cache cache;
  const Url url("http://127.0.0.1:1/a.pth");
  CHECK_THAT(thrown_by([&] { cached(url); }).what(), contains(cached_file(url).string()));
}

TEST_CASE("the cache lies where the environment says") {
  const auto with = [](const char* cache, const char* xdg, const char* home) {
    const std::string old_home = std::getenv("HOME") ? std::getenv("HOME") : "";
    ::setenv("MASKMILL_CACHE", cache, 1), ::setenv("XDG_CACHE_HOME", xdg, 1), ::setenv("HOME", home, 1);
    Path folder;
    try {
      folder = cache_folder();
    } catch (const Error& error) {
      folder = error.code() == Code::usage ? "refused" : "?";
    }
    ::unsetenv("MASKMILL_CACHE"), ::unsetenv("XDG_CACHE_HOME"), ::setenv("HOME", old_home.c_str(), 1);
    return folder;
  };
  CHECK(with("/a", "/b", "/c") == "/a");
  CHECK(with("", "/b", "/c") == "/b/maskmill");
  CHECK(with("", "relative", "/c") == "/c/.cache/maskmill");  // the XDG specification: to be ignored
  CHECK(with("", "", "/c") == "/c/.cache/maskmill");
  CHECK(with("", "", "") == "refused");
}
