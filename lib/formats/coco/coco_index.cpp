// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "base/parallel.h"
#include "base/random.h"
#include "base/text.h"
#include "formats/id_list.h"

namespace maskmill {
namespace {

constexpr std::uint64_t kMaxValue = std::uint64_t{1} << 20;
constexpr std::size_t kMaxElements = std::numeric_limits<std::uint32_t>::max() - 1;
constexpr std::uint64_t kMaxQuoted = 100;
const std::string kDetections;  // the name of the list that has none
constexpr std::uint32_t kLeftOut = std::numeric_limits<std::uint32_t>::max();  // in place of an image's index

std::uint32_t saturated(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

std::string without_extension(const std::string& name) {
  const Path path(name);
  return (path.parent_path() / path.stem()).generic_string();
}

bool is_list_of_the_format(const std::string& key) {
  return key == "images" || key == "annotations" || key == "categories" || key == "licenses";
}

// An image id as a number; those that are text have numbers of their own.
struct ImageKey {
  std::int64_t number = 0;
  bool is_text = false;
  friend bool operator==(const ImageKey&, const ImageKey&) = default;
};

/// Which image has an id: 24 to 36 bytes each.
class ImagesById {
 public:
  /// Nothing where no image has it; kLeftOut where that was left out.
  std::optional<std::uint32_t> find(const ImageKey& key) const {
    const auto known = entry_of(key);
    return known ? std::optional(images_[*known]) : std::nullopt;
  }
  void set(const ImageKey& key, std::uint32_t image) {
    if (const auto known = entry_of(key)) {
      images_[*known] = image;
      return;
    }
    index_.add(hash(key), static_cast<std::uint32_t>(images_.size()));
    numbers_.push_back(key.number);
    is_text_.push_back(key.is_text);
    images_.push_back(image);
  }

 private:
  std::optional<std::uint32_t> entry_of(const ImageKey& key) const {
    return index_.find(hash(key), [&](std::uint32_t entry) {
      return ImageKey{numbers_[entry], is_text_[entry]} == key;
    });
  }
  static std::uint64_t hash(const ImageKey& key) {
    return Random({static_cast<std::uint64_t>(key.number), key.is_text}).next();
  }

  // One list a member: together they would be padded to twice their size.
  std::deque<std::int64_t> numbers_;
  std::deque<std::uint32_t> images_;
  std::vector<bool> is_text_;
  HashIndex index_;
};

}  // namespace

class CocoIndex::Builder {
 public:
  Builder(CocoIndex& index, CocoMetadataReader& metadata, CocoTaken& taken, Findings& findings)
      : index_(index),
        metadata_(metadata),
        taken_(taken),
        findings_(findings),
        pictures_(index.file_.image_folders) {}

  void run() {
    metadata_.begin();
    if (!index_.file_.results || *index_.file_.results != index_.file_.json) scan_object();
    if (index_.file_.results) scan_results();
    names_ = HashIndex();
    mark_repeated_ids();
    group_by_image();
  }

 private:
  void scan_object() {
    JsonVisitor visitor;
    visitor.is_list = is_list_of_the_format;
    bool has_images = false;
    visitor.list = [&](const std::string& key) {
      if (key == "images") has_images = true;
      if (key == "annotations") index_.has_annotations_ = true;
    };
    visitor.element = [&](const std::string& key, const JsonRange& where, std::string_view text) {
      if (key != "annotations" || !index_.results_) element(key, where, text);
    };
    visitor.value = [&](const std::string& key, const JsonRange& where) { value(key, where); };
    scan(index_.json_, visitor);
    if (!has_images)
      throw Error(Code::bad_format, "has no list of images, so it is no COCO data set")
          .at_file(index_.json_.path());
  }

  void scan_results() {
    has_truth_ = *index_.file_.results != index_.file_.json;
    index_.has_annotations_ = true;
    scan_list(*index_.results_,
              [&](const JsonRange& where, std::string_view text) { element(kDetections, where, text); });
    if (has_truth_) return;
    for (const std::int64_t id : categories_)
      metadata_.add_category(Json{{"id", id}, {"name", std::to_string(id)}}, {});
    for (const std::string& id : text_categories_) metadata_.add_category(Json{{"id", id}, {"name", id}}, {});
  }

