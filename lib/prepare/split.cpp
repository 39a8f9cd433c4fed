// SPDX-License-Identifier: Apache-2.0
#include "prepare/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "dataset/masks.h"
#include "image/image.h"
#include "prepare/stratify.h"

namespace maskmill {
namespace {

constexpr int kLeftOut = -1;

std::vector<double> numbers(const SplitSettings& settings) {
  std::vector<double> values;
  for (const auto& [name, ratio] : settings.ratios) values.push_back(ratio);
  return values;
}

class SplitSource : public Source {
 public:
  SplitSource(std::shared_ptr<Source> source, std::vector<int> subset_of, const SplitSettings& settings)
      : source_(std::move(source)), metadata_(source_->metadata()), subset_of_(std::move(subset_of)) {
    metadata_.subsets.clear();
    for (const auto& [name, ratio] : settings.ratios) metadata_.subsets.push_back(name);
    size_ = static_cast<std::size_t>(
        std::count_if(subset_of_.begin(), subset_of_.end(), [](int subset) { return subset != kLeftOut; }));
    source_->rewind();
  }

  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return size_; }
  const Findings& findings() const override { return source_->findings(); }
  void rewind() override {
    source_->rewind();
    position_ = 0;
  }
  ReadItem next() override {
    for (;;) {
      ReadItem read = source_->next();
      if (!read) return read;
      const int subset = subset_of_.at(position_++);
      if (subset == kLeftOut) continue;
      return [read = std::move(read), name = metadata_.subsets[static_cast<std::size_t>(subset)]](
                 std::vector<Finding>& findings, Look look) {
        std::optional<Item> item = read(findings, look);
        if (item) item->subset = name;
        return item;
      };
    }
  }

 private:
  std::shared_ptr<Source> source_;
  Metadata metadata_;
  std::vector<int> subset_of_;  // by position in the source
  std::size_t position_ = 0;
  std::size_t size_ = 0;
};

std::string text_of(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<JsonText>(value).text;
}

std::vector<std::string> strata_of(const Item& item, const cv::Mat& mask, const LabelMap& labels,
                                   const SplitSettings& settings) {
  std::vector<std::string> strata;
  if (settings.stratify == SplitSettings::Stratify::attribute) {
    if (const AttributeValue* value = find_attribute(item.attributes, settings.attribute))
      strata.push_back(text_of(*value));
  } else if (settings.stratify == SplitSettings::Stratify::labels) {
    std::vector<bool> present(static_cast<std::size_t>(labels.size()), false);
    for (const Annotation& annotation : item.annotations) {
      const bool is_blank =
          is_label_mask(annotation) && item.size && area(pixels_of(annotation, *item.size)) == 0;
      if (annotation.label && !is_blank) present[static_cast<std::size_t>(*annotation.label)] = true;
    }
    if (!mask.empty()) {
      for (int y = 0; y < mask.rows; ++y)
        for (const auto* p = mask.ptr<std::uint16_t>(y); p != mask.ptr<std::uint16_t>(y) + mask.cols; ++p)
          if (*p < present.size()) present[*p] = true;
    }
    for (int label = 0; label < labels.size(); ++label)
      if (present[static_cast<std::size_t>(label)]) strata.push_back(labels[label].name);
  }
  return strata;
}

struct Surveyed {
  bool readable = false;
  std::vector<std::string> strata;
  std::vector<Finding> findings;
};

Surveyed survey(ReadItem& read, const LabelMap& labels, const SplitSettings& settings) {
  Surveyed result;
  const std::optional<Item> item = read(result.findings, Look::masks);
  if (!item) return result;
  try {
    if (settings.with_images) probe_image(item->image);
    if (item->instances) read_instances(*item->instances);
    const cv::Mat mask = item->semantic ? read_semantic(*item->semantic, item->size).labels : cv::Mat();
    result.strata = strata_of(*item, mask, labels, settings);
    result.readable = true;
  } catch (const Error& error) {
    if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
    result.findings.push_back(to_finding(error, "unreadable-item"));
  }
  return result;
}

std::string cannot_be_read(const SplitReport& report) {
  if (report.left_out == 0) return "";
  return fmt::format("; {} could not be read", counted(report.left_out, "more item"));
}

void require_items_everywhere(const SplitReport& report, const SplitSettings& settings,
                              const Findings& findings) {
  if (report.items == 0 && report.left_out > 0)
    throw nothing_left("none of the items could be read", findings);
  for (std::size_t i = 0; i < settings.ratios.size(); ++i)
    if (settings.ratios[i].second > 0 && report.subsets[i].items == 0)
      throw Error(Code::bad_value,
                  fmt::format("{} too few: the subset {} would get none{}",
                              report.items == 1 ? "1 item is" : counted(report.items, "item") + " are",
                              in_quotes(settings.ratios[i].first), cannot_be_read(report)))
          .hint("give it a larger ratio, or leave it out");
}

}  // namespace

