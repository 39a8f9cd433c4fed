// SPDX-License-Identifier: Apache-2.0
#include "render/data_sheet.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <memory>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/text.h"
#include "dataset/item_lookup.h"
#include "dataset/masks.h"
#include "render/label_colours.h"

namespace maskmill {
namespace {

struct Drawn {
  std::function<void()> add;  // empty: not shown
  std::vector<Finding> findings;
};

class Drawer {
 public:
  Drawer(const Metadata& metadata, const DataSheetSettings& settings, const SheetCompanions& companions,
         Findings& findings)
      : metadata_(metadata), settings_(settings), companions_(companions), labels_(metadata.labels) {
    if (companions.other) {
      labels_ = united(metadata.labels, companions.other->metadata().labels);
      other_labels_ = recoloured(companions.other->metadata().labels, labels_);
      lookup_ = std::make_unique<ItemLookup>(*companions.other, findings);
    }
    if (settings.label && !(label_ = metadata.labels.find(*settings.label))) {
      std::vector<std::string> names;
      for (const Label& label : metadata.labels) names.push_back(label.name);
      const auto near = nearest_name(*settings.label, names);
      throw Error(Code::usage, "there is no label " + in_quotes(*settings.label))
          .hint(near ? "did you mean " + *near + "?" : "labels: " + joined(names, ", "));
    }
    if (settings.subset && std::find(metadata.subsets.begin(), metadata.subsets.end(), *settings.subset) ==
                               metadata.subsets.end())
      throw Error(Code::usage, "there is no subset " + in_quotes(*settings.subset))
          .hint(metadata.subsets.empty() ? "the data set has none"
                                         : "subsets: " + joined(metadata.subsets, ", "));
  }

  /// What the legend explains.
  const LabelMap& labels() const { return labels_; }

  bool wanted(const Item& item) const {
    return (!settings_.subset || item.subset == *settings_.subset) &&
           (!companions_.remarks || !companions_.remarks(item).empty()) && has_label(item);
  }

  Drawn draw(ReadItem& read, Sheet& sheet) const {
    Drawn drawn;
    std::optional<Item> item = read(drawn.findings);
    if (!item) return drawn;
    if (!item->image.empty() && is_absent(item->image) && item->size) {
      drawn.findings.push_back({"image-missing",
                                Severity::error,
                                Place{item->image.string(), {}, {}},
                                "the image is not there; its annotations are drawn on gray",
                                {}});
      item->image.clear();
    }
    if (item->image.empty() && !item->size) return drawn;
    try {
      // The picture is read smaller than it is; the annotations are not.
      if (!item->size) item->size = probe_image(item->image).size();
      const cv::Mat picture = picture_of(*item);
      std::vector<cv::Mat> pictures{overlay(picture, *item, metadata_.labels, settings_.overlay)};
      if (settings_.beside) pictures.insert(pictures.begin(), picture);
      std::vector<std::int64_t> shown = counts(*item);
      std::string words = detail(*item);
      if (lookup_) pictures.push_back(other_picture(*item, picture, shown, words, drawn.findings));
      drawn.add = sheet.encode({item->id, std::move(words), std::move(pictures), std::move(shown)});
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::write_failed ||
          error.code() == Code::interrupted)
        throw;
      drawn.findings.push_back(to_finding(error, "unreadable-item"));
    }
    return drawn;
  }

 private:
  /// Gray where there is no image: predictions are written without.
  cv::Mat picture_of(const Item& item) const {
    if (item.made_image) return reduced(read_picture(item), settings_.sheet.thumbnail_px);
    if (!item.image.empty()) return read_reduced(item.image, settings_.sheet.thumbnail_px);
    const Size size = reduced(*item.size, settings_.sheet.thumbnail_px);
    return cv::Mat(size.height, size.width, CV_8UC3, cv::Scalar::all(128));
  }

  /// The picture alone where the other data set does not have the item.
  cv::Mat other_picture(const Item& item, const cv::Mat& picture, std::vector<std::int64_t>& shown,
                        std::string& words, std::vector<Finding>& findings) const {
    const ReadItem read = lookup_->take(item.id);
    std::optional<Item> other = read ? read(findings) : std::nullopt;
    if (!other) {
      words += words.empty() ? "not in the other" : ", not in the other";
      return picture;
    }
    if (!other->size) other->size = item.size;
    const std::vector<std::int64_t> counted = counts_of(*other, other_labels_);
    for (int i = 0; i < other_labels_.size(); ++i)
      shown[static_cast<std::size_t>(*labels_.find(other_labels_[i].name))] +=
          counted[static_cast<std::size_t>(i)];
    return overlay(picture, *other, other_labels_, settings_.overlay);
  }

  bool has_label(const Item& item) const {
    if (!label_) return true;
    if (std::any_of(item.annotations.begin(), item.annotations.end(),
                    [&](const Annotation& annotation) { return annotation.label == label_; }))
      return true;
    return item.semantic && cv::countNonZero(read_semantic(*item.semantic, item.size).labels == *label_) > 0;
  }

