// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <set>

#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/coco/coco_items.h"
#include "formats/coco_panoptic/coco_panoptic_halves.h"
#include "formats/coco_panoptic/segments.h"

namespace maskmill {
namespace {

// The folder of a file's PNGs; empty where there is none.
Path png_folder(const CocoFile& file, const std::optional<std::string>& stated, bool one_file) {
  const std::string stem = file.json.stem().string();
  if (stated) {
    const Path folder = fs::absolute(*stated).lexically_normal();
    if (!is_folder(folder))
      throw Error(Code::not_found, "there is no such folder of PNGs")
          .at_file(*stated)
          .at_field("segmentations");
    for (const Path& below : {folder / stem, folder / file.subset})
      if (!one_file && below != folder / "" && is_folder(below)) return below;
    return folder;
  }
  const Path beside = fs::absolute(file.json).parent_path().lexically_normal();
  const Path root = beside.filename() == "annotations" ? beside.parent_path() : beside;
  for (const std::string& name : {stem, "panoptic_" + file.subset, std::string("panoptic")})
    for (const Path& above : {beside, root})
      if (is_folder(above / name)) return above / name;
  return {};
}

struct Segment {
  Annotation annotation;
  std::uint32_t id = 0;
  std::size_t number = 0;  // in segments_info
};

// What the JSON says of one image's segments.
struct Segments {
  Place place;
  std::string file_name;
  std::vector<Segment> all;
  std::vector<std::uint32_t> passed_over;  // ids of those that cannot be read
  std::vector<std::string> names;          // of the elements of segments_info
};

std::string segment_name(std::size_t number) {
  return fmt::format("segments_info[{}]", number);
}

std::uint32_t checked_id(const Annotation& segment) {
  if (!segment.id) throw Error(Code::bad_value, "a segment without an id").at_field("id");
  if (*segment.id < 1 || *segment.id > kMaxSegmentId)
    throw Error(Code::bad_value,
                fmt::format("a segment's id is 1 to {}; found {}", kMaxSegmentId, *segment.id))
        .at_field("id");
  return static_cast<std::uint32_t>(*segment.id);
}

class PanopticSource : public CocoItems {
 public:
  explicit PanopticSource(const OpenRequest& request)
      : PanopticSource(request, parsed_settings<PanopticReadSettings>(request.settings)) {}

 protected:
  bool annotate(Item& item, Reading& reading) const override {
    std::optional<Segments> segments;
    reading.context.has_pixels_elsewhere = true;
    reading.for_each([&](const Element& element, std::vector<Finding>& problems) {
      if (segments) {
        problems.push_back({"duplicate-id",
                            Severity::error,
                            {{}, {}, "image_id"},
                            "a second annotation of its image, which is left out",
                            {}});
        return;
      }
      segments = read_segments(element, reading, problems);
    });
    item.annotated = segments.has_value();
    if (!segments) return true;
    const Path& folder = folders_[reading.file];
    if (folder.empty()) return take_boxes(item, *segments);
    const auto png = png_of(item, *segments, folder, reading.findings);
    if (!png) return false;
    return reading.look == Look::annotations ? refer_to_pixels(item, *segments, *png)
                                             : take_pixels(item, *segments, *png, reading.findings);
  }

 private:
  PanopticSource(const OpenRequest& request, const PanopticReadSettings& settings)
      : CocoItems(find_coco_files(request.path, settings.images, CocoKind::panoptic)) {
    for (std::size_t i = 0; i < number_of_files(); ++i) {
      folders_.push_back(png_folder(index(i).file(), settings.segmentations, number_of_files() == 1));
      if (!folders_.back().empty() || !index(i).names_annotations()) continue;
      const std::string stem = index(i).file().json.stem().string();
      findings_.add({"masks-missing",
                     Severity::error,
                     {index(i).file().json.string(), {}, {}},
                     fmt::format("there is no folder of PNGs called {} beside it: of the segments only their "
                                 "boxes are known",
                                 in_quotes(stem)),
                     "say where they are: --read segmentations=FOLDER"});
    }
    add_void();
    auto coding = std::make_shared<MaskCoding>();
    coding->kind = MaskCoding::Kind::colour;
    coding_ = std::move(coding);
  }

  // What is void in the PNGs needs a label.
  void add_void() {
    const LabelMap& labels = metadata_.labels;
    for (int i = 0; i < labels.size(); ++i)
      if (labels.is_ignored(i)) {
        void_ = i;
        return;
      }
    Label label;
    label.name = "void";
    while (labels.find(label.name)) label.name += " (0)";
    label.role = Role::ignore;
    label.colour = Rgb{};
    const bool all_have_ids =
        std::all_of(labels.begin(), labels.end(), [](const Label& one) { return one.id.has_value(); });
    if (all_have_ids && !labels.find_id(0)) label.id = 0;
    void_ = metadata_.labels.add(std::move(label));
  }

