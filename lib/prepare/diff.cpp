// SPDX-License-Identifier: Apache-2.0
#include "prepare/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cmath>
#include <opencv2/core.hpp>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "base/hash.h"
#include "base/progress.h"
#include "base/text.h"
#include "dataset/item_lookup.h"
#include "dataset/masks.h"
#include "prepare/adapt.h"

namespace maskmill {
namespace {

/// What comparing two items found.
struct Found {
  std::vector<std::pair<Aspect, std::string>> differences;
  std::int64_t pixels = 0, pixels_different = 0;
};

/// Differences of one item, those that are not ignored, each with its place before it.
class Notes {
 public:
  Notes(const DiffSettings& settings, std::string place, Found& found)
      : settings_(settings), place_(std::move(place)), found_(found) {}

  bool wants(Aspect aspect) const { return !settings_.ignored.contains(aspect); }
  void add(Aspect aspect, const std::string& what) {
    if (wants(aspect)) found_.differences.emplace_back(aspect, place_.empty() ? what : place_ + ": " + what);
  }
  template <class T>
  void compare(Aspect aspect, const char* what, const T& a, const T& b) {
    if (!(a == b)) add(aspect, fmt::format("{}: {} in A, {} in B", what, text_of(a), text_of(b)));
  }

 private:
  static std::string text_of(const std::string& text) { return in_quotes(text); }
  static std::string text_of(bool value) { return value ? "true" : "false"; }
  static std::string text_of(std::int64_t value) { return std::to_string(value); }
  static std::string text_of(int value) { return std::to_string(value); }
  static std::string text_of(double value) { return fmt::format("{}", value); }
  static std::string text_of(std::size_t value) { return std::to_string(value); }
  static std::string text_of(const Size& size) { return to_string(size); }
  static std::string text_of(const Box& box) {
    return fmt::format("[{}, {}, {}, {}]", box.x, box.y, box.width, box.height);
  }
  static std::string text_of(const Rgb& colour) {
    return fmt::format("{},{},{}", colour.r, colour.g, colour.b);
  }
  template <class T>
  static std::string text_of(const std::optional<T>& value) {
    return value ? text_of(*value) : "unknown";
  }

  const DiffSettings& settings_;
  std::string place_;
  Found& found_;
};

// --- pixels

constexpr std::uint16_t kVoidClass = kUnlabelled;

/// Labels by name as numbers that both data sets share; background and void are one each.
class SharedClasses {
 public:
  SharedClasses(const LabelMap& a, const LabelMap& b) : a_(numbered(a)), b_(numbered(b)) {}

  const std::vector<std::uint16_t>& of_a() const { return a_; }
  const std::vector<std::uint16_t>& of_b() const { return b_; }
  std::string name(std::uint16_t number) const {
    return number == kVoidClass ? "void" : number == 0 ? "background" : in_quotes(names_[number - 1U]);
  }

 private:
  std::vector<std::uint16_t> numbered(const LabelMap& labels) {
    std::vector<std::uint16_t> numbers;
    for (const Label& label : labels) {
      if (label.role != Role::object) {
        numbers.push_back(label.role == Role::ignore ? kVoidClass : std::uint16_t{0});
        continue;
      }
      auto found = std::ranges::find(names_, label.name);
      if (found == names_.end()) found = names_.insert(found, label.name);
      numbers.push_back(static_cast<std::uint16_t>(found - names_.begin() + 1));
    }
    return numbers;
  }

