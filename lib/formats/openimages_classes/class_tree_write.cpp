// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cmath>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "formats/item_files.h"
#include "formats/json_values.h"
#include "formats/media.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/object_masks.h"
#include "formats/openimages/oid_classes.h"
#include "formats/openimages_classes/class_tree.h"
#include "formats/voc/annotation_xml.h"

namespace maskmill {
namespace {

/// The box as the downloaders write it: cut to whole pixels of the image.
Box whole_pixels(const Box& box, std::optional<Size> size) {
  const auto edge = [](double at, std::optional<int> side) {
    return std::clamp(std::floor(at), 0., side ? *side - 1. : std::max(std::floor(at), 0.));
  };
  const auto width = size ? std::optional(size->width) : std::nullopt,
             height = size ? std::optional(size->height) : std::nullopt;
  const double left = edge(box.x, width), top = edge(box.y, height);
  return {left, top, edge(box.x + box.width, width) - left, edge(box.y + box.height, height) - top};
}

/// As VOC's writer, which adds 1 to a start and none to an end, comes to write these edges.
Box for_voc(const Box& box) {
  return {box.x - 1, box.y - 1, box.width + 1, box.height + 1};
}

class ClassTreeSink : public Sink {
 public:
  explicit ClassTreeSink(const CreateRequest& request)
      : folder_(request.target, request.overwrite),
        media_(request.media),
        labels_(request.metadata.labels),
        mids_(mids_of(request.metadata)) {
    if (labels_.empty())
      throw Error(Code::bad_value, "the data set has no labels, and this layout has a folder for each");
    for (const Label& label : labels_) {
      const std::string& name = label.name;
      if (name.find('/') != std::string::npos || name.starts_with('.') || !is_safe_relative(name) ||
          name == "provenance.json")
        throw Error(Code::bad_value,
                    fmt::format("no folder can be called after the label {}", in_quotes(name)))
            .hint("rename it: maskmill transform --rename OLD=NEW");
      for (const std::string_view part : {kClassImages, kClassBoxes, kClassMasks})
        make_folder(folder_, name + "/" + std::string(part));
    }
  }

  std::function<void()> encode(Item item) override {
    require_file_names(item);
    const Path& original = item.image.empty() ? Path(item.file_name) : item.image;
    item.file_name = item.id + original.extension().string();
    std::vector<Finding> found;
    std::map<int, std::vector<const Annotation*>> by_label;
    for (const Annotation& annotation : item.annotations)
      if (annotation.label)
        by_label[*annotation.label].push_back(&annotation);
      else
        found.push_back({"annotation-left-out",
                         Severity::warning,
                         annotation.origin,
                         "has no label, after which its folder would be called: left out",
                         {}});
    if (by_label.empty()) by_label[0];  // what shows none of the classes lies with the first
    OpenImagesBoxIds box_ids(item);
    for (const auto& [label, annotations] : by_label) write(item, label, annotations, box_ids, found);
    if (!item.annotated && media_ != Media::copy && media_ != Media::link)
      found.push_back({"unannotated-lost",
                       Severity::warning,
                       item.origin,
                       fmt::format("{} is not annotated: without its image nothing says that it is there",
                                   in_quotes(item.id)),
                       {}});
    return [this, found = std::move(found)] { findings_.add(found); };
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  std::string file_of(int label, std::string_view part, const std::string& name) const {
    return fmt::format("{}/{}/{}", labels_[label].name, part, name);
  }

  void write(const Item& item, int label, const std::vector<const Annotation*>& annotations,
             OpenImagesBoxIds& box_ids, std::vector<Finding>& found) const {
    const std::string placed =
        place_image(item, media_, folder_.staging(), fmt::format("{}/{}", labels_[label].name, kClassImages));
    if (!item.annotated) return;
    VocXml xml;
    xml.file_name = Path(item.file_name).filename().string();
    xml.size = item.size;
    xml.segmented =
        std::ranges::any_of(annotations, [](const Annotation* one) { return has_pixel_mask(*one); });
    xml.attributes = item.attributes;
    if (!find_attribute(xml.attributes, "folder"))
      xml.attributes.emplace_back("folder", std::string(kClassImages));
    if (media_ == Media::reference) set_attribute(xml.attributes, "path", placed);
    for (const Annotation* annotation : annotations) {
      const auto box = box_of_object(*annotation, item.size);
      if (!box) {
        found.push_back({"empty-object",
                         Severity::warning,
                         annotation->origin,
                         "the mask has no pixel: the object is left out",
                         {}});
        continue;
      }
      Annotation object = *annotation;
      const Box whole = whole_pixels(*box, item.size);
      object.shape = for_voc(whole);
      if (!(whole == *box))
        object.attributes.emplace_back(std::string(kClassExactBox),
                                       fmt::format("{} {} {} {}", box->x, box->y, box->width, box->height));
      if (has_pixel_mask(*annotation)) {
        const std::string name = to_mask_file_name(
            {item.id, mids_.at(static_cast<std::size_t>(label)), box_ids.next(*annotation)});
        folder_.write(file_of(label, kClassMasks, name), object_mask_png(annotation->shape, item.size));
        object.attributes.emplace_back(std::string(kClassMaskFile), name);
      }
      xml.annotations.push_back(std::move(object));
    }
    folder_.write(file_of(label, kClassBoxes, item.id + ".xml"), to_voc_xml(xml, labels_));
  }

  OutputFolder folder_;
  Media media_;
  LabelMap labels_;
  std::vector<std::string> mids_;
  Findings findings_;
};

}  // namespace

std::unique_ptr<Sink> create_openimages_classes(const CreateRequest& request) {
  if (!request.settings.empty())
    throw Error(Code::usage, fmt::format("openimages_classes has no settings for writing: {}",
                                         in_quotes(request.settings.front())));
  return std::make_unique<ClassTreeSink>(request);
}

}  // namespace maskmill
