// SPDX-License-Identifier: Apache-2.0
#include "formats/scenes/scene_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "formats/item_files.h"

namespace maskmill {
namespace {

const Path& first_there(std::initializer_list<const Path*> files) {
  static const Path none;
  for (const Path* file : files)
    if (!file->empty()) return *file;
  return none;
}

}  // namespace

bool SceneSource::is_labelled(const std::string& subset) const {
  const auto found = std::ranges::find(metadata_.subsets, subset);
  return found == metadata_.subsets.end()
             ? any_unnamed_labelled_
             : labelled_subsets_[static_cast<std::size_t>(found - metadata_.subsets.begin())];
}

std::optional<Item> SceneSource::read(std::size_t index, Look look, std::vector<Finding>& findings) const {
  const SceneFiles files = files_of(index);
  Item item;
  item.id = files.id;
  item.image = files.image;
  item.subset = files.subset;
  item.annotated = files.has_truth();
  item.file_name = item.id + (files.image.empty() ? ".png" : files.image.extension().string());
  item.origin.file = first_there({&files.labels, &files.numbers, &files.train_labels, &files.colours,
                                  &files.polygons, &files.image})
                         .string();
  if (item.image.empty() && has_images_)
    findings.push_back({"pair-missing", Severity::error, item.origin,
                        fmt::format("there is no image of {}", in_quotes(item.id)), "add the image"});
  if (!item.annotated && is_labelled(item.subset))
    findings.push_back({"unlabelled-item", Severity::error, item.origin,
                        "an image without a mask of its name",
                        "add the mask; without it the image counts as not annotated"});
  const bool by_annotations = !files.polygons.empty() && (prefers_annotations() || !files.has_masks());
  if (by_annotations) {
    item.origin.file = files.polygons.string();
    if (!add_annotations(item, files, findings)) return std::nullopt;
  } else {
    add_masks(item, files);
  }
  const std::optional<Size> stated = item.size;
  try {
    if (item.semantic && look != Look::annotations) probe_mask(*item.semantic, look);
    if (item.instances && item.instances->file == item.semantic->file)
      item.instances->content = item.semantic->content;
    if (!check_files(item, look, findings)) return std::nullopt;
    if (item.instances && look != Look::annotations) {
      const ImageInfo info = probe_mask(*item.instances, look);
      if (item.size && info.stored != *item.size) {
        findings.push_back({"size-differs", Severity::error, Place{item.instances->file.string(), {}, {}},
                            fmt::format("the instance mask has {} pixels, the item {}; the mask is left out",
                                        to_string(info.stored), to_string(*item.size)),
                            "find the mask that belongs to this image"});
        item.instances.reset();
      }
    }
  } catch (const Error& error) {
    findings.push_back(to_finding(error, "unreadable-mask"));
    return std::nullopt;
  }
  if (by_annotations && stated && item.size && *stated != *item.size)
    findings.push_back({"size-differs", Severity::error, item.origin,
                        fmt::format("the polygons are drawn on {} pixels, the image has {}",
                                    to_string(*stated), to_string(*item.size)),
                        "find the image for which the polygons were drawn"});
  return item;
}

void SceneSource::add_masks(Item& item, const SceneFiles& files) const {
  const auto mask = [](const Path& file, const std::shared_ptr<const MaskCoding>& coding) {
    return MaskRef{file, coding, std::nullopt, false};
  };
  if (!files.labels.empty())
    item.semantic = mask(files.labels, codings_.labels);
  else if (!files.numbers.empty())
    item.semantic = mask(files.numbers, codings_.labels_by_number);
  else if (!files.train_labels.empty())
    item.semantic = mask(files.train_labels, codings_.train_labels);
  else if (!files.colours.empty())
    item.semantic = mask(files.colours, codings_.colours);
  if (!files.numbers.empty()) item.instances = mask(files.numbers, codings_.numbers);
}

}  // namespace maskmill
