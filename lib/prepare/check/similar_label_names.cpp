// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cctype>

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

class SimilarNames : public AcrossItems {
 public:
  explicit SimilarNames(const Metadata& metadata) : labels_(metadata.labels) {}

  void observe(const Item&, const ItemFacts&, const Report&) override {}

  void finish(const Report& report) override {
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

 private:
  const LabelMap& labels_;
};

}  // namespace

extern const Rule similar_label_names;
const Rule similar_label_names{.id = "similar-label-names",
                               .severity = Severity::warning,
                               .title = "label names that differ in case, blanks or punctuation only",
                               .harm = "One class is learnt as two, each from a part of its objects.",
                               .fix = "Merge them into one label of one spelling.",
                               .across = [](const Metadata& metadata) -> std::unique_ptr<AcrossItems> {
                                 return std::make_unique<SimilarNames>(metadata);
                               }};

}  // namespace maskmill
