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
  CHECK(thrown_by([] { Url("http://a/" + std::string(300, 'x')); }).code() == Code::usage);
}

TEST_CASE("a URL's file lies in a folder, wherever its path leads") {
  CHECK(Url("https://example.org/models/resnet50-0676ba61.pth").file_path() ==
        "example.org/models/resnet50-0676ba61.pth");
  for (const char* text :
       {"https://example.org/../../etc/passwd", "https://example.org/%2e%2e/%2e%2e/x",
        "https://example.org//a", "https://example.org/..%2f..%2fx", "https://../x",
        "https://example.org/.ssh/x", "https://example.org/a?b=../../c", "https://example.org/\\..\\x"}) {
    INFO(text);
    Path path;
    try {
      path = Url(text).file_path();
    } catch (const Error& error) {
      CHECK(error.code() == Code::usage);
      continue;
    }
    CHECK(is_safe_relative(path.string()));
    for (const Path& part : path) CHECK_FALSE(part.string().starts_with("."));
  }
}

TEST_CASE("no two URLs share a file") {
  std::set<Path> paths;
  const std::vector<std::string> texts{"http://a/x",       "http://a/X",   "http://b/x",     "http://a:81/x",
                                       "http://a/x/",      "http://a/x?y", "http://a/x%3Fy", "http://a/x?y=1",
                                       "http://a/x%20",    "http://a/x+",  "http://a/x%2B",  "http://a/",
                                       "http://a/x%253Fy", "http://a/%2Ex"};
  for (const std::string& text : texts) paths.insert(Url(text).file_path());
  CHECK(paths.size() == texts.size());
}

TEST_CASE("passwords are not printed") {
  const Url url("https://user:secret@example.org/a");
  CHECK(url.printable() == "https://example.org/a");
  CHECK(url.file_path() == "example.org/a");
  CHECK_THAT(url.text(), contains("secret"));
}
