// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace maskmill {

/// The candidate with the smallest edit distance to `name`, if it is close enough to be a typo of it.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates);

/// All that are close enough, at most `most`, the nearest first.
std::vector<std::string> nearest_names(std::string_view name, std::span<const std::string> candidates,
                                       std::size_t most);

/// For messages: in double quotes, control characters and bytes that are not UTF-8 escaped, cut after 80
/// characters.
std::string in_quotes(std::string_view text);

/// The same escapes without quotes and without a cut: safe to print on a terminal and to put into a report.
std::string printable(std::string_view text);

/// True where `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

/// As a POSIX shell reads it back: in single quotes unless every character is plain.
std::string shell_quoted(std::string_view word);

/// ASCII letters alone; others stay.
std::string lower_case(std::string_view text);

std::string_view trimmed(std::string_view text);
std::vector<std::string> split_text(std::string_view text, char separator);
std::string joined(std::span<const std::string> parts, std::string_view separator);

/// The lines of a text file: without line ends (LF or CRLF) and without a leading byte order mark.
std::vector<std::string_view> lines_of(std::string_view text);

/// The whole text as a number, else nothing: "12x", " 1", "", "nan" and "inf" are not numbers.
std::optional<long long> to_integer(std::string_view text);
std::optional<double> to_number(std::string_view text);

/// "1,234,567"
std::string with_thousands(std::size_t number);
/// "3 files", "1 file"
std::string counted(std::size_t number, std::string_view noun);

}  // namespace maskmill
