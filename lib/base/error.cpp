// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include "base/text.h"

namespace maskmill {

int exit_code(Code code) {
  switch (code) {
    case Code::usage:
      return 2;
    case Code::interrupted:
      return 130;
    case Code::bug:
      return 4;
    default:
      return 3;
  }
}

std::string Place::text() const {
  std::string out = printable(file);
  if (line) out += (out.empty() ? "line " : ":") + std::to_string(*line);
  if (!field.empty()) out += (out.empty() ? "" : ": ") + printable(field);
  return out;
}

Error::Error(Code code, std::string message) : code_(code), message_(std::move(message)) {
  compose();
}

Error& Error::at(const Place& place) & {
  if (place_.file.empty()) place_.file = place.file;
  if (!place_.line) place_.line = place.line;
  if (place_.field.empty()) place_.field = place.field;
  compose();
  return *this;
}

Error& Error::at_file(const Path& file) & {
  if (place_.file.empty()) place_.file = file.string();
  compose();
  return *this;
}

Error& Error::at_line(std::size_t line) & {
  if (!place_.line) place_.line = line;
  compose();
  return *this;
}

Error& Error::at_field(std::string field) & {
  if (place_.field.empty()) place_.field = std::move(field);
  compose();
  return *this;
}

Error& Error::hint(std::string what_to_do) & {
  if (hint_.empty()) hint_ = std::move(what_to_do);
  compose();
  return *this;
}

void Error::compose() {
  text_ = place_.empty() ? message_ : place_.text() + ": " + message_;
  if (!hint_.empty()) text_ += "\n" + hint_;
}

}  // namespace maskmill
