// SPDX-License-Identifier: Apache-2.0
#include "formats/scenes/scene_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <opencv2/core.hpp>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "formats/item_files.h"
#include "formats/media.h"

namespace maskmill {
namespace {

constexpr int kFirstForeign = 34, kMostValue = 255, kNoLabel = -1;

std::string free_name(const LabelMap& labels, std::string name) {
  while (labels.find(name)) name += "_";
  return name;
}

/// Calls visit(x, end, label, number) for each stretch of a row in which neither changes.
template <class Visit>
void for_each_run(const cv::Mat& labels, const cv::Mat& numbers, int y, Visit&& visit) {
  const auto* label = labels.ptr<std::uint16_t>(y);
  const auto* number = numbers.ptr<std::uint16_t>(y);
  for (int begin = 0, end = 0; begin < labels.cols; begin = end) {
    while (end < labels.cols && label[end] == label[begin] && number[end] == number[begin]) ++end;
    visit(begin, end, label[begin], number[begin]);
  }
}

cv::Mat looked_up(const cv::Mat& samples, const std::vector<Rgb>& table) {
  cv::Mat colours(samples.size(), CV_8UC3);
  for (int y = 0; y < samples.rows; ++y) {
    const auto* from = samples.ptr<std::uint8_t>(y);
    auto* to = colours.ptr<cv::Vec3b>(y);
    for (int x = 0; x < samples.cols; ++x) {
      const Rgb& colour = table[from[x]];
      to[x] = {colour.r, colour.g, colour.b};
    }
  }
  return colours;
}

/// Formats on the way may have dropped the label's kind, which is Cityscapes' to say.
bool says_the_same(const Label& label, const SceneLabel& own) {
  const Role role = own.category == "void" ? Role::ignore : Role::object;
  return label.name == own.name && label.id == own.id && label.role == role &&
         (!label.colour || label.colour == own.colour);
}

bool is_own(const Label& label) {
  return std::ranges::any_of(scene_labels(), [&](const SceneLabel& own) { return own.name == label.name; });
}

}  // namespace

Capabilities held_by_scenes() {
  Capabilities holds;
  holds.semantic_mask = holds.instance_mask = true;
  holds.crowd = true;
  holds.ignore_areas = holds.background = holds.unannotated = true;
  holds.subsets = holds.label_ids = holds.label_colours = true;
  return holds;
}

SceneOutputLabels scene_output_labels(const LabelMap& labels, const SceneNumbers& numbers) {
  SceneOutputLabels out{labels, std::vector<int>(static_cast<std::size_t>(labels.size()), kNoSceneValue),
                        std::vector<int>(static_cast<std::size_t>(labels.size()), kTrainVoid)};
  std::set<const SceneLabel*> taken;
  std::vector<int> things, others;
  // A label by its whole name goes before one that leaves out the blanks.
  for (const bool exact : {true, false})
    for (int i = 0; i < labels.size(); ++i) {
      const SceneLabel* own = find_scene_label(labels[i].name);
      if (is_own(labels[i]) != exact) continue;
      if (own && taken.insert(own).second) {
        out.values[static_cast<std::size_t>(i)] = own->id < 0 ? kNoSceneValue : own->id;
        out.train_values[static_cast<std::size_t>(i)] = own->train_id;
      } else {
        (tells_objects_apart(labels[i]) ? things : others).push_back(i);
      }
    }
  int next = kFirstForeign;
  const auto number = [&](const std::vector<int>& those, int most, std::string_view what) {
    for (const int label : those) {
      if (next > most)
        throw Error(Code::bad_value,
                    fmt::format("{} {} besides those that Cityscapes names; there are numbers for {}",
                                those.size(), what, most - kFirstForeign + 1))
            .hint("keep fewer with maskmill transform, or write a format with a mask for each object: coco");
      out.values[static_cast<std::size_t>(label)] = next++;
    }
  };
  // The highest number must not be 65535, which readers keep for void.
  number(things, std::min(kMostValue - 1, (kMostSceneNumber - numbers.last - 1) / numbers.factor),
         "labels of objects");
  number(others, kMostValue, "labels");
  return out;
}

SceneSink::SceneSink(const CreateRequest& request, const SceneNumbers& numbers)
    : numbers_(numbers),
      media_(request.media),
      labels_(scene_output_labels(request.metadata.labels, numbers)),
      number_coding_([&] {
        SceneLabels own;
        own.map = labels_.map;
        for (int i = 0; i < own.map.size(); ++i)
          if (value_of(i) != kNoSceneValue) own.values.emplace_back(value_of(i), i);
        return scene_codings(own, numbers).numbers;
      }()),
      folder_(request.target, request.overwrite) {
  if (media_ == Media::reference)
    throw Error(Code::usage, "folders of masks have no place for the path of an image that lies elsewhere")
        .hint("use --media copy or --media link");
  scene_label_document({labels_.map.begin(), labels_.map.end()}, labels_.values);  // throws while it is early
  for (const std::string& subset : request.metadata.subsets) require_file_name(subset);
}

std::function<void()> SceneSink::encode(Item item) {
  std::vector<Finding> found;
  const Names names = names_of(item, found);
  claim(names.labels);
  Masks masks;
  if (item.annotated) {
    const bool has_annotations =
        std::ranges::any_of(item.annotations, [](const Annotation& one) { return has_area(one.shape); });
    if (item.semantic && !has_annotations) {
      masks = copied(item, found);
    } else {
      std::string polygons;
      if (!names.polygons.empty()) polygons = polygons_of(item, painting_order(item, true, found));
      masks = painted(item, painting_order(item, !polygons.empty(), found), !polygons.empty(), found);
      if (!polygons.empty()) folder_.write(names.polygons, polygons);
    }
    if (masks.label_bytes.empty()) masks.label_bytes = encode_index_png(masks.labels);
    if (masks.number_bytes.empty() && !masks.numbers.empty())
      masks.number_bytes = encode_index_png(masks.numbers);
    folder_.write(names.labels, masks.label_bytes);
    if (!masks.number_bytes.empty()) folder_.write(names.numbers, masks.number_bytes);
    if (!names.colours.empty()) {
      std::vector<Rgb> table(256);
      for (int i = 0; i < labels_.map.size(); ++i)
        if (const int value = value_of(i); value >= 0)
          table[static_cast<std::size_t>(value)] = labels_.map.colour(i);
      folder_.write(names.colours, encode_png(looked_up(masks.labels, table)));
    }
    if (!names.train_labels.empty()) {
      cv::Mat table(1, 256, CV_8UC1, cv::Scalar(kTrainVoid)), trained;
      for (int i = 0; i < labels_.map.size(); ++i)
        if (const int value = value_of(i); value >= 0)
          table.at<std::uint8_t>(value) =
              static_cast<std::uint8_t>(labels_.train_values[static_cast<std::size_t>(i)]);
      cv::LUT(masks.labels, table, trained);
      folder_.write(names.train_labels, encode_index_png(trained));
    }
  }
  if (!item.annotated && (media_ == Media::none || !has_image(item)))
    found.push_back(
        {"unannotated-lost",
         Severity::warning,
         item.origin,
         fmt::format("{} is not annotated, and its image is not in the output: nothing is written of "
                     "it",
                     in_quotes(item.id)),
         {}});
  item.file_name = names.image;
  place_image(item, media_, folder_.staging(), names.image_folder);
  return [this, found = std::move(found), unlabelled = masks.unlabelled, background = masks.uses_background,
          origin = item.origin] {
    findings_.add(found);
    any_background_ = any_background_ || background;
    if (unlabelled == 0) return;
    any_unlabelled_ = true;
    findings_.add({"unlabelled-pixels", Severity::note, origin,
                   counted(static_cast<std::size_t>(unlabelled), "pixel") + " without a label became void",
                   ""});
  };
}

void SceneSink::close(const Provenance& provenance) {
  std::vector<Label> labels(labels_.map.begin(), labels_.map.end());
  std::vector<int> values = labels_.values;
  // convert adds a background where annotations may leave pixels uncovered. Where they do not, Cityscapes'
  // labels stay Cityscapes'.
  std::vector<Label> needed = labels;
  if (const auto background = labels_.map.background(); background && !any_background_)
    needed.erase(needed.begin() + *background);
  if (!std::ranges::equal(needed, scene_labels(), says_the_same)) {
    if (any_unlabelled_ && std::ranges::find(values, kSceneVoid) == values.end()) {
      Label unlabeled;
      unlabeled.name = free_name(labels_.map, std::string(kUnlabeled));
      if (!labels_.map.find_id(kSceneVoid)) unlabeled.id = kSceneVoid;
      unlabeled.role = Role::ignore;
      unlabeled.colour = Rgb{};
      labels.push_back(std::move(unlabeled));
      values.push_back(kSceneVoid);
    }
    folder_.write("labels.json", scene_label_document(labels, values));
  }
  folder_.write("provenance.json", to_json_text(provenance));
  folder_.commit();
}

/// Two items of one name would write into each other's files.
void SceneSink::claim(const std::string& name) {
  const std::lock_guard lock(names_mutex_);
  if (!names_.insert(digest_of(name).low).second)
    throw Error(Code::write_failed, fmt::format("two items would be written as {}", in_quotes(name)))
        .hint("rename one of them");
}

SceneSink::Painted SceneSink::painting_order(const Item& item, bool all_held,
                                             std::vector<Finding>& found) const {
  Painted order;
  for (const Annotation& annotation : item.annotations) {
    if (!has_area(annotation.shape) || std::holds_alternative<Box>(annotation.shape)) continue;
    if (!annotation.label && annotation.flags.crowd != true) continue;
    if (annotation.label && value_of(*annotation.label) == kNoSceneValue && !all_held) {
      found.push_back(
          {"annotation-left-out", Severity::warning, annotation.origin,
           fmt::format("{} has no number in a mask", in_quotes(labels_.map[*annotation.label].name)), ""});
      continue;
    }
    order.push_back(&annotation);
  }
  const bool stacked =
      std::ranges::all_of(order, [](const Annotation* one) { return one->z_order.has_value(); });
  std::ranges::stable_sort(order, {}, [&](const Annotation* one) {
    return std::pair(!stacked && one->flags.crowd != true, one->z_order.value_or(0));
  });
  return order;
}

/// With all labels of one kind the painting keeps each label, and numbers each annotation in its place.
SceneSink::Masks SceneSink::painted(const Item& item, const Painted& order, bool has_polygons,
                                    std::vector<Finding>& found) const {
  if (!item.size)
    throw Error(Code::bad_value, "the image's size is not known, so that its annotations cannot be painted")
        .hint("add the image, or the width and height");
  LabelMap plain;
  for (Label label : labels_.map) {
    label.role = Role::object;
    plain.add(std::move(label));
  }
  Label other;
  other.name = free_name(labels_.map, "void");
  other.role = Role::ignore;
  const int void_label = plain.add(std::move(other));

  std::vector<Annotation> flat;
  Objects objects;
  objects.polygons = has_polygons;
  for (const Annotation& annotation : item.annotations)
    if (std::holds_alternative<Box>(annotation.shape)) {
      const bool is_background = annotation.label && labels_.map.background() == annotation.label;
      if (annotation.label && !is_background) flat.push_back(annotation);
    }
  for (const Annotation* annotation : order) {
    if (annotation->label && value_of(*annotation->label) == kNoSceneValue) continue;  // in the polygons
    Annotation one;
    one.label = annotation->label.value_or(void_label);
    one.shape = annotation->shape;
    one.origin = annotation->origin;
    flat.push_back(std::move(one));
    if (!annotation->label) continue;
    objects.label.push_back(*annotation->label);
    objects.crowd.push_back(annotation->flags.crowd == true || is_label_mask(*annotation));
  }
  PaintedMask mask = mask_from_instances(flat, *item.size, plain);
  if (std::ranges::all_of(order, [](const Annotation* one) { return is_label_mask(*one); }) && !order.empty())
    mask.instances.release();  // nobody has told objects apart
  if (item.semantic)
    return stored(labels_in(*item.semantic, item, found), mask.instances, objects, item, found);
  cover(mask, void_label);
  return stored(mask.labels, mask.instances, objects, item, found);
}

/// What nothing covers, and what is void.
void SceneSink::cover(PaintedMask& mask, int void_label) const {
  const auto stated = labels_.map.find(kUnlabeled);
  const int uncovered = stated ? *stated : labels_.map.background().value_or(kUnlabelled);
  mask.labels.setTo(cv::Scalar(uncovered), mask.labels == kUnlabelled);
  mask.labels.setTo(cv::Scalar(kUnlabelled), mask.labels == void_label);
}

cv::Mat SceneSink::labels_in(const MaskRef& mask, const Item& item, std::vector<Finding>& found) const {
  SemanticMask semantic = read_semantic(mask, item.size);
  for (const auto& [value, pixels] : semantic.unknown_values)
    found.push_back({"unknown-value",
                     Severity::warning,
                     Place{file_of(mask).string(), {}, {}},
                     fmt::format("{} with the value {}, which no label has, become void",
                                 counted(static_cast<std::size_t>(pixels), "pixel"), value),
                     {}});
  return semantic.labels;
}

SceneSink::Masks SceneSink::copied(const Item& item, std::vector<Finding>& found) const {
  const cv::Mat labels = labels_in(*item.semantic, item, found);
  cv::Mat numbers;
  const bool same_labels = is_written_so(*item.semantic);
  // Crowds say by which scheme the numbers are made.
  const bool same_numbers = same_labels && item.instances && item.instances->coding &&
                            !item.instances->made && !number_coding_->crowds.empty() &&
                            *item.instances->coding == *number_coding_;
  if (item.instances && !same_numbers) numbers = read_instances(*item.instances);
  if (!numbers.empty() && numbers.size() != labels.size())
    throw Error(Code::bad_value, "the label mask and the instance mask differ in size");
  Masks masks = stored(labels, numbers, objects_by_vote(labels, numbers), item, found);
  if (same_numbers) masks.number_bytes = bytes_of(*item.instances);
  if (same_labels) masks.label_bytes = bytes_of(*item.semantic);
  return masks;
}

/// True where the file is, byte for byte, a mask that this sink could have written.
bool SceneSink::is_written_so(const MaskRef& mask) const {
  if (!mask.coding || mask.made || mask.resize_to_image || mask.value ||
      mask.coding->kind != MaskCoding::Kind::index)
    return false;
  const ImageInfo info = probe_mask(mask);
  return info.kind == FileKind::png && info.channels == 1 && info.bit_depth == 8 && !info.palette &&
         std::ranges::all_of(mask.coding->values, [&](const auto& value) {
           return value.second >= 0 && value_of(value.second) == value.first;
         });
}

/// An object's label is the one under most of its pixels.
SceneSink::Objects SceneSink::objects_by_vote(const cv::Mat& labels, const cv::Mat& numbers) const {
  Objects objects;
  if (numbers.empty()) return objects;
  std::unordered_map<std::uint32_t, std::int64_t> votes;
  int highest = 0;
  for (int y = 0; y < labels.rows; ++y)
    for_each_run(labels, numbers, y, [&](int begin, int end, std::uint16_t label, std::uint16_t number) {
      if (number == 0 || number == kUnlabelled) return;
      highest = std::max<int>(highest, number);
      if (label != kUnlabelled) votes[std::uint32_t{number} << 16 | label] += end - begin;
    });
  objects.label.assign(static_cast<std::size_t>(highest), kNoLabel);
  objects.crowd.assign(static_cast<std::size_t>(highest), false);
  std::vector<std::int64_t> most(static_cast<std::size_t>(highest), 0);
  for (const auto& [key, pixels] : votes) {
    const std::size_t object = (key >> 16) - 1;
    const auto label = static_cast<int>(key & 0xFFFF);
    if (pixels < most[object] || (pixels == most[object] && label > objects.label[object])) continue;
    most[object] = pixels;
    objects.label[object] = label;
  }
  return objects;
}

/// By the object, its number in the output's mask: the plain number of its label where it has none of its
/// own.
std::vector<std::uint16_t> SceneSink::stored_numbers(const Objects& objects, const Item& item,
                                                     std::vector<Finding>& found) const {
  std::map<int, int> told_apart;  // objects by label
  for (std::size_t i = 0; i < objects.label.size(); ++i)
    if (objects.label[i] != kNoLabel && !objects.crowd[i]) ++told_apart[objects.label[i]];
  std::vector<std::uint16_t> stored(objects.label.size(), 0);
  std::map<int, int> next;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const int label = objects.label[i];
    if (label == kNoLabel || value_of(label) == kNoSceneValue) continue;
    const int value = value_of(label);
    const bool is_object =
        !objects.crowd[i] &&
        (tells_objects_apart(labels_.map[label]) ||
         (numbers_stuff() && value > 0 && told_apart[label] > 1 && labels_.map[label].role == Role::object));
    const int n = next.try_emplace(label, numbers_.first).first->second;
    const bool has_number = is_object && n <= numbers_.last;
    if (is_object) ++next[label];
    stored[i] =
        static_cast<std::uint16_t>(has_number ? value * numbers_.factor + n : numbers_.stands_for(value));
  }
  for (const auto& [label, count] : told_apart) {
    const Label& named = labels_.map[label];
    const int most = numbers_.last - numbers_.first + 1;
    const bool numbered = tells_objects_apart(named) || (numbers_stuff() && named.role == Role::object);
    if (numbered && count > most)
      found.push_back(
          {"objects-joined", Severity::warning, item.origin,
           fmt::format("{} objects of {}; those after the first {} are one group",
                       with_thousands(static_cast<std::size_t>(count)), in_quotes(named.name), most),
           "cut the image into tiles: maskmill transform --tile"});
    else if (!numbered && named.role == Role::object && count > 1 && !objects.polygons)
      found.push_back({"objects-joined", Severity::note, item.origin,
                       fmt::format("{} areas of {}, whose objects are not told apart here, are one",
                                   with_thousands(static_cast<std::size_t>(count)), in_quotes(named.name)),
                       ""});
  }
  return stored;
}

