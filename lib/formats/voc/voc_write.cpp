// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <opencv2/core.hpp>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "formats/item_files.h"
#include "formats/media.h"
#include "formats/voc/annotation_xml.h"
#include "formats/voc/layout.h"
#include "formats/voc/output_labels.h"
#include "formats/voc/voc_halves.h"
#include "formats/voc/voc_labels.h"

namespace maskmill {
namespace {

constexpr int kMostNumbers8 = 254;

bool has_pixels(const Shape& shape) {
  return std::holds_alternative<RotatedBox>(shape) || std::holds_alternative<Ellipse>(shape) ||
         std::holds_alternative<Polygon>(shape) || std::holds_alternative<Rle>(shape);
}

Annotation painted_with(const Annotation& annotation, Shape pixels) {
  Annotation painted;
  painted.label = annotation.label;
  painted.shape = std::move(pixels);
  painted.flags.crowd = annotation.flags.crowd;
  painted.z_order = annotation.z_order;
  painted.origin = annotation.origin;
  return painted;
}

/// An item's annotations as VOC orders them: those that have a number in the object mask, by that number,
/// then the others.
struct Objects {
  std::vector<Annotation> painted;  ///< with pixels: the numbered ones first
  std::vector<Annotation> in_xml;   ///< boxes all; void and background are in the masks alone
};

class VocSink : public Sink {
 public:
  explicit VocSink(const CreateRequest& request)
      : folder_(request.target, request.overwrite),
        media_(request.media),
        labels_(output_labels(request.metadata.labels, findings_)) {
    to_voc_labelmap(labels_.painting);  // throws for a name that cannot be written, before anything else is
  }

