// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_sink.h"

#include <map>
#include <memory>

#include "formats/annotation_output.h"
#include "formats/coco/coco_metadata.h"
#include "formats/coco/coco_part.h"
#include "formats/media.h"

namespace maskmill {
namespace {

class CocoSink : public Sink {
 public:
  explicit CocoSink(const CreateRequest& request)
      : media_(request.media),
        settings_(parsed_settings<CocoWriteSettings>(request.settings)),
        metadata_(request.metadata),
        header_(coco_header(request.metadata)),
        output_(request, "json") {
    if (output_.is_folder())
      for (const std::string& subset : metadata_.subsets) part_of(subset);
    if (!output_.is_folder() || metadata_.subsets.empty()) part_of("");
  }

  std::function<void()> encode(Item item) override {
    if (item.semantic || item.instances)
      throw Error(Code::bug, "an item with a mask file reached the COCO writer").at_field(item.id);
    auto text = std::make_shared<CocoItemText>();
    text->id = item.source_id;
    item.file_name = coco_name_for(item);
    const std::string name = place_image(item, media_, output_.staging(), "images");
    if (output_.is_folder()) text->subset = item.subset;
    text->image = coco_image_text(item, name, output_.is_folder() ? std::string() : item.subset);
    for (const Annotation& annotation : item.annotations) try {
        text->annotations.push_back(
            {annotation.id, annotation.flags.crowd,
             coco_annotation_text(annotation, item.size, header_.label_ids, settings_.rle), false});
      } catch (const Error& error) {  // this annotation is left out, not its neighbours
        if (error.code() == Code::bug) throw;
        Finding finding = to_finding(error, "annotation-left-out");
        if (finding.place.empty()) finding.place = annotation.origin;
        text->findings.push_back(std::move(finding));
      }
    return [this, text] {
      part_of(text->subset).append(*text);
      findings_.add(std::move(text->findings));
    };
  }

  void attach(const std::string& name, std::string_view bytes) override { output_.attach(name, bytes); }

  void close(const Provenance& provenance) override {
    for (auto& [subset, part] : parts_)
      output_.write(annotation_file(subset), [&part = part, this](ByteWriter& file) {
        part.write(file, header_, metadata_.subsets, findings_);
      });
    output_.commit(provenance);
  }

  const Findings& findings() const override { return findings_; }

 private:
  static std::string annotation_file(const std::string& subset) {
    return subset.empty() ? "annotations/instances.json" : "annotations/instances_" + subset + ".json";
  }

  CocoPart& part_of(const std::string& subset) {
    const auto known = parts_.find(subset);
    if (known != parts_.end()) return known->second;
    require_coco_subset(subset);
    return parts_.try_emplace(subset, output_.part_file()).first->second;
  }

  Media media_;
  CocoWriteSettings settings_;
  Metadata metadata_;
  CocoHeader header_;
  Findings findings_;
  AnnotationOutput output_;
  std::map<std::string, CocoPart> parts_;  // by subset
};

}  // namespace

std::unique_ptr<Sink> create_coco(const CreateRequest& request) {
  return std::make_unique<CocoSink>(request);
}

}  // namespace maskmill