  void element(const std::string& list, const JsonRange& where, std::string_view text) {
    const std::uint64_t number = numbers_[list]++;
    if (number % 4096 == 0) throw_if_interrupted();
    if (number > kMaxElements)
      throw Error(Code::unsupported, "more than 4 billion elements")
          .at_file(index_.json_.path())
          .at_field(list);
    try {
      if (list == kDetections)
        detection(where, text);
      else if (list == "annotations")
        annotation(where, text);
      else if (list == "images")
        image(where, text, static_cast<std::uint32_t>(number));
      else
        described(list, where, text, number);
    } catch (const Error& error) {
      const char* rule = list == "annotations"  ? "unreadable-annotation"
                         : list == kDetections  ? "unreadable-annotation"
                         : list == "images"     ? "unreadable-image"
                         : list == "categories" ? "unreadable-category"
                                                : "unreadable-licence";
      report(rule, Severity::error, list, number, where.line, error.place(), error.message());
    }
  }

  void described(const std::string& list, const JsonRange& where, std::string_view text,
                 std::uint64_t number) {
    if (text.empty() || where.length > kMaxValue) throw Error(Code::unsupported, "longer than 1 MB");
    const Json parsed = parse_json(text, {});
    const Place place = place_in(index_.json_, where.line, element_name(list, number), {});
    if (list == "categories")
      metadata_.add_category(parsed, place);
    else
      metadata_.add_licence(parsed, place);
  }

  void value(const std::string& key, const JsonRange& where) {
    if (is_list_of_the_format(key)) return no_list(key, where);
    const Place place = place_in(index_.json_, where.line, key, {});
    if (where.length > kMaxValue) {
      findings_.add({"value-left-out",
                     Severity::warning,
                     place,
                     fmt::format("{} bytes that this program has no use for; only values up to 1 MB are kept",
                                 with_thousands(where.length)),
                     {}});
      return;
    }
    std::string text;
    index_.json_.read(where.offset, where.length, text);
    try {
      metadata_.add_value(key, parse_json(std::string_view(text).substr(0, where.length), {}), place);
    } catch (const Error& error) {
      throw Error(error.code(), error.message())
          .at_file(index_.json_.path())
          .at_line(where.line + error.place().line.value_or(1) - 1)
          .at_field(key);
    }
  }

  // Some programs write null for a list without elements. Anything else may stand for elements, and without
  // them only licences can be missed.
  void no_list(const std::string& key, const JsonRange& where) {
    std::string text;
    const std::uint64_t length = std::min(where.length, kMaxQuoted);
    index_.json_.read(where.offset, length, text);
    text.resize(length);
    if (key != "licenses" && (key == "images" || text != "null"))
      throw Error(Code::bad_format, "must be a list; found " + in_quotes(text))
          .at_file(index_.json_.path())
          .at_line(where.line)
          .at_field(key);
    if (key == "annotations") index_.has_annotations_ = true;
    findings_.add({"no-list",
                   Severity::warning,
                   place_in(index_.json_, where.line, key, {}),
                   fmt::format("expected a list; found {}, which is read as an empty one", in_quotes(text)),
                   {}});
  }

  void annotation(const JsonRange& where, std::string_view text) {
    // Also where it cannot be read: its place in the list is its number.
    CocoAnnotationEntry& entry = index_.annotations_.emplace_back();
    entry.offset = where.offset;
    entry.line = saturated(where.line);
    ids_.push_back(0);
    images_.push_back(0);
    for (std::vector<bool>* flags : {&has_id_, &image_is_text_, &is_read_}) flags->push_back(false);
    const AnnotationIds ids = records_.annotation_ids(text);
    if (ids.image.index() == 0)
      throw Error(Code::bad_value, "an annotation without an image_id").at_field("image_id");
    const ImageKey key = key_of(ids.image);
    images_.back() = key.number;
    image_is_text_.back() = key.is_text;
    is_read_.back() = true;
    entry.length = static_cast<std::uint32_t>(where.length);
    if (const auto* id = std::get_if<std::int64_t>(&ids.id)) {
      has_id_.back() = true;
      ids_.back() = *id;
    }
  }

  void detection(const JsonRange& where, std::string_view text) {
    CocoAnnotationEntry& entry = index_.annotations_.emplace_back();
    entry.offset = where.offset;
    entry.line = saturated(where.line);
    image_of_.push_back(kLeftOut);
    const AnnotationIds ids = records_.annotation_ids(text, !has_truth_);
    if (ids.image.index() == 0)
      throw Error(Code::bad_value, "a detection without an image_id").at_field("image_id");
    entry.length = static_cast<std::uint32_t>(where.length);
    const ImageKey key = key_of(ids.image);
    std::optional<std::uint32_t> image = image_of_id_.find(key);
    if (!image && !has_truth_) image = bare_image(ids.image, key);
    if (!has_truth_) note_category(ids.category);
    if (image.value_or(kLeftOut) == kLeftOut)
      return report_without_image(image_of_.size() - 1, ids.image, image.has_value());
    image_of_.back() = *image;
  }

