// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <opencv2/core.hpp>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "formats/item_files.h"
#include "formats/mask_files/label_files.h"
#include "formats/mask_files/label_mask_sink.h"
#include "formats/media.h"
#include "formats/mvtec/mvtec_halves.h"
#include "formats/mvtec/mvtec_layout.h"

namespace maskmill {
namespace {

constexpr int kInside = 255;

/// The labels of a mask that are objects, and how many pixels are void or have no label.
struct Shown {
  std::set<int> labels;
  std::int64_t void_pixels = 0;
};

class MvtecSink : public Sink {
 public:
  MvtecSink(const CreateRequest& request, const MvtecWriteSettings& settings)
      : settings_(settings),
        media_(request.media),
        subsets_(request.metadata.subsets),
        labels_(with_background(request.metadata.labels)),
        folder_(request.target, request.overwrite) {
    if (media_ == Media::reference)
      throw Error(Code::usage, "folders of images have no place for the path of one that lies elsewhere")
          .hint("use --media copy or --media link");
    if (settings_.category) require_name(*settings_.category, "category");
    for (const std::string& subset : subsets_) require_name(subset, "subset");
    std::map<std::string, std::string> folders;
    for (const Label& label : labels_) {
      if (label.role != Role::object || settings_.labels == MvtecLabels::binary) continue;
      const std::string name = label_folder_name(label.name);
      require_name(name, "label");
      if (const auto [other, is_new] = folders.emplace(name, label.name); !is_new)
        throw Error(Code::bad_value, fmt::format("the images of the labels {} and {} would lie in one folder",
                                                 in_quotes(other->second), in_quotes(label.name)))
            .hint("rename one of them");
    }
  }

