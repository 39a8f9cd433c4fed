// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>

#include "base/text.h"
#include "formats/annotation_output.h"
#include "formats/coco/coco_metadata.h"
#include "formats/coco/coco_part.h"
#include "formats/coco/coco_text.h"
#include "formats/coco_results/coco_results_halves.h"

namespace maskmill {
namespace {

constexpr char kSeparator = '\t';  // which JSON on one line does not have

// An item's detections on their way: bbox and the rest of each, apart.
struct Detections {
  std::optional<std::int64_t> image;
  std::vector<std::string> lines;
  bool states_box = false, has_other_box = false;
  std::size_t without_score = 0;
  Place first_without_score;
  std::vector<Finding> findings;
};

// Takes the score from where a reader puts one outside 0 to 1.
void take_score(Annotation& annotation) {
  const AttributeValue* value = annotation.score ? nullptr : find_attribute(annotation.attributes, "score");
  if (!value) return;
  if (const auto* number = std::get_if<double>(value))
    annotation.score = *number;
  else if (const auto* integer = std::get_if<std::int64_t>(value))
    annotation.score = static_cast<double>(*integer);
  if (annotation.score)
    std::erase_if(annotation.attributes, [](const auto& one) { return one.first == "score"; });
}

class ResultsSink : public Sink {
 public:
  explicit ResultsSink(const CreateRequest& request)
      : settings_(parsed_settings<ResultsWriteSettings>(request.settings)),
        labels_(request.metadata.labels),
        header_(coco_header(request.metadata)),
        output_(without_media(request), "json"),
        lines_(output_.part_file()) {}

  std::function<void()> encode(Item item) override {
    if (item.semantic || item.instances)
      throw Error(Code::bug, "an item with a mask file reached the writer of results").at_field(item.id);
    auto found = std::make_shared<Detections>();
    found->image = item.source_id;
    for (Annotation& annotation : item.annotations) {
      if (annotation.label && labels_[*annotation.label].role != Role::object) continue;
      take_score(annotation);
      if (!annotation.score) annotation.score = settings_.score;
      if (!annotation.score) {
        if (found->without_score++ == 0) found->first_without_score = annotation.origin;
        continue;
      }
      try {
        add(annotation, item.size, *found);
      } catch (const Error& error) {  // this annotation is left out, not its neighbours
        if (error.code() == Code::bug) throw;
        Finding finding = to_finding(error, "annotation-left-out");
        if (finding.place.empty()) finding.place = annotation.origin;
        found->findings.push_back(std::move(finding));
      }
    }
    return [this, found, place = item.origin] { append(*found, place); };
  }

  void attach(const std::string& name, std::string_view bytes) override { output_.attach(name, bytes); }

  void close(const Provenance& provenance) override {
    report();
    const std::deque<std::int64_t> image_ids = resolved_ids(std::move(image_ids_), "images", findings_);
    output_.write("results.json", [&](ByteWriter& file) {
      CocoListWriter out(file);
      out.begin({});
      std::size_t image = 0, left = 0;
      lines_.for_each([&](std::string_view line) {
        while (left == 0) left = counts_[image++];
        --left;
        const std::size_t end_of_box = line.find(kSeparator);
        out.element(fmt::format("{{\"image_id\":{}{}{}", image_ids[image - 1],
                                states_box_ ? line.substr(0, end_of_box) : "", line.substr(end_of_box + 1)));
      });
      out.add("\n]\n");
      out.flush();
    });
    output_.commit(provenance);
  }

  const Findings& findings() const override { return findings_; }

 private:
  static CreateRequest without_media(CreateRequest request) {
    request.media = Media::none;
    return request;
  }

  void add(const Annotation& annotation, std::optional<Size> size, Detections& found) const {
    CocoResultText text = coco_result_text(annotation, size, header_.label_ids, RleText::compressed,
                                           settings_.boxes == ResultBoxes::stated);
    found.states_box |= text.states_box;
    found.has_other_box |= !text.box.empty() && !text.states_box;
    found.lines.push_back(std::move(text.box) + kSeparator + text.text);
  }

  void append(Detections& found, const Place& place) {
    findings_.add(std::move(found.findings));
    if (without_score_ == 0) first_without_score_ = found.first_without_score;
    without_score_ += found.without_score;
    if (found.lines.empty()) return;  // a list of detections does not name such an image
    if (!found.image && without_id_++ == 0) first_without_id_ = place;
    image_ids_.add(found.image);
    counts_.push_back(static_cast<std::uint32_t>(found.lines.size()));
    for (const std::string& line : found.lines) lines_.append(line);
    written_ += found.lines.size();
    states_box_ |= found.states_box;
    has_other_box_ |= found.has_other_box;
  }

  void report() {
    const std::string how = "give them one with --write score=1";
    if (without_score_ > 0 && written_ == 0)
      throw Error(Code::bad_value, "none of the annotations has a score, which results need")
          .at(first_without_score_)
          .hint(how);
    if (without_score_ > 0)
      findings_.add({"annotation-left-out", Severity::error, first_without_score_,
                     fmt::format("{} without a score, which results need: left out",
                                 counted(without_score_, "annotation")),
                     how});
    if (without_id_ > 0)
      findings_.add(
          {"ids-made", Severity::warning, first_without_id_,
           fmt::format("{} without an id of COCO's got one: the results fit no ground truth but one that "
                       "numbers its images alike",
                       counted(without_id_, "image")),
           "read the images from their COCO file, which numbers them"});
    if (states_box_ && has_other_box_)
      findings_.add(
          {"boxes-added",
           Severity::note,
           {},
           "some detections state a box, so that all got one: pycocotools takes the boxes' areas for those "
           "of the objects",
           "--write boxes=none leaves them away where there are masks"});
  }

  ResultsWriteSettings settings_;
  LabelMap labels_;
  CocoHeader header_;
  Findings findings_;
  AnnotationOutput output_;
  LineStore lines_;
  IdList image_ids_;
  std::deque<std::uint32_t> counts_;  // of detections, by image
  std::size_t written_ = 0, without_score_ = 0, without_id_ = 0;
  Place first_without_score_, first_without_id_;
  bool states_box_ = false, has_other_box_ = false;
};

}  // namespace

std::unique_ptr<Sink> create_coco_results(const CreateRequest& request) {
  return std::make_unique<ResultsSink>(request);
}

}  // namespace maskmill
