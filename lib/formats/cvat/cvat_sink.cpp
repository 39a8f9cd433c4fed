// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/part_file.h"
#include "base/text.h"
#include "formats/annotation_output.h"
#include "formats/cvat/cvat_image.h"
#include "formats/cvat/cvat_layout.h"
#include "formats/cvat/cvat_meta.h"
#include "formats/id_list.h"
#include "formats/media.h"

namespace maskmill {
namespace {

/// Before the line on which an image's element begins; XML's text has no such character.
constexpr char kImageMark = '\x01';

struct ItemText {
  std::optional<std::int64_t> id;
  std::string tag;          ///< all of the start tag but the id, which is given out in order
  std::string annotations;  ///< and the end tag
  FoundAttributes attributes;
  bool occluded_unknown = false, occluded_denied = false;
  std::vector<Finding> findings;
};

class CvatSink : public Sink {
 public:
  explicit CvatSink(const CreateRequest& request)
      : media_(request.media),
        metadata_(request.metadata),
        output_(request, "xml"),
        images_(output_.part_file()) {}

  std::function<void()> encode(Item item) override {
    if (item.semantic || item.instances)
      throw Error(Code::bug, "an item with a mask file reached the CVAT writer").at_field(item.id);
    auto text = std::make_shared<ItemText>();
    const Path& original = item.file_name.empty() ? item.image : Path(item.file_name);
    item.file_name = item.id + original.extension().string();
    const std::string placed = place_image(item, media_, output_.staging(), "images");
    text->id = item.source_id;
    if (media_ != Media::reference) item.file_name = placed;
    text->tag = cvat_image_tag(item, media_ == Media::reference ? placed : std::string());
    for (const Annotation& annotation : item.annotations) try {
        text->annotations += cvat_annotation_text(annotation, metadata_.labels, text->attributes);
        if (!annotation.keypoints.empty() && annotation.shape.index() != 0)
          text->findings.push_back({"keypoints-apart",
                                    Severity::note,
                                    annotation.origin,
                                    "the keypoints are written as a skeleton of their own",
                                    {}});
        const bool has_flag = annotation.shape.index() != 0;
        text->occluded_unknown |= has_flag && !annotation.flags.occluded;
        text->occluded_denied |= has_flag && annotation.flags.occluded == false;
      } catch (const Error& error) {  // this annotation is left out, not its neighbours
        if (error.code() == Code::bug) throw;
        Finding finding = to_finding(error, "annotation-left-out");
        if (finding.place.empty()) finding.place = annotation.origin;
        text->findings.push_back(std::move(finding));
      }
    return [this, text] { append(*text); };
  }

  void attach(const std::string& name, std::string_view bytes) override { output_.attach(name, bytes); }

  void close(const Provenance& provenance) override {
    output_.write("annotations.xml", [&](ByteWriter& file) { write(file); });
    output_.commit(provenance);
  }

  const Findings& findings() const override { return findings_; }

 private:
  void append(ItemText& text) {
    ids_.add(text.id);
    images_.append(kImageMark + text.tag + text.annotations + "  </image>");
    for (auto& [label, names] : text.attributes)
      for (std::string& name : names)
        if (seen_.emplace(label, name).second) attributes_[label].push_back(std::move(name));
    occluded_unknown_ |= text.occluded_unknown;
    occluded_denied_ |= text.occluded_denied;
    findings_.add(std::move(text.findings));
  }

  void write(ByteWriter& file) {
    const std::deque<std::int64_t> ids = std::move(ids_).resolve(0).ids;
    if (occluded_unknown_ && occluded_denied_)
      findings_.add({"unknown-flag-lost",
                     Severity::note,
                     {},
                     "CVAT always says whether something is occluded: what was unknown is not",
                     {}});
    file.write("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n");
    file.write(cvat_meta_text(metadata_, ids.size(), attributes_, occluded_unknown_ && !occluded_denied_));
    std::size_t image = 0;
    images_.for_each([&](std::string_view line) {
      if (line.starts_with(kImageMark)) {
        file.write(fmt::format("  <image id=\"{}\"", ids.at(image++)));
        line.remove_prefix(1);
      }
      file.write(line);
      file.write("\n");
    });
    file.write("</annotations>\n");
  }

  Media media_;
  Metadata metadata_;
  Findings findings_;
  AnnotationOutput output_;
  LineStore images_;
  IdList ids_;  // frames' numbers, given out at the end, when all that are stated are known
  FoundAttributes attributes_;
  std::set<std::pair<int, std::string>> seen_;
  bool occluded_unknown_ = false, occluded_denied_ = false;
};

}  // namespace

std::unique_ptr<Sink> create_cvat(const CreateRequest& request) {
  if (!request.settings.empty())
    throw Error(Code::usage,
                fmt::format("cvat has no settings for writing: {}", in_quotes(request.settings.front())));
  return std::make_unique<CvatSink>(request);
}

}  // namespace maskmill
