// SPDX-License-Identifier: Apache-2.0
#include "base/command_line.h"

#include <boost/filesystem.hpp>

#include "base/error.h"
#include "catch.h"

using namespace maskmill;

namespace {

struct Options {
  CommonOptions common;
  std::string output;
  std::vector<std::string> read;
  int size = 5;
  static void visit(auto& self, auto&& setting) {
    setting("output", self.output, "where to write", short_flag('o'));
    setting("read", self.read, "key=value");
    setting("size", self.size, "how large", between(1, 9));
    CommonOptions::visit(self.common, setting);
  }
};

const Verb kVerb{
    "verb", "does things", "Does things.", {{"SRC", "what"}, {"MORE", "and more", Operand::Count::any}}, {}};

struct Ended {
  int status = -1;
  Options options;
  std::string source;
  std::vector<std::string> more;
};

Ended run(
    std::vector<std::string> words, const std::function<int()>& body = [] { return 0; }) {
  std::vector<char*> argv{const_cast<char*>("maskmill-verb")};
  for (std::string& word : words) argv.push_back(word.data());
  Ended ran;
  ran.status = run_tool<Options>(static_cast<int>(argv.size()), argv.data(), kVerb,
                                 [&](const CommandLine& line, const Options& options) {
                                   ran.options = options;
                                   ran.source = line.operand("SRC");
                                   ran.more = line.operands("MORE");
                                   return body();
                                 });
  return ran;
}

}  // namespace

TEST_CASE("operands and options come in any order, long and short") {
  const Ended ran =
      run({"--size", "7", "a b", "-o", "out", "x", "y", "--read", "k=1", "--read", "l=2", "--quiet"});
  REQUIRE(ran.status == 0);
  CHECK(ran.source == "a b");
  CHECK(ran.more == std::vector<std::string>{"x", "y"});
  CHECK(ran.options.output == "out");
  CHECK(ran.options.size == 7);
  CHECK(ran.options.read == std::vector<std::string>{"k=1", "l=2"});
}

TEST_CASE("what follows -- is an operand") {
  CHECK(run({"--quiet", "--", "-x"}).source == "-x");
}

TEST_CASE("an operand too many is refused, and a list in the middle leaves enough for what follows") {
  const Verb verb{"v", "s", "d", {{"A", "a", Operand::Count::one_or_more}, {"B", "b"}}, {}};
  const auto run_words = [&](std::vector<std::string> words) {
    std::vector<char*> argv{const_cast<char*>("v")};
    for (std::string& word : words) argv.push_back(word.data());
    std::pair<std::vector<std::string>, std::string> got;
    const int status = run_tool<Options>(static_cast<int>(argv.size()), argv.data(), verb,
                                         [&](const CommandLine& line, const Options&) {
                                           got = {line.operands("A"), line.operand("B")};
                                           return 0;
                                         });
    return std::pair(status, got);
  };
  CHECK(run_words({"1", "2", "3"}).second == std::pair(std::vector<std::string>{"1", "2"}, std::string("3")));
  CHECK(run_words({"1"}).first == 2);
  const Verb single{"v", "s", "d", {{"A", "a"}}, {}};
  char a[] = "1", b[] = "2";
  char* argv[] = {a, a, b};
  CHECK(run_tool<Options>(3, argv, single, [](const CommandLine&, const Options&) { return 0; }) == 2);
}

TEST_CASE("wrong usage ends with 2, before the body runs") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"a", "--unknown"},
                                                {"a", "--size", "10"},
                                                {"a", "--size", "x"},
                                                {"a", "--size"},
                                                {"a", "-o=x"}}) {
    bool reached = false;
    CHECK(run(words, [&] { return reached = true, 0; }).status == 2);
    CHECK_FALSE(reached);
  }
}

TEST_CASE("errors become the exit codes that are promised") {
  CHECK(run({"a", "-q"}, []() -> int { throw Error(Code::unreadable, "x"); }).status == 3);
  CHECK(run({"a", "-q"}, []() -> int { throw Error(Code::interrupted, "x"); }).status == 130);
  CHECK(run({"a", "-q"}, []() -> int { throw std::runtime_error("x"); }).status == 4);
  CHECK(run({"a", "-q"}, []() -> int { throw std::bad_alloc(); }).status == 3);
  const auto refused = make_error_code(boost::system::errc::permission_denied);
  CHECK(run({"a", "-q"}, [&]() -> int { throw fs::filesystem_error("x", "a/b", refused); }).status == 3);
  CHECK(run({"a", "-q"}, [] { return 1; }).status == 1);
}

TEST_CASE("the reference page has every operand and option") {
  Options options;
  const std::string page = reference_page(kVerb, settings_of(options));
  for (const char* text : {"# maskmill verb", "`[MORE...]`", "`-o,--output`", "`--size`", "--json"})
    CHECK(page.find(text) != std::string::npos);
}
