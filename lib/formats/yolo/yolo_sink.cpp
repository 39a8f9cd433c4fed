// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "dataset/rle.h"
#include "dataset/shape_geometry.h"
#include "formats/item_files.h"
#include "formats/media.h"
#include "formats/yolo/data_yaml.h"
#include "formats/yolo/joined_rings.h"
#include "formats/yolo/yolo_layout.h"
#include "formats/yolo/yolo_rows.h"

namespace maskmill {
namespace {

/// What Ultralytics lets pass.
constexpr double kTolerance = 0.01;

/// How well rows hold areas that are not one ring; in the items' order.
struct AreaLoss {
  std::size_t count = 0;
  double iou_sum = 0, least = 2;
  Place worst;

  void add(double iou, const Place& place) {
    ++count;
    iou_sum += iou;
    if (iou < least) least = iou, worst = place;
  }
  void add(const AreaLoss& other) {
    count += other.count;
    iou_sum += other.iou_sum;
    if (other.count > 0 && other.least < least) least = other.least, worst = other.worst;
  }
};

struct Counted {
  std::size_t count = 0;
  Place first;

  void add(const Place& place) {
    if (count++ == 0) first = place;
  }
  void add(const Counted& other) {
    if (count == 0) first = other.first;
    count += other.count;
  }
};

/// What became of an item's annotations.
struct Losses {
  AreaLoss joined, split, filled, slit;
  Counted boxes, polygons, poses, outside, void_areas, pose_areas, shapeless, unlabelled;

  void add(const Losses& other) {
    joined.add(other.joined), split.add(other.split), filled.add(other.filled), slit.add(other.slit);
    boxes.add(other.boxes), polygons.add(other.polygons), poses.add(other.poses);
    outside.add(other.outside), void_areas.add(other.void_areas), pose_areas.add(other.pose_areas);
    shapeless.add(other.shapeless), unlabelled.add(other.unlabelled);
  }
};

Ring corners_of(const Box& box) {
  const double right = box.x + box.width, bottom = box.y + box.height;
  return {{box.x, box.y}, {right, box.y}, {right, bottom}, {box.x, bottom}};
}

/// Around the keypoints that are labelled.
std::optional<Box> box_around(const std::vector<Keypoint>& keypoints) {
  Points labelled;
  for (const Keypoint& keypoint : keypoints)
    if (keypoint.visibility != 0) labelled.points.push_back(keypoint.at);
  return bounding_box(Shape(std::move(labelled)));
}

/// The rows of one item.
class RowMaker {
 public:
  RowMaker(const YoloWriteSettings& settings, const std::vector<int>& numbers, int keypoints, Size size,
           std::vector<Finding>& findings)
      : settings_(settings),
        numbers_(numbers),
        keypoints_(keypoints),
        size_(size),
        writer_{size, settings.decimals},
        findings_(findings) {}

  void add(const Annotation& annotation) {
    origin_ = annotation.origin;
    if (!annotation.label) return losses_.unlabelled.add(origin_);
    number_ = numbers_.at(static_cast<std::size_t>(*annotation.label));
    if (number_ < 0) return losses_.void_areas.add(origin_);
    if (!annotation.keypoints.empty() && settings_.task == YoloTask::automatic && fits(annotation.keypoints))
      return add_pose(annotation);
    if (const auto* box = std::get_if<Box>(&annotation.shape))
      add_box(*box);
    else if (const auto* polygon = std::get_if<Polygon>(&annotation.shape))
      add_area(*polygon);
    else if (annotation.shape.index() == 0 && !annotation.keypoints.empty())
      losses_.shapeless.add(origin_);
    else
      throw Error(Code::bug, fmt::format("YOLO holds no {}", shape_name(annotation.shape)));
  }

  std::string rows;
  const Losses& losses() const { return losses_; }

 private:
  bool fits(const std::vector<Keypoint>& keypoints) {
    if (keypoints.size() <= static_cast<std::size_t>(keypoints_)) return true;
    findings_.push_back({"keypoints-lost", Severity::warning, origin_,
                         fmt::format("{}, where the labels' skeletons have {}: left out",
                                     counted(keypoints.size(), "keypoint"), keypoints_),
                         ""});
    return false;
  }

  void add_pose(const Annotation& annotation) {
    std::optional<Box> box = bounding_box(annotation.shape);
    if (annotation.shape.index() == 0)
      box = annotation.box ? annotation.box : box_around(annotation.keypoints);
    if (!box) throw Error(Code::bad_value, "keypoints of which none is labelled, and no box around them");
    rows += writer_.pose(number_, *box, annotation.keypoints, keypoints_);
    losses_.poses.add(origin_);
    if (!std::holds_alternative<Box>(annotation.shape) && annotation.shape.index() != 0)
      losses_.pose_areas.add(origin_);
    note_outside(*box);
  }