  std::uint32_t bare_image(const CocoId& id, const ImageKey& key) {
    const std::uint32_t number = saturated(index_.images_.size());
    CocoImageEntry entry;
    entry.number = number;
    entry.line = index_.annotations_.back().line;
    index_.images_.push_back(entry);
    index_.bare_ids_.push_back(id);
    image_of_id_.set(key, number);
    return number;
  }

  void note_category(const CocoId& id) {
    if (const auto* number = std::get_if<std::int64_t>(&id))
      categories_.insert(*number);
    else if (const auto* text = std::get_if<std::string>(&id))
      text_categories_.insert(*text);
  }

  void image(const JsonRange& where, std::string_view text, std::uint32_t number) {
    const ImageRecord record = image_record(text);
    const auto warn = [&](const char* rule, Severity severity, const char* field, std::string message) {
      report(rule, severity, "images", number, where.line, {{}, {}, field}, std::move(message));
    };
    if (record.id.index() == 0)
      return warn("unreadable-image", Severity::error, "id",
                  "an image without an id, which no annotation can name");
    const ImageKey key = key_of(record.id);
    if (image_of_id_.find(key).value_or(kLeftOut) != kLeftOut)
      return warn("duplicate-id", Severity::error, "id",
                  fmt::format("a second image of the id {}, which is left out", to_string(record.id)));
    image_of_id_.set(key, kLeftOut);
    const ChosenName chosen = chosen_name(record);
    const CocoImageName& name = chosen.name;
    if (const auto other = other_of_name(record, chosen))
      return warn("duplicate-file-name", Severity::error, "file_name",
                  fmt::format("{} and {} would both be {}; this one is left out", in_quotes(*other),
                              in_quotes(record.file_name), in_quotes(name.name)));
    if (const auto same = image_called(name.name)) {
      image_of_id_.set(key, *same);
      return warn("duplicate-file-name", Severity::warning, "file_name",
                  fmt::format("a second image of the file {}; its annotations join the first's",
                              in_quotes(record.file_name)));
    }
    CocoImageEntry entry{
        where.offset, static_cast<std::uint32_t>(where.length), saturated(where.line), number, 0, 0,
        chosen.parts};
    if (record.file_name.empty())
      warn("no-file-name", Severity::warning, "file_name", "an image without a file_name");
    if (!name.outside.empty() && !record.is_address)
      warn("unsafe-file-name", Severity::warning, "file_name",
           fmt::format("{} lies outside the data set; it is taken for {} there", in_quotes(record.file_name),
                       in_quotes(name.name)));
    while (entry.id_form < name.ids.size() && !taken_.ids.add(digest_of(name.ids[entry.id_form])))
      ++entry.id_form;
    if (entry.id_form == name.ids.size())
      return warn(
          "duplicate-file-name", Severity::error, "file_name",
          fmt::format("an image called {}, like another one; it is left out", in_quotes(record.file_name)));
    image_of_id_.set(key, saturated(index_.images_.size()));
    if (!name.name.empty()) names_.add(hash_of(name.name), saturated(index_.images_.size()));
    if (!chosen.picture.empty())
      taken_.pictures.emplace(digest_of(chosen.picture.native()), record.file_name);
    index_.images_.push_back(entry);
    if (!record.subset.empty() && subsets_.insert(record.subset).second)
      index_.subsets_.push_back(record.subset);
  }

  ImageRecord image_record(std::string_view text) {
    std::vector<Finding> repeated_when_read;
    try {
      return records_.image(text, repeated_when_read);
    } catch (const Error&) {
      remember_left_out(text);
      throw;
    }
  }

  // So that its annotations say why they have no image, if its id at least can be read.
  void remember_left_out(std::string_view text) {
    try {
      const CocoId id = records_.annotation_ids(text).id;
      if (id.index() == 0) return;
      if (const ImageKey key = key_of(id); !image_of_id_.find(key)) image_of_id_.set(key, kLeftOut);
    } catch (const Error&) {
      return;
    }
  }

  struct ChosenName {
    CocoImageName name;
    std::uint8_t parts = 0;  // of a name that leaves the data set, or of an address
    Path picture;            // that such a name led to
  };

