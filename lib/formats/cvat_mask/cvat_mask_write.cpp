// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <opencv2/core.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "formats/cvat_mask/cvat_mask_halves.h"
#include "formats/item_files.h"
#include "formats/media.h"
#include "formats/voc/voc_labels.h"

namespace maskmill {
namespace {

constexpr int kMostNumbers = 255;  ///< of objects that CVAT and Datumaro read back

/// The lines of labelmap.txt: the background's, the others in their order, and one for pixels without a
/// label.
struct Lines {
  LabelMap labels;
  LabelMap painting;           ///< the data set's labels in its order, and a background
  std::vector<int> line;       ///< by label of `painting`
  int void_line = 0;           ///< of pixels without a label
  bool void_is_added = false;  ///< and so the last line
};

/// Black is the background's, unless that states another colour. A label that states no colour, or black,
/// gets one that no label has where its own is taken. Throws Error(bad_value) for two labels that state the
/// same, unless masks are of numbers.
std::vector<Rgb> colours_of(const LabelMap& labels, CvatMaskCoding coding, Findings& findings) {
  const int background = *labels.background();
  const auto keeps = [&](int i) {
    return labels[i].colour && (i == background || *labels[i].colour != kCvatBackground);
  };
  std::vector<Rgb> colours(static_cast<std::size_t>(labels.size()), kCvatBackground);
  std::set<Rgb> taken{kCvatBackground}, wanted;
  if (keeps(background))
    taken.insert(colours[static_cast<std::size_t>(background)] = *labels[background].colour);
  for (int i = 0; i < labels.size(); ++i) {
    wanted.insert(labels.colour(i));
    if (i == background || !keeps(i)) continue;
    const Rgb colour = colours[static_cast<std::size_t>(i)] = *labels[i].colour;
    if (!taken.insert(colour).second && coding != CvatMaskCoding::index)
      throw Error(
          Code::bad_value,
          fmt::format("another label than {} has its colour {},{},{} as well, and masks are of colours",
                      in_quotes(labels[i].name), colour.r, colour.g, colour.b))
          .hint("give each label a colour of its own, or write with coding=index");
  }
  int next = 1;
  for (int i = 0; i < labels.size(); ++i) {
    if (i == background || keeps(i)) continue;
    Rgb colour = labels.colour(i);
    if (!taken.insert(colour).second) {
      while (wanted.contains(voc_colour(next)) || !taken.insert(voc_colour(next)).second) ++next;
      colour = voc_colour(next);
    }
    colours[static_cast<std::size_t>(i)] = colour;
    if (labels[i].colour)
      findings.add({"label-recoloured",
                    Severity::warning,
                    {},
                    fmt::format("the label {} is black, which CVAT takes for background, and gets the colour "
                                "{},{},{}",
                                in_quotes(labels[i].name), colour.r, colour.g, colour.b),
                    "give it another colour"});
  }
  return colours;
}

Lines lines_of(const LabelMap& given, CvatMaskCoding coding, Findings& findings) {
  Lines out;
  out.painting = with_background(given);
  const LabelMap& all = out.painting;
  const std::vector<Rgb> colours = colours_of(all, coding, findings);
  out.line.resize(static_cast<std::size_t>(all.size()));
  std::vector<Label> labels;
  const auto add = [&](int number) {
    out.line[static_cast<std::size_t>(number)] = static_cast<int>(labels.size());
    labels.push_back(all[number]);
    labels.back().colour = colours[static_cast<std::size_t>(number)];
  };
  add(*all.background());
  std::optional<int> void_label;
  for (int i = 0; i < all.size(); ++i) {
    if (i != all.background()) add(i);
    if (!void_label && all.is_ignored(i)) void_label = i;
  }
  if (void_label) {
    out.void_line = out.line[static_cast<std::size_t>(*void_label)];
  } else {
    Label label;
    label.name = "void";
    while (all.find(label.name)) label.name += '_';
    label.role = Role::ignore;
    const auto is_taken = [&](Rgb colour) {
      return std::ranges::find(labels, std::optional(colour), &Label::colour) != labels.end();
    };
    int place = 255;  // VOC's void
    while (is_taken(voc_colour(place))) ++place;
    label.colour = voc_colour(place);
    out.void_is_added = true;
    out.void_line = static_cast<int>(labels.size());
    labels.push_back(std::move(label));
  }
  out.labels = LabelMap(std::move(labels));
  return out;
}

/// CV_8UC3 of values below the table's size.
cv::Mat coloured(const cv::Mat& values, const std::function<Rgb(int)>& colour_of) {
  cv::Mat colours(values.size(), CV_8UC3);
  int last = -1;
  cv::Vec3b colour;
  for (int y = 0; y < values.rows; ++y) {
    const auto* from = values.ptr<std::uint16_t>(y);
    auto* to = colours.ptr<cv::Vec3b>(y);
    for (int x = 0; x < values.cols; ++x) {
      if (from[x] != last) {
        const Rgb rgb = colour_of(last = from[x]);
        colour = {rgb.r, rgb.g, rgb.b};
      }
      to[x] = colour;
    }
  }
  return colours;
}

class CvatMaskSink : public Sink {
 public:
  CvatMaskSink(const CreateRequest& request, const CvatMaskWriteSettings& settings)
      : is_index_(settings.coding == CvatMaskCoding::index),
        media_(request.media),
        lines_(lines_of(request.metadata.labels, settings.coding, findings_)),
        folder_(request.target, request.overwrite) {
    if (media_ == Media::reference)
      throw Error(Code::usage, "this layout has no place for the path of an image that lies elsewhere")
          .hint("use --media copy or --media link");
    to_voc_labelmap(lines_.labels);  // throws for a name that cannot be written, before anything else is
    for (const std::string& subset : request.metadata.subsets) {
      require_file_name(subset);
      if (subset == kCvatNoSubset)
        findings_.add({"subset-lost",
                       Severity::warning,
                       {},
                       fmt::format("the subset {} is read as none: CVAT calls so what is in no subset",
                                   in_quotes(subset)),
                       "rename the subset"});
    }
  }