  Segments read_segments(const Element& element, Reading& reading, std::vector<Finding>& problems) const {
    const PanopticRecord record = reading.records.panoptic(element.text);
    Segments segments;
    segments.place = reading.place_of(element);
    segments.file_name = record.file_name;
    std::set<std::uint32_t> ids;
    for (std::size_t i = 0; i < record.segments.size(); ++i) {
      const PanopticRecord::Segment& segment = record.segments[i];
      std::vector<Finding> found;
      try {
        Annotation annotation = reading.records.annotation(segment.text(), reading.context, found);
        const std::uint32_t id = checked_id(annotation);
        if (!ids.insert(id).second) {
          found.push_back({"duplicate-id",
                           Severity::error,
                           {{}, {}, "id"},
                           fmt::format("a second segment of the id {}, which is left out", id),
                           {}});
        } else if (!annotation.label) {
          throw Error(Code::bad_value, "a segment without a category").at_field("category_id");
        } else {
          annotation.origin = segments.place;
          annotation.origin.field += "." + segment_name(i);
          if (annotation.origin.line) *annotation.origin.line += segment.line - 1;
          segments.all.push_back({std::move(annotation), id, i});
        }
      } catch (const Error& error) {
        pass_over(segment, reading, segments);
        found.push_back(to_finding(error, "unreadable-annotation"));
      }
      for (Finding& finding : found) {
        Place& place = finding.place;
        place.line = segment.line + place.line.value_or(1) - 1;
        place.field = segment_name(i) + (place.field.empty() ? "" : ".") + place.field;
        problems.push_back(std::move(finding));
      }
    }
    return segments;
  }

  // So that its pixels are not said to be nobody's as well.
  static void pass_over(const PanopticRecord::Segment& segment, Reading& reading, Segments& segments) {
    try {
      const CocoId id = reading.records.annotation_ids(segment.text()).id;
      if (const auto* number = std::get_if<std::int64_t>(&id);
          number && *number > 0 && *number <= kMaxSegmentId)
        segments.passed_over.push_back(static_cast<std::uint32_t>(*number));
    } catch (const Error&) {
      return;
    }
  }

  static std::optional<Path> png_of(const Item& item, const Segments& segments, const Path& folder,
                                    std::vector<Finding>& findings) {
    const std::string name =
        segments.file_name.empty()
            ? Path(item.file_name.empty() ? item.id : item.file_name).stem().string() + ".png"
            : segments.file_name;
    if (is_safe_relative(name)) return folder / name;
    Place place = segments.place;
    place.field += ".file_name";
    findings.push_back(
        {"unsafe-file-name",
         Severity::error,
         place,
         fmt::format("{} leads out of the folder of PNGs; the item is left out", in_quotes(name)),
         {}});
    return std::nullopt;
  }

  bool is_background(const Annotation& segment) const {
    return metadata_.labels[*segment.label].role == Role::background;
  }

  bool take_boxes(Item& item, Segments& segments) const {
    for (Segment& segment : segments.all)
      if (!is_background(segment.annotation)) item.annotations.push_back(std::move(segment.annotation));
    return true;
  }

  MaskRef pixels_in(const Path& png, std::uint32_t id) const {
    const Rgb colour = colour_of_segment(id);
    MaskRef mask;
    mask.file = png;
    mask.coding = coding_;
    mask.value = std::int64_t{colour.r} << 16 | std::int64_t{colour.g} << 8 | colour.b;
    return mask;
  }

  // Where no file may be opened. That pixels are void shows in the areas.
  bool refer_to_pixels(Item& item, Segments& segments, const Path& png) const {
    double covered = 0;
    for (Segment& segment : segments.all) {
      covered += segment.annotation.area.value_or(0);
      if (is_background(segment.annotation)) continue;
      take_box(segment.annotation);
      segment.annotation.shape = pixels_in(png, segment.id);
      item.annotations.push_back(std::move(segment.annotation));
    }
    if (!item.size || covered < static_cast<double>(item.size->area()))
      item.annotations.push_back(void_annotation(pixels_in(png, 0), png));
    return true;
  }

  Annotation void_annotation(Shape pixels, const Path& png) const {
    Annotation nothing;
    nothing.label = void_;
    nothing.flags.crowd = true;
    nothing.shape = std::move(pixels);
    nothing.origin.file = png.string();
    return nothing;
  }

  // A box that is stated beside pixels is no shape.
  static void take_box(Annotation& annotation) {
    if (const auto* box = std::get_if<Box>(&annotation.shape)) annotation.box = *box;
  }