  // The end of a name that leads to a picture is its name. Where none does, the pictures are elsewhere, and
  // the last part is enough, or as many as tell the images apart.
  ChosenName chosen_name(const ImageRecord& record) {
    ChosenName chosen{coco_image_name(record, index_.file_, 1), 0, {}};
    const std::size_t all = chosen.name.outside.size();
    if (all == 0) return chosen;
    chosen.parts = 1;
    if (auto found = pictures_.find(chosen.name.outside)) {
      chosen.parts = static_cast<std::uint8_t>(found->parts);
      chosen.picture = std::move(found->picture);
      chosen.name = coco_image_name(record, index_.file_, chosen.parts);
    }
    while (chosen.picture.empty() && chosen.parts < all && other_of_name(record, chosen))
      chosen.name = coco_image_name(record, index_.file_, ++chosen.parts);
    return chosen;
  }

  // What another image is called that has this name or picture already, where only the end of one of the two
  // says that they are the same. A whole name may well occur twice, also in two files.
  std::optional<std::string> other_of_name(const ImageRecord& record, const ChosenName& chosen) {
    std::string other = record.file_name;
    if (const auto same = image_called(chosen.name.name)) {
      const CocoImageEntry& first = index_.images_[*same];
      if (chosen.parts > 0 || first.name_parts > 0) other = record_of(first).file_name;
    } else if (!chosen.picture.empty()) {
      const auto taken = taken_.pictures.find(digest_of(chosen.picture.native()));
      if (taken != taken_.pictures.end()) other = taken->second;
    }
    if (other == record.file_name) return std::nullopt;
    return other;
  }

  std::optional<std::uint32_t> image_called(const std::string& name) {
    return names_.find(hash_of(name), [&](std::uint32_t number) {
      const CocoImageEntry& entry = index_.images_[number];
      return coco_image_name(record_of(entry), index_.file_, entry.name_parts).name == name;
    });
  }

  // Names are kept in the file only: they are asked for where two have one hash.
  ImageRecord record_of(const CocoImageEntry& entry) {
    std::string text;
    std::vector<Finding> known;
    index_.json_.read(entry.offset, entry.length, text);
    return records_.image(std::string_view(text).substr(0, entry.length), known);
  }

  ImageKey key_of(const CocoId& id) {
    if (const auto* number = std::get_if<std::int64_t>(&id)) return {*number, false};
    const auto [entry, is_new] =
        text_keys_.emplace(std::get<std::string>(id), static_cast<std::int64_t>(texts_.size()));
    if (is_new) texts_.push_back(&entry->first);
    return {entry->second, true};
  }

  // The first of several annotations keeps the id; the others stay, without one.
  void mark_repeated_ids() {
    std::vector<std::int64_t> stated;
    for (std::size_t i = 0; i < ids_.size(); ++i)
      if (has_id_[i]) stated.push_back(ids_[i]);
    if (holds_twice(std::move(stated))) mark_repeated();
    ids_ = {};
  }

  void mark_repeated() {
    std::vector<std::pair<std::int64_t, std::uint32_t>> sorted;
    sorted.reserve(ids_.size());
    for (std::size_t i = 0; i < ids_.size(); ++i)
      if (has_id_[i]) sorted.emplace_back(ids_[i], static_cast<std::uint32_t>(i));
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::uint32_t> repeating;
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i].first == sorted[i - 1].first) repeating.push_back(sorted[i].second);
    std::sort(repeating.begin(), repeating.end());
    for (const std::uint32_t i : repeating) {
      CocoAnnotationEntry& entry = index_.annotations_[i];
      entry.repeats_id = true;
      report("duplicate-id", Severity::warning, "annotations", i, entry.line, {{}, {}, "id"},
             fmt::format("an earlier annotation has the id {}; this one is read without an id", ids_[i]));
    }
  }

  // The images of the annotations, which may have come before these.
  std::deque<std::uint32_t> images_of_annotations() {
    std::deque<std::uint32_t> image_of(images_.size(), kLeftOut);
    for (std::size_t i = 0; i < images_.size(); ++i) {
      if (!is_read_[i]) continue;
      const auto image = image_of_id_.find({images_[i], image_is_text_[i]});
      if (image.value_or(kLeftOut) == kLeftOut) {
        CocoId id = images_[i];
        if (image_is_text_[i]) id = *texts_[static_cast<std::size_t>(images_[i])];
        report_without_image(i, id, image.has_value());
      } else {
        image_of[i] = *image;
      }
    }
    images_ = {};
    return image_of;
  }