/// From label indices and objects' numbers, void or 0 where there is none.
SceneSink::Masks SceneSink::stored(const cv::Mat& labels, const cv::Mat& numbers, const Objects& objects,
                                   const Item& item, std::vector<Finding>& found) const {
  Masks masks;
  masks.labels.create(labels.size(), CV_8UC1);
  const std::vector<std::uint16_t> stored = stored_numbers(objects, item, found);
  const bool has_numbers = !numbers.empty();
  if (has_numbers) masks.numbers.create(labels.size(), CV_16UC1);
  const cv::Mat& beside = has_numbers ? numbers : labels;  // to be walked alike
  for (int y = 0; y < labels.rows; ++y) {
    auto* value_row = masks.labels.ptr<std::uint8_t>(y);
    auto* number_row = has_numbers ? masks.numbers.ptr<std::uint16_t>(y) : nullptr;
    for_each_run(labels, beside, y, [&](int begin, int end, std::uint16_t label, std::uint16_t number) {
      const bool is_known = label != kUnlabelled && value_of(label) != kNoSceneValue;
      const int value = is_known ? value_of(label) : kSceneVoid;
      if (!is_known) masks.unlabelled += end - begin;
      masks.uses_background = masks.uses_background || (is_known && label == labels_.map.background());
      std::fill(value_row + begin, value_row + end, static_cast<std::uint8_t>(value));
      if (!has_numbers) return;
      const bool is_object = is_known && number != 0 && number != kUnlabelled &&
                             objects.label[number - 1U] == static_cast<int>(label);
      const int shown = is_object ? stored[number - 1U] : numbers_.stands_for(value);
      std::fill(number_row + begin, number_row + end, static_cast<std::uint16_t>(shown));
    });
  }
  return masks;
}

}  // namespace maskmill
