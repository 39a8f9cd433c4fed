// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <opencv2/core.hpp>

#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "formats/annotation_output.h"
#include "formats/coco/coco_keys.h"
#include "formats/coco/coco_part.h"
#include "formats/coco/coco_text.h"
#include "formats/coco_panoptic/coco_panoptic_halves.h"
#include "formats/coco_panoptic/segments.h"
#include "formats/media.h"

namespace maskmill {
namespace {

// What a pixel of the canvas is: a segment's number from 1, void, or what nothing covers.
constexpr int kVoid = 0;
constexpr std::size_t kMostSegments = kUnlabelled - 1;

// A segment of one image on its way.
struct PaintedSegment {
  const Annotation* annotation = nullptr;  // the first of those that it is made of; none: the background
  int label = 0;
  bool is_crowd = false;
  std::int64_t painted = 0;  // pixels, before others came to lie above
  std::int64_t area = 0;
  int left = 0, top = 0, right = -1, bottom = -1;
  Box box() const { return {double(left), double(top), double(right - left + 1), double(bottom - top + 1)}; }
};

// What writing an item did besides.
struct Notes {
  std::int64_t uncovered = 0;  // pixels that nothing covers and that became void
  std::size_t merged = 0;      // annotations of stuff that joined another's segment
  std::size_t ids = 0;         // that could not stay
  std::size_t flags = 0;       // crowd flags that are not known
};

// The labels as they are written. The format wants to know of each whether it is a thing, and its colour.
struct PanopticLabels {
  Metadata metadata;
  Json kind_unknown = Json::array(), colour_made = Json::array();  // names: what readers of ours take back
};

PanopticLabels labels_for(const Metadata& metadata, const std::vector<std::string>& stuff,
                          Findings& findings) {
  std::vector<std::string> names;
  for (const Label& label : metadata.labels) names.push_back(label.name);
  for (const std::string& name : stuff)
    if (!metadata.labels.find(name)) {
      Error error(Code::usage, fmt::format("there is no label {} that could be stuff", in_quotes(name)));
      error.at_field("stuff");
      if (const auto near = nearest_name(name, names)) error.hint(fmt::format("did you mean {}?", *near));
      throw error;
    }
  PanopticLabels result{metadata};
  std::vector<Label> labels(metadata.labels.begin(), metadata.labels.end());
  std::vector<std::string> guessed;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    Label& label = labels[i];
    if (label.role == Role::ignore) continue;
    if (!label.colour) {
      label.colour = metadata.labels.colour(static_cast<int>(i));
      result.colour_made.push_back(label.name);
    }
    if (std::find(stuff.begin(), stuff.end(), label.name) != stuff.end()) {
      label.kind = LabelKind::stuff;
    } else if (label.kind == LabelKind::unknown) {
      result.kind_unknown.push_back(label.name);
      if (label.role != Role::background) guessed.push_back(label.name);
      label.kind = label.role == Role::background ? LabelKind::stuff : LabelKind::thing;
    }
  }
  if (!guessed.empty())
    findings.add(
        {"kind-guessed",
         Severity::note,
         {{}, {}, "isthing"},
         fmt::format("of {} nothing says whether they are things or stuff, such as {}: they are written "
                     "as things",
                     counted(guessed.size(), "label"), in_quotes(guessed.front())),
         "say which are stuff: --write stuff=NAMES"});
  result.metadata.labels = LabelMap(std::move(labels));
  return result;
}

CocoHeader header_for(const PanopticLabels& labels) {
  CocoHeader header = coco_header(labels.metadata, Role::ignore);
  const std::string ours(coco_key::kOurs);
  if (!labels.kind_unknown.empty())
    header.info[ours][std::string(coco_key::kKindUnknown)] = labels.kind_unknown;
  if (!labels.colour_made.empty()) header.info[ours][std::string(coco_key::kColourMade)] = labels.colour_made;
  return header;
}

/// Paints an item's annotations and says what the segments are.
class Canvas {
 public:
  Canvas(const Item& item, const LabelMap& labels, bool merge_stuff, Notes& notes,
         std::vector<Finding>& findings)
      : labels_(labels),
        merge_stuff_(merge_stuff),
        notes_(notes),
        canvas_(item.size->height, item.size->width, CV_16UC1, cv::Scalar(kUnlabelled)) {
    std::vector<const Annotation*> order;
    for (const Annotation& annotation : item.annotations) order.push_back(&annotation);
    const auto rank = [](const Annotation* annotation) {
      return std::pair(annotation->flags.crowd != true, annotation->z_order.value_or(0));
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](const Annotation* a, const Annotation* b) { return rank(a) < rank(b); });
    for (const Annotation* annotation : order) paint_one(*annotation, item, findings);
    cover_rest();
    measure();
    report(item, findings);
  }

