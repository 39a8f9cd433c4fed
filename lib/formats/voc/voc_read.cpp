// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/mask_files/mask_scan.h"
#include "formats/voc/annotation_xml.h"
#include "formats/voc/layout.h"
#include "formats/voc/voc_halves.h"
#include "formats/voc/voc_labels.h"

namespace maskmill {
namespace {

/// Refuses a file that is no annotation of one image before its bytes take memory.
std::string read_xml(const Path& file) {
  boost::system::error_code failure;
  if (const auto bytes = fs::file_size(file, failure); !failure && bytes > kMostXmlBytes)
    throw Error(Code::unsupported, "more than 8 MiB of XML for one image").at_file(file);
  return read_file(file);
}

std::shared_ptr<const MaskCoding> shared(MaskCoding coding) {
  return std::make_shared<const MaskCoding>(std::move(coding));
}

/// An object mask: numbers, or the places of its colours in VOC's colour map.
std::shared_ptr<const MaskCoding> number_coding(std::int64_t void_value) {
  MaskCoding coding;
  coding.kind = MaskCoding::Kind::instance;
  coding.void_value = void_value;
  const std::vector<Rgb> palette = voc_palette(256);
  for (int i = 0; i < kVocVoid; ++i) coding.colours.emplace_back(palette[static_cast<std::size_t>(i)], i);
  return shared(std::move(coding));
}

class VocSource : public IndexedSource {
 public:
  VocSource(const Path& source, const VocReadSettings& settings)
      : folders_(find_voc_folders(source, settings.images)),
        index_(index_voc(folders_, settings.sets, findings_)) {
    if (index_.entries.empty())
      throw Error(Code::bad_format, "holds no annotation, no class mask and no image").at_file(source);
    std::vector<Label> labels = find_labels(settings.labels);
    require_colours_of_their_own(labels);
    has_images_ = std::ranges::any_of(index_.entries,
                                      [](const VocEntry& entry) { return entry.image != VocEntry::none; });
    if (has_masks()) add_mask_labels(labels);
    metadata_.labels = LabelMap(std::move(labels));
    metadata_.subsets = index_.subsets;
    make_codings();
  }

  std::size_t size() const override { return index_.entries.size(); }

 private:
  Path annotation_of(const VocEntry& entry) const {
    return index_.file(entry, entry.annotation, folders_.annotations);
  }
  Path class_mask_of(const VocEntry& entry) const {
    return index_.file(entry, entry.class_mask, folders_.class_masks);
  }
  Path object_mask_of(const VocEntry& entry) const {
    return index_.file(entry, entry.object_mask, folders_.object_masks);
  }
  bool has_masks() const {
    return std::ranges::any_of(index_.entries,
                               [](const VocEntry& entry) { return entry.class_mask != VocEntry::none; });
  }

  std::vector<Label> find_labels(const std::optional<std::string>& setting) {
    if (setting == "voc") return voc_labels();
    if (setting) return labels_in(folders_.root / *setting);
    for (const char* name : {"labelmap.txt", "labels.txt", "class_names.txt", "classes.txt"})
      if (const Path file = folders_.root / name; fs::is_regular_file(file)) return labels_in(file);

    const std::set<std::string> names = names_of_objects();
    if (are_voc_names(names)) return voc_labels();
    if (names.empty()) return labels_of_values(values_of_masks());
    if (has_masks())
      findings_.add(
          {"labels-guessed", Severity::warning, Place{folders_.root.string(), {}, {}},
           fmt::format("nothing says which name belongs to which number of the class masks; {} from 1 in the "
                       "order of their names",
                       names.size() == 1 ? "the one name counts" : "the names count"),
           "add a labelmap.txt"});
    return numbered_labels(names);
  }

