// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <deque>
#include <memory>
#include <unordered_set>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "formats/cvat/cvat_image.h"
#include "formats/cvat/cvat_index.h"
#include "formats/cvat/cvat_layout.h"
#include "formats/cvat/cvat_meta.h"
#include "formats/indexed_source.h"
#include "image/image.h"

namespace maskmill {
namespace {

/// An image's name as a path below a folder of images; of one that would leave it the last part.
std::string safe_name(std::string_view name) {
  if (is_safe_relative(name)) return std::string(name);
  const std::string last = Path(std::string(name)).filename().string();
  return is_safe_relative(last) ? last : "unnamed";
}

/// What an image may be called, the first of which that is free is taken.
std::vector<std::string> ids_of(const std::string& name, const std::string& subset, std::string_view id) {
  const std::string stem = (Path(name).parent_path() / Path(name).stem()).string();
  std::vector<std::string> ids{stem};
  if (!subset.empty() && is_safe_relative(subset)) ids.push_back(subset + "/" + stem);
  ids.push_back(name);
  ids.push_back(stem + "-" + std::string(is_safe_relative(id) ? id : "again"));
  return ids;
}

struct Entry {
  CvatImagePlace place;
  std::uint32_t number = 0;  ///< in its file, from 0
  std::uint16_t file = 0;
  std::uint8_t id_form = 0;
};

class CvatSource : public IndexedSource {
 public:
  explicit CvatSource(const OpenRequest& request)
      : layout_(find_cvat_files(request.path, parsed_settings<CvatReadSettings>(request.settings).images)) {
    std::unordered_set<Digest, HashDigest> taken;
    for (const Path& file : layout_.files) index(file, taken);
    metadata_.labels = LabelMap(std::move(labels_));
  }

  std::size_t size() const override { return entries_.size(); }

 protected:
  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const Entry& entry = entries_[number];
    const File& file = *files_[entry.file];
    std::string text;
    file.bytes.read(entry.place.offset, entry.place.length, text);
    Item item;
    item.origin = {file.bytes.path().string(), entry.place.line, "image"};
    try {
      CvatImageReader reader(std::string_view(text).substr(0, entry.place.length), entry.place.line,
                             file.bytes.path());
      fill(item, reader.image(findings), entry, file);
      if (look != Look::annotations && !item.size) measure(item, findings);
      item.annotations =
          reader.annotations(metadata_.labels, item.size, file.occluded_0_is_unknown, findings);
    } catch (const Error& error) {  // the file is no longer what it was when it was opened
      findings.push_back(to_finding(error, "unreadable-image"));
      return std::nullopt;
    }
    return item;
  }

 private:
  struct File {
    explicit File(const Path& path) : bytes(path) {}
    SharedFile bytes;
    std::string subset;
    bool occluded_0_is_unknown = false;
  };

  void index(const Path& path, std::unordered_set<Digest, HashDigest>& taken) {
    files_.push_back(std::make_unique<File>(path));
    File& file = *files_.back();
    std::uint32_t images = 0;
    CvatVisitor visitor;
    visitor.meta = [&](std::string&& text, std::size_t line) { add_meta(text, line, file); };
    visitor.label = [&](std::string_view label) { add_used_label(label); };
    visitor.image = [&](const CvatImageHead& head) { add_image(head, images++, taken); };
    scan_cvat(file.bytes, visitor);
  }

  void add_meta(const std::string& text, std::size_t line, File& file) {
    CvatMeta meta = parse_cvat_meta(text, line, file.bytes.path(), findings_);
    file.subset = meta.subset;
    file.occluded_0_is_unknown = meta.occluded_0_is_unknown;
    for (Label& label : meta.labels)
      if (names_.insert(label.name).second) labels_.push_back(std::move(label));
    if (files_.size() == 1) metadata_.attributes = std::move(meta.attributes);
  }

  /// One that <meta> does not name: files that other programs write have none.
  void add_used_label(std::string_view name) {
    if (last_label_ == name) return;
    last_label_ = name;
    if (!names_.insert(last_label_).second) return;
    Label label;
    label.name = last_label_;
    labels_.push_back(std::move(label));
  }

  void add_image(const CvatImageHead& head, std::uint32_t number,
                 std::unordered_set<Digest, HashDigest>& taken) {
    const File& file = *files_.back();
    const Place place{file.bytes.path().string(), head.place.line, "image"};
    if (head.name.empty()) {
      findings_.add({"no-file-name", Severity::error, place, "an image without a name: left out", {}});
      return;
    }
    const std::string name = safe_name(head.name),
                      subset = head.subset.empty() ? file.subset : std::string(head.subset);
    if (name != head.name)
      findings_.add({"unsafe-file-name",
                     Severity::warning,
                     place,
                     fmt::format("{} leads out of the images' folder: {} is looked for there",
                                 in_quotes(head.name), in_quotes(name)),
                     {}});
    if (!subset.empty() && std::ranges::find(metadata_.subsets, subset) == metadata_.subsets.end())
      metadata_.subsets.push_back(subset);
    const std::vector<std::string> ids = ids_of(name, subset, head.id);
    for (std::size_t form = 0; form < ids.size(); ++form) {
      if (!taken.insert(digest_of(ids[form])).second) continue;
      entries_.push_back({head.place, number, static_cast<std::uint16_t>(files_.size() - 1),
                          static_cast<std::uint8_t>(form)});
      return;
    }
    findings_.add({"duplicate-file-name",
                   Severity::error,
                   place,
                   fmt::format("a second image of the name {} and the id {}: left out", in_quotes(name),
                               in_quotes(head.id)),
                   {}});
  }

  void fill(Item& item, CvatImage image, const Entry& entry, const File& file) const {
    item.file_name = safe_name(image.name);
    item.subset = image.subset.empty() ? file.subset : image.subset;
    const std::vector<std::string> ids =
        ids_of(item.file_name, item.subset, image.id ? std::to_string(*image.id) : std::string());
    item.id = ids.at(std::min<std::size_t>(entry.id_form, ids.size() - 1));
    item.image = find_image(item, image.path);
    item.size = image.size;
    item.source_id = image.id;
    item.attributes = std::move(image.attributes);
  }

  /// In the first folder that has it, else where the file says it is; where it is nowhere, in the first.
  Path find_image(const Item& item, const Path& elsewhere) const {
    boost::system::error_code failure;  // as of a name that is longer than any file's
    for (const Path& folder : layout_.image_folders)
      for (const Path& below : {folder / item.subset, folder})
        if (Path path = below / item.file_name; fs::is_regular_file(path, failure)) return path;
    if (elsewhere.is_absolute() && fs::is_regular_file(elsewhere, failure)) return elsewhere;
    return layout_.image_folders.front() / item.file_name;
  }

  static void measure(Item& item, std::vector<Finding>& findings) {
    try {
      item.size = probe_image(item.image).size();
    } catch (const Error& error) {
      findings.push_back(
          {"size-unknown",
           Severity::warning,
           item.origin,
           "the image has no width and height, and its picture does not say them either: " + error.message(),
           {}});
    }
  }

  CvatLayout layout_;
  std::vector<std::unique_ptr<File>> files_;
  std::deque<Entry> entries_;  // which grows without a copy
  std::vector<Label> labels_;
  std::unordered_set<std::string> names_;
  std::string last_label_;
};

}  // namespace

std::unique_ptr<Source> open_cvat(const OpenRequest& request) {
  return std::make_unique<CvatSource>(request);
}

}  // namespace maskmill
