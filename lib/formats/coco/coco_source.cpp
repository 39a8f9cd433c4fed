// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_source.h"

#include <algorithm>
#include <tuple>

#include "formats/coco/coco_index.h"
#include "formats/coco/coco_layout.h"
#include "formats/coco/coco_metadata.h"
#include "formats/coco/coco_records.h"
#include "image/image.h"

namespace maskmill {
namespace {

// Annotations of one image mostly lie apart; where they lie close, one call reads several.
constexpr std::uint64_t kMaxGap = 4096;
constexpr std::uint64_t kMaxRead = std::uint64_t{1} << 20;

class CocoSource : public Source {
 public:
  explicit CocoSource(const OpenRequest& request) {
    const auto settings = parsed_settings<CocoReadSettings>(request.settings);
    CocoLayout layout = find_coco_files(request.path, settings.images);
    for (const auto& [json, reason] : layout.left_out)
      findings_.add(
          {"file-left-out", Severity::note, {json.string(), {}, {}}, reason, "name the file to read it"});
    for (const auto& [folder, reason] : layout.unclear)
      findings_.add({"subset-left-out",
                     Severity::error,
                     {folder.string(), {}, {}},
                     reason,
                     "leave one COCO file in it, or none if it is no subset"});
    CocoMetadataReader metadata(findings_);
    CocoTaken taken;
    for (CocoFile& file : layout.files) {
      indexes_.push_back(std::make_unique<CocoIndex>(std::move(file), metadata, taken, findings_));
      size_ += indexes_.back()->images().size();
    }
    std::tie(metadata_, files_) = metadata.finish();
    metadata_.subsets = subsets();
  }

  const Metadata& metadata() const override { return metadata_; }
  std::size_t size() const override { return size_; }
  const Findings& findings() const override { return findings_; }

  void rewind() override { file_ = image_ = 0; }

  ReadItem next() override {
    while (file_ < indexes_.size() && image_ == indexes_[file_]->images().size()) {
      ++file_;
      image_ = 0;
    }
    if (file_ == indexes_.size()) return {};
    return [this, file = file_, image = image_++](std::vector<Finding>& findings, Look look) {
      return read(*indexes_[file], files_[file], image, look, findings);
    };
  }

 private:
  // As the files say; where they do not, as they come. A file of its own name says only its own subset.
  std::vector<std::string> subsets() const {
    std::vector<std::string> stated, found;
    const auto add = [](std::vector<std::string>& list, const std::string& subset) {
      if (!subset.empty() && std::find(list.begin(), list.end(), subset) == list.end())
        list.push_back(subset);
    };
    for (const CocoFileMetadata& file : files_)
      for (const std::string& subset : file.subsets) add(stated, subset);
    for (const auto& index : indexes_) {
      add(found, index->file().subset);
      for (const std::string& subset : index->subsets()) add(found, subset);
    }
    const bool is_whole = indexes_.size() == 1 && indexes_.front()->file().subset.empty();
    if (!is_whole)
      std::erase_if(stated, [&](const std::string& subset) {
        return std::find(found.begin(), found.end(), subset) == found.end();
      });
    for (const std::string& subset : found) add(stated, subset);
    return stated;
  }

  static std::optional<Item> read(const CocoIndex& index, const CocoFileMetadata& metadata,
                                  std::size_t number, Look look, std::vector<Finding>& findings) {
    const CocoImageEntry& entry = index.images()[number];
    RecordReader records;
    std::string buffer;
    index.json().read(entry.offset, entry.length, buffer);
    const std::string element = element_name("images", entry.number);
    const Place place = place_in(index.json(), entry.line, element, {});
    std::vector<Finding> problems;
    Item item;
    item.origin = place;
    try {
      const ImageRecord record = records.image(std::string_view(buffer).substr(0, entry.length), problems);
      fill(item, record, index, entry);
      if (look != Look::annotations) measure(item, record, problems);
    } catch (const Error& error) {  // the file is no longer what it was when it was opened
      findings.push_back(to_finding(error, "unreadable-image"));
      return std::nullopt;
    }
    add_placed(problems, index.json(), entry.line, element, findings);
    item.annotated = index.has_annotations();
    AnnotationContext context{item.size, [&](const CocoId& id) { return metadata.categories.find(id); },
                              metadata.zero_is_unknown_crowd};
    read_annotations(index, index.annotations_of(number), context, records, buffer, item, findings);
    return item;
  }