  std::vector<Label> labels_in(const Path& file) {
    labels_file_ = file;
    const std::string text = read_file(file);
    const bool is_labelmap = file.filename() == "labelmap.txt" || text.find(':') != std::string::npos;
    std::vector<Label> labels = is_labelmap ? parse_voc_labelmap(text, file) : parse_voc_names(text, file);
    try {
      LabelMap{labels};  // two of one name, say: better found while the file is known
    } catch (Error& error) {
      throw error.at_file(file);
    }
    return labels;
  }

  /// Masks of numbers do not mind two labels of one colour; in masks of colours they are one.
  void require_colours_of_their_own(const std::vector<Label>& labels) const {
    std::map<Rgb, const Label*> named;
    for (const Label& label : labels) {
      if (!label.colour) continue;
      const auto [other, is_new] = named.emplace(*label.colour, &label);
      if (is_new) continue;
      if (!has_colour_masks()) return;
      throw Error(Code::bad_value,
                  fmt::format("the labels {} and {} have the same colour {},{},{}, and masks are of colours",
                              in_quotes(other->second->name), in_quotes(label.name), label.colour->r,
                              label.colour->g, label.colour->b))
          .at_file(labels_file_)
          .hint("give each label a colour of its own, there and in the masks");
    }
  }

  /// By the headers; a mask that cannot be read is a finding of its item, later.
  bool has_colour_masks() const {
    return std::ranges::any_of(index_.entries, [&](const VocEntry& entry) {
      if (entry.class_mask == VocEntry::none) return false;
      try {
        return is_of_colours(probe_image(class_mask_of(entry)));
      } catch (const Error&) {
        return false;
      }
    });
  }

  static bool is_of_colours(const ImageInfo& mask) { return mask.channels >= 3; }

  /// A file that cannot be read is a finding of its item, later.
  std::set<std::string> names_of_objects() const {
    std::mutex mutex;
    std::set<std::string> names;
    parallel_for(index_.entries.size(), [&](std::size_t i) {
      const Path file = annotation_of(index_.entries[i]);
      if (file.empty()) return;
      try {
        const std::vector<std::string> found = object_names(read_xml(file), file);
        const std::lock_guard lock(mutex);
        names.insert(found.begin(), found.end());
      } catch (const Error& error) {
        if (error.code() == Code::interrupted) throw;
      }
    });
    return names;
  }

  std::set<int> values_of_masks() const {
    std::vector<std::uint32_t> with_mask;
    for (std::uint32_t i = 0; i < index_.entries.size(); ++i)
      if (index_.entries[i].class_mask != VocEntry::none) with_mask.push_back(i);
    const auto mask_at = [&](std::size_t i) { return class_mask_of(index_.entries[with_mask[i]]); };
    MaskScan scan;
    try {
      scan = scan_masks(with_mask.size(), mask_at, ScanUntil::end, [](std::size_t, const Error&) {});
    } catch (const Error& error) {
      if (error.code() != Code::bad_value) throw;
      throw Error(error.code(), error.message())
          .at_file(error.place().file)
          .hint("add a labelmap.txt that names the labels");
    }
    if (scan.any_colour)
      for (int value = 0; value < 256; ++value)
        if (scan.colours.contains(voc_colour(value))) scan.values.insert(value);
    return scan.values;
  }

  void make_codings() {
    MaskCoding by_index, by_colour;
    by_colour.kind = MaskCoding::Kind::colour;
    std::set<Rgb> stated;
    for (const Label& label : metadata_.labels)
      if (label.colour) stated.insert(*label.colour);
    for (int i = 0; i < metadata_.labels.size(); ++i) {
      const Rgb colour = metadata_.labels.colour(i);
      if (const auto id = metadata_.labels[i].id) by_index.values.emplace_back(*id, i);
      // A colour of VOC's that a label has for want of one is another's where that states it.
      if (metadata_.labels[i].colour || !stated.contains(colour)) by_colour.colours.emplace_back(colour, i);
    }
    by_index_ = shared(std::move(by_index));
    by_colour_ = shared(std::move(by_colour));
    numbers_ = number_coding(kVocVoid);
    numbers16_ = number_coding(kVocVoid16);
  }

  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const VocEntry& entry = index_.entries[number];
    const Path annotation = annotation_of(entry), class_mask = class_mask_of(entry),
               object_mask = object_mask_of(entry);
    Item item;
    item.id = index_.id_of(entry);
    item.image = index_.file(entry, entry.image, folders_.images);
    if (entry.subset != VocEntry::none) item.subset = index_.subsets[entry.subset - 1];
    item.annotated = !annotation.empty() || !class_mask.empty();
    item.origin.file = (!annotation.empty()   ? annotation
                        : !class_mask.empty() ? class_mask
                                              : item.image)
                           .string();

