// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>

#include "base/path.h"

namespace maskmill {

/// What kind of thing went wrong; each maps to one exit code.
enum class Code {
  usage,         ///< the command line or a setting: exit 2
  not_found,     ///< a path that is not there: exit 3
  unreadable,    ///< there, but it cannot be read: a folder for a file, no permission, truncated: exit 3
  bad_format,    ///< readable, but not what it should be: a broken PNG, JSON that does not parse: exit 3
  bad_value,     ///< one value is out of its range or of the wrong kind: exit 3
  unsupported,   ///< legal, and not handled: exit 3
  write_failed,  ///< the output could not be written: exit 3
  interrupted,   ///< ctrl-C or a termination signal: exit 130
  bug            ///< an assumption of ours failed: exit 4
};

/// The exit code of a command that ends with an error of this kind.
int exit_code(Code code);

/// Where something is: a file, a line counted from 1 in it, and a field, element or id. All may be unknown.
struct Place {
  std::string file;
  std::optional<std::size_t> line;
  std::string field;

  /// "a.json:12: segmentation"; parts that are unknown are left out.
  std::string text() const;
  bool empty() const { return file.empty() && !line && field.empty(); }
  friend bool operator==(const Place&, const Place&) = default;
};

/// Ends a command, or, caught by a reader, becomes a Finding. The layer that throws says what it knows; each
/// caller adds the place it knows. What was set first stays: an inner file is not overwritten by an outer
/// one.
class Error : public std::exception {
 public:
  Error(Code code, std::string message);

  /// What `place` knows, as the three below would say it.
  Error& at(const Place& place) &;
  Error& at_file(const Path& file) &;
  Error& at_line(std::size_t line) &;
  Error& at_field(std::string field) &;
  Error& hint(std::string what_to_do) &;
  Error&& at(const Place& place) && { return std::move(at(place)); }
  Error&& at_file(const Path& file) && { return std::move(at_file(file)); }
  Error&& at_line(std::size_t line) && { return std::move(at_line(line)); }
  Error&& at_field(std::string field) && { return std::move(at_field(std::move(field))); }
  Error&& hint(std::string what_to_do) && { return std::move(hint(std::move(what_to_do))); }

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const Place& place() const { return place_; }
  const std::string& hint_text() const { return hint_; }

  /// "place: message", and the hint after a line break where there is one.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void compose();

  Code code_;
  std::string message_;
  Place place_;
  std::string hint_;
  std::string text_;
};

}  // namespace maskmill