  void add_box(const Box& stated) {
    const Box box = settings_.outside == YoloOutside::cut ? clipped(stated, whole_image()) : stated;
    if (settings_.outside == YoloOutside::cut && (box.width <= 0 || box.height <= 0))
      return leave_out_empty();
    if (settings_.task == YoloTask::segment) {
      rows += writer_.polygon(number_, corners_of(box));
      losses_.polygons.add(origin_);
    } else {
      rows += writer_.box(number_, box);
      losses_.boxes.add(origin_);
    }
    note_outside(box);
  }

  void add_area(const Polygon& stated) {
    const Polygon polygon = settings_.outside == YoloOutside::cut && leaves_image(stated, 0)
                                ? clipped(stated, whole_image())
                                : without_lines(stated);
    const std::optional<Box> around = bounding_box(Shape(polygon));
    if (!around || polygon.parts.empty()) return leave_out_empty();
    if (settings_.task == YoloTask::detect) return add_box(*around);
    std::vector<Ring> written;
    for (const std::vector<const Ring*>& rings : rows_of(polygon)) {
      Ring ring = joined_rings(rings);
      // As many numbers as a box and keypoints take would be read as these: the first point again changes no
      // area.
      if (keypoints_ > 0 && 2 * ring.size() == static_cast<std::size_t>(4 + 3 * keypoints_))
        ring.push_back(ring.front());
      written.push_back(std::move(ring));
    }
    std::string text;
    for (const Ring& ring : written) text += writer_.polygon(number_, ring);
    rows += text;  // all of an object, or nothing
    for (std::size_t i = 0; i < written.size(); ++i) losses_.polygons.add(origin_);
    if (polygon.parts.size() > 1 || has_holes(polygon)) measure(polygon, written);
    note_outside(*around);
  }

  /// A ring of one or two points encloses nothing, and a row needs three.
  static Polygon without_lines(Polygon polygon) {
    const auto is_line = [](const Ring& ring) { return ring.size() < 3; };
    std::erase_if(polygon.parts, [&](const PolygonPart& part) { return is_line(part.exterior); });
    for (PolygonPart& part : polygon.parts) std::erase_if(part.holes, is_line);
    return polygon;
  }

  std::vector<std::vector<const Ring*>> rows_of(const Polygon& polygon) const {
    std::vector<std::vector<const Ring*>> all;
    for (const PolygonPart& part : polygon.parts) {
      if (all.empty() || settings_.parts == YoloParts::rows) all.emplace_back();
      all.back().push_back(&part.exterior);
      if (settings_.holes == YoloHoles::slit)
        for (const Ring& hole : part.holes) all.back().push_back(&hole);
    }
    return all;
  }

  void measure(const Polygon& polygon, const std::vector<Ring>& written) {
    const Rle was = rasterise(polygon, size_);
    std::vector<Rle> is;
    for (const Ring& ring : written) is.push_back(rasterise(ring, size_));
    const Rle united = merged(is);
    const double same = area(was) == 0 && area(united) == 0 ? 1 : iou(united, was);
    if (has_holes(polygon))
      (settings_.holes == YoloHoles::slit ? losses_.slit : losses_.filled).add(same, origin_);
    if (polygon.parts.size() > 1)
      (settings_.parts == YoloParts::rows ? losses_.split : losses_.joined).add(same, origin_);
  }

  void leave_out_empty() {
    findings_.push_back(
        {"empty-object", Severity::warning, origin_, "an object without an area in its image: left out", ""});
  }

  Box whole_image() const {
    return {0, 0, static_cast<double>(size_.width), static_cast<double>(size_.height)};
  }

  bool leaves_image(const Box& box, double tolerance) const {
    const double x = tolerance * size_.width, y = tolerance * size_.height;
    return box.x < -x || box.y < -y || box.x + box.width > size_.width + x ||
           box.y + box.height > size_.height + y;
  }
  bool leaves_image(const Polygon& polygon, double tolerance) const {
    const auto around = bounding_box(Shape(polygon));
    return around && leaves_image(*around, tolerance);
  }
  void note_outside(const Box& box) {
    if (leaves_image(box, kTolerance)) losses_.outside.add(origin_);
  }

