// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr int kMaxDepth = 200;

std::string without_position(std::string_view message) {
  // nlohmann prefixes "[json.exception.parse_error.101] parse error at line 3, column 7: ".
  const std::size_t end = message.find(": ");
  return std::string(end == std::string_view::npos ? message : message.substr(end + 2));
}

}  // namespace

Json parse_json(std::string_view text, const Path& file) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  const auto bounded = [](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) throw Error(Code::bad_format, "JSON nested deeper than 200 levels");
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), bounded);
  } catch (Error& error) {
    throw std::move(error).at_file(file);
  } catch (const Json::parse_error& error) {
    const std::size_t byte = std::min(error.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte), '\n');
    throw Error(Code::bad_format, "not valid JSON: " + without_position(error.what()))
        .at_file(file)
        .at_line(static_cast<std::size_t>(line));
  } catch (const Json::exception& error) {
    throw Error(Code::bad_format, std::string("not valid JSON: ") + error.what()).at_file(file);
  }
}

Json read_json(const Path& path) {
  return parse_json(read_file(path), path);
}

std::string to_text(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_line(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace maskmill
