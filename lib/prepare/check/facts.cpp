// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/facts.h"

#include <algorithm>
#include <memory>
#include <opencv2/imgproc.hpp>

#include "dataset/masks.h"
#include "dataset/provenance.h"

namespace maskmill {
namespace {

// `read` gives the file's bytes, `decode` looks at the pixels.
template <class Read, class Decode>
FileFacts file_facts(const Path& path, Read&& read, Decode&& decode) {
  FileFacts facts;
  facts.path = path;
  try {
    const std::shared_ptr<const std::string> bytes = read();
    facts.exists = true;
    facts.kind = file_kind(*bytes);
    facts.content = digest_of(*bytes);
    facts.header = probe_image_bytes(*bytes);
    decode(*bytes, *facts.header);
  } catch (Error& error) {
    facts.exists = error.code() != Code::not_found;
    facts.unreadable = std::move(error.at_file(path));
  }
  return facts;
}

/// A made mask has no bytes: all that there is to know of it are its pixels.
template <class Decode>
FileFacts mask_facts(const MaskRef& mask, Decode&& decode) {
  if (!mask.made)
    return file_facts(
        mask.file,
        [&] {
          return mask.content ? mask.content : std::make_shared<const std::string>(read_file(mask.file));
        },
        [&](std::string_view bytes, const ImageInfo&) { decode(decode_raw(bytes)); });
  FileFacts facts;
  facts.path = file_of(mask);
  facts.exists = true;
  try {
    decode(read_stored(mask));
  } catch (Error& error) {
    facts.unreadable = std::move(error.at_file(facts.path));
  }
  return facts;
}

/// The whole picture is decoded; what is kept of it is its alignment grid or, where it is too small or too
/// narrow to have one, enough for a thumbnail.
cv::Mat decoded_on_grid(std::string_view bytes, const ImageInfo& info) {
  const auto grid = alignment_grid(info.size());
  const cv::Mat picture =
      decode_image(bytes, {.at_least = grid.value_or(Size{GrayThumbnail::kSide, GrayThumbnail::kSide})});
  return grid ? on_alignment_grid(picture, *grid) : picture;
}

/// Rows from the bottom whose samples are all of one gray in the middle, up to what rounding and saving again
/// make of it.
int gray_rows_at_bottom(const cv::Mat& picture) {
  constexpr int kLow = 125, kHigh = 131;
  int rows = 0;
  for (int y = picture.rows - 1; y >= 0; --y, ++rows) {
    const auto *row = picture.ptr<std::uint8_t>(y), *end = row + 3 * picture.cols;
    if (!std::all_of(row, end, [](std::uint8_t sample) { return sample >= kLow && sample <= kHigh; })) break;
  }
  return rows;
}

PictureFacts picture_facts(const cv::Mat& picture) {
  cv::Mat gray;
  cv::cvtColor(picture, gray, cv::COLOR_RGB2GRAY);
  cv::Scalar mean, deviation;
  cv::meanStdDev(gray, mean, deviation);
  return {mean[0], deviation[0], static_cast<double>(gray_rows_at_bottom(picture)) / picture.rows};
}

/// A value most of whose pixels lie between others is no value of its own.
void take_out_blends(const MaskCoding& coding, ItemFacts& facts) {
  const auto is_blend = [](std::int64_t blended, std::int64_t pixels) { return 2 * blended >= pixels; };
  std::map<std::int64_t, std::int64_t> blended_of;  // label -> pixels
  for (const auto& [value, label] : coding.values)
    if (const auto found = facts.blends->pixels_of.find(value); found != facts.blends->pixels_of.end())
      blended_of[label] += found->second;
  for (const auto& [colour, label] : coding.colours)
    if (const auto found = facts.blends->pixels_of.find(colour.r << 16 | colour.g << 8 | colour.b);
        found != facts.blends->pixels_of.end())
      blended_of[label] += found->second;
  for (const auto& [label, blended] : blended_of)
    if (const auto known = facts.known_labels.find(label);
        known != facts.known_labels.end() && is_blend(blended, known->second)) {
      facts.blended_labels[static_cast<int>(label)] = known->second;
      facts.known_labels.erase(known);
    }
  for (const auto& [value, blended] : facts.blends->pixels_of)
    if (const auto unknown = facts.unknown_values.find(value);
        unknown != facts.unknown_values.end() && is_blend(blended, unknown->second))
      facts.unknown_values.erase(unknown);
}

void look_at_semantic(const RawImage& raw, const MaskRef& mask, const cv::Mat& picture,
                      const LabelMap& labels, ItemFacts& facts) {
  const SemanticMask semantic = semantic_from(raw, mask);
  facts.semantic_size = Size{semantic.labels.cols, semantic.labels.rows};
  facts.unknown_values = semantic.unknown_values;
  MaskRegions regions = regions_of(semantic.labels, labels);
  facts.known_labels = std::move(regions.pixels);
  facts.blends = find_blends(raw, mask.coding->kind == MaskCoding::Kind::colour);
  if (facts.blends) take_out_blends(*mask.coding, facts);
  if (!facts.blends && facts.unknown_values.empty()) {
    facts.specks = std::move(regions.specks);
    facts.pin_holes = std::move(regions.pin_holes);
  }
  if (picture.empty()) return;
  const Size image = facts.image->header->size();
  if (mask.resize_to_image || facts.semantic_size == image)
    facts.alignment = align(picture, image, semantic.labels, labels);
}

void look_at_instances(const RawImage& raw, const MaskRef& mask, ItemFacts& facts) {
  facts.instances_size = Size{raw.pixels.cols, raw.pixels.rows};
  for_each_region(instances_from(raw, mask), [&](const Region& region) {
    if (region.value != 0 && region.value != kUnlabelled) facts.instance_parts.push_back(region);
  });
}

void look_at_shape(const RawImage& raw, const MaskRef& mask, std::optional<Size> size, ObjectFacts& facts) {
  if (mask.resize_to_image && size && !raw.pixels.empty())
    facts.pixel_px = std::max({1.0, static_cast<double>(size->width) / raw.pixels.cols,
                               static_cast<double>(size->height) / raw.pixels.rows});
  set_pixels(facts, mask_shape_from(raw, mask, size));
}

// Of files what is known already: one that cannot be read is no reason to fail.
std::uint64_t hash_of_annotations(const Item& item, const ItemFacts& facts) {
  Item bare;
  bare.annotated = item.annotated;
  bare.annotations = item.annotations;
  std::string files;
  const auto add = [&](const FileFacts& file) { files += file.content ? file.content->hex() : "-"; };
  for (const auto& mask : {facts.semantic, facts.instances})
    if (mask) add(*mask);
  for (const FileFacts& shape : facts.shapes) add(shape);
  for (Annotation& annotation : bare.annotations) {
    annotation.id.reset();
    if (auto* mask = std::get_if<MaskRef>(&annotation.shape)) {
      files += mask->value ? std::to_string(*mask->value) : "-";
      annotation.shape = std::monostate();
    }
  }
  return digest_of(digest_of(bare).hex() + files).low;
}

}  // namespace

std::vector<const FileFacts*> ItemFacts::files() const {
  std::vector<const FileFacts*> all;
  for (const auto* file : {&image, &semantic, &instances})
    if (*file) all.push_back(&**file);
  for (const FileFacts& file : shapes) all.push_back(&file);
  return all;
}

std::optional<Size> ItemFacts::size_of(const Item& item) const {
  if (item.size) return item.size;
  if (image && image->header) return image->header->size();
  return semantic_size ? semantic_size : instances_size;
}

std::set<int> ItemFacts::labels_in(const Item& item) const {
  std::set<int> labels;
  for (const auto& [label, pixels] : known_labels) labels.insert(static_cast<int>(label));
  for (const Annotation& annotation : item.annotations)
    if (annotation.label) labels.insert(*annotation.label);
  return labels;
}

ItemFacts facts_of(const Item& item, const LabelMap& labels) {
  ItemFacts facts;
  cv::Mat picture;  // on its alignment grid
  if (has_image(item))
    facts.image = file_facts(
        image_file(item), [&] { return std::make_shared<const std::string>(image_bytes(item)); },
        [&](std::string_view bytes, const ImageInfo& info) {
          picture = decoded_on_grid(bytes, info);
          facts.picture = picture_facts(picture);
          facts.thumbnail = gray_thumbnail(picture);
          facts.capture = capture_of(bytes);
        });
  if (item.semantic)
    facts.semantic = mask_facts(*item.semantic, [&](const RawImage& mask) {
      look_at_semantic(mask, *item.semantic, picture, labels, facts);
    });
  if (item.instances)
    facts.instances = mask_facts(
        *item.instances, [&](const RawImage& mask) { look_at_instances(mask, *item.instances, facts); });
  const std::optional<Size> size = facts.size_of(item);
  for (const Annotation& annotation : item.annotations) {
    ObjectFacts& object = facts.objects.emplace_back(object_facts(annotation, size));
    if (const auto* mask = std::get_if<MaskRef>(&annotation.shape))
      facts.shapes.push_back(
          mask_facts(*mask, [&](const RawImage& raw) { look_at_shape(raw, *mask, size, object); }));
  }
  facts.coinciding = find_coinciding(item.annotations, facts.objects);
  facts.annotations = hash_of_annotations(item, facts);
  return facts;
}

}  // namespace maskmill