  std::function<void()> encode(Item item) override {
    std::vector<Finding> found;
    make_listable(item, found);
    require_file_name(item.subset);
    const Path original = item.image.empty() ? Path(item.file_name) : item.image;
    item.file_name = item.id + original.extension().string();

    const Objects objects = arrange(item, found);
    const Masks masks = masks_of(item, objects, found);
    const std::string image = place_image(item, media_, folder_.staging(), "JPEGImages");
    if (!masks.classes.empty()) folder_.write("SegmentationClass/" + item.id + ".png", masks.classes);
    if (!masks.objects.empty()) folder_.write("SegmentationObject/" + item.id + ".png", masks.objects);
    if (item.annotated)
      folder_.write("Annotations/" + item.id + ".xml", xml_of(item, objects, image, !masks.classes.empty()));
    else
      check_unannotated(item, found);
    return [this, id = item.id, subset = item.subset, has_classes = !masks.classes.empty(),
            found = std::move(found)] {
      append(id, subset, has_classes);
      findings_.add(found);
    };
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    folder_.write("labelmap.txt", to_voc_labelmap(any_classes_ ? labels_.with_masks : labels_.plain));
    for (const auto& [name, lines] : lists_) folder_.write("ImageSets/" + name + ".txt", lines);
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  /// The bytes of PNG files; empty where there is none.
  struct Masks {
    std::string classes, objects;
  };

  bool is_numbered(const Annotation& annotation) const {
    return has_pixels(annotation.shape) && annotation.label && annotation.flags.crowd != true &&
           labels_.painting[*annotation.label].role == Role::object;
  }

  Objects arrange(Item& item, std::vector<Finding>& found) const {
    Objects objects;
    for (Annotation& annotation : item.annotations)
      if (const auto* mask = std::get_if<MaskRef>(&annotation.shape))
        annotation.shape = read_mask_shape(*mask, item.size);
    std::ranges::stable_sort(item.annotations, {}, [&](const Annotation& annotation) {
      const bool numbered = is_numbered(annotation);
      return std::pair(!numbered, numbered ? annotation.z_order.value_or(0) : 0);
    });
    for (Annotation& annotation : item.annotations) {
      const bool painted = has_pixels(annotation.shape);
      if (!painted && !std::holds_alternative<Box>(annotation.shape))
        throw Error(Code::bug, fmt::format("Pascal VOC holds no {}", shape_name(annotation.shape)));
      const auto around = painted && annotation.box ? annotation.box : bounding_box(annotation.shape);
      if (!around) {
        found.push_back({"empty-object",
                         Severity::warning,
                         annotation.origin,
                         fmt::format("the {} is empty; the object is left out", shape_name(annotation.shape)),
                         {}});
        continue;
      }
      const bool is_void =
          painted && annotation.label && labels_.painting[*annotation.label].role != Role::object;
      Shape pixels = std::exchange(annotation.shape, *around);
      if (painted) objects.painted.push_back(painted_with(annotation, std::move(pixels)));
      if (!is_void) objects.in_xml.push_back(std::move(annotation));
    }
    return objects;
  }

  Masks masks_of(const Item& item, const Objects& objects, std::vector<Finding>& found) const {
    if (objects.painted.empty() && item.semantic && is_written_so(*item.semantic) &&
        (!item.instances || is_written_so(*item.instances)))
      return {bytes_of(*item.semantic), item.instances ? bytes_of(*item.instances) : std::string()};

    PaintedMask painted;
    if (!objects.painted.empty()) painted = paint(item, objects, found);
    const cv::Mat labels = item.semantic ? read_labels(item, found) : painted.labels;
    const cv::Mat numbers = item.instances ? read_instances(*item.instances) : painted.instances;
    Masks masks;
    cv::Mat classes;
    if (!labels.empty()) {
      classes = to_stored_values(labels, labels_.values, kVocVoid);
      masks.classes = encode_index_png(classes, labels_.palette);
    }
    if (!numbers.empty()) masks.objects = encode_numbers(numbers, classes, item, found);
    return masks;
  }

  PaintedMask paint(const Item& item, const Objects& objects, std::vector<Finding>& found) const {
    if (!item.size)
      throw Error(Code::bad_value, "the image's size is not known, so that its objects cannot be painted")
          .hint("add the image, or the width and height");
    PaintedMask painted = mask_from_instances(objects.painted, *item.size, labels_.painting);
    if (painted.overlapping > 0)
      found.push_back({"objects-overlap",
                       Severity::note,
                       item.origin,
                       fmt::format("objects overlap in {}, which go to the last of them",
                                   counted(static_cast<std::size_t>(painted.overlapping), "pixel")),
                       {}});
    return painted;
  }

  static cv::Mat read_labels(const Item& item, std::vector<Finding>& found) {
    const SemanticMask mask = read_semantic(*item.semantic, item.size);
    for (const auto& [value, pixels] : mask.unknown_values)
      found.push_back({"unknown-value",
                       Severity::warning,
                       Place{file_of(*item.semantic).string(), {}, {}},
                       fmt::format("{} with the value {}, which no label has, become void",
                                   counted(static_cast<std::size_t>(pixels), "pixel"), value),
                       {}});
    return mask.labels;
  }

  /// True where the file is, byte for byte, a mask that this sink could have written.
  bool is_written_so(const MaskRef& mask) const {
    if (!mask.coding || mask.made || mask.resize_to_image || mask.value) return false;
    const MaskCoding& coding = *mask.coding;
    const ImageInfo info = probe_mask(mask);
    if (info.kind != FileKind::png || info.channels != 1) return false;
    if (coding.kind == MaskCoding::Kind::instance)
      return info.bit_depth == 16 ? coding.void_value == kVocVoid16
                                  : info.bit_depth == 8 && info.palette && coding.void_value == kVocVoid;
    return coding.kind == MaskCoding::Kind::index && info.palette && info.bit_depth == 8 &&
           std::ranges::all_of(coding.values, [&](const auto& value) {
             return value.second >= 0 &&
                    labels_.values.at(static_cast<std::size_t>(value.second)) == value.first;
           });
  }

  /// Object numbers in 8 bits, void where they or the labels are; the highest of the others. A loop that the
  /// compiler vectorises.
  static std::uint16_t narrow_row(const std::uint16_t* numbers, const std::uint8_t* labels, int count,
                                  std::uint8_t* to) {
    std::uint16_t highest = 0;
    static_assert(kUnlabelled == 0xFFFF && kVocVoid == 0xFF);
    for (int x = 0; x < count; ++x) {
      const bool is_void = (numbers[x] == kUnlabelled) | (labels[x] == kVocVoid);
      const auto voided = static_cast<std::uint16_t>(-static_cast<int>(is_void));  // every bit, or none
      to[x] = static_cast<std::uint8_t>(numbers[x] | voided);
      highest = std::max<std::uint16_t>(highest, numbers[x] & static_cast<std::uint16_t>(~voided));
    }
    return highest;
  }

  /// Void is void in both masks: labelme's export has 0 in the object mask there, so that a scorer counts it
  /// as background.
  std::string encode_numbers(cv::Mat numbers, const cv::Mat& classes, const Item& item,
                             std::vector<Finding>& found) const {
    if (!classes.empty() && classes.size() != numbers.size())
      throw Error(Code::bad_value, "the class mask and the object mask differ in size");
    cv::Mat narrow(numbers.size(), CV_8UC1);
    int highest = 0;
    const std::vector<std::uint8_t> no_label(static_cast<std::size_t>(numbers.cols), kVocBackground);
    for (int y = 0; y < numbers.rows; ++y) {
      const std::uint8_t* labels = classes.empty() ? no_label.data() : classes.ptr<std::uint8_t>(y);
      const std::uint16_t in_row =
          narrow_row(numbers.ptr<std::uint16_t>(y), labels, numbers.cols, narrow.ptr<std::uint8_t>(y));
      highest = std::max<int>(highest, in_row);
    }
    if (highest <= kMostNumbers8) return encode_index_png(narrow, voc_palette(256));
    if (!classes.empty()) {
      numbers = numbers.clone();
      numbers.setTo(kUnlabelled, classes == kVocVoid);
    }
    found.push_back(
        {"wide-object-mask", Severity::warning, item.origin,
         fmt::format("the object mask of {} has numbers up to {} and is written as 16-bit gray, void as {}",
                     in_quotes(item.id), highest, kVocVoid16),
         "other tools may read palette images only"});
    return encode_index_png(numbers);
  }

  std::string xml_of(const Item& item, const Objects& objects, const std::string& image,
                     bool has_classes) const {
    VocXml xml;
    xml.file_name = Path(image).filename().string();
    xml.size = item.size;
    xml.segmented = has_classes;
    for (const auto& attribute : item.attributes) {
      const bool* flag = attribute.first == "segmented" ? std::get_if<bool>(&attribute.second) : nullptr;
      if (flag)
        xml.segmented = *flag;
      else if (attribute.first != "path" || media_ != Media::reference)
        xml.attributes.push_back(attribute);
    }
    if (media_ == Media::reference) xml.attributes.emplace_back("path", image);
    xml.annotations = objects.in_xml;
    return to_voc_xml(xml, labels_.painting);
  }

  void check_unannotated(const Item& item, std::vector<Finding>& found) const {
    if (item.attributes.empty() && media_ != Media::reference && media_ != Media::none) return;
    found.push_back(
        {"unannotated-lost",
         Severity::warning,
         item.origin,
         fmt::format("{} is not annotated: without an annotation file there is no place for {}",
                     in_quotes(item.id), item.attributes.empty() ? "where its image is" : "its attributes"),
         {}});
  }

  void append(const std::string& id, const std::string& subset, bool has_classes) {
    any_classes_ |= has_classes;
    if (subset.empty()) return;
    lists_["Main/" + subset] += id + "\n";
    if (has_classes) lists_["Segmentation/" + subset] += id + "\n";
  }

  OutputFolder folder_;
  Media media_;
  Findings findings_;
  OutputLabels labels_;
  bool any_classes_ = false;
  std::map<std::string, std::string> lists_;
};

}  // namespace

std::unique_ptr<Sink> create_voc(const CreateRequest& request) {
  if (!request.settings.empty())
    throw Error(Code::usage,
                fmt::format("voc has no settings for writing: {}", in_quotes(request.settings.front())));
  return std::make_unique<VocSink>(request);
}

}  // namespace maskmill