  std::function<void()> encode(Item item) override {
    if (item.subset.empty())
      throw Error(Code::bad_value, "is in no subset, and this layout has a folder for each")
          .hint("divide the data set first: maskmill split --to mvtec");
    require_file_names(item);
    require_name(item.subset, "subset");
    std::vector<Finding> found;
    cv::Mat inside;
    std::string kind;  // the folder's name
    bool is_combined = false;
    if (item.annotated) {
      const cv::Mat labels = semantic_of(item, labels_).labels;
      const Shown shown = look_at(labels, inside);
      report_void(shown.void_pixels, item, found);
      kind = kind_of(shown.labels, item, found);
      is_combined = shown.labels.size() > 1 && settings_.labels == MvtecLabels::defect;
    }
    const Target target = place(item, kind);
    if (target.name != Path(item.id).filename().string())
      found.push_back(
          {"renamed",
           Severity::warning,
           item.origin,
           fmt::format("the item {} is written as {}", in_quotes(item.id), in_quotes(target.name)),
           {}});
    const std::string extension =
        (item.image.empty() ? Path(item.file_name) : item.image).extension().string();
    item.file_name = target.images + target.name + extension;
    place_image(item, media_, folder_.staging(), {});
    if (!kind.empty() && kind != kMvtecGood)
      folder_.write(target.masks + target.name + std::string(kMvtecSuffix) + ".png",
                    encode_index_png(inside));
    const bool is_absent = media_ == Media::none || !has_image(item);
    return [this, is_absent, is_combined, name = item.file_name, found = std::move(found)] {
      if (is_absent && absent_images_++ == 0) first_absent_ = name;
      any_combined_ = any_combined_ || is_combined;
      findings_.add(found);
    };
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    folder_.write("labels.json", to_text(label_file()));
    if (absent_images_ > 0)
      findings_.add(
          {"images-absent",
           Severity::note,
           {(folder_.target() / first_absent_).string(), {}, {}},
           fmt::format("{} not in the output, and this layout is read by its images",
                       absent_images_ == 1 ? "an image is" : counted(absent_images_, "image") + " are"),
           "put them there before it is read, or write with --media copy or link"});
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  /// Where an item goes, relative to the output; folders end with "/".
  struct Target {
    std::string images, masks, name;
  };

  static void require_name(const std::string& name, const char* what) {
    const bool is_taken = name == kMvtecMasks || name == kMvtecGood;
    if (!name.empty() && !is_taken && is_safe_relative(name) && !name.starts_with('.') &&
        name.find('/') == std::string::npos)
      return;
    throw Error(Code::bad_value,
                is_taken
                    ? fmt::format("the {0} {1} cannot be written: the folder {2}/ means something else here",
                                  what, in_quotes(name), name)
                    : fmt::format("no folder can be named after the {} {}", what, in_quotes(name)))
        .hint("rename it");
  }

  /// `inside` becomes kInside where a label that is an object is.
  Shown look_at(const cv::Mat& labels, cv::Mat& inside) const {
    Shown shown;
    inside = cv::Mat::zeros(labels.size(), CV_8UC1);
    for (int y = 0; y < labels.rows; ++y) {
      const auto* from = labels.ptr<std::uint16_t>(y);
      auto* to = inside.ptr<std::uint8_t>(y);
      for (int begin = 0, end = 0; begin < labels.cols; begin = end) {
        const std::uint16_t label = from[begin];
        while (end < labels.cols && from[end] == label) ++end;
        if (label == kUnlabelled || labels_.is_ignored(label)) {
          shown.void_pixels += end - begin;
        } else if (labels_[label].role == Role::object) {
          shown.labels.insert(label);
          std::fill(to + begin, to + end, static_cast<std::uint8_t>(kInside));
        }
      }
    }
    return shown;
  }

  static void report_void(std::int64_t pixels, const Item& item, std::vector<Finding>& found) {
    if (pixels > 0)
      found.push_back({"void-lost", Severity::warning, item.origin,
                       fmt::format("{} of void or without a label became background",
                                   counted(static_cast<std::size_t>(pixels), "pixel")),
                       "write a format that holds void areas"});
  }

  std::string kind_of(const std::set<int>& labels, const Item& item, std::vector<Finding>& found) const {
    if (labels.empty()) return std::string(kMvtecGood);
    if (settings_.labels == MvtecLabels::binary) return std::string(kMvtecDefect);
    if (labels.size() == 1) return label_folder_name(labels_[*labels.begin()].name);
    std::vector<std::string> names;
    for (const int label : labels) names.push_back(in_quotes(labels_[label].name));
    found.push_back({"labels-merged", Severity::warning, item.origin,
                     fmt::format("the image shows {}, and has a place for one label: they became {}",
                                 joined(names, ", "), kMvtecCombined),
                     "write a format that holds several labels an image"});
    return std::string(kMvtecCombined);
  }

  /// An id that is such a path already says the category and the name. Of others a "/" cannot stay: the
  /// folder above an image says its defect.
  Target place(const Item& item, const std::string& kind) const {
    std::vector<std::string> parts = split_text(item.id, '/');
    std::string category = settings_.category.value_or("");
    Target target;
    target.name = parts.back();
    parts.pop_back();
    const auto ends_with = [&](std::initializer_list<std::string> end) {
      return parts.size() >= end.size() && parts.size() <= end.size() + 1 &&
             std::equal(end.begin(), end.end(), parts.end() - static_cast<std::ptrdiff_t>(end.size()));
    };
    const bool is_own_path = kind.empty() ? ends_with({item.subset}) : ends_with({item.subset, kind});
    if (is_own_path) {
      const bool has_category = parts.size() == (kind.empty() ? 2U : 3U);
      if (has_category && !settings_.category) category = parts.front();
    } else if (!parts.empty()) {
      std::string flat = item.id;
      std::ranges::replace(flat, '/', '-');
      target.name = flat + "-" + digest_of(item.id).hex().substr(0, 8);
    }
    const std::string above = category.empty() ? "" : category + "/";
    target.images = above + item.subset + "/" + (kind.empty() ? "" : kind + "/");
    target.masks = above + (item.subset == kMvtecTest ? "" : item.subset + "/") + std::string(kMvtecMasks) +
                   "/" + kind + "/";
    return target;
  }

  LabelFile label_file() const {
    LabelFile file;
    file.subsets = subsets_;
    if (settings_.labels == MvtecLabels::defect) {
      file.labels.assign(labels_.begin(), labels_.end());
      file.values = labels_.mask_values();
    } else {
      file.labels = {labels_[*labels_.background()], Label{}};
      file.labels[0].id = 0;
      file.labels[1].name = kMvtecDefect;
      file.labels[1].id = 1;
      file.values = {0, 1};
    }
    const bool has_combined = std::ranges::any_of(
        file.labels, [](const Label& label) { return label_folder_name(label.name) == kMvtecCombined; });
    if (any_combined_ && !has_combined) {
      Label& label = file.labels.emplace_back();
      label.name = kMvtecCombined;
      int value = 0;
      while (std::ranges::find(file.values, value) != file.values.end()) ++value;
      file.values.push_back(value);
    }
    return file;
  }

  const MvtecWriteSettings settings_;
  const Media media_;
  const std::vector<std::string> subsets_;
  const LabelMap labels_;
  OutputFolder folder_;
  Findings findings_;
  bool any_combined_ = false;
  std::size_t absent_images_ = 0;
  std::string first_absent_;
};

}  // namespace

std::unique_ptr<Sink> create_mvtec(const CreateRequest& request) {
  return std::make_unique<MvtecSink>(request, parsed_settings<MvtecWriteSettings>(request.settings));
}

}  // namespace maskmill