  std::vector<std::string> names_;
  std::vector<std::uint16_t> a_, b_;
};

bool shows_pixels(const Item& item) {
  return item.semantic ||
         std::ranges::any_of(item.annotations, [](const Annotation& one) { return has_area(one.shape); });
}

void renumber(cv::Mat& labels, const std::vector<std::uint16_t>& numbers) {
  for (int y = 0; y < labels.rows; ++y) {
    auto* row = labels.ptr<std::uint16_t>(y);
    for (int x = 0; x < labels.cols; ++x) row[x] = row[x] < numbers.size() ? numbers[row[x]] : kVoidClass;
  }
}

/// What nothing covers is background on both sides, so that masks and objects can be compared.
cv::Mat classes_of(const Item& item, const LabelMap& labels, const std::vector<std::uint16_t>& numbers) {
  if (item.semantic) {
    cv::Mat classes = read_semantic(*item.semantic, item.size).labels;
    renumber(classes, numbers);
    return classes;
  }
  const LabelMap painted = with_background(labels);
  std::vector<std::uint16_t> all = numbers;
  all.resize(static_cast<std::size_t>(painted.size()), 0);
  cv::Mat classes = semantic_of(item, painted).labels;
  renumber(classes, all);
  return classes;
}

void compare_pixels(const Item& a, const Item& b, const LabelMap& labels_a, const LabelMap& labels_b,
                    const SharedClasses& shared, Notes& notes, Found& found) {
  const cv::Mat left = classes_of(a, labels_a, shared.of_a()), right = classes_of(b, labels_b, shared.of_b());
  if (left.size() != right.size()) {
    notes.add(Aspect::pixels, fmt::format("masks of {} and of {}", to_string(Size{left.cols, left.rows}),
                                          to_string(Size{right.cols, right.rows})));
    return;
  }
  std::map<std::pair<std::uint16_t, std::uint16_t>, std::int64_t> changed;
  for (int y = 0; y < left.rows; ++y) {
    const auto* first = left.ptr<std::uint16_t>(y);
    const auto* second = right.ptr<std::uint16_t>(y);
    for (int x = 0; x < left.cols; ++x)
      if (first[x] != second[x]) ++changed[{first[x], second[x]}];
  }
  found.pixels += left.total();
  std::int64_t sum = 0;
  auto most = changed.begin();
  for (auto pair = changed.begin(); pair != changed.end(); ++pair) {
    sum += pair->second;
    if (pair->second > most->second) most = pair;
  }
  if (sum == 0) return;
  found.pixels_different += sum;
  notes.add(Aspect::pixels,
            fmt::format("{} of {} differ, most ({}) {} in A and {} in B",
                        counted(static_cast<std::size_t>(sum), "pixel"), with_thousands(left.total()),
                        with_thousands(static_cast<std::size_t>(most->second)),
                        shared.name(most->first.first), shared.name(most->first.second)));
}

// --- annotations

struct Side {
  const Item& item;
  const LabelMap& labels;
  std::string label(const Annotation& one) const {
    return one.label ? labels[*one.label].name : std::string();
  }
};

bool near(const std::vector<Point>& a, const std::vector<Point>& b, double tolerance) {
  return std::ranges::equal(a, b, [&](const Point& p, const Point& q) {
    return std::abs(p.x - q.x) <= tolerance && std::abs(p.y - q.y) <= tolerance;
  });
}

bool near(const Polygon& a, const Polygon& b, double tolerance) {
  return std::ranges::equal(a.parts, b.parts, [&](const PolygonPart& p, const PolygonPart& q) {
    return near(p.exterior, q.exterior, tolerance) &&
           std::ranges::equal(p.holes, q.holes,
                              [&](const auto& h, const auto& i) { return near(h, i, tolerance); });
  });
}

bool near(const Box& a, const Box& b, double tolerance) {
  return std::abs(a.x - b.x) <= tolerance && std::abs(a.y - b.y) <= tolerance &&
         std::abs(a.x + a.width - b.x - b.width) <= tolerance &&
         std::abs(a.y + a.height - b.y - b.height) <= tolerance;
}

/// A mask in a file is the pixels it has.
Shape loaded(const Shape& shape, std::optional<Size> size) {
  const auto* mask = std::get_if<MaskRef>(&shape);
  return mask ? Shape(read_mask_shape(*mask, size)) : shape;
}

bool same_shape(const Shape& a, const Shape& b, double tolerance) {
  if (a == b) return true;
  if (tolerance <= 0 || a.index() != b.index()) return false;
  if (const auto* polygon = std::get_if<Polygon>(&a)) return near(*polygon, std::get<Polygon>(b), tolerance);
  if (const auto* box = std::get_if<Box>(&a)) return near(*box, std::get<Box>(b), tolerance);
  if (const auto* line = std::get_if<Polyline>(&a))
    return near(line->points, std::get<Polyline>(b).points, tolerance);
  if (const auto* points = std::get_if<Points>(&a))
    return near(points->points, std::get<Points>(b).points, tolerance);
  return false;
}

std::optional<Rle> pixels_of(const Shape& shape, std::optional<Size> size) {
  if (const auto* rle = std::get_if<Rle>(&shape)) return *rle;
  if (!size || (!has_area(shape) && !std::holds_alternative<Box>(shape))) return std::nullopt;
  return rasterise(shape, *size);
}

/// The annotations of one item that are not matched yet.
struct Open {
  const Annotation* annotation;
  std::size_t number;  ///< in the item, from 0
  Shape shape;
  std::optional<Rle> pixels;
  std::optional<Box> box;
};

std::vector<Open> opened(const Side& side) {
  std::vector<Open> all;
  for (const Annotation& one : side.item.annotations)
    all.push_back({&one, all.size(), loaded(one.shape, side.item.size), std::nullopt, std::nullopt});
  return all;
}

void measure(std::vector<Open>& all, std::optional<Size> size) {
  for (Open& one : all) {
    one.pixels = pixels_of(one.shape, size);
    one.box = one.pixels ? std::optional(bounding_box(*one.pixels)) : bounding_box(one.shape);
  }
}

class AnnotationMatcher {
 public:
  AnnotationMatcher(const Side& a, const Side& b, const DiffSettings& settings, Notes& notes)
      : a_(a), b_(b), settings_(settings), notes_(notes), left_(opened(a)), right_(opened(b)) {}

