// SPDX-License-Identifier: Apache-2.0
#include "formats/xml_tags.h"

#include <algorithm>
#include <pugixml.hpp>
#include <random>

#include "base/text.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Met {
  std::string name;
  std::uint64_t begin = 0;
  std::size_t line = 0;
  int depth = 0;
  friend bool operator==(const Met&, const Met&) = default;
};

/// The elements of a file, in the order of their start tags.
std::vector<Met> elements_of(const Path& path) {
  const SharedFile file(path);
  XmlTags tags(file);
  XmlTag tag;
  std::vector<Met> all;
  while (tags.next(tag))
    if (tag.opens) all.push_back({std::string(tag.name), tag.begin, tags.line(), tag.depth});
  return all;
}

Error refused(const std::string& text) {
  const Scratch scratch;
  const Path path = scratch.write("a.xml", text);
  return thrown_by([&] { elements_of(path); });
}

/// What pugixml finds, in the same order.
class Parsed {
 public:
  explicit Parsed(const std::string& text) : text_(text) {
    REQUIRE(document_.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8));
    collect(document_, 1);
  }
  const std::vector<Met>& elements() const { return all_; }

 private:
  void collect(const pugi::xml_node& node, int depth) {
    for (const pugi::xml_node& child : node) {
      if (child.type() != pugi::node_element) continue;
      const auto begin = static_cast<std::size_t>(child.offset_debug()) - 1;  // it is the name's
      for (; counted_ < begin; ++counted_) line_ += text_[counted_] == '\n' ? 1 : 0;
      all_.push_back({child.name(), begin, line_, depth});
      collect(child, depth + 1);
    }
  }

  const std::string& text_;
  pugi::xml_document document_;
  std::size_t counted_ = 0, line_ = 1;
  std::vector<Met> all_;
};

/// Megabytes of elements with all that may stand between and in them.
class Document {
 public:
  explicit Document(unsigned seed) : draw_(seed) {}

  std::string text() {
    text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- > <a> -->\n";
    element(0);
    return text_ + "\n<!-- the end -->\n";
  }

 private:
  unsigned below(unsigned count) { return static_cast<unsigned>(draw_() % count); }
  std::string letters(unsigned most) {
    return std::string(1 + below(most), static_cast<char>('a' + below(26)));
  }

  void element(int depth) {
    const std::string name = letters(12);
    text_ += "<" + name;
    for (unsigned i = below(4); i > 0; --i) {
      const char quote = below(2) ? '"' : '\'', other = quote == '"' ? '\'' : '"';
      text_ += (below(2) ? " " : "\n") + letters(5) + std::to_string(i) + (below(2) ? " = " : "=") + quote +
               "/> " + other + std::string(below(1000) == 0 ? below(900'000) : below(40), '>') + quote;
    }
    if (depth > 3 || (depth > 0 && below(3) == 0)) {
      text_ += "/>";
      return;
    }
    text_ += ">";
    for (unsigned i = depth == 0 ? 4000 : below(5); i > 0; --i) {
      switch (below(6)) {
        case 0:
          text_ += "<!-- " + std::string(below(60), '<') + " -->";
          break;
        case 1:
          text_ +=
              "<![CDATA[</" + name + "> ]] > " + std::string(below(500) == 0 ? 700'000 : 3, ']') + "]>x]]>";
          break;
        case 2:
          text_ += "\n text &lt; > ' \" \n";
          break;
        default:
          element(depth + 1);
      }
    }
    text_ += "</" + name + (below(2) ? ">" : "\n >");
  }

  std::mt19937 draw_;
  std::string text_;
};

}  // namespace

TEST_CASE("tags lie where a parser finds the elements, across whatever stands between them") {
  const Scratch scratch;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    const std::string text = Document(seed).text();
    const Parsed parsed(text);
    const std::vector<Met>& expected = parsed.elements();
    REQUIRE(expected.size() > 1000);
    const std::vector<Met> met = elements_of(scratch.write("a.xml", text));
    CHECK(met.size() == expected.size());
    CHECK(met == expected);
  }
}

TEST_CASE("an attribute has the value that a parser gives it") {
  for (const char* attributes : {" a='1' b=\"x\"", " b = 'a &lt;&#65;&#x1F600;&amp;amp; &unknown; & \"'/",
                                 " b='1\t2\r\n3\n4\r5'", " b=''", " bb='1' b='2' b='3'"}) {
    INFO(attributes);
    pugi::xml_document parsed;
    const std::string text =
        std::string("<e") + attributes + (std::string(attributes).ends_with('/') ? ">" : "/>");
    parsed.load_buffer(text.data(), text.size());
    CHECK(xml_attribute(attributes, "b") ==
          std::optional<std::string>(parsed.first_child().attribute("b").value()));
    CHECK(!xml_attribute(attributes, "c"));
  }
  CHECK(!xml_attribute(" b", "b"));
  CHECK(!xml_attribute(" b=x", "b"));
  CHECK(!xml_attribute(" b='x", "b"));
}

TEST_CASE("what is no XML is refused with its line") {
  for (const auto& [text, line] :
       std::vector<std::pair<std::string, std::size_t>>{{"<a>\n</b>", 2},
                                                        {"<a>\n<b>\n</a>", 3},
                                                        {"<a/>\n\n</a>", 3},
                                                        {"<a/>\n<b/>", 2},
                                                        {"<a/>\nmore", 2},
                                                        {"text\n<a/>", 1},
                                                        {"<a>\n<b c=\"<\"/></a>", 2},
                                                        {"<a>\n<b c=\"x</a>", 2},
                                                        {"<a>\n<b <c/></a>", 2},
                                                        {"<a>\n<!-- ", 2},
                                                        {"<a>\n<![CDATA[ ]]</a>", 2},
                                                        {"<![CDATA[x]]><a/>", 1},
                                                        {"<a>\n< b/></a>", 2},
                                                        {"<a>\n\n", 3},
                                                        {"", 1},
                                                        {"\n<?xml version='1.0'", 2}}) {
    INFO(text);
    const Error error = refused(text);
    CHECK(error.code() == Code::bad_format);
    CHECK(error.place().line == line);
  }
  CHECK(refused("<!DOCTYPE a><a/>").code() == Code::unsupported);
  CHECK(refused("<?xml version='1.0' encoding='UTF-16'?><a/>").code() == Code::unsupported);
  CHECK(refused("<" + std::string(2000, 'a') + "/>").code() == Code::unsupported);
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  CHECK(refused(deep).code() == Code::unsupported);
}

TEST_CASE("a byte order mark, blanks and comments may stand around the root") {
  const Scratch scratch;
  CHECK(elements_of(scratch.write("a.xml", "\xEF\xBB\xBF\r\n <!-- x --><?p?><a/>\n<!-- y -->")).size() == 1);
}
