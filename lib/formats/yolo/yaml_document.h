// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "dataset/item.h"

namespace maskmill {

/// A value of a YAML document, with its line.
struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;  ///< of a scalar: it is a text, whatever it looks like
  std::string text;     ///< of a scalar
  std::size_t line = 1;
  std::vector<YamlNode> children;  ///< of a list; of a map keys and values by turns

  bool is_scalar() const { return kind == Kind::scalar; }
  /// The value of a map's key, the last where there are several, as Python takes it; else null.
  const YamlNode* find(std::string_view key) const;
};

/// Enough for the names of 65,535 classes.
inline constexpr std::size_t kMostYamlBytes = std::size_t{4} << 20;

/// The first document of a file. Aliases stand for what they name, within bounds that no bomb of them passes.
/// Throws Error(bad_format) with the line; Error(unsupported) for more than 4 MiB, 1,000,000 values, 32
/// levels, or 16 MiB once aliases are replaced. Throws Error as read_file.
YamlNode read_yaml(const Path& file);
YamlNode parse_yaml(std::string_view text);

/// Plain true, false and numbers are these; lists and maps become JSON.
AttributeValue attribute_from(const YamlNode& node);

/// A text as a YAML scalar that each reader takes for that text: quoted where it could be anything else.
std::string yaml_text(std::string_view text);
/// A value on one line.
std::string yaml_value(const AttributeValue& value);

}  // namespace maskmill
