// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace maskmill::tests {

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;  ///< of this element and everything inside
  std::vector<Element> children;

  std::string attribute(const std::string& key) const;  ///< empty where it is not there
  bool has_class(const std::string& one) const;
};

/// Strict XML, as expat reads it; the running test fails with line and reason where it is not well-formed.
Element parse_xml(std::string_view xml);

/// Every element of that name below `root`, in the order of the document; with `css_class`, those that have
/// the class.
std::vector<Element> find_all(const Element& root, const std::string& name,
                              const std::string& css_class = {});

}  // namespace maskmill::tests
