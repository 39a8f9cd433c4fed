// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "dataset/column_runs.h"
#include "dataset/components.h"
#include "dataset/masks.h"
#include "dataset/run_builder.h"

namespace maskmill {
namespace {

/// What a pixel's label is to the instances.
enum class Kind : std::uint8_t { unlabelled, background, object, ignored };

class Kinds {
 public:
  explicit Kinds(const LabelMap& labels) {
    for (const Label& label : labels)
      kinds_.push_back(label.role == Role::background ? Kind::background
                       : label.role == Role::ignore   ? Kind::ignored
                                                      : Kind::object);
  }

  std::size_t count() const { return kinds_.size(); }

  Kind of(std::uint32_t label) const {
    if (label < kinds_.size()) return kinds_[label];
    if (label != kUnlabelled)
      throw Error(Code::bad_value,
                  fmt::format("a mask holds the label {}, which the label map ends before", label));
    return Kind::unlabelled;
  }

 private:
  std::vector<Kind> kinds_;
};

/// The pixels of an instance in the making.
struct Region {
  std::uint32_t label = 0;
  std::uint32_t first = ~std::uint32_t{0};  // row-major position of the first pixel, row by row
  std::int64_t area = 0;
  RunBuilder runs;
};

struct NumberedRegion {
  Region region;
  std::map<std::uint32_t, std::int64_t> votes;  // pixels by label
};

class InstanceMaker {
 public:
  InstanceMaker(const CodedMask& semantic, const LabelMap& labels, const InstanceSettings& settings,
                InstanceLoss& loss)
      : semantic_(semantic),
        size_{semantic.samples.cols, semantic.samples.rows},
        height_(static_cast<std::uint32_t>(semantic.samples.rows)),
        kinds_(labels),
        settings_(settings),
        loss_(loss) {}

  std::vector<Annotation> by_component() {
    Components components(height_);
    for_each_column([&](std::uint32_t) { components.begin_column(); },
                    [&](std::uint32_t, const ColumnRun& run, Kind kind) {
                      if (kind == Kind::object || kind == Kind::ignored)
                        components.add(run.top, run.bottom, run.value);
                    });
    std::vector<Region> regions = regions_of(std::move(components));
    add_sorted(regions);
    return std::move(made_);
  }

  std::vector<Annotation> by_label() {
    std::vector<Region> regions(kinds_.count());
    Components ignored(height_);
    for_each_column([&](std::uint32_t) { ignored.begin_column(); },
                    [&](std::uint32_t column, const ColumnRun& run, Kind kind) {
                      if (kind == Kind::object)
                        add_run(regions[run.value], run.value, column, run.top, run.bottom);
                      else if (kind == Kind::ignored)
                        ignored.add(run.top, run.bottom, run.value);
                    });
    std::erase_if(regions, [](const Region& region) { return region.area == 0; });
    std::vector<Region> voids = regions_of(std::move(ignored));
    regions.insert(regions.end(), std::make_move_iterator(voids.begin()),
                   std::make_move_iterator(voids.end()));
    add_sorted(regions);
    return std::move(made_);
  }