    VocXml xml;
    if (!annotation.empty() && !read_annotation(annotation, xml, findings) && class_mask.empty())
      return std::nullopt;
    item.annotations = std::move(xml.annotations);
    item.attributes = std::move(xml.attributes);
    if (xml.segmented && *xml.segmented == class_mask.empty())
      item.attributes.emplace_back("segmented", *xml.segmented);
    if (item.image.empty()) find_other_image(item, xml.file_name, findings);
    item.file_name = item.id + (item.image.empty() ? Path(xml.file_name) : item.image).extension().string();
    if (class_mask.empty()) require_class_mask(item, entry, xml, findings);
    try {
      add_masks(item, class_mask, object_mask, look, findings);
    } catch (const Error& error) {
      findings.push_back(to_finding(error, "unreadable-mask"));
      return std::nullopt;
    }
    if (!check_files(item, look, findings)) return std::nullopt;
    if (item.image.empty() && !item.size) item.size = xml.size;
    compare_size(item, xml.size, findings);
    compare_name(item, xml.file_name, findings);
    check_boxes(item, findings);
    return item;
  }

  bool read_annotation(const Path& file, VocXml& xml, std::vector<Finding>& findings) const {
    try {
      xml = parse_voc_xml(read_xml(file), file, metadata_.labels, findings);
      return true;
    } catch (Error& error) {
      findings.push_back(to_finding(error.at_file(file), "unreadable-annotation"));
      return false;
    }
  }

  /// Where there is no image of the annotation's own name: the annotation may name another, or say where it
  /// lies.
  void find_other_image(Item& item, const std::string& file_name, std::vector<Finding>& findings) const {
    boost::system::error_code ignored;
    if (!folders_.images.empty() && is_safe_relative(file_name) &&
        fs::is_regular_file(folders_.images / file_name, ignored)) {
      item.image = folders_.images / file_name;
      return;
    }
    const auto path = std::ranges::find(item.attributes, "path", &Attributes::value_type::first);
    const auto* text = path == item.attributes.end() ? nullptr : std::get_if<std::string>(&path->second);
    if (text && Path(*text).is_absolute() && fs::is_regular_file(*text, ignored)) {
      item.image = *text;
      item.attributes.erase(path);
      return;
    }
    const bool alone = !has_images_;  // annotations without any images are legal
    findings.push_back(
        {alone ? "image-missing" : "pair-missing", alone ? Severity::warning : Severity::error, item.origin,
         fmt::format("there is no image {}", in_quotes(file_name.empty() ? item.id : file_name)),
         "add the image, or state its folder with --read images=FOLDER"});
  }

  /// Where there are class masks at all, one that is said to be there must be. Datumaro's lists, with which
  /// CVAT exports, say nothing of masks: they name every image, and labelmap.txt lies beside.
  void require_class_mask(const Item& item, const VocEntry& entry, const VocXml& xml,
                          std::vector<Finding>& findings) const {
    const bool is_listed = entry.in_segmentation && labels_file_.filename() != "labelmap.txt";
    if (folders_.class_masks.empty() || (!is_listed && xml.segmented != true)) return;
    findings.push_back({"pair-missing", Severity::error,
                        Place{(folders_.class_masks / (item.id + ".png")).string(), {}, {}},
                        fmt::format("the class mask of {} is not there, and {}", in_quotes(item.id),
                                    is_listed ? "ImageSets/Segmentation/ names it"
                                              : "its annotation says that it is segmented"),
                        "add the mask, or take the image out of the list and set segmented to 0"});
  }