  const std::vector<PaintedSegment>& segments() const { return segments_; }

  /// CV_8UC3; `ids` by the segments' numbers from 1.
  cv::Mat coloured(std::span<const std::uint32_t> ids) const {
    std::vector<cv::Vec3b> colours(ids.size() + 1, cv::Vec3b(0, 0, 0));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Rgb colour = colour_of_segment(ids[i]);
      colours[i + 1] = {colour.r, colour.g, colour.b};
    }
    cv::Mat image(canvas_.size(), CV_8UC3);
    for (int y = 0; y < canvas_.rows; ++y) {
      const auto* from = canvas_.ptr<std::uint16_t>(y);
      auto* to = image.ptr<cv::Vec3b>(y);
      for (int x = 0; x < canvas_.cols; ++x) to[x] = colours[from[x]];
    }
    return image;
  }

 private:
  void paint_one(const Annotation& annotation, const Item& item, std::vector<Finding>& findings) {
    if (!has_area(annotation.shape))
      throw Error(Code::bug, fmt::format("a {} reached the panoptic writer", shape_name(annotation.shape)));
    Rle pixels;
    try {
      pixels = pixels_of(annotation, *item.size);
    } catch (const Error& error) {  // this annotation is left out, not its neighbours
      if (error.code() == Code::bug) throw;
      Finding finding = to_finding(error, "annotation-left-out");
      if (finding.place.empty()) finding.place = annotation.origin;
      findings.push_back(std::move(finding));
      return;
    }
    if (!annotation.label || labels_.is_ignored(*annotation.label)) return paint(canvas_, pixels, kVoid);
    const std::int64_t pixel_count = area(pixels);
    if (pixel_count == 0) {
      findings.push_back(
          {"empty-object",
           Severity::warning,
           annotation.origin,
           fmt::format("the {} is empty; the object is left out", shape_name(annotation.shape)),
           {}});
      return;
    }
    const int number = number_of(annotation);
    segments_[static_cast<std::size_t>(number) - 1].painted += pixel_count;
    paint(canvas_, pixels, number);
  }

  // All of a stuff label is one segment, unless the data set tells its parts apart: some programs call all
  // things stuff.
  int number_of(const Annotation& annotation) {
    const bool is_crowd = annotation.flags.crowd == true;
    const bool is_stuff =
        labels_[*annotation.label].kind == LabelKind::stuff && !is_crowd && (merge_stuff_ || !annotation.id);
    if (is_stuff) {
      const auto known = stuff_.find(*annotation.label);
      if (known != stuff_.end()) {
        ++notes_.merged;
        return known->second;
      }
    }
    const int number = add({&annotation, *annotation.label, is_crowd});
    notes_.flags += !annotation.flags.crowd.has_value();
    if (is_stuff) stuff_.emplace(*annotation.label, number);
    return number;
  }

  int add(PaintedSegment segment) {
    if (segments_.size() == kMostSegments)
      throw Error(Code::bad_value, fmt::format("more than {} segments in an image", kMostSegments));
    segments_.push_back(segment);
    return static_cast<int>(segments_.size());
  }

  // What nothing covers is the background, where a label means that.
  void cover_rest() {
    const cv::Mat uncovered = canvas_ == kUnlabelled;
    const int pixels = cv::countNonZero(uncovered);
    if (pixels == 0) return;
    int number = kVoid;
    if (const auto background = labels_.background()) {
      const auto known = stuff_.find(*background);
      number = known != stuff_.end() ? known->second : add({nullptr, *background});
      segments_[static_cast<std::size_t>(number) - 1].painted += pixels;
    } else {
      notes_.uncovered += pixels;
    }
    canvas_.setTo(cv::Scalar(number), uncovered);
  }

  void measure() {
    for (int y = 0; y < canvas_.rows; ++y) {
      const auto* row = canvas_.ptr<std::uint16_t>(y);
      for (int begin = 0, end = 0; begin < canvas_.cols; begin = end) {
        while (end < canvas_.cols && row[end] == row[begin]) ++end;
        if (row[begin] == kVoid) continue;
        PaintedSegment& segment = segments_[row[begin] - std::size_t{1}];
        if (segment.area == 0) segment.left = begin, segment.top = y;
        segment.area += end - begin;
        segment.left = std::min(segment.left, begin);
        segment.right = std::max(segment.right, end - 1);
        segment.bottom = y;
      }
    }
  }

  void report(const Item& item, std::vector<Finding>& findings) const {
    std::int64_t lost = 0;
    for (const PaintedSegment& segment : segments_) {
      lost += segment.painted - segment.area;
      if (segment.area == 0)
        findings.push_back({"empty-object",
                            Severity::warning,
                            segment.annotation->origin,
                            "nothing is left of the object below others; it is left out",
                            {}});
    }
    if (lost > 0)
      findings.push_back({"objects-overlap",
                          Severity::note,
                          item.origin,
                          fmt::format("objects overlap in {}, which go to the last of them",
                                      counted(static_cast<std::size_t>(lost), "pixel")),
                          {}});
  }

  const LabelMap& labels_;
  const bool merge_stuff_;
  Notes& notes_;
  cv::Mat canvas_;  // CV_16UC1
  std::vector<PaintedSegment> segments_;
  std::map<int, int> stuff_;  // the number of each stuff label's segment
};

