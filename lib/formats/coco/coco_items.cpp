// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_items.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "image/image.h"

namespace maskmill {
namespace {

// Annotations of one image mostly lie apart; where they lie close, one call reads several.
constexpr std::uint64_t kMaxGap = 4096;
constexpr std::uint64_t kMaxRead = std::uint64_t{1} << 20;

void add_placed(std::vector<Finding>& problems, const SharedFile& json, std::uint64_t line,
                const std::string& element, std::vector<Finding>& findings) {
  for (Finding& problem : problems) {
    problem.place = place_in(json, line, element, problem.place);
    findings.push_back(std::move(problem));
  }
}

void fill(Item& item, const ImageRecord& record, const CocoIndex& index, const CocoImageEntry& entry) {
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
void measure(Item& item, const ImageRecord& record, std::vector<Finding>& problems) {
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

// An image of which there is no more than the id that detections name.
Item bare_item(const CocoId& id, const CocoIndex& index, std::size_t number) {
  Item item;
  if (const auto* integer = std::get_if<std::int64_t>(&id)) {
    item.source_id = *integer;
    item.id = std::to_string(*integer);
  } else {
    item.id = std::get<std::string>(id);
  }
  item.subset = index.file().subset;
  const std::uint32_t first = index.annotations_of(number).front();
  item.origin = place_in(index.annotations_json(), index.annotation(first).line,
                         element_name(index.annotations_list(), first), {});
  return item;
}

}  // namespace

CocoItems::CocoItems(CocoLayout layout) {
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

ReadItem CocoItems::next() {
  while (file_ < indexes_.size() && image_ == indexes_[file_]->images().size()) {
    ++file_;
    image_ = 0;
  }
  if (file_ == indexes_.size()) return {};
  return [this, file = file_, image = image_++](std::vector<Finding>& findings, Look look) {
    return read(file, image, look, findings);
  };
}

// As the files say; where they do not, as they come. A file of its own name says only its own subset.
std::vector<std::string> CocoItems::subsets() const {
  std::vector<std::string> stated, found;
  const auto add = [](std::vector<std::string>& list, const std::string& subset) {
    if (!subset.empty() && std::find(list.begin(), list.end(), subset) == list.end()) list.push_back(subset);
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

std::optional<Item> CocoItems::read(std::size_t file, std::size_t number, Look look,
                                    std::vector<Finding>& findings) const {
  const CocoIndex& index = *indexes_[file];
  const CocoFileMetadata& metadata = files_[file];
  RecordReader records;
  Item item;
  if (const auto id = index.bare_id(number)) {
    item = bare_item(*id, index, number);
  } else {
    const CocoImageEntry& entry = index.images()[number];
    std::string buffer;
    index.json().read(entry.offset, entry.length, buffer);
    const std::string element = element_name("images", entry.number);
    item.origin = place_in(index.json(), entry.line, element, {});
    std::vector<Finding> problems;
    try {
      const ImageRecord record = records.image(std::string_view(buffer).substr(0, entry.length), problems);
      fill(item, record, index, entry);
      if (look != Look::annotations) measure(item, record, problems);
    } catch (const Error& error) {  // the file is no longer what it was when it was opened
      findings.push_back(to_finding(error, "unreadable-image"));
      return std::nullopt;
    }
    add_placed(problems, index.json(), entry.line, element, findings);
  }
  item.annotated = index.has_annotations();
  Reading reading{index, file, number, look, records, findings, {}};
  reading.context.image_size = item.size;
  reading.context.label = [&](const CocoId& id) { return metadata.categories.find(id); };
  reading.context.zero_is_unknown_crowd = metadata.zero_is_unknown_crowd;
  if (!annotate(item, reading)) return std::nullopt;
  return item;
}

void CocoItems::Reading::for_each(
    const std::function<void(const Element&, std::vector<Finding>&)>& visit) const {
  const std::span<const std::uint32_t> numbers = index.annotations_of(image);
  const SharedFile& json = index.annotations_json();
  std::string buffer;
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
    json.read(start, end - start, buffer);
    for (; first < last; ++first) {
      const CocoAnnotationEntry& entry = index.annotation(numbers[first]);
      const Element element{numbers[first], &entry,
                            std::string_view(buffer).substr(entry.offset - start, entry.length)};
      std::vector<Finding> problems;
      try {
        visit(element, problems);
      } catch (const Error& error) {
        problems.push_back(to_finding(error, "unreadable-annotation"));
      }
      add_placed(problems, json, entry.line, element_name(index.annotations_list(), element.number),
                 findings);
    }
  }
}

Place CocoItems::Reading::place_of(const Element& element) const {
  return place_in(index.annotations_json(), element.entry->line,
                  element_name(index.annotations_list(), element.number), {});
}

Annotation CocoItems::annotation_of(const Element& element, Reading& reading,
                                    std::vector<Finding>& findings) {
  Annotation annotation = reading.records.annotation(element.text, reading.context, findings);
  if (element.entry->repeats_id) annotation.id.reset();
  annotation.origin = reading.place_of(element);
  return annotation;
}

bool CocoItems::annotate(Item& item, Reading& reading) const {
  reading.for_each([&](const Element& element, std::vector<Finding>& problems) {
    item.annotations.push_back(annotation_of(element, reading, problems));
  });
  return true;
}

}  // namespace maskmill
