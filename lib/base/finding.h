// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace maskmill {

/// How bad a finding is. `error`: training on it fails or learns something false. `warning`: likely a
/// mistake. `note`: worth knowing.
enum class Severity { note, warning, error };

std::string_view to_string(Severity severity);

/// Something wrong in the user's data: reported, counted and gone on from.
struct Finding {
  std::string rule;  ///< the rule's or reader's id, such as "size-differs"
  Severity severity = Severity::error;
  Place place;
  std::string message;  ///< what was found and what was expected, one sentence without a full stop
  std::string fix;      ///< what to do; may be empty
  /// Where in the image: x, y, width and height in its pixels, as COCO states boxes.
  std::optional<std::array<double, 4>> region = {};
  std::vector<Place> related = {};  ///< what it was compared with, such as the other picture of a pair

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// An Error met while reading one element, as a finding: its place, message and hint are kept.
Finding to_finding(const Error& error, std::string rule, Severity severity = Severity::error);

/// And back: what ends a command that cannot go on without the element.
Error to_error(const Finding& finding);

/// Collects findings of any number in bounded memory: the first `kept_in_memory` stay, the rest go to a
/// temporary file that is gone with the object. Counts are exact. Not thread-safe: parallel work fills
/// vectors of its own, which are added in the items' order.
class Findings {
 public:
  explicit Findings(std::size_t kept_in_memory = 4096);
  ~Findings();
  Findings(Findings&&) noexcept;
  Findings& operator=(Findings&&) noexcept;

  void add(Finding finding);
  void add(std::vector<Finding> findings);

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  std::size_t count(Severity severity) const;
  /// Findings a rule, by its id.
  const std::map<std::string, std::size_t>& by_rule() const;

  /// Every finding in the order in which it was added. Throws Error(write_failed) if the temporary file is
  /// lost.
  void for_each(const std::function<void(const Finding&)>& visit) const;

  /// The first of each rule, in the rules' order.
  std::vector<Finding> examples() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// For a command that is left with nothing: `message`, and what was wrong with the first.
Error nothing_left(const std::string& message, const Findings& findings);

}  // namespace maskmill