  void run() {
    match_equal();
    measure(left_, a_.item.size), measure(right_, b_.item.size);
    match_overlapping();
    match_in_order();
    for (const Open& one : left_)
      notes_.add(Aspect::annotation, fmt::format("{} is only in A", named(one, a_)));
    for (const Open& one : right_)
      notes_.add(Aspect::annotation, fmt::format("{} is only in B", named(one, b_)));
  }

 private:
  static std::string named(const Open& one, const Side& side) {
    const std::string label = side.label(*one.annotation);
    return fmt::format("annotation {} ({}{})", one.number + 1, shape_name(one.annotation->shape),
                       label.empty() ? "" : " of " + in_quotes(label));
  }

  /// First those that say all the same, then those of the same label and shape.
  void match_equal() {
    for (const bool wholly : {true, false})
      std::erase_if(left_, [&](const Open& one) {
        const auto same = std::ranges::find_if(right_, [&](const Open& other) {
          return a_.label(*one.annotation) == b_.label(*other.annotation) &&
                 same_shape(one.shape, other.shape, settings_.tolerance) &&
                 (!wholly || same_statements(*one.annotation, *other.annotation));
        });
        if (same == right_.end()) return false;
        compare(one, *same, false);
        right_.erase(same);
        return true;
      });
  }

  static bool same_statements(const Annotation& a, const Annotation& b) {
    return a.id == b.id && a.flags == b.flags && a.attributes == b.attributes && a.score == b.score &&
           a.group == b.group;
  }

  void match_overlapping() {
    struct Candidate {
      double iou;
      std::size_t left, right;
    };
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < left_.size(); ++i)
      for (std::size_t j = 0; j < right_.size(); ++j) {
        if (!left_[i].box || !right_[j].box) continue;
        const double boxes = iou(*left_[i].box, *right_[j].box);
        if (boxes <= 0) continue;
        const bool by_pixels =
            left_[i].pixels && right_[j].pixels && left_[i].pixels->size == right_[j].pixels->size;
        const double shared = by_pixels ? iou(*left_[i].pixels, *right_[j].pixels) : boxes;
        if (shared > 0) candidates.push_back({shared, i, j});
      }
    // Ties are broken by the order of the files, so that the report does not depend on anything else.
    std::ranges::stable_sort(candidates, std::greater<>(), &Candidate::iou);
    std::vector<bool> taken_left(left_.size()), taken_right(right_.size());
    for (const Candidate& candidate : candidates) {
      if (taken_left[candidate.left] || taken_right[candidate.right]) continue;
      taken_left[candidate.left] = taken_right[candidate.right] = true;
      compare(left_[candidate.left], right_[candidate.right], true, candidate.iou);
    }
    drop(left_, taken_left), drop(right_, taken_right);
  }

  /// What has no area: keypoints, lines, tags.
  void match_in_order() {
    std::erase_if(left_, [&](const Open& one) {
      if (one.pixels) return false;
      const auto other = std::ranges::find_if(right_, [&](const Open& candidate) {
        return !candidate.pixels && candidate.shape.index() == one.shape.index() &&
               a_.label(*one.annotation) == b_.label(*candidate.annotation);
      });
      if (other == right_.end()) return false;
      compare(one, *other, true);
      right_.erase(other);
      return true;
    });
  }

  static void drop(std::vector<Open>& all, const std::vector<bool>& taken) {
    std::size_t next = 0;
    std::erase_if(all, [&](const Open&) { return taken[next++]; });
  }

