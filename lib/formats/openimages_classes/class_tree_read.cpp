// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/json_values.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/object_masks.h"
#include "formats/openimages/openimages_halves.h"
#include "formats/openimages_classes/class_tree.h"
#include "formats/voc/annotation_xml.h"

namespace maskmill {
namespace {

constexpr double kLeastOverlap = 0.5;

/// VOC's reader counts from 1 and includes the last; these files count from 0 and name the edges.
Box from_voc(const Box& box) {
  return {box.x + 1, box.y + 1, box.width - 1, box.height - 1};
}

std::optional<Box> parse_box(std::string_view text) {
  std::vector<double> numbers;
  for (const std::string& part : split_text(text, ' '))
    if (const auto number = to_number(part)) numbers.push_back(*number);
  if (numbers.size() != 4) return std::nullopt;
  return Box{numbers[0], numbers[1], numbers[2], numbers[3]};
}

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x),
               height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (a.area() + b.area() - width * height);
}

/// Takes an attribute of ours away; empty where it is not there, or no text.
std::string taken(Attributes& attributes, std::string_view name) {
  const auto found = std::ranges::find_if(attributes, [&](const auto& one) { return one.first == name; });
  if (found == attributes.end() || !std::holds_alternative<std::string>(found->second)) return {};
  std::string text = std::get<std::string>(std::move(found->second));
  attributes.erase(found);
  return text;
}

/// What an item has in one class.
struct ClassPart {
  std::vector<Annotation> boxes;
  std::vector<std::string> mask_files;  ///< of each, as the XML file says; empty where it does not
  struct Mask {
    std::string name;
    MaskRef mask;
    std::uint32_t box_id;
    bool is_taken = false;
  };
  std::vector<Mask> masks;
};

class ClassTreeSource : public IndexedSource {
 public:
  explicit ClassTreeSource(const OpenRequest& request) {
    if (!request.settings.empty())
      throw Error(Code::usage, fmt::format("openimages_classes has no settings for reading: {}",
                                           in_quotes(request.settings.front())));
    tree_ = index_class_tree(request.path, findings_);
    Json mids = Json::object();
    for (const ClassFolder& folder : tree_.folders) {
      Label label;
      label.name = folder.name;
      metadata_.labels.add(std::move(label));
      if (!folder.mid.empty() && folder.mid != own_mid(folder.name)) mids[folder.name] = folder.mid;
    }
    if (!mids.empty())
      metadata_.attributes.emplace_back(std::string(kOpenImagesMids), JsonText{to_line(mids)});
  }

  std::size_t size() const override { return tree_.items.size(); }