class PanopticSink : public Sink {
 public:
  explicit PanopticSink(const CreateRequest& request)
      : settings_(parsed_settings<PanopticWriteSettings>(request.settings)),
        media_(request.media),
        labels_(labels_for(request.metadata, settings_.stuff, findings_)),
        header_(header_for(labels_)),
        ids_(labels_.metadata.labels),
        output_(folder_of(request), "json") {
    for (const std::string& subset : request.metadata.subsets) part_of(subset);
    if (request.metadata.subsets.empty()) part_of("");
  }

  std::function<void()> encode(Item item) override {
    if (item.semantic || item.instances)
      throw Error(Code::bug, "an item with a mask file reached the panoptic writer").at_field(item.id);
    auto text = std::make_shared<CocoItemText>();
    auto notes = std::make_shared<Notes>();
    text->id = item.source_id;
    text->subset = item.subset;
    require_coco_subset(item.subset);
    item.file_name = coco_name_for(item);
    if (item.annotated)
      text->annotations.push_back({{}, {}, annotation_text(item, *notes, text->findings), true});
    const std::string name = place_image(item, media_, output_.staging(), "images");
    text->image = coco_image_text(item, name, {});
    return [this, text, notes, place = item.origin] {
      part_of(text->subset).append(*text);
      findings_.add(std::move(text->findings));
      add(*notes, place);
    };
  }

  void attach(const std::string& name, std::string_view bytes) override { output_.attach(name, bytes); }

  void close(const Provenance& provenance) override {
    for (auto& [subset, part] : parts_)
      output_.write(name_of(subset) + ".json", [&part = part, this](ByteWriter& file) {
        part.write(file, header_, labels_.metadata.subsets, findings_);
      });
    report();
    output_.commit(provenance);
  }

  const Findings& findings() const override { return findings_; }

 private:
  static const CreateRequest& folder_of(const CreateRequest& request) {
    if (lower_extension(request.target) == "json")
      throw Error(Code::usage, "a panoptic data set is a folder: its masks are files of their own")
          .at_file(request.target)
          .hint("name a folder");
    return request;
  }