  std::vector<Annotation> by_number(const cv::Mat& instances) {
    std::map<std::uint32_t, NumberedRegion> objects;
    std::map<std::uint32_t, Region> crowds;
    std::int64_t object_pixels = 0;
    Components ignored(height_);
    ColumnRuns number_columns(instances);
    std::span<const ColumnRun> numbers;
    std::size_t next = 0;
    for_each_column(
        [&](std::uint32_t) {
          ignored.begin_column();
          numbers = number_columns.next();
          next = 0;
        },
        [&](std::uint32_t column, const ColumnRun& run, Kind kind) {
          if (kind == Kind::ignored) ignored.add(run.top, run.bottom, run.value);
          if (kind == Kind::object) object_pixels += run.bottom - run.top;
          for (std::uint32_t top = run.top; top < run.bottom;) {
            const std::uint32_t number = numbers[next].value;
            const std::uint32_t bottom = std::min(run.bottom, numbers[next].bottom);
            if (bottom == numbers[next].bottom) ++next;
            if (number != 0 && number != kUnlabelled && kind != Kind::ignored) {
              NumberedRegion& object = objects[number];
              add_run(object.region, 0, column, top, bottom);
              if (kind == Kind::object) object.votes[run.value] += bottom - top;
            } else if (number == kUnlabelled && kind == Kind::object) {
              add_run(crowds[run.value], run.value, column, top, bottom);
            }
            top = bottom;
          }
        });

    loss_.pixels_lost += object_pixels;
    for (auto& [number, object] : objects) {
      if (object.votes.empty() || object.region.area < settings_.min_area) {
        ++loss_.left_out;
        continue;
      }
      const auto best = std::max_element(object.votes.begin(), object.votes.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
      std::int64_t labelled = 0;
      for (const auto& [label, pixels] : object.votes) labelled += pixels;
      loss_.pixels_lost += object.region.area - best->second - labelled;
      object.region.label = best->first;
      add_object(object.region);
    }
    for (auto& [label, crowd] : crowds) {
      loss_.pixels_lost -= crowd.area;
      add_crowd(crowd);
    }
    std::vector<Region> voids = regions_of(std::move(ignored));
    add_sorted(voids);
    return std::move(made_);
  }

 private:
  template <class Begin, class Visit>
  void for_each_column(Begin&& begin, Visit&& visit) const {
    ColumnRuns columns(semantic_.samples);
    const std::vector<std::uint16_t>& label_of = semantic_.label_of;
    for (std::uint32_t column = 0; column < static_cast<std::uint32_t>(size_.width); ++column) {
      begin(column);
      for (ColumnRun run : columns.next()) {
        if (!label_of.empty()) run.value = label_of[run.value];
        visit(column, run, kinds_.of(run.value));
      }
    }
  }

  void add_run(Region& region, std::uint32_t label, std::uint32_t column, std::uint32_t top,
               std::uint32_t bottom) const {
    region.label = label;
    region.first = std::min(region.first, top * static_cast<std::uint32_t>(size_.width) + column);
    region.area += bottom - top;
    region.runs.add(column * height_ + top, column * height_ + bottom);
  }

  std::vector<Region> regions_of(Components&& components) const {
    const std::vector<Components::Piece> pieces = std::move(components).finish();
    std::vector<Region> regions;
    for (const Components::Piece& piece : pieces) {
      if (piece.component == regions.size()) regions.emplace_back();
      const std::uint32_t column = piece.begin / height_;
      add_run(regions[piece.component], piece.label, column, piece.begin - column * height_,
              piece.end - column * height_);
    }
    return regions;
  }

  void add_sorted(std::vector<Region>& regions) {
    // The keys are sorted in place of the regions, which are large. No two are equal.
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    order.reserve(regions.size());
    for (std::size_t i = 0; i < regions.size(); ++i)
      order.emplace_back(std::uint64_t{regions[i].label} << 32 | regions[i].first, i);
    std::sort(order.begin(), order.end());
    made_.reserve(made_.size() + regions.size());
    for (const auto& [key, index] : order) {
      Region& region = regions[index];
      if (kinds_.of(region.label) == Kind::ignored) {
        add_crowd(region);
      } else if (region.area < settings_.min_area) {
        ++loss_.left_out;
        loss_.pixels_lost += region.area;
      } else {
        add_object(region);
      }
    }
  }

  void add_object(Region& region) {
    Annotation annotation;
    annotation.label = static_cast<int>(region.label);
    Rle rle = std::move(region.runs).finish(size_);
    if (settings_.shape == InstanceShape::polygon) {
      Polygon polygon = polygon_from_rle(rle, settings_.tolerance);
      const double measured = polygon_iou(polygon, rle);
      loss_.iou_sum += measured;
      loss_.iou_min = std::min(loss_.iou_min, measured);
      ++loss_.measured;
      annotation.shape = std::move(polygon);
    } else {
      annotation.shape = std::move(rle);
    }
    made_.push_back(std::move(annotation));
    ++loss_.instances;
  }

  void add_crowd(Region& region) {
    Annotation annotation;
    annotation.label = static_cast<int>(region.label);
    annotation.flags.crowd = true;
    annotation.shape = std::move(region.runs).finish(size_);
    made_.push_back(std::move(annotation));
    ++loss_.instances;
  }

  const CodedMask& semantic_;
  Size size_;
  std::uint32_t height_;
  Kinds kinds_;
  const InstanceSettings& settings_;
  InstanceLoss& loss_;
  std::vector<Annotation> made_;
};

}  // namespace

void InstanceLoss::add(const InstanceLoss& other) {
  instances += other.instances;
  left_out += other.left_out;
  pixels_lost += other.pixels_lost;
  iou_sum += other.iou_sum;
  iou_min = std::min(iou_min, other.iou_min);
  measured += other.measured;
}

std::vector<Annotation> instances_from_mask(const cv::Mat& semantic, const cv::Mat& instances,
                                            const LabelMap& labels, const InstanceSettings& settings,
                                            InstanceLoss& loss) {
  if (!semantic.empty() && semantic.type() != CV_16UC1) throw Error(Code::bug, "label masks are CV_16UC1");
  return instances_from_mask(CodedMask{semantic, {}}, instances, labels, settings, loss);
}

std::vector<Annotation> instances_from_mask(const CodedMask& semantic, const cv::Mat& instances,
                                            const LabelMap& labels, const InstanceSettings& settings,
                                            InstanceLoss& loss) {
  const cv::Mat& samples = semantic.samples;
  if (!instances.empty() && instances.type() != CV_16UC1)
    throw Error(Code::bug, "instance masks are CV_16UC1");
  if (!instances.empty() && instances.size() != samples.size())
    throw Error(Code::bad_value, fmt::format("the instance mask is {} and the semantic mask {}",
                                             to_string(Size{instances.cols, instances.rows}),
                                             to_string(Size{samples.cols, samples.rows})));
  validate(Size{samples.cols, samples.rows});
  const InstancePolicy policy =
      settings.policy.value_or(instances.empty() ? InstancePolicy::component : InstancePolicy::object_mask);
  InstanceMaker maker(semantic, labels, settings, loss);
  if (policy == InstancePolicy::component) return maker.by_component();
  if (policy == InstancePolicy::label) return maker.by_label();
  if (instances.empty() && !samples.empty())
    throw Error(Code::bad_value, "there is no instance mask to take the instances from")
        .hint("take each connected region or each label: --instances component|label");
  return maker.by_number(instances);
}

}  // namespace maskmill
