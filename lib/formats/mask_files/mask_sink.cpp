// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/mask_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
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

std::string free_void_name(const LabelMap& labels) {
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

Media with_a_place(Media media, bool names_images) {
  if (media == Media::reference && !names_images)
    throw Error(Code::usage, "folders of masks have no place for the path of an image that lies elsewhere")
        .hint("use --media copy or --media link");
  return media;
}

std::vector<std::uint16_t> values_in(const cv::Mat& samples) {
  std::vector<bool> seen(65536);
  const auto note = [&](const auto* row) {
    int last = -1;
    for (int x = 0; x < samples.cols; ++x)
      if (row[x] != last) seen[static_cast<std::size_t>(last = row[x])] = true;
  };
  for (int y = 0; y < samples.rows; ++y)
    if (samples.depth() == CV_8U)
      note(samples.ptr<std::uint8_t>(y));
    else
      note(samples.ptr<std::uint16_t>(y));
  std::vector<std::uint16_t> values;
  for (std::size_t value = 0; value < seen.size(); ++value)
    if (seen[value]) values.push_back(static_cast<std::uint16_t>(value));
  return values;
}

}  // namespace

std::vector<int> numbered(const LabelMap& labels) {
  std::vector<int> values(static_cast<std::size_t>(labels.size()));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

Capabilities held_by_mask_files() {
  Capabilities holds;
  holds.semantic_mask = holds.ignore_areas = holds.background = holds.unannotated = true;
  holds.subsets = holds.label_ids = holds.label_colours = true;
  return holds;
}

MaskSink::MaskSink(const CreateRequest& request, const MaskWriteSettings& settings, MaskStorage storage)
    : coding_(settings.coding == PixelCoding::automatic ? PixelCoding::index : settings.coding),
      media_(with_a_place(request.media, storage.names_images)),
      metadata_(request.metadata),
      values_(std::move(storage.values)),
      void_(choose_void(settings, metadata_.labels, values_)),
      kind_(storage.kind),
      own_folder_(storage.own_folder.empty() ? "" : storage.own_folder + "/"),
      stands_alone_(storage.stands_alone),
      palette_(kind_ == MaskFileKind::palette_png ? palette_of(metadata_.labels, values_, void_)
                                                  : std::vector<Rgb>()),
      pixels_(mask_coding(coding_, metadata_.labels, values_)),
      folder_(request.target, request.overwrite) {
  for (const std::string& subset : metadata_.subsets) require_file_name(subset);
}

std::function<void()> MaskSink::encode(Item item) {
  try {
    require_file_names(item);
    const Path named = item.file_name.empty() ? item.image : Path(item.file_name);
    item.file_name = item.id + named.extension().string();
    Encoded masks;
    if (item.annotated) masks = encoded(item);
    const std::string images = image_folder(item.subset);
    const std::string placed = place_image(item, media_, folder_.staging(), images);
    Written done{item.subset, Path(placed).is_absolute() ? placed : images + "/" + placed, {}, {}};
    for (const MaskFile& file : masks.files) {
      folder_.write(file.name, file.bytes);
      done.masks.push_back(file.name);
    }
    done.values = std::move(masks.values);
    const bool is_absent = media_ == Media::none || !has_image(item);
    return [this, unlabelled = masks.unlabelled, origin = item.origin, is_absent, done = std::move(done)] {
      note_unlabelled(unlabelled, origin);
      if (is_absent && absent_images_++ == 0) first_absent_ = done.image;
      written(done);
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
  folder_.write(own_folder_ + "labels.json", to_text(labels));
  finish(labels);
  if (absent_images_ > 0 && !stands_alone_)
    findings_.add(
        {"images-absent",
         Severity::note,
         {(folder_.target() / first_absent_).string(), {}, {}},
         fmt::format("{} not in the output, and this layout is read by its images",
                     absent_images_ == 1 ? "an image is" : counted(absent_images_, "image") + " are"),
         "put them there before it is read, or write with --media copy or link"});
  folder_.write(own_folder_ + "provenance.json", to_json_text(provenance));
  folder_.commit();
}

MaskSink::Void MaskSink::choose_void(const MaskWriteSettings& settings, const LabelMap& labels,
                                     const std::vector<int>& values) {
  for (int i = 0; i < labels.size() && !settings.void_value; ++i)
    if (labels.is_ignored(i))
      return {std::nullopt, labels[i].name, values[static_cast<std::size_t>(i)], labels.colour(i)};
  Void chosen{Label{}, free_void_name(labels), free_value(settings.void_value, values), free_colour(labels)};
  chosen.added->name = chosen.name;
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

MaskSink::Encoded MaskSink::encoded(const Item& item) const {
  const cv::Mat labels = semantic_of(item, metadata_.labels).labels;
  const std::string stem = mask_folder(item.subset) + "/" + item.id;
  Encoded out;
  if (coding_ == PixelCoding::colour) {
    out.unlabelled = cv::countNonZero(labels == kUnlabelled);
    out.files.push_back({stem + ".png", encode_png(to_colours(labels, metadata_.labels, void_.colour))});
    return out;
  }
  cv::Mat samples;
  if (coding_ == PixelCoding::binary) {
    samples = to_binary(labels);
  } else {
    out.unlabelled = cv::countNonZero(labels == kUnlabelled);
    samples = to_stored_values(labels, values_, void_.value);
  }
  out.values = values_in(samples);
  out.files.push_back({stem + (kind_ == MaskFileKind::npy ? ".npy" : ".png"), encode_samples(samples)});
  return out;
}

std::string MaskSink::encode_samples(const cv::Mat& samples) const {
  if (kind_ == MaskFileKind::npy) return encode_npy(samples);
  const bool takes_palette = coding_ == PixelCoding::index && samples.depth() == CV_8U;
  return encode_index_png(samples, takes_palette ? palette_ : std::vector<Rgb>());
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