  void compare(const Open& one, const Open& other, bool shapes_differ,
               std::optional<double> shared = std::nullopt) {
    const Annotation &a = *one.annotation, &b = *other.annotation;
    const std::string name = named(one, a_);
    if (shapes_differ && !same_shape(one.shape, other.shape, settings_.tolerance))
      notes_.add(Aspect::geometry,
                 fmt::format("{} has another shape in B{}", name,
                             shared ? fmt::format(", IoU {:.4f}", *shared) : std::string()));
    if (const std::string was = a_.label(a), is = b_.label(b); was != is)
      notes_.add(Aspect::label,
                 fmt::format("{} is {} in B", name, is.empty() ? "without a label" : in_quotes(is)));
    const auto stated = [&](const char* what, const auto& first, const auto& second) {
      notes_.compare(Aspect::statement, (name + ", " + what).c_str(), first, second);
    };
    stated("crowd", a.flags.crowd, b.flags.crowd);
    stated("occluded", a.flags.occluded, b.flags.occluded);
    stated("truncated", a.flags.truncated, b.flags.truncated);
    stated("difficult", a.flags.difficult, b.flags.difficult);
    stated("score", a.score, b.score);
    stated("group", a.group, b.group);
    stated("stacking order", a.z_order, b.z_order);
    stated("stated area", a.area, b.area);
    stated("stated box", a.box, b.box);
    if (a.keypoints != b.keypoints) notes_.add(Aspect::statement, name + " has other keypoints in B");
    if (a.attributes != b.attributes) notes_.add(Aspect::attribute, name + " has other attributes in B");
    notes_.compare(Aspect::number, (name + ", id").c_str(), a.id, b.id);
  }

  const Side a_, b_;
  const DiffSettings& settings_;
  Notes& notes_;
  std::vector<Open> left_, right_;
};

// --- items and data sets

std::optional<std::string> bytes_of(const Item& item) {
  boost::system::error_code failure;
  if (!item.made_image && (item.image.empty() || !fs::is_regular_file(item.image, failure)))
    return std::nullopt;
  return image_bytes(item);
}

Found compare_items(const Item& a, const Item& b, const Metadata& of_a, const Metadata& of_b,
                    const SharedClasses& shared, const DiffSettings& settings) {
  Found found;
  Notes notes(settings, printable(a.id), found);
  if (notes.wants(Aspect::image) && (a.made_image || b.made_image || a.image != b.image)) {
    const auto bytes_a = bytes_of(a), bytes_b = bytes_of(b);
    if (bytes_a.has_value() != bytes_b.has_value())
      notes.add(Aspect::image, fmt::format("the image is only in {}", bytes_a ? "A" : "B"));
    else if (bytes_a != bytes_b)
      notes.add(Aspect::image, "the image's bytes differ");
  }
  notes.compare(Aspect::size, "size", a.size, b.size);
  notes.compare(Aspect::subset, "subset", a.subset, b.subset);
  notes.compare(Aspect::annotated, "annotated", a.annotated, b.annotated);
  notes.compare(Aspect::number, "id", a.source_id, b.source_id);
  if (a.attributes != b.attributes) notes.add(Aspect::attribute, "the item has other attributes in B");
  if (notes.wants(Aspect::pixels) && a.annotated && b.annotated && (shows_pixels(a) || shows_pixels(b))) try {
      compare_pixels(a, b, of_a.labels, of_b.labels, shared, notes, found);
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      notes.add(Aspect::pixels, "cannot be compared: " + std::string(error.message()));
    }
  // A mask of labels and objects of their own say the same in two ways: the pixels tell.
  if (a.semantic.has_value() == b.semantic.has_value() || (!a.annotations.empty() && !b.annotations.empty()))
    AnnotationMatcher({a, of_a.labels}, {b, of_b.labels}, settings, notes).run();
  return found;
}

void compare_labels(const LabelMap& a, const LabelMap& b, Notes& notes) {
  for (const Label& label : a) {
    const auto other = b.find(label.name);
    if (!other) {
      notes.add(Aspect::label_map, fmt::format("the label {} is only in A", in_quotes(label.name)));
      continue;
    }
    const Label& second = b[*other];
    const auto stated = [&](const char* what, const auto& first, const auto& is) {
      notes.compare(Aspect::label_map, fmt::format("the label {}, {}", in_quotes(label.name), what).c_str(),
                    first, is);
    };
    stated("id", label.id, second.id);
    stated("colour", label.colour, second.colour);
    stated("supercategory", label.supercategory, second.supercategory);
    stated("role", std::string(name_of(label.role)), std::string(name_of(second.role)));
    stated("kind", std::string(name_of(label.kind)), std::string(name_of(second.kind)));
    if (label.attributes != second.attributes || label.skeleton != second.skeleton)
      notes.add(Aspect::label_map, fmt::format("the label {} has another skeleton or other attributes in B",
                                               in_quotes(label.name)));
  }
  for (const Label& label : b)
    if (!a.find(label.name))
      notes.add(Aspect::label_map, fmt::format("the label {} is only in B", in_quotes(label.name)));
}

Found compare_metadata(const Metadata& a, const Metadata& b, const DiffSettings& settings) {
  Found found;
  Notes notes(settings, "", found);
  compare_labels(a.labels, b.labels, notes);
  notes.compare(Aspect::metadata, "subsets", joined(a.subsets, ", "), joined(b.subsets, ", "));
  notes.compare(Aspect::metadata, "description", a.description, b.description);
  if (a.licences != b.licences) notes.add(Aspect::metadata, "the licences differ");
  if (a.attributes != b.attributes) notes.add(Aspect::metadata, "the free values differ");
  return found;
}

void collect(DiffReport& report, Found&& found, const DiffSettings& settings) {
  report.pixels += found.pixels;
  report.pixels_different += found.pixels_different;
  for (auto& [aspect, text] : found.differences) {
    DiffReport::Differences& all = report.differences[aspect];
    if (++all.count <= settings.examples) all.examples.push_back(std::move(text));
  }
}

}  // namespace