  static std::string name_of(const std::string& subset) {
    return subset.empty() ? "annotations/panoptic" : "annotations/panoptic_" + subset;
  }

  // Writes the PNG too.
  std::string annotation_text(const Item& item, Notes& notes, std::vector<Finding>& findings) {
    if (!item.size)
      throw Error(Code::bad_value, "the image's size is not known, so that there can be no mask of it")
          .at_field(item.id)
          .hint("add the image, or the width and height");
    const LabelMap& labels = labels_.metadata.labels;
    const Canvas canvas(item, labels, settings_.merge_stuff, notes, findings);
    std::vector<SegmentIds::Wanted> wanted;
    for (const PaintedSegment& segment : canvas.segments())
      wanted.push_back({segment.label, segment.annotation ? segment.annotation->id.value_or(0) : 0});
    const std::vector<std::uint32_t> ids = ids_.give(wanted);

    Item png;
    png.id = item.id;
    png.file_name = "x.png";
    const std::string file_name = coco_name_for(png);
    output_.attach(name_of(item.subset) + "/" + file_name, encode_png(canvas.coloured(ids)));

    std::string text = ",\"file_name\":" + to_line(Json(file_name)) + ",\"segments_info\":[";
    bool is_first = true;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const PaintedSegment& segment = canvas.segments()[i];
      if (segment.area == 0) continue;
      static const Annotation nothing_more;
      const Annotation& annotation = segment.annotation ? *segment.annotation : nothing_more;
      notes.ids += annotation.id && *annotation.id != ids[i];
      const auto category = header_.label_ids[static_cast<std::size_t>(segment.label)];
      if (!is_first) text += ',';
      is_first = false;
      text +=
          coco_segment_text(annotation, {ids[i], *category, segment.is_crowd, segment.area, segment.box()});
    }
    return text + "]}";
  }

  // Once a data set, for what may be so in every image.
  void add(const Notes& notes, const Place& place) {
    const auto count = [&](Total& total, std::int64_t number) {
      if (number == 0) return;
      if (total.items++ == 0) total.first = place;
      total.number += number;
    };
    count(uncovered_, notes.uncovered);
    count(merged_, static_cast<std::int64_t>(notes.merged));
    count(renumbered_, static_cast<std::int64_t>(notes.ids));
    count(flags_, static_cast<std::int64_t>(notes.flags));
  }

  void report() {
    const auto say = [&](const char* rule, const Total& total, const char* noun, const char* what) {
      if (total.items == 0) return;
      findings_.add({rule,
                     Severity::note,
                     total.first,
                     fmt::format("{} of {} {}", counted(static_cast<std::size_t>(total.number), noun),
                                 counted(total.items, "image"), what),
                     {}});
    };
    say("unlabelled-pixels", uncovered_, "pixel", "that nothing covers became void");
    say("stuff-merged", merged_, "annotation",
        "of stuff joined others of their label: all of it is one segment");
    say("ids-renumbered", renumbered_, "segment", "got a new id: theirs is no colour, or another's");
    say("unknown-flag-lost", flags_, "segment", "are no crowd now: the format always says whether one is");
  }

  CocoPart& part_of(const std::string& subset) {
    const auto known = parts_.find(subset);
    if (known != parts_.end()) return known->second;
    require_coco_subset(subset);
    return parts_.try_emplace(subset, output_.part_file()).first->second;
  }

  struct Total {
    std::size_t items = 0;
    std::int64_t number = 0;
    Place first;
  };

  Findings findings_;
  PanopticWriteSettings settings_;
  Media media_;
  PanopticLabels labels_;
  CocoHeader header_;
  SegmentIds ids_;
  AnnotationOutput output_;
  std::map<std::string, CocoPart> parts_;  // by subset
  Total uncovered_, merged_, renumbered_, flags_;
};

}  // namespace

std::unique_ptr<Sink> create_coco_panoptic(const CreateRequest& request) {
  return std::make_unique<PanopticSink>(request);
}

}  // namespace maskmill
