// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

/// The name without what typing it twice may change: the case of ASCII letters, blanks and punctuation. A
/// point between digits stays, and so do signs that tell names apart, such as in "c++" and "c#".
std::string essence(std::string_view name) {
  constexpr std::string_view kKept = "+#*%&$@<>=";
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto letter = static_cast<unsigned char>(name[i]);
    const bool in_number = i > 0 && i + 1 < name.size() && is_digit(name[i - 1]) && is_digit(name[i + 1]);
    if (letter >= 0x80 || std::isalnum(letter) || in_number || kKept.find(name[i]) != std::string_view::npos)
      out += static_cast<char>(letter < 0x80 ? std::tolower(letter) : letter);
  }
  return out;
}

bool is_letter(char letter) {
  return static_cast<unsigned char>(letter) >= 0x80 || std::isalpha(static_cast<unsigned char>(letter));
}

/// The two, given as essences, differ by a letter too many, a letter for another, or two letters exchanged,
/// as a slip of the pen leaves them, or by a plural's s. In short names that is as often another word.
bool is_slip(std::string_view a, std::string_view b) {
  constexpr std::size_t kShortest = 5, kShortestPlural = 3;
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > 1 || a.empty()) return false;
  if (a.size() >= kShortestPlural && b.size() > a.size() && b.starts_with(a) && b.back() == 's') return true;
  if (a.size() < kShortest) return false;
  const auto differing = std::ranges::mismatch(a, b);
  const std::string_view rest_a(differing.in1, a.end()), rest_b(differing.in2, b.end());
  if (a.size() < b.size()) return is_letter(rest_b.front()) && rest_a == rest_b.substr(1);
  if (rest_a.empty() || !is_letter(rest_a.front()) || !is_letter(rest_b.front())) return false;
  if (rest_a.substr(1) == rest_b.substr(1)) return true;
  return rest_a.size() > 1 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] &&
         rest_a.substr(2) == rest_b.substr(2);
}

class SimilarNames : public AcrossItems {
 public:
  explicit SimilarNames(const Metadata& metadata)
      : labels_(metadata.labels), items_of_(static_cast<std::size_t>(metadata.labels.size()), 0) {}

  void observe(const Item& item, const ItemFacts& facts, const Report&) override {
    for (const int label : facts.labels_in(item)) ++items_of_[static_cast<std::size_t>(label)];
  }

  void finish(const Report& report) override {
    tell_spellings(report);
    tell_slips(report);
  }

 private:
  void tell_spellings(const Report& report) const {
    std::map<std::string, std::map<std::string, std::string>>
        spellings;  // essence -> spelling -> what it names
    for (const Label& label : labels_)
      spellings[essence(label.name)].emplace(label.name, "label " + in_quotes(label.name));
    for (const Label& label : labels_)
      if (!label.supercategory.empty())
        spellings[essence(label.supercategory)].emplace(
            label.supercategory,
            fmt::format("supercategory {} of {}", in_quotes(label.supercategory), in_quotes(label.name)));
    for (const auto& [same, named] : spellings) {
      if (same.empty() || named.size() < 2) continue;
      std::vector<std::string> words;
      for (const auto& [spelling, what] : named) words.push_back(what);
      report({{}, {}, named.begin()->first},
             "differ in case, blanks or punctuation only: " + joined(words, " and "), "");
    }
  }

  bool is_rare_beside(int rare, int common) const {
    constexpr std::size_t kFew = 2, kFewShare = 20, kMany = 20;
    const std::size_t items = items_of_[static_cast<std::size_t>(rare)],
                      others = items_of_[static_cast<std::size_t>(common)];
    return items > 0 && others >= kMany && items <= std::max(kFew, others / kFewShare);
  }

  /// Names that a slip makes one of the other have a remainder in common when a letter is left out, so that
  /// not all have to be compared with all.
  void tell_slips(const Report& report) const {
    constexpr std::size_t kLongest = 100;  // what is longer is no name, and its remainders would fill memory
    std::vector<std::string> essences;
    std::unordered_map<std::string, std::vector<int>> with_remainder;
    for (int label = 0; label < labels_.size(); ++label) {
      essences.push_back(essence(labels_[label].name));
      const std::string& whole = essences.back();
      if (whole.size() > kLongest) continue;
      std::set<std::string> remainders{whole};
      for (std::size_t i = 0; i < whole.size(); ++i) remainders.insert(std::string(whole).erase(i, 1));
      for (const std::string& remainder : remainders) with_remainder[remainder].push_back(label);
    }
    std::set<std::pair<int, int>> pairs;  // rare, common
    for (const auto& [remainder, labels] : with_remainder)
      for (const int rare : labels)
        for (const int common : labels)
          if (is_rare_beside(rare, common) &&
              is_slip(essences[static_cast<std::size_t>(rare)], essences[static_cast<std::size_t>(common)]))
            pairs.emplace(rare, common);
    for (const auto& [rare, common] : pairs)
      report({{}, {}, labels_[rare].name},
             fmt::format(
                 "label {} in {} may be a slip of the pen for {} in {}", in_quotes(labels_[rare].name),
                 counted(items_of_[static_cast<std::size_t>(rare)], "item"), in_quotes(labels_[common].name),
                 with_thousands(items_of_[static_cast<std::size_t>(common)])),
             "if they mean the same, merge them; else leave them", Severity::note);
  }

  const LabelMap& labels_;
  std::vector<std::size_t> items_of_;
};

}  // namespace

extern const Rule similar_label_names;
const Rule similar_label_names{
    .id = "similar-label-names",
    .severity = Severity::warning,
    .title = "label names that differ in case, blanks or punctuation only, or by a slip of the pen",
    .harm = "One class is learnt as two, each from a part of its objects.",
    .fix = "Merge them into one label of one spelling.",
    .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<SimilarNames>(metadata);
    }};

}  // namespace maskmill
