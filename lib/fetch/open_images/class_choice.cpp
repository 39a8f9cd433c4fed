// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/class_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/oid_classes.h"

namespace maskmill::fetch {
namespace {

constexpr std::size_t kMostNamed = 5;

class Classes {
 public:
  Classes(const Path& table, const Path* hierarchy) {
    OpenImagesClasses classes;
    Findings findings;
    classes.add({table, true}, true, findings);
    if (findings.count(Severity::error) > 0) throw to_error(findings.examples().front());
    if (hierarchy) classes.add_hierarchy(*hierarchy);
    std::move(classes).move_to(known_);
    mids_ = mids_of(known_);
    if (mids_.empty()) throw Error(Code::bad_format, "names no class").at_file(table);
  }

  int find(const std::string& wanted) const {
    const std::string lower = lower_case(trimmed(wanted));
    for (int i = 0; i < known_.labels.size(); ++i)
      if (mid(i) == lower || lower_case(name(i)) == lower) return i;
    throw Error(Code::usage, in_quotes(wanted) + " is no class of Open Images with boxes or masks")
        .at_field("classes")
        .hint(nearest_text(lower));
  }

  std::vector<int> relatives_of(int number, ClassRelatives wanted) const {
    if (!wanted.subclasses && !wanted.parts) return {};
    return subclasses_of(known_, number, wanted.parts);
  }

  ChosenClass chosen(int number) const { return {name(number), mid(number)}; }

 private:
  const std::string& name(int number) const { return known_.labels[number].name; }
  const std::string& mid(int number) const { return mids_[static_cast<std::size_t>(number)]; }

  /// Those a slip away, and those that have the word in their name.
  std::string nearest_text(const std::string& lower) const {
    std::vector<std::string> lower_names;
    for (int i = 0; i < known_.labels.size(); ++i) lower_names.push_back(lower_case(name(i)));
    std::vector<std::string> nearest = nearest_names(lower, lower_names, kMostNamed);
    for (const std::string& candidate : lower_names)
      if (nearest.size() < kMostNamed && lower.size() > 2 && candidate.find(lower) != std::string::npos &&
          std::ranges::find(nearest, candidate) == nearest.end())
        nearest.push_back(candidate);
    if (nearest.empty())
      return "classes are called as in oidv7-class-descriptions-boxable.csv, such as \"Hot dog\"";
    for (std::string& candidate : nearest)
      candidate =
          in_quotes(name(static_cast<int>(std::ranges::find(lower_names, candidate) - lower_names.begin())));
    return "did you mean " + joined(nearest, ", ") + "?";
  }

  Metadata known_;
  std::vector<std::string> mids_;
};

}  // namespace

std::vector<ChosenClass> choose_classes(std::span<const std::string> wanted, ClassRelatives relatives,
                                        const Path& class_table, const Path& hierarchy) {
  if (wanted.empty())
    throw Error(Code::usage, "no class of Open Images is named")
        .at_field("classes")
        .hint("name some: classes \"Hot dog\",Car");
  const bool with_hierarchy = relatives.subclasses || relatives.parts;
  const Classes classes(class_table, with_hierarchy ? &hierarchy : nullptr);
  std::set<int> numbers;
  for (const std::string& name : wanted) {
    const int number = classes.find(name);
    numbers.insert(number);
    const std::vector<int> more = classes.relatives_of(number, relatives);
    numbers.insert(more.begin(), more.end());
  }
  std::vector<ChosenClass> chosen;
  for (const int number : numbers) {
    chosen.push_back(classes.chosen(number));
    if (!is_mid(chosen.back().mid))
      throw Error(Code::bad_format, in_quotes(chosen.back().mid) + " is no MID, such as /m/01b9xk")
          .at_file(class_table);
  }
  return chosen;
}

std::string class_table_of(std::span<const ChosenClass> classes) {
  std::string text = "LabelName,DisplayName\n";
  for (const ChosenClass& chosen : classes) text += to_csv_line(std::array{chosen.mid, chosen.name});
  return text;
}

}  // namespace maskmill::fetch
