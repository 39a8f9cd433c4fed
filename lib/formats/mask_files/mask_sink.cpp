// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/mask_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "formats/item_files.h"
#include "formats/media.h"

namespace maskmill {
namespace {

constexpr int kUsualVoid = 255;
constexpr Rgb kVocVoid{224, 224, 192};

Rgb free_colour(const LabelMap& labels) {
  std::set<Rgb> taken;
  for (int i = 0; i < labels.size(); ++i) taken.insert(labels.colour(i));
  Rgb colour = kVocVoid;
  for (unsigned number = 0; taken.contains(colour); ++number)
    colour = {static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
              static_cast<std::uint8_t>(number)};
  return colour;
}

std::string free_name(const LabelMap& labels) {
  std::string name = "void";
  while (labels.find(name)) name += "_";
  return name;
}

int free_value(std::optional<int> stated, const std::vector<int>& values) {
  const std::set<int> taken(values.begin(), values.end());
  if (stated && taken.contains(*stated))
    throw Error(Code::usage, fmt::format("{} is the value of a label already", *stated)).at_field("void");
  if (stated) return *stated;
  if (!taken.contains(kUsualVoid)) return kUsualVoid;
  int value = 0;
  while (taken.contains(value)) ++value;
  return value;
}

cv::Mat to_colours(const cv::Mat& labels, const LabelMap& map, Rgb unlabelled) {
  std::vector<Rgb> table;
  for (int i = 0; i < map.size(); ++i) table.push_back(map.colour(i));
  cv::Mat colours(labels.size(), CV_8UC3);
  for (int y = 0; y < labels.rows; ++y) {
    const auto* from = labels.ptr<std::uint16_t>(y);
    auto* to = colours.ptr<cv::Vec3b>(y);
    for (int x = 0; x < labels.cols; ++x) {
      const Rgb colour = from[x] < table.size() ? table[from[x]] : unlabelled;
      to[x] = {colour.r, colour.g, colour.b};
    }
  }
  return colours;
}

Media with_a_place(Media media) {
  if (media == Media::reference)
    throw Error(Code::usage, "folders of masks have no place for the path of an image that lies elsewhere")
        .hint("use --media copy or --media link");
  return media;
}

}  // namespace

Capabilities held_by_mask_files() {
  Capabilities holds;
  holds.semantic_mask = holds.ignore_areas = holds.background = holds.unannotated = true;
  holds.subsets = holds.label_ids = holds.label_colours = true;
  return holds;
}

MaskSink::MaskSink(const CreateRequest& request, const MaskWriteSettings& settings, MaskStorage storage)
    : coding_(settings.coding == PixelCoding::automatic ? PixelCoding::index : settings.coding),
      media_(with_a_place(request.media)),
      metadata_(request.metadata),
      values_(std::move(storage.values)),
      void_(choose_void(settings, metadata_.labels, values_)),
      palette_(storage.palette ? palette_of(metadata_.labels, values_, void_) : std::vector<Rgb>()),
      pixels_(mask_coding(coding_, metadata_.labels, values_)),
      folder_(request.target, request.overwrite) {
  for (const std::string& subset : metadata_.subsets) require_file_name(subset);
}

std::function<void()> MaskSink::encode(Item item) {
  try {
    require_file_names(item);
    Encoded mask;
    if (item.annotated) mask = encoded_mask(item);
    const Path named = item.file_name.empty() ? item.image : Path(item.file_name);
    item.file_name = item.id + named.extension().string();
    const std::string images = image_folder(item.subset), masks = mask_folder(item.subset);
    place_image(item, media_, folder_.staging(), images);
    const std::string mask_name = item.annotated ? masks + "/" + item.id + ".png" : "";
    if (item.annotated) folder_.write(mask_name, mask.png);
    return [this, unlabelled = mask.unlabelled, origin = item.origin, subset = item.subset,
            image_name = images + "/" + item.file_name, mask_name] {
      note_unlabelled(unlabelled, origin);
      written(subset, image_name, mask_name);
    };
  } catch (Error& error) {
    if (!item.origin.file.empty()) error.at_file(item.origin.file);
    throw;
  }
}

void MaskSink::close(const Provenance& provenance) {
  LabelFile labels{coding_, metadata_.subsets, {metadata_.labels.begin(), metadata_.labels.end()}, values_};
  if (any_unlabelled_ && void_.added) {
    labels.labels.push_back(*void_.added);
    labels.values.push_back(void_.value);
  }
  folder_.write("labels.json", to_text(labels));
  finish();
  folder_.write("provenance.json", to_json_text(provenance));
  folder_.commit();
}

MaskSink::Void MaskSink::choose_void(const MaskWriteSettings& settings, const LabelMap& labels,
                                     const std::vector<int>& values) {
  for (int i = 0; i < labels.size() && !settings.void_value; ++i)
    if (labels.is_ignored(i)) return {std::nullopt, values[static_cast<std::size_t>(i)], labels.colour(i)};
  Void chosen{Label{}, free_value(settings.void_value, values), free_colour(labels)};
  chosen.added->name = free_name(labels);
  chosen.added->role = Role::ignore;
  chosen.added->colour = chosen.colour;
  if (std::ranges::all_of(labels, [](const Label& label) { return label.id.has_value(); }) &&
      !labels.find_id(chosen.value))
    chosen.added->id = chosen.value;
  return chosen;
}

/// The labels' colours at their values, as far as a palette goes.
std::vector<Rgb> MaskSink::palette_of(const LabelMap& labels, const std::vector<int>& values,
                                      const Void& unlabelled) {
  std::vector<Rgb> palette;
  const auto set = [&](int value, Rgb colour) {
    if (value > 255) return;
    if (palette.size() <= static_cast<std::size_t>(value))
      palette.resize(static_cast<std::size_t>(value) + 1);
    palette[static_cast<std::size_t>(value)] = colour;
  };
  set(unlabelled.value, unlabelled.colour);
  for (int i = 0; i < labels.size(); ++i) set(values[static_cast<std::size_t>(i)], labels.colour(i));
  return palette;
}

MaskSink::Encoded MaskSink::encoded_mask(const Item& item) const {
  const cv::Mat labels = semantic_of(item, metadata_.labels).labels;
  if (coding_ == PixelCoding::binary) return {encode_index_png(to_binary(labels)), 0};
  const int unlabelled = cv::countNonZero(labels == kUnlabelled);
  if (coding_ == PixelCoding::colour)
    return {encode_png(to_colours(labels, metadata_.labels, void_.colour)), unlabelled};
  const cv::Mat stored = to_stored_values(labels, values_, void_.value);
  return {encode_index_png(stored, stored.depth() == CV_8U ? palette_ : std::vector<Rgb>()), unlabelled};
}

void MaskSink::note_unlabelled(int pixels, const Place& origin) {
  if (pixels == 0) return;
  any_unlabelled_ = true;
  const std::string count = counted(static_cast<std::size_t>(pixels), "pixel");
  findings_.add({"unlabelled-pixels", Severity::note, origin, count + " without a label became void", ""});
}

/// 255 for the label, 0 for what it is not: background or, where no label means that, pixels without a label.
cv::Mat MaskSink::to_binary(const cv::Mat& labels) const {
  std::vector<int> values(values_.size(), -1);
  values[static_cast<std::size_t>(pixels_.label)] = 255;
  if (pixels_.zero_label >= 0) values[static_cast<std::size_t>(pixels_.zero_label)] = 0;
  try {
    return to_stored_values(labels, values, pixels_.zero_label < 0 ? std::optional(0) : std::nullopt);
  } catch (Error& error) {
    error.hint("void has no place in a binary mask: use coding=index, or relabel void first");
    throw;
  }
}

}  // namespace maskmill
