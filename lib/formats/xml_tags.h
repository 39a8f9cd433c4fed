// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/shared_file.h"

namespace maskmill {

/// One tag of an XML file. The texts hold until the next one is asked for.
struct XmlTag {
  std::string_view name;
  std::string_view attributes;         ///< what stands behind the name, as it is written
  std::uint64_t begin = 0, end = 0;    ///< in the file
  int depth = 0;                       ///< of its element: 1 is the root
  bool opens = false, closes = false;  ///< both: <name/>
};

/// The value of an attribute in XmlTag::attributes, as a parser gives it: references to characters and to the
/// five entities that XML has are replaced, line ends and tabs are blanks. Nothing where there is none.
std::optional<std::string> xml_attribute(std::string_view attributes, std::string_view name);

/// Walks the tags of an XML file once, as fast as the file is read, in memory that depends on its longest tag
/// only. It looks for where elements lie, to be parsed one by one: held to XML 1.0 are the pairing of tags,
/// what may stand outside the root, and where quotes, comments and CDATA end. Other programs' files with a
/// document type, whose entities could fill any memory, are refused.
class XmlTags {
 public:
  /// Deeper elements are refused.
  static constexpr int kDeepest = 64;
  static constexpr std::size_t kLongestTag = std::size_t{256} << 20;

  explicit XmlTags(const SharedFile& file) : file_(file) {}

  /// False at the end. Throws Error(bad_format) with the line for what is no XML; Error(unsupported) for a
  /// document type, an encoding other than UTF-8, more than kDeepest levels, and a tag, comment or the like
  /// of more than kLongestTag bytes; Error(unreadable); Error(interrupted).
  bool next(XmlTag& tag);

  /// On which the last tag begins, from 1.
  std::size_t line();
  /// At the last tag.
  Error error(Code code, const std::string& message);

 private:
  bool fill();
  std::size_t find(std::string_view what, std::size_t from);
  std::size_t find_tag_end(std::size_t from);
  void pass_declaration(std::size_t end);
  void read_tag(std::size_t begin, std::size_t end, XmlTag& tag);
  void count_lines(std::size_t to);

  const SharedFile& file_;
  std::string buffer_;
  std::size_t size_ = 0;       // bytes in the buffer
  std::size_t at_ = 0;         // in the buffer, what comes next
  std::uint64_t offset_ = 0;   // of the buffer in the file
  std::size_t tag_begin_ = 0;  // in the buffer, of the last tag
  std::size_t counted_ = 0;    // in the buffer, lines before
  std::size_t line_ = 1;       // at counted_
  bool at_end_ = false, has_root_ = false;
  std::string open_names_;         // of open elements, one behind the other
  std::vector<std::size_t> open_;  // where each begins
};

}  // namespace maskmill