  const YoloWriteSettings& settings_;
  const std::vector<int>& numbers_;
  const int keypoints_;
  const Size size_;
  const RowWriter writer_;
  std::vector<Finding>& findings_;
  Losses losses_;
  Place origin_;
  int number_ = 0;
};

class YoloSink : public Sink {
 public:
  explicit YoloSink(const CreateRequest& request)
      : settings_(parsed_settings<YoloWriteSettings>(request.settings)),
        media_(request.media),
        metadata_(request.metadata),
        folder_(request.target, request.overwrite) {
    if (media_ == Media::reference)
      throw Error(Code::usage,
                  "YOLO finds label files by where the images are, which must lie in the data set")
          .hint("use --media copy or --media link");
    for (int i = 0; i < metadata_.labels.size(); ++i) {
      const Label& label = metadata_.labels[i];
      const bool is_class = label.role == Role::object;
      numbers_.push_back(is_class ? static_cast<int>(written_labels_.size()) : -1);
      if (!is_class) continue;
      written_labels_.push_back(i);
      if (label.skeleton && settings_.task == YoloTask::automatic)
        keypoints_ = std::max(keypoints_, static_cast<int>(label.skeleton->keypoints.size()));
    }
    for (const std::string& subset : metadata_.subsets) require_subset(subset);
    while (std::ranges::find(metadata_.subsets, no_subset_) != metadata_.subsets.end()) no_subset_ += "_";
    data_yaml({});  // throws for a name that cannot be written, before anything else is
  }