  std::vector<std::int64_t> counts(const Item& item) const {
    std::vector<std::int64_t> counts = counts_of(item, metadata_.labels);
    counts.resize(static_cast<std::size_t>(labels_.size()), 0);
    return counts;
  }

  static std::vector<std::int64_t> counts_of(const Item& item, const LabelMap& labels) {
    std::vector<std::int64_t> counts(static_cast<std::size_t>(labels.size()), 0);
    for (const Annotation& annotation : item.annotations)
      if (annotation.label) ++counts[static_cast<std::size_t>(*annotation.label)];
    if (item.semantic) {
      const cv::Mat mask = read_semantic(*item.semantic, item.size).labels;
      std::vector<bool> present(counts.size(), false);
      for (int y = 0; y < mask.rows; ++y)
        for (int x = 0; x < mask.cols; ++x)
          if (const auto label = mask.at<std::uint16_t>(y, x); label < present.size()) present[label] = true;
      for (std::size_t label = 0; label < counts.size(); ++label)  // what is annotated too is counted already
        if (counts[label] == 0) counts[label] = present[label];
    }
    return counts;
  }

  static bool is_absent(const Path& file) {
    boost::system::error_code ignored;
    return fs::status(file, ignored).type() == fs::file_not_found;
  }

  std::string detail(const Item& item) const {
    std::string text = item.subset;
    const auto add = [&](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
    if (item.size) add(to_string(*item.size));
    if (!has_image(item)) add("no image");
    if (!item.annotations.empty()) add(counted(item.annotations.size(), "annotation"));
    if (!item.annotated) add("not annotated");
    if (companions_.remarks)
      for (const std::string& remark : companions_.remarks(item)) text += (text.empty() ? "" : "; ") + remark;
    return text;
  }

  const Metadata& metadata_;
  const DataSheetSettings& settings_;
  const SheetCompanions& companions_;
  LabelMap labels_, other_labels_;
  std::unique_ptr<ItemLookup> lookup_;
  std::optional<int> label_;
};

// Of `wanted` items, as many as are to be shown, by their position in the source.
std::vector<bool> chosen(const std::vector<bool>& wanted, const DataSheetSettings& settings) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i]) positions.push_back(i);
  if (settings.max_items > 0 && positions.size() > static_cast<std::size_t>(settings.max_items)) {
    Random random({static_cast<std::uint64_t>(settings.seed), 3});
    random.shuffle(std::span(positions));
    positions.resize(static_cast<std::size_t>(settings.max_items));
  }
  std::vector<bool> shown(wanted.size(), false);
  for (const std::size_t position : positions) shown[position] = true;
  return shown;
}

std::vector<bool> wanted_items(Source& source, const Drawer& drawer, bool are_all) {
  std::vector<bool> wanted;
  if (are_all) return std::vector<bool>(source.size(), true);
  map_items(
      source,
      [&](ReadItem&& read) {
        std::vector<Finding> said_when_drawn;
        try {
          const std::optional<Item> item = read(said_when_drawn);
          return item && drawer.wanted(*item);
        } catch (const Error& error) {
          if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
          return true;  // drawing it says what is wrong
        }
      },
      [&](bool&& is_wanted) { wanted.push_back(is_wanted); });
  return wanted;
}

}  // namespace

std::size_t write_data_sheet(Source& source, const Path& target, Overwrite overwrite,
                             const std::string& title, const DataSheetSettings& settings, Findings& findings,
                             const SheetCompanions& companions) {
  const Drawer drawer(source.metadata(), settings, companions, findings);
  const bool are_all = !settings.subset && !settings.label && !companions.remarks;
  const std::vector<bool> shown = chosen(wanted_items(source, drawer, are_all), settings);
  const auto total = static_cast<std::size_t>(std::count(shown.begin(), shown.end(), true));
  const std::string subtitle = total == source.size()
                                   ? counted(total, "item")
                                   : with_thousands(total) + " of " + counted(source.size(), "item");
  const auto sheet = make_sheet(target, overwrite, {title, subtitle}, drawer.labels(), settings.sheet);
  std::size_t added = 0, position = 0;
  Progress progress("drawing", total);
  source.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  source.rewind();
  ordered_pipeline(
      [&]() -> std::optional<ReadItem> {
        while (ReadItem read = source.next())
          if (shown.at(position++)) return read;
        return std::nullopt;
      },
      [&](ReadItem&& read) { return drawer.draw(read, *sheet); },
      [&](Drawn&& drawn) {
        progress.advance();
        findings.add(std::move(drawn.findings));
        if (!drawn.add) return;
        drawn.add();
        ++added;
      });
  if (total == 0) throw Error(Code::bad_format, "no item has what was asked for: there is nothing to show");
  if (added == 0) throw nothing_left("nothing could be drawn", findings);
  sheet->close();
  return added;
}

}  // namespace maskmill