  std::function<void()> encode(Item item) override {
    std::vector<Finding> found;
    make_listable(item, found);
    require_file_name(item.subset);
    item.file_name = item.id + (item.image.empty() ? Path(item.file_name) : item.image).extension().string();
    const Masks masks = masks_of(item, found);
    place_image(item, media_, folder_.staging(), "JPEGImages");
    if (!masks.classes.empty()) folder_.write("SegmentationClass/" + item.id + ".png", masks.classes);
    if (!masks.objects.empty()) folder_.write("SegmentationObject/" + item.id + ".png", masks.objects);
    return [this, id = item.id, subset = item.subset, origin = item.origin, unlabelled = masks.unlabelled,
            found = std::move(found)] {
      lists_[subset.empty() ? std::string(kCvatNoSubset) : subset] += id + "\n";
      note_unlabelled(unlabelled, origin);
      findings_.add(found);
    };
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    std::vector<Label> labels(lines_.labels.begin(), lines_.labels.end());
    if (lines_.void_is_added && !any_unlabelled_) labels.pop_back();
    folder_.write("labelmap.txt", to_voc_labelmap(LabelMap(std::move(labels))));
    for (const auto& [subset, lines] : lists_)
      folder_.write("ImageSets/Segmentation/" + subset + ".txt", lines);
    make_folder(folder_, "SegmentationClass");  // by which it is known, without masks too
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  struct Masks {
    std::string classes, objects;  ///< the bytes of PNG files; empty where there is none
    int unlabelled = 0;            ///< pixels
  };

  Masks masks_of(const Item& item, std::vector<Finding>& found) const {
    PaintedMask painted;
    const bool has_objects = std::ranges::any_of(
        item.annotations, [](const Annotation& annotation) { return has_area(annotation.shape); });
    if (!item.semantic || (!item.instances && has_objects)) painted = paint(item, found);
    const cv::Mat labels = item.semantic ? semantic_of(item, lines_.painting).labels : painted.labels;
    cv::Mat numbers = item.instances ? read_instances(*item.instances)
                      : has_objects  ? painted.instances
                                     : cv::Mat();
    Masks masks;
    // As CVAT has it: it would take a mask of background alone for an object of that label.
    const bool is_named_by_image = media_ != Media::none && has_image(item);
    if (numbers.empty() && is_named_by_image &&
        cv::countNonZero(labels != *lines_.painting.background()) == 0)
      return masks;
    masks.unlabelled = cv::countNonZero(labels == kUnlabelled);
    masks.classes = encode_classes(labels);
    if (numbers.empty()) return masks;
    if (numbers.size() != labels.size())
      throw Error(Code::bad_value, "the class mask and the object mask differ in size");
    if (item.instances) numbers = numbers.clone();
    numbers.setTo(0, numbers == kUnlabelled);
    masks.objects = encode_objects(numbers, item, found);
    return masks;
  }

  PaintedMask paint(const Item& item, std::vector<Finding>& found) const {
    if (!item.size)
      throw Error(Code::bad_value, "the image's size is not known, so that its objects cannot be painted")
          .hint("add the image, or the width and height");
    PaintedMask painted = mask_from_instances(item.annotations, *item.size, lines_.painting);
    if (painted.overlapping > 0)
      found.push_back({"objects-overlap",
                       Severity::note,
                       item.origin,
                       fmt::format("objects overlap in {}, which go to the last of them",
                                   counted(static_cast<std::size_t>(painted.overlapping), "pixel")),
                       {}});
    return painted;
  }

  std::string encode_classes(const cv::Mat& labels) const {
    if (is_index_) return encode_index_png(to_stored_values(labels, lines_.line, lines_.void_line));
    return encode_png(coloured(labels, [&](int label) {
      const auto place = static_cast<std::size_t>(label);
      return *lines_.labels[place < lines_.line.size() ? lines_.line[place] : lines_.void_line].colour;
    }));
  }

  std::string encode_objects(const cv::Mat& numbers, const Item& item, std::vector<Finding>& found) const {
    double highest = 0;
    cv::minMaxLoc(numbers, nullptr, &highest);
    if (highest > kMostNumbers)
      found.push_back({"wide-object-mask", Severity::warning, item.origin,
                       fmt::format("the object mask of {} has numbers up to {}", in_quotes(item.id), highest),
                       fmt::format("CVAT reads them up to {}", kMostNumbers)});
    if (!is_index_) return encode_png(coloured(numbers, voc_colour));
    if (highest > kMostNumbers) return encode_index_png(numbers);
    cv::Mat narrow;
    numbers.convertTo(narrow, CV_8U);
    return encode_index_png(narrow);
  }

  void note_unlabelled(int pixels, const Place& origin) {
    if (pixels == 0) return;
    any_unlabelled_ = true;
    findings_.add({"unlabelled-pixels",
                   Severity::note,
                   origin,
                   counted(static_cast<std::size_t>(pixels), "pixel") + " without a label became void",
                   {}});
  }

  bool is_index_;
  Media media_;
  Findings findings_;
  Lines lines_;
  OutputFolder folder_;
  bool any_unlabelled_ = false;
  std::map<std::string, std::string> lists_;  ///< by the list's name
};

}  // namespace

std::unique_ptr<Sink> create_cvat_mask(const CreateRequest& request) {
  return std::make_unique<CvatMaskSink>(request, parsed_settings<CvatMaskWriteSettings>(request.settings));
}

}  // namespace maskmill