  std::function<void()> encode(Item item) override {
    if (item.semantic || item.instances)
      throw Error(Code::bug, "an item with a mask file reached the YOLO writer").at_field(item.id);
    require_file_names(item);
    require_subset(item.subset);
    if (!item.annotations.empty() && !item.size)
      throw Error(Code::bad_value, "the image's size is not known, and coordinates are fractions of it")
          .hint("add the image, or the width and height");
    const Path original = item.file_name.empty() ? item.image : Path(item.file_name);
    item.file_name = item.id + original.extension().string();
    const std::string images = folder_of(item.subset);

    std::vector<Finding> found;
    RowMaker maker(settings_, numbers_, keypoints_, item.size.value_or(Size{1, 1}), found);
    for (const Annotation& annotation : item.annotations) try {
        maker.add(annotation);
      } catch (const Error& error) {  // this annotation is left out, not its neighbours
        if (error.code() == Code::bug) throw;
        Finding finding = to_finding(error, "annotation-left-out");
        if (finding.place.empty()) finding.place = annotation.origin;
        found.push_back(std::move(finding));
      }
    const std::string name = place_image(item, media_, folder_.staging(), images);
    if (item.annotated) write_labels(images + "/" + item.id, maker.rows);
    return [this, subset = item.subset, losses = maker.losses(), found = std::move(found),
            is_absent = media_ == Media::none || !has_image(item), image = images + "/" + name] {
      subsets_.insert(subset);
      losses_.add(losses);
      findings_.add(found);
      if (is_absent && absent_images_++ == 0) first_absent_ = image;
    };
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    std::vector<std::pair<std::string, std::string>> folders;
    for (const std::string& subset : metadata_.subsets) {
      if (subsets_.erase(subset) > 0) folders.emplace_back(subset, folder_of(subset));
    }
    for (const std::string& subset : subsets_)  // that the metadata does not name, and none
      folders.emplace_back(subset, folder_of(subset));
    folder_.write("data.yaml", data_yaml(folders));
    report(folders);
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  static void require_subset(const std::string& subset) {
    require_file_name(subset);
    if (is_reserved_key(subset))
      throw Error(Code::bad_value,
                  fmt::format("no subset can be called {}: the key means something else in data.yaml",
                              in_quotes(subset)))
          .hint("rename the subset");
  }

  std::string folder_of(const std::string& subset) const {
    if (!subset.empty()) return "images/" + subset;
    return metadata_.subsets.empty() ? "images" : "images/" + no_subset_;
  }

  std::string data_yaml(const std::vector<std::pair<std::string, std::string>>& folders) const {
    return data_yaml_text(metadata_, written_labels_, folders, keypoints_);
  }

  /// Where Ultralytics looks for them: the last "/images/" of the image's path as "/labels/".
  void write_labels(const std::string& image_stem, std::string_view rows) const {
    constexpr std::string_view from = "/images/";
    std::string whole = "/" + image_stem + ".txt";
    whole.replace(whole.rfind(from), from.size(), "/labels/");
    folder_.write(whole.substr(1), rows);
  }

  void note(std::string rule, Severity severity, const Place& place, std::string message,
            std::string fix = {}) {
    findings_.add({std::move(rule), severity, place, std::move(message), std::move(fix)});
  }

  void report_area(std::string rule, const AreaLoss& loss, std::string_view became, std::string fix = {}) {
    if (loss.count == 0) return;
    note(std::move(rule), loss.least < 1 ? Severity::warning : Severity::note, loss.worst,
         fmt::format("{} {}; IoU with the pixels they had: {:.4f} on average, {:.4f} at worst, here",
                     counted(loss.count, "object"), became, loss.iou_sum / static_cast<double>(loss.count),
                     loss.least),
         std::move(fix));
  }

  void report(const std::vector<std::pair<std::string, std::string>>& folders) {
    report_area("parts-joined", losses_.joined, "of several parts became one ring each",
                "parts=rows makes each part an object");
    report_area("parts-split", losses_.split, "of several parts became an object for each part",
                "parts=join keeps one object");
    report_area("holes-filled", losses_.filled, "lost their holes", "--write holes=slit keeps the area");
    report_area("holes-slit", losses_.slit, "have a slit to each of their holes");
    report_kinds();
    if (losses_.outside.count > 0)
      note("outside-image", Severity::warning, losses_.outside.first,
           fmt::format("{} more than 1 % outside of the image, which Ultralytics then leaves out",
                       losses_.outside.count == 1 ? "an annotation lies"
                                                  : counted(losses_.outside.count, "annotation") + " lie"),
           "--write outside=cut");
    if (losses_.unlabelled.count > 0)
      note("annotation-left-out", Severity::warning, losses_.unlabelled.first,
           fmt::format("{} without a label: a row has a class",
                       counted(losses_.unlabelled.count, "annotation")),
           {});
    if (losses_.void_areas.count > 0)
      note("void-lost", Severity::warning, losses_.void_areas.first,
           fmt::format("{} of labels that mean void or background are left out: they would be objects",
                       counted(losses_.void_areas.count, "annotation")));
    if (losses_.pose_areas.count > 0)
      note("pose-area-lost", Severity::warning, losses_.pose_areas.first,
           fmt::format("{} with keypoints became a box and keypoints: a row does not hold the area too",
                       counted(losses_.pose_areas.count, "area")),
           "--write task=segment keeps areas and drops keypoints");
    if (losses_.shapeless.count > 0)
      note("annotation-left-out", Severity::warning, losses_.shapeless.first,
           fmt::format("{} of keypoints alone left out", counted(losses_.shapeless.count, "annotation")));
    report_subsets(folders);
    if (absent_images_ > 0)
      note("images-absent", Severity::note, {(folder_.target() / first_absent_).string(), {}, {}},
           fmt::format("{} not in the output, and this layout is read by its images",
                       absent_images_ == 1 ? "an image is" : counted(absent_images_, "image") + " are"),
           "put them there before it is read, or write with --media copy or link");
  }

  void report_kinds() {
    std::vector<std::string> words;
    if (losses_.boxes.count > 0) words.push_back(with_thousands(losses_.boxes.count) + " of boxes");
    if (losses_.polygons.count > 0) words.push_back(with_thousands(losses_.polygons.count) + " of polygons");
    if (losses_.poses.count > 0) words.push_back(with_thousands(losses_.poses.count) + " with keypoints");
    if (words.size() < 2) return;
    note("mixed-rows", Severity::warning, losses_.boxes.count > 0 ? losses_.boxes.first : losses_.poses.first,
         fmt::format(
             "rows of several kinds: {}; Ultralytics trains one task a data set: it leaves images of both "
             "boxes and polygons out, and all polygons where there are images of boxes",
             joined(words, ", ")),
         "--write task=segment or --write task=detect");
  }

  void report_subsets(const std::vector<std::pair<std::string, std::string>>& folders) {
    const auto has = [&](std::string_view subset) {
      return std::ranges::any_of(folders, [&](const auto& folder) { return folder.first == subset; });
    };
    if (has("train") && has("val")) return;
    note("subsets-missing", Severity::note, {(folder_.target() / "data.yaml").string(), {}, {}},
         "Ultralytics trains with a subset train and a subset val, which this data set does not both have",
         "maskmill split, or rename the subsets");
  }

  YoloWriteSettings settings_;
  Media media_;
  Metadata metadata_;
  OutputFolder folder_;
  Findings findings_;
  std::vector<int> numbers_;         ///< a label's class, by index; -1: none
  std::vector<int> written_labels_;  ///< a class's label
  int keypoints_ = 0;                ///< of a row
  std::string no_subset_ = "unassigned";
  std::set<std::string> subsets_;
  Losses losses_;
  std::size_t absent_images_ = 0;
  std::string first_absent_;
};

}  // namespace

std::unique_ptr<Sink> create_yolo(const CreateRequest& request) {
  return std::make_unique<YoloSink>(request);
}

}  // namespace maskmill