  /// Sets the item's size to that of the class mask. Throws Error as probe_image.
  void add_masks(Item& item, const Path& class_mask, const Path& object_mask, Look look,
                 std::vector<Finding>& findings) const {
    if (class_mask.empty()) {
      if (!object_mask.empty())
        findings.push_back(
            {"object-mask-alone", Severity::warning, Place{object_mask.string(), {}, {}},
             "there is no class mask beside this object mask, so nothing says what its objects "
             "are; it is left out",
             "add the class mask, or delete the object mask"});
      return;
    }
    item.semantic = MaskRef{class_mask, by_index_, std::nullopt, false};
    MaskRef instances{object_mask, numbers_, std::nullopt, false};
    if (look == Look::annotations) {
      if (!object_mask.empty()) item.instances = std::move(instances);
      return;
    }
    const ImageInfo info = probe_mask(*item.semantic, look);
    if (is_of_colours(info)) item.semantic->coding = by_colour_;
    item.size = info.stored;
    if (object_mask.empty()) return;
    const ImageInfo objects = probe_mask(instances, look);
    if (objects.bit_depth == 16) instances.coding = numbers16_;
    if (objects.stored == info.stored)
      item.instances = std::move(instances);
    else
      findings.push_back(
          {"size-differs",
           Severity::error,
           Place{object_mask.string(), {}, {}},
           fmt::format("the object mask has {} pixels, the class mask {}; the object mask is left out",
                       to_string(objects.stored), to_string(info.stored)),
           {}});
  }

  static void compare_size(const Item& item, std::optional<Size> stated, std::vector<Finding>& findings) {
    if (!stated || !item.size || *stated == *item.size) return;
    findings.push_back({"size-differs", Severity::error, Place{item.origin.file, {}, "size"},
                        fmt::format("the annotation says {} pixels, {} has {}", to_string(*stated),
                                    item.image.empty() ? "the mask" : "the image", to_string(*item.size)),
                        "find out for which image the boxes were drawn"});
  }

  static void compare_name(const Item& item, const std::string& file_name, std::vector<Finding>& findings) {
    const Path name = Path(item.id).filename(), said = Path(file_name).filename();
    if (file_name.empty() || said.stem() == name || said == name) return;
    findings.push_back({"filename-differs", Severity::warning, Place{item.origin.file, {}, "filename"},
                        fmt::format("the annotation is named {} and says that its image is {}; {} is taken",
                                    in_quotes(name.string()), in_quotes(file_name),
                                    item.image.empty() ? "none" : in_quotes(item.image.filename().string())),
                        "correct the filename, or rename the file"});
  }

  static void check_boxes(const Item& item, std::vector<Finding>& findings) {
    if (!item.size) return;
    for (const Annotation& annotation : item.annotations) {
      const Box& box = std::get<Box>(annotation.shape);
      const double right = box.x + box.width, bottom = box.y + box.height;
      if (box.x >= 0 && box.y >= 0 && right <= item.size->width && bottom <= item.size->height) continue;
      findings.push_back(
          {"outside-image", Severity::warning, annotation.origin,
           fmt::format("the box from {:g}, {:g} to {:g}, {:g} leaves the image of {} pixels; they count "
                       "from 1",
                       box.x + 1, box.y + 1, right, bottom, to_string(*item.size)),
           "correct the box"});
    }
  }

  bool has_images_ = false;
  VocFolders folders_;
  VocIndex index_;
  Path labels_file_;  ///< where the labels are named; empty where no file names them
  std::shared_ptr<const MaskCoding> by_index_, by_colour_, numbers_, numbers16_;
};

}  // namespace

std::unique_ptr<Source> open_voc(const OpenRequest& request) {
  return std::make_unique<VocSource>(request.path, parsed_settings<VocReadSettings>(request.settings));
}

}  // namespace maskmill