 protected:
  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const ClassItem& entry = tree_.items[number];
    Item item;
    item.id = tree_.names[entry.id];
    item.file_name = item.id + ".jpg";
    item.annotated = false;
    std::vector<ClassPart> parts(tree_.folders.size());
    tree_.for_each_file(entry, [&](const ClassFile& file) {
      switch (file.kind) {
        case ClassFile::Kind::image:
          return take_image(item, file, findings);
        case ClassFile::Kind::boxes:
          return take_boxes(item, file, parts[file.folder], findings);
        case ClassFile::Kind::mask:
          item.annotated = true;
          const std::string name(tree_.names[file.name]);
          parts[file.folder].masks.push_back({name, object_mask(tree_.path(file)),
                                              parse_mask_name(Path(name).filename().string()).value().box});
      }
    });
    if (!check_files(item, look, findings)) return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i)
      add_annotations(item, parts[i], static_cast<int>(i), look, findings);
    return item;
  }

 private:
  void take_image(Item& item, const ClassFile& file, std::vector<Finding>& findings) const {
    const Path path = tree_.path(file);
    if (item.image.empty()) {
      item.image = path;
      item.file_name = std::string(tree_.names[file.name]);
      item.origin.file = path.string();
      return;
    }
    boost::system::error_code failure;
    if (fs::file_size(path, failure) != fs::file_size(item.image, failure))
      findings.push_back({"files-differ", Severity::warning, Place{path.string(), {}, {}},
                          fmt::format("differs from {}, which is read", in_quotes(item.image.string())),
                          "find out which of them the boxes were drawn for"});
  }

  void take_boxes(Item& item, const ClassFile& file, ClassPart& part, std::vector<Finding>& findings) const {
    item.annotated = true;
    const Path path = tree_.path(file);
    VocXml xml;
    try {
      xml = parse_voc_xml(read_file(path), path, metadata_.labels, findings);
    } catch (const Error& error) {
      findings.push_back(to_finding(error, "unreadable-annotation"));
      return;
    }
    if (item.image.empty()) take_elsewhere(item, xml);
    if (item.origin.file.empty()) item.origin.file = path.string();
    if (!item.size) item.size = xml.size;
    for (auto& [name, value] : xml.attributes)
      if (!says_where(name, value, item) && !find_attribute(item.attributes, name))
        item.attributes.emplace_back(name, std::move(value));
    for (Annotation& annotation : xml.annotations) {
      const std::string exact = taken(annotation.attributes, kClassExactBox);
      part.mask_files.push_back(taken(annotation.attributes, kClassMaskFile));
      annotation.shape = parse_box(exact).value_or(from_voc(std::get<Box>(annotation.shape)));
      part.boxes.push_back(std::move(annotation));
    }
  }

  /// True for what only says where the image lies.
  static bool says_where(const std::string& name, const AttributeValue& value, const Item& item) {
    const auto* text = std::get_if<std::string>(&value);
    if (!text) return false;
    if (name == "folder") return *text == kClassImages;
    return name == "path" && (text->ends_with(fmt::format("{}/{}", kClassImages, item.file_name)) ||
                              *text == item.image.string());
  }

  /// Where the XML file says it is, if it does.
  static void take_elsewhere(Item& item, const VocXml& xml) {
    const AttributeValue* value = find_attribute(xml.attributes, "path");
    const auto* text = value ? std::get_if<std::string>(value) : nullptr;
    if (!xml.file_name.empty()) item.file_name = item.id + Path(xml.file_name).extension().string();
    boost::system::error_code failure;
    if (text && Path(*text).is_absolute() && fs::is_regular_file(*text, failure)) item.image = *text;
  }

  static void add_annotations(Item& item, ClassPart& part, int label, Look look,
                              std::vector<Finding>& findings) {
    if (look != Look::annotations)
      std::erase_if(part.masks, [&](ClassPart::Mask& mask) {
        return !check_object_mask(mask.mask, item.size, look, findings);
      });
    for (std::size_t i = 0; i < part.boxes.size(); ++i)
      if (!part.mask_files[i].empty()) {
        const auto named = std::ranges::find(part.masks, part.mask_files[i], &ClassPart::Mask::name);
        if (named != part.masks.end() && !named->is_taken) {
          join(part.boxes[i], *named);
        } else {
          findings.push_back(
              {"mask-missing",
               Severity::warning,
               part.boxes[i].origin,
               fmt::format("there is no mask {}: the box is read", in_quotes(part.mask_files[i])),
               {}});
        }
      }
    if (look != Look::annotations) join_by_overlap(item, part);
    for (Annotation& annotation : part.boxes) item.annotations.push_back(std::move(annotation));
    for (ClassPart::Mask& mask : part.masks) {
      if (mask.is_taken) continue;
      Annotation annotation;
      annotation.label = label;
      annotation.origin.file = mask.mask.file.string();
      annotation.id = mask.box_id;
      annotation.shape = std::move(mask.mask);
      item.annotations.push_back(std::move(annotation));
    }
  }

  static void join(Annotation& annotation, ClassPart::Mask& mask) {
    annotation.box = std::get<Box>(annotation.shape);
    annotation.shape = std::move(mask.mask);
    annotation.id = mask.box_id;
    mask.is_taken = true;
  }

  /// Neither names nor files say which box a mask of a downloader belongs to: its pixels do.
  static void join_by_overlap(const Item& item, ClassPart& part) {
    struct Candidate {
      double overlap;
      std::size_t mask, box;
    };
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < part.masks.size(); ++i) {
      if (part.masks[i].is_taken || part.boxes.empty()) continue;
      Rle pixels;
      try {
        pixels = read_mask_shape(part.masks[i].mask, item.size);
      } catch (const Error&) {  // whoever needs its pixels will say so
        continue;
      }
      const Box around = bounding_box(pixels);
      for (std::size_t k = 0; k < part.boxes.size(); ++k)
        if (const auto* box = std::get_if<Box>(&part.boxes[k].shape); box && part.mask_files[k].empty())
          if (const double shared = overlap(*box, around); shared >= kLeastOverlap)
            candidates.push_back({shared, i, k});
    }
    std::ranges::stable_sort(candidates, std::greater<>(), &Candidate::overlap);
    for (const Candidate& candidate : candidates)
      if (Annotation& box = part.boxes[candidate.box];
          std::holds_alternative<Box>(box.shape) && !part.masks[candidate.mask].is_taken)
        join(box, part.masks[candidate.mask]);
  }

  ClassTree tree_;
};

}  // namespace

std::unique_ptr<Source> open_openimages_classes(const OpenRequest& request) {
  return std::make_unique<ClassTreeSource>(request);
}

}  // namespace maskmill