  void group_by_image() {
    const std::deque<std::uint32_t> image_of =
        index_.results_ ? std::move(image_of_) : images_of_annotations();
    std::vector<std::uint32_t> counts(index_.images_.size() + 1, 0);
    for (const std::uint32_t image : image_of)
      if (image != kLeftOut) ++counts[image];
    std::uint32_t first = 0;
    for (std::size_t i = 0; i < index_.images_.size(); ++i) {
      index_.images_[i].first_annotation = first;
      first += std::exchange(counts[i], first);
    }
    index_.by_image_.resize(first);
    for (std::size_t i = 0; i < image_of.size(); ++i)
      if (image_of[i] != kLeftOut) index_.by_image_[counts[image_of[i]]++] = static_cast<std::uint32_t>(i);
  }

  void report_without_image(std::size_t i, const CocoId& id, bool is_left_out) {
    report(is_left_out ? "image-left-out" : "unknown-image", Severity::error,
           index_.results_ ? kDetections : "annotations", i, index_.annotations_[i].line,
           {{}, {}, "image_id"},
           is_left_out ? fmt::format("its image, of the id {}, was left out", to_string(id))
                       : fmt::format("no image has the id {}", to_string(id)));
  }

  void report(const char* rule, Severity severity, const std::string& list, std::uint64_t number,
              std::uint64_t line, const Place& inner, std::string message) {
    const SharedFile& file = list == kDetections ? *index_.results_ : index_.json_;
    findings_.add(
        {rule, severity, place_in(file, line, element_name(list, number), inner), std::move(message), {}});
  }

  CocoIndex& index_;
  CocoMetadataReader& metadata_;
  CocoTaken& taken_;
  Findings& findings_;
  RecordReader records_;
  PictureSearch pictures_;
  std::map<std::string, std::uint64_t> numbers_;
  ImagesById image_of_id_;
  HashIndex names_;  // of the images that have one
  std::unordered_map<std::string, std::int64_t> text_keys_;
  std::vector<const std::string*> texts_;  // by key
  std::set<std::string> subsets_;
  // Of the annotations, by their numbers; a text for an image is its number among texts_.
  std::deque<std::int64_t> ids_, images_;
  std::vector<bool> has_id_, image_is_text_, is_read_;
  // Of the detections.
  bool has_truth_ = false;
  std::deque<std::uint32_t> image_of_;
  std::set<std::int64_t> categories_;
  std::set<std::string> text_categories_;
};

CocoIndex::CocoIndex(CocoFile file, CocoMetadataReader& metadata, CocoTaken& taken, Findings& findings)
    : file_(std::move(file)), json_(file_.json) {
  if (file_.results) results_ = std::make_unique<SharedFile>(*file_.results);
  Builder(*this, metadata, taken, findings).run();
}

std::optional<CocoId> CocoIndex::bare_id(std::size_t image) const {
  return bare_ids_.empty() ? std::nullopt : std::optional(bare_ids_[image]);
}

std::span<const std::uint32_t> CocoIndex::annotations_of(std::size_t image) const {
  const std::size_t first = images_[image].first_annotation;
  const std::size_t end = image + 1 < images_.size() ? images_[image + 1].first_annotation : by_image_.size();
  return std::span(by_image_).subspan(first, end - first);
}

CocoImageName coco_image_name(const ImageRecord& image, const CocoFile& file, std::size_t parts) {
  CocoImageName result;
  if (is_safe_relative(image.item)) {
    result.name = image.file_name;
    result.ids = {image.item};
    return result;
  }
  if (image.file_name.empty()) {
    result.ids = {"image " + to_string(image.id)};
    return result;
  }
  std::optional<std::string> inside;
  if (!image.is_address) inside = name_inside(file, image.file_name);
  if (inside) {
    result.name = std::move(*inside);
  } else {
    result.outside = parts_of_name(image.file_name);
    const std::span<const std::string> all = result.outside;
    result.name = joined(all.last(std::clamp<std::size_t>(parts, 1, all.size())), "/");
  }
  // Two images of one name without its extension, or in two subsets.
  const std::string plain = without_extension(result.name);
  const std::string& subset = image.subset.empty() ? file.subset : image.subset;
  result.ids = {plain};
  if (!subset.empty()) result.ids.push_back(subset + "/" + plain);
  result.ids.push_back(result.name);
  if (!subset.empty()) result.ids.push_back(subset + "/" + result.name);
  return result;
}

Place place_in(const SharedFile& file, std::uint64_t line, const std::string& element, const Place& inner) {
  const std::uint64_t in_element = inner.line.value_or(1) - 1;
  return {file.path().string(), static_cast<std::size_t>(line + in_element),
          inner.field.empty() ? element : element + "." + inner.field};
}

std::string element_name(std::string_view list, std::uint64_t number) {
  return fmt::format("{}[{}]", list, number);
}

}  // namespace maskmill