DiffReport diff(Source& a, Source& b, const DiffSettings& settings, Findings& findings) {
  DiffReport report;
  collect(report, compare_metadata(a.metadata(), b.metadata(), settings), settings);
  const SharedClasses shared(a.metadata().labels, b.metadata().labels);
  ItemLookup lookup(b, findings);
  report.items_b = lookup.items();
  report.left_out = lookup.left_out();
  a.findings().for_each([&](const Finding& finding) { findings.add(finding); });

  struct Compared {
    bool readable = false, common = false;
    Found found;
    std::vector<Finding> findings;
  };
  Progress progress("comparing", a.size());
  map_items(
      a,
      [&](ReadItem&& read) {
        Compared out;
        const std::optional<Item> item = read(out.findings, Look::masks);
        if (!item) return out;
        out.readable = true;
        const ReadItem other = lookup.take(item->id);
        std::vector<Finding> said_before;
        const std::optional<Item> second = other ? other(said_before, Look::masks) : std::nullopt;
        out.common = second.has_value();
        if (second)
          out.found = compare_items(*item, *second, a.metadata(), b.metadata(), shared, settings);
        else
          Notes(settings, printable(item->id), out.found).add(Aspect::item, "only in A");
        return out;
      },
      [&](Compared&& compared) {
        progress.advance();
        findings.add(std::move(compared.findings));
        if (!compared.readable) {
          ++report.left_out;
          return;
        }
        ++report.items_a;
        report.common += compared.common;
        report.equal += compared.common && compared.found.differences.empty();
        collect(report, std::move(compared.found), settings);
      });
  for (ReadItem& read : lookup.rest()) {
    std::vector<Finding> said_before;
    const std::optional<Item> item = read(said_before);
    if (!item) continue;
    Found found;
    Notes(settings, printable(item->id), found).add(Aspect::item, "only in B");
    collect(report, std::move(found), settings);
  }
  return report;
}

std::string to_text(const DiffReport& report) {
  std::string text = fmt::format("A {}, B {}, {} in both, of which {} are equal\n",
                                 counted(report.items_a, "item"), counted(report.items_b, "item"),
                                 with_thousands(report.common), with_thousands(report.equal));
  if (report.pixels > 0)
    text += fmt::format("{} compared, {} differ\n", counted(static_cast<std::size_t>(report.pixels), "pixel"),
                        with_thousands(static_cast<std::size_t>(report.pixels_different)));
  if (report.left_out > 0)
    text += fmt::format("{} could not be read and {} not compared\n", counted(report.left_out, "item"),
                        report.left_out == 1 ? "is" : "are");
  for (const auto& [aspect, all] : report.differences) {
    text += fmt::format("\n{}: {}\n", name_of(aspect), counted(all.count, "difference"));
    for (const std::string& example : all.examples) text += "  " + printable(example) + "\n";
    if (all.count > all.examples.size())
      text += fmt::format("  ... and {} more\n", with_thousands(all.count - all.examples.size()));
  }
  if (report.none()) text += "no difference\n";
  return text;
}

Json to_json(const DiffReport& report) {
  Json differences = Json::object();
  for (const auto& [aspect, all] : report.differences)
    differences[std::string(name_of(aspect))] = {{"count", all.count}, {"examples", all.examples}};
  return {{"items_a", report.items_a},
          {"items_b", report.items_b},
          {"common", report.common},
          {"equal", report.equal},
          {"left_out", report.left_out},
          {"pixels", report.pixels},
          {"pixels_different", report.pixels_different},
          {"differences", std::move(differences)}};
}

}  // namespace maskmill