  bool take_pixels(Item& item, Segments& segments, const Path& png, std::vector<Finding>& findings) const {
    const Place place{png.string(), {}, {}};
    cv::Mat colours;
    try {
      const std::string bytes = read_file(png);
      const ImageInfo info = probe_image_bytes(bytes);
      if (info.kind == FileKind::jpeg)
        throw Error(Code::bad_format, "stored as JPEG, which no segment's id survives");
      if (!item.size) item.size = info.stored;
      if (*item.size != info.stored) {
        findings.push_back({"size-differs", Severity::error, place,
                            fmt::format("the PNG has {} pixels, its image {}", to_string(info.stored),
                                        to_string(*item.size)),
                            "find the PNG that belongs to this image"});
        return false;
      }
      colours = colours_of(decode_raw(bytes));
    } catch (Error& error) {
      findings.push_back(to_finding(error.at_file(png), "unreadable-mask"));
      return false;
    }
    std::vector<std::uint32_t> ids;
    for (const Segment& segment : segments.all) ids.push_back(segment.id);
    SegmentPixels pixels = segments_of(colours, ids, segments.passed_over);
    report_unknown(pixels, place, findings);
    report_differences(segments, pixels, findings);
    report_stuff(segments, findings);
    for (std::size_t i = 0; i < segments.all.size(); ++i) {
      Annotation& annotation = segments.all[i].annotation;
      if (is_background(annotation) || area(pixels.segments[i]) == 0) continue;
      take_box(annotation);
      annotation.shape = std::move(pixels.segments[i]);
      item.annotations.push_back(std::move(annotation));
    }
    if (area(pixels.rest) > 0) item.annotations.push_back(void_annotation(std::move(pixels.rest), png));
    return true;
  }

  static void report_unknown(const SegmentPixels& pixels, const Place& place,
                             std::vector<Finding>& findings) {
    if (pixels.unknown.empty()) return;
    const auto& [id, count] = *pixels.unknown.begin();
    findings.push_back(
        {"unknown-segment", Severity::error, place,
         fmt::format("{} of ids that segments_info does not have, such as {}: they are read as void",
                     counted(static_cast<std::size_t>(pixels.unknown_pixels), "pixel"), id),
         "add the segments to the JSON file, or paint them 0"});
  }

  // Once an image for each kind of difference, with the first.
  static void report_differences(const Segments& segments, const SegmentPixels& pixels,
                                 std::vector<Finding>& findings) {
    struct Difference {
      std::size_t count = 0;
      Place place;
      std::string first;
    } area_differs, box_differs;
    const auto note = [](Difference& difference, const Annotation& annotation, const char* field,
                         std::string first) {
      if (difference.count++ > 0) return;
      difference.place = annotation.origin;
      difference.place.field += field;
      difference.first = std::move(first);
    };
    for (std::size_t i = 0; i < segments.all.size(); ++i) {
      const Annotation& annotation = segments.all[i].annotation;
      const std::int64_t there = area(pixels.segments[i]);
      if (there == 0) {
        findings.push_back(
            {"segment-without-pixels",
             Severity::error,
             annotation.origin,
             fmt::format("no pixel of the PNG has the id {}: the segment is left out", segments.all[i].id),
             {}});
        continue;
      }
      if (annotation.area && *annotation.area != static_cast<double>(there))
        note(area_differs, annotation, ".area",
             fmt::format("{}, and there are {} pixels", *annotation.area, there));
      const auto* shape = std::get_if<Box>(&annotation.shape);
      const std::optional<Box> stated = shape ? std::optional(*shape) : annotation.box;
      const Box around = bounding_box(pixels.segments[i]);
      if (stated && *stated != around)
        note(box_differs, annotation, ".bbox",
             fmt::format("[{}, {}, {}, {}], and around the pixels is [{}, {}, {}, {}]", stated->x, stated->y,
                         stated->width, stated->height, around.x, around.y, around.width, around.height));
    }
    for (const auto& [rule, what, difference] :
         {std::tuple("area-differs", "area", &area_differs), {"box-differs", "box", &box_differs}})
      if (difference->count > 0)
        findings.push_back(
            {rule,
             Severity::warning,
             difference->place,
             fmt::format("{} of {} state another {} than their pixels have; the first says {}",
                         difference->count, counted(segments.all.size(), "segment"), what, difference->first),
             {}});
  }

  void report_stuff(const Segments& segments, std::vector<Finding>& findings) const {
    std::set<int> seen;
    for (const Segment& segment : segments.all) {
      const int label = *segment.annotation.label;
      if (metadata_.labels[label].kind != LabelKind::stuff || segment.annotation.flags.crowd == true)
        continue;
      if (!seen.insert(label).second)
        findings.push_back(
            {"stuff-apart",
             Severity::warning,
             segment.annotation.origin,
             fmt::format("a second segment of {}, which is stuff: all of it in an image is one segment",
                         in_quotes(metadata_.labels[label].name)),
             {}});
    }
  }

  std::vector<Path> folders_;  // of PNGs, by file
  int void_ = -1;
  std::shared_ptr<const MaskCoding> coding_;
};

}  // namespace

std::unique_ptr<Source> open_coco_panoptic(const OpenRequest& request) {
  return std::make_unique<PanopticSource>(request);
}

}  // namespace maskmill