  static void fill(Item& item, const ImageRecord& record, const CocoIndex& index,
                   const CocoImageEntry& entry) {
    const CocoImageName name = coco_image_name(record, index.file(), entry.name_parts);
    item.id = name.ids.at(entry.id_form);
    const Path path(name.name);
    if (path.is_absolute()) {
      item.image = path;
      item.file_name = item.id + path.extension().string();
    } else if (!name.name.empty()) {
      item.image = image_path(index.file(), name.name);
      item.file_name = name.name;
    }
    item.size = record.size;
    item.subset = record.subset.empty() ? index.file().subset : record.subset;
    if (const auto* id = std::get_if<std::int64_t>(&record.id)) item.source_id = *id;
    item.attributes = record.attributes;
  }

  // The coordinates are in the width and height that the file states. Where it states none, they can only be
  // in the picture's own, and without those nothing can be painted.
  static void measure(Item& item, const ImageRecord& record, std::vector<Finding>& problems) {
    if (item.size) return;
    std::string problem = record.size_problem;
    if (!item.image.empty()) try {
        item.size = probe_image(item.image).size();
        return;
      } catch (const Error& error) {
        problem += "; the picture does not say them either: " + error.message();
      }
    problems.push_back({"size-unknown", Severity::warning, {{}, {}, "width"}, std::move(problem), {}});
  }

  static void read_annotations(const CocoIndex& index, std::span<const std::uint32_t> numbers,
                               const AnnotationContext& context, RecordReader& records, std::string& buffer,
                               Item& item, std::vector<Finding>& findings) {
    for (std::size_t first = 0; first < numbers.size();) {
      const std::uint64_t start = index.annotation(numbers[first]).offset;
      std::uint64_t end = start + index.annotation(numbers[first]).length;
      std::size_t last = first + 1;
      for (; last < numbers.size(); ++last) {
        const CocoAnnotationEntry& next = index.annotation(numbers[last]);
        const std::uint64_t next_end = next.offset + next.length;
        if (next.offset - end > kMaxGap || next_end - start > kMaxRead) break;
        end = next_end;
      }
      index.json().read(start, end - start, buffer);
      for (; first < last; ++first) {
        const CocoAnnotationEntry& entry = index.annotation(numbers[first]);
        const auto text = std::string_view(buffer).substr(entry.offset - start, entry.length);
        read_annotation(index.json(), numbers[first], entry, text, context, records, item, findings);
      }
    }
  }

  // Where it cannot be read, this annotation is lost, not its neighbours.
  static void read_annotation(const SharedFile& json, std::uint32_t number, const CocoAnnotationEntry& entry,
                              std::string_view text, const AnnotationContext& context, RecordReader& records,
                              Item& item, std::vector<Finding>& findings) {
    const std::string element = element_name("annotations", number);
    std::vector<Finding> problems;
    try {
      Annotation annotation = records.annotation(text, context, problems);
      if (entry.repeats_id) annotation.id.reset();
      annotation.origin = place_in(json, entry.line, element, {});
      item.annotations.push_back(std::move(annotation));
    } catch (const Error& error) {
      problems.push_back(to_finding(error, "unreadable-annotation"));
    }
    add_placed(problems, json, entry.line, element, findings);
  }

  static void add_placed(std::vector<Finding>& problems, const SharedFile& json, std::uint64_t line,
                         const std::string& element, std::vector<Finding>& findings) {
    for (Finding& problem : problems) {
      problem.place = place_in(json, line, element, problem.place);
      findings.push_back(std::move(problem));
    }
  }

  Findings findings_;
  std::vector<std::unique_ptr<CocoIndex>> indexes_;
  std::vector<CocoFileMetadata> files_;
  Metadata metadata_;
  std::size_t size_ = 0;
  std::size_t file_ = 0, image_ = 0;  // of next()
};

}  // namespace

std::unique_ptr<Source> open_coco(const OpenRequest& request) {
  return std::make_unique<CocoSource>(request);
}

}  // namespace maskmill
