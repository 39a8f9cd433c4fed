// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_sink.h"

#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <deque>
#include <map>
#include <memory>

#include "base/text.h"
#include "formats/annotation_output.h"
#include "formats/coco/coco_keys.h"
#include "formats/coco/coco_metadata.h"
#include "formats/id_list.h"
#include "formats/media.h"

namespace maskmill {
namespace {

struct AnnotationText {
  std::optional<std::int64_t> id;
  Flag crowd;
  std::string text;
};

struct ItemText {
  std::string subset;
  std::optional<std::int64_t> id;
  std::string image;
  std::vector<AnnotationText> annotations;
  std::vector<Finding> findings;
};

// Text into a file, an element a line.
class ListWriter {
 public:
  explicit ListWriter(ByteWriter& file) : file_(file) {}

  void begin(std::string_view key) {
    add(fmt::format(",\n\"{}\":[", key));
    is_first_ = true;
  }
  void element(std::string_view text) {
    add(is_first_ ? "\n" : ",\n");
    add(text);
    is_first_ = false;
  }
  void end() { add("\n]"); }

  void add(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= kBuffer) flush();
  }
  /// To be called at the end.
  void flush() {
    file_.write(buffer_);
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kBuffer = std::size_t{1} << 18;
  ByteWriter& file_;
  std::string buffer_;
  bool is_first_ = true;
};

// One annotation file on its way. Ids are given out at the end, when all that are taken are known; so is what
// an unknown iscrowd becomes.
class Part {
 public:
  explicit Part(PartFile& file) : images_(file), annotations_(file) {}

  void append(const ItemText& item) {
    images_.append(item.image);
    image_ids_.add(item.id);
    annotation_counts_.push_back(static_cast<std::uint32_t>(item.annotations.size()));
    for (const AnnotationText& annotation : item.annotations) {
      annotations_.append((!annotation.crowd ? "?" : *annotation.crowd ? "1" : "0") + annotation.text);
      annotation_ids_.add(annotation.id);
      crowd_is_unknown_ |= !annotation.crowd;
      crowd_is_denied_ |= annotation.crowd == false;
    }
  }

  void write(ByteWriter& file, const CocoHeader& header, const std::vector<std::string>& subsets,
             Findings& findings) {
    // COCO's own evaluation needs iscrowd. Where no annotation says 0, a 0 can stand for unknown, and `info`
    // says so; where some do, the unknown ones go without.
    const bool zero_is_unknown = crowd_is_unknown_ && !crowd_is_denied_;
    Json info = header.info;
    if (!subsets.empty()) info[std::string(coco_key::kOurs)]["subsets"] = subsets;
    if (zero_is_unknown) info[std::string(coco_key::kOurs)]["iscrowd_0"] = "unknown";
    ListWriter out(file);
    out.add("{\"info\":" + to_line(info));
    for (const auto& [key, list] :
         {std::pair("licenses", &header.licences), {"categories", &header.categories}}) {
      out.begin(key);
      for (const Json& element : *list) out.element(to_line(element));
      out.end();
    }
    for (const auto& [key, value] : header.others.items())
      out.add(",\n" + to_line(Json(key)) + ":" + to_line(value));

    const std::deque<std::int64_t> image_ids = resolved(std::move(image_ids_), "images", findings);
    out.begin("images");
    std::size_t image = 0;
    images_.for_each(
        [&](std::string_view line) { out.element(fmt::format("{{\"id\":{}{}", image_ids[image++], line)); });
    out.end();

    const std::deque<std::int64_t> ids = resolved(std::move(annotation_ids_), "annotations", findings);
    out.begin("annotations");
    std::size_t annotation = 0, left = 0;
    image = 0;
    annotations_.for_each([&](std::string_view line) {
      while (left == 0) left = annotation_counts_[image++];
      --left;
      const char crowd = line.front() == '?' && zero_is_unknown ? '0' : line.front();
      out.element(fmt::format("{{\"id\":{},\"image_id\":{}{}{}", ids[annotation++], image_ids[image - 1],
                              crowd == '?' ? "" : fmt::format(",\"iscrowd\":{}", crowd), line.substr(1)));
    });
    out.end();
    out.add("}\n");
    out.flush();
  }

 private:
  static std::deque<std::int64_t> resolved(IdList&& list, std::string_view what, Findings& findings) {
    IdList::Resolved result = std::move(list).resolve();
    if (result.renumbered > 0)
      findings.add(
          {"ids-renumbered",
           Severity::note,
           {{}, {}, std::string(what)},
           fmt::format("{} had the id of another and got new ones", counted(result.renumbered, "element")),
           {}});
    return std::move(result.ids);
  }

  LineStore images_, annotations_;
  IdList image_ids_, annotation_ids_;
  std::deque<std::uint32_t> annotation_counts_;  // by image
  bool crowd_is_unknown_ = false, crowd_is_denied_ = false;
};

// A name that is unique because the item's id is, and that a JSON file can hold: UTF-8, inside the folder.
std::string name_for(const Item& item) {
  const Path& named = item.file_name.empty() ? item.image : Path(item.file_name);
  const std::string whole = item.id + named.extension().string();
  const bool is_text = is_utf8(whole);
  std::string name;
  for (const std::string& part : split_text(whole, '/')) {
    if (!name.empty()) name += '/';
    if (part.empty() || part == "." || part == "..") {
      name += '_';
      continue;
    }
    for (const char character : part) {
      if (is_text || static_cast<unsigned char>(character) < 0x80)
        name += character;
      else
        name += fmt::format("%{:02X}", static_cast<unsigned char>(character));
    }
  }
  std::erase(name, '\0');
  return name;
}

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
    auto text = std::make_shared<ItemText>();
    text->id = item.source_id;
    item.file_name = name_for(item);
    const std::string name = place_image(item, media_, output_.staging(), "images");
    if (output_.is_folder()) text->subset = item.subset;
    text->image = coco_image_text(item, name, output_.is_folder() ? std::string() : item.subset);
    for (const Annotation& annotation : item.annotations) try {
        text->annotations.push_back(
            {annotation.id, annotation.flags.crowd,
             coco_annotation_text(annotation, item.size, header_.label_ids, settings_.rle)});
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

  Part& part_of(const std::string& subset) {
    const auto known = parts_.find(subset);
    if (known != parts_.end()) return known->second;
    if (!subset.empty() && (!is_safe_relative(subset) || subset.find('/') != std::string::npos))
      throw Error(Code::bad_value,
                  fmt::format("the subset {} cannot be part of a file's name", in_quotes(subset)));
    return parts_.try_emplace(subset, output_.part_file()).first->second;
  }

  Media media_;
  CocoWriteSettings settings_;
  Metadata metadata_;
  CocoHeader header_;
  Findings findings_;
  AnnotationOutput output_;
  std::map<std::string, Part> parts_;  // by subset
};

}  // namespace

std::unique_ptr<Sink> create_coco(const CreateRequest& request) {
  return std::make_unique<CocoSink>(request);
}

}  // namespace maskmill
