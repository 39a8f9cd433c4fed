// SPDX-License-Identifier: Apache-2.0
#include "xml.h"

#include <expat.h>

#include <memory>

#include "base/text.h"
#include "catch.h"

namespace maskmill::tests {
namespace {

struct Builder {
  Element document;
  std::vector<Element*> open;
};

void begin(void* data, const XML_Char* name, const XML_Char** attributes) {
  auto& builder = *static_cast<Builder*>(data);
  Element element{.name = name, .attributes = {}, .text = {}, .children = {}};
  for (; *attributes; attributes += 2) element.attributes[attributes[0]] = attributes[1];
  builder.open.back()->children.push_back(std::move(element));
  builder.open.push_back(&builder.open.back()->children.back());
}

void end(void* data, const XML_Char*) {
  auto& builder = *static_cast<Builder*>(data);
  const std::string text = builder.open.back()->text;
  builder.open.pop_back();
  builder.open.back()->text += text;
}

void characters(void* data, const XML_Char* text, int size) {
  static_cast<Builder*>(data)->open.back()->text.append(text, static_cast<std::size_t>(size));
}

void collect(const Element& root, const std::string& name, const std::string& css_class,
             std::vector<Element>& found) {
  for (const Element& child : root.children) {
    if (child.name == name && (css_class.empty() || child.has_class(css_class))) found.push_back(child);
    collect(child, name, css_class, found);
  }
}

}  // namespace

std::string Element::attribute(const std::string& key) const {
  const auto at = attributes.find(key);
  return at == attributes.end() ? "" : at->second;
}

bool Element::has_class(const std::string& one) const {
  for (const std::string& word : split_text(attribute("class"), ' '))
    if (word == one) return true;
  return false;
}

Element parse_xml(std::string_view xml) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(XML_ParserCreate("UTF-8"),
                                                                            XML_ParserFree);
  Builder builder;
  builder.open.push_back(&builder.document);
  XML_SetUserData(parser.get(), &builder);
  XML_SetElementHandler(parser.get(), begin, end);
  XML_SetCharacterDataHandler(parser.get(), characters);
  if (XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), 1) == XML_STATUS_ERROR)
    FAIL("line " << XML_GetCurrentLineNumber(parser.get()) << ": "
                 << XML_ErrorString(XML_GetErrorCode(parser.get())));
  return builder.document.children.at(0);
}

std::vector<Element> find_all(const Element& root, const std::string& name, const std::string& css_class) {
  std::vector<Element> found;
  collect(root, name, css_class, found);
  return found;
}

}  // namespace maskmill::tests