std::vector<std::pair<std::string, double>> parse_ratios(std::string_view text) {
  std::vector<std::pair<std::string, double>> ratios;
  double sum = 0;
  for (const std::string& part : split_text(text, ',')) {
    const std::size_t equals = part.find('=');
    const std::string name(trimmed(std::string_view(part).substr(0, equals)));
    const auto value = equals == std::string::npos
                           ? std::nullopt
                           : to_number(trimmed(std::string_view(part).substr(equals + 1)));
    if (name.empty() || name.find('/') != std::string::npos || name.front() == '.' || !value || *value < 0)
      throw Error(Code::usage, in_quotes(part) + " is not a subset's name and ratio")
          .at_field("ratio")
          .hint("write them as train=0.8,val=0.1,test=0.1");
    for (const auto& [known, ratio] : ratios)
      if (known == name)
        throw Error(Code::usage, "the subset " + in_quotes(name) + " is named twice").at_field("ratio");
    ratios.emplace_back(name, *value);
    sum += *value;
  }
  if (sum <= 0) throw Error(Code::usage, "no ratio is above 0").at_field("ratio");
  const bool shares =
      std::ranges::any_of(ratios, [](const auto& part) { return part.second != std::floor(part.second); });
  if (shares && std::abs(sum - 1) > 1e-6)
    throw Error(Code::usage, fmt::format("the ratios sum to {:.6g}, not to 1", sum))
        .at_field("ratio")
        .hint("shares sum to 1, as 0.8, 0.1, 0.1; parts are whole numbers, as 8, 1, 1");
  return ratios;
}

std::unique_ptr<Source> split(std::shared_ptr<Source> source, const SplitSettings& settings,
                              SplitReport& report, Findings& findings) {
  const LabelMap& labels = source->metadata().labels;
  std::map<std::string, int> stratum_index;
  std::vector<std::vector<int>> strata;  // of the readable items
  std::vector<bool> readable;
  source->findings().for_each([&](const Finding& finding) { findings.add(finding); });
  map_items(
      *source, [&](ReadItem&& read) { return survey(read, labels, settings); },
      [&](Surveyed&& surveyed) {
        findings.add(std::move(surveyed.findings));
        readable.push_back(surveyed.readable);
        if (!surveyed.readable) return;
        std::vector<int>& own = strata.emplace_back();
        for (const std::string& stratum : surveyed.strata)
          own.push_back(
              stratum_index.try_emplace(stratum, static_cast<int>(stratum_index.size())).first->second);
      });

  const bool stratified = settings.stratify != SplitSettings::Stratify::no;
  if (stratified && stratum_index.empty())
    throw Error(
        Code::bad_value,
        "there is nothing to stratify over: no item has " +
            (settings.attribute.empty() ? "a label" : "the attribute " + in_quotes(settings.attribute)));
  const std::vector<int> chosen = stratified
                                      ? split_stratified(strata, numbers(settings), settings.seed)
                                      : split_at_random(strata.size(), numbers(settings), settings.seed);

  report.items = strata.size();
  report.left_out = readable.size() - strata.size();
  report.strata.resize(stratum_index.size());
  for (const auto& [name, index] : stratum_index) report.strata[static_cast<std::size_t>(index)] = name;
  for (const auto& [name, ratio] : settings.ratios)
    report.subsets.push_back({name, 0, std::vector<std::size_t>(report.strata.size(), 0)});
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    SplitReport::Subset& subset = report.subsets[static_cast<std::size_t>(chosen[i])];
    ++subset.items;
    for (const int stratum : strata[i]) ++subset.items_of_stratum[static_cast<std::size_t>(stratum)];
  }
  require_items_everywhere(report, settings, findings);

  std::vector<int> subset_of;
  std::size_t next = 0;
  for (const bool is_readable : readable) subset_of.push_back(is_readable ? chosen[next++] : kLeftOut);
  return std::make_unique<SplitSource>(std::move(source), std::move(subset_of), settings);
}

std::string to_text(const SplitReport& report) {
  std::string text;
  for (const SplitReport::Subset& subset : report.subsets)
    text += fmt::format("{:<12} {:>9}  {:6.2f} %\n", subset.name, with_thousands(subset.items),
                        100.0 * static_cast<double>(subset.items) /
                            static_cast<double>(std::max<std::size_t>(report.items, 1)));
  if (!report.strata.empty()) {
    constexpr std::string_view heading = "items that hold";
    std::size_t width = heading.size();
    for (const std::string& stratum : report.strata) width = std::max(width, printable(stratum).size());
    text += fmt::format("\n{:<{}}", heading, width);
    for (const SplitReport::Subset& subset : report.subsets) text += fmt::format(" {:>9}", subset.name);
    text += "\n";
    for (std::size_t stratum = 0; stratum < report.strata.size(); ++stratum) {
      text += fmt::format("{:<{}}", printable(report.strata[stratum]), width);
      for (const SplitReport::Subset& subset : report.subsets)
        text += fmt::format(" {:>9}", subset.items_of_stratum[stratum]);
      text += "\n";
    }
  }
  if (report.left_out > 0)
    text += fmt::format("\n{} could not be read, and {} in no subset\n", counted(report.left_out, "item"),
                        report.left_out == 1 ? "is" : "are");
  return text;
}

Json to_json(const SplitReport& report) {
  Json subsets = Json::object();
  for (const SplitReport::Subset& subset : report.subsets) {
    Json strata = Json::object();
    for (std::size_t i = 0; i < report.strata.size(); ++i)
      strata[report.strata[i]] = subset.items_of_stratum[i];
    subsets[subset.name] = {{"items", subset.items}, {"strata", strata}};
  }
  return {{"items", report.items}, {"left_out", report.left_out}, {"subsets", subsets}};
}

}  // namespace maskmill
