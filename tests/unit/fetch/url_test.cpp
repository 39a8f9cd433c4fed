// SPDX-License-Identifier: Apache-2.0
#include "fetch/url.h"

#include <set>

#include "base/error.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

TEST_CASE("only what the web's schemes begin is a URL") {
  for (const char* text : {"http://a", "https://a/b", "HTTPS://a"}) CHECK(is_url(text));
  for (const char* text :
       {"model.pth", "file:///etc/passwd", "ftp://a/b", "C://x", "", "://", "runs/http://a"})
    CHECK_FALSE(is_url(text));
}

TEST_CASE("what cannot be fetched is refused with the reason") {
  CHECK_THAT(thrown_by([] { Url("file:///etc/passwd"); }).what(), contains("http"));
  for (const char* text : {"http://", "http://a b/", "http://a:99999/", "http://[::1/"}) {
    INFO(text);
    CHECK(thrown_by([&] { Url{std::string(text)}; }).code() == Code::usage);
  }
}

TEST_CASE("a URL's file has a name that is safe, and its extension") {
  CHECK(Url("https://example.org/models/resnet50-0676ba61.pth").file_name() == "resnet50-0676ba61.pth");
  CHECK(Url("https://example.org/a.safetensors?download=true").file_name() == "a.safetensors");
  CHECK(Url("https://example.org/" + std::string(3000, 'x') + ".pth").file_name().ends_with("xxx.pth"));
  CHECK(Url("https://example.org:81/").host() == "example.org%3A81");
  for (const char* text :
       {"https://example.org/../../etc/passwd", "https://example.org/%2e%2e/%2e%2e/x",
        "https://example.org//a", "https://example.org/..%2f..%2fx", "https://example.org/.ssh",
        "https://example.org", "https://example.org/a/..", "https://example.org/\\..\\x", "https://.x/.."}) {
    INFO(text);
    const Url url(text);
    for (const std::string& name : {url.host(), url.file_name()}) {
      CHECK(is_safe_relative(name));
      CHECK_FALSE(name.starts_with("."));
      CHECK(name.find('/') == std::string::npos);
      CHECK(name.size() <= 152);
    }
  }
}

TEST_CASE("no two URLs share a digest") {
  std::set<std::string> digests;
  const std::vector<std::string> texts{
      "http://a/x",   "https://a/x",    "http://a/X",  "http://b/x",      "http://a:81/x",   "http://a/x/",
      "http://a/x?y", "http://a/x%3Fy", "http://a//x", "http://a/x.part", "http://a/x/index"};
  for (const std::string& text : texts) digests.insert(Url(text).digest());
  CHECK(digests.size() == texts.size());
}

TEST_CASE("passwords are refused and tokens not printed") {
  for (const char* text : {"https://user:secret@example.org/a", "https://user:secret@example.org:99999/a"})
    CHECK_THAT(thrown_by([&] { Url{std::string(text)}; }).what(), !contains("secret"));
  const Url url("https://example.org/a.pth?token=secret#secret");
  CHECK(url.printable() == "https://example.org/a.pth?...");
  CHECK_THAT(url.file_name() + url.host() + url.digest(), !contains("secret"));
  CHECK_THAT(url.text(), contains("secret"));
}
