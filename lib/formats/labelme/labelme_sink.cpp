// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/item_files.h"
#include "formats/labelme/labelme_halves.h"
#include "formats/labelme/labelme_shapes.h"
#include "formats/mask_files/label_files.h"
#include "formats/media.h"
#include "formats/subset_folders.h"
#include "image/image.h"

namespace maskmill {
namespace {

/// LabelMe's own whose files look as ours do.
constexpr const char* kVersion = "5.5.0";

/// As LabelMe embeds it: upright, and a JPEG or PNG.
std::string embedded(const Item& item) {
  std::string bytes = image_bytes(item);
  const ImageInfo info = probe_image_bytes(bytes);
  const bool is_shown = info.kind == FileKind::jpeg || info.kind == FileKind::png;
  return is_shown && info.orientation == 1 ? bytes : encode_png(decode_image(bytes));
}

/// Of the image, else that of a mask, for which it must be known when it is read.
std::optional<Size> size_of(const Item& item) {
  if (item.size) return item.size;
  for (const Annotation& annotation : item.annotations)
    if (const auto* rle = std::get_if<Rle>(&annotation.shape)) return rle->size;
  return std::nullopt;
}

class LabelmeSink : public Sink {
 public:
  explicit LabelmeSink(const CreateRequest& request)
      : settings_(parsed_settings<LabelmeWriteSettings>(request.settings)),
        media_(request.media),
        metadata_(request.metadata),
        folder_(request.target, request.overwrite) {
    for (const std::string& subset : metadata_.subsets) require_file_name(subset);
  }

  std::function<void()> encode(Item item) override {
    if (item.semantic || item.instances)
      throw Error(Code::bug, "an item with a mask file reached LabelMe's writer").at_field(item.id);
    require_file_names(item);
    require_own_file(item);
    std::vector<Finding> found;
    const Path original = item.file_name.empty() ? item.image : Path(item.file_name);
    item.file_name = item.id + original.extension().string();
    const std::string image = place_image(item, media_, folder_.staging(), item.subset);
    if (item.annotated)
      write(item, image, found);
    else
      check_unannotated(item, found);
    return [this, found = std::move(found)]() mutable { findings_.add(std::move(found)); };
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    LabelFile file;
    file.subsets = metadata_.subsets;
    file.labels.assign(metadata_.labels.begin(), metadata_.labels.end());
    file.values = metadata_.labels.mask_values();
    folder_.write("labels.json", to_text(file));
    if (std::ranges::all_of(file.labels, [](const Label& label) { return fits_a_line(label.name); })) {
      std::string names;
      for (const Label& label : file.labels) names += label.name + "\n";
      folder_.write("labels.txt", names);
    }
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  /// labels.txt is for LabelMe's list of names alone; what it cannot hold is in labels.json.
  static bool fits_a_line(const std::string& name) {
    return trimmed(name) == name && name.find_first_of("\r\n") == std::string::npos;
  }

  /// The item's JSON must not be taken for another item's, or for a file of ours.
  void require_own_file(const Item& item) const {
    if (!item.subset.empty()) return;
    if (item.id == "labels" || item.id == "provenance")
      throw Error(Code::bad_value, fmt::format("{}.json is a file of the data set's own", item.id))
          .hint("rename the image");
    const std::string_view folder = first_folder(item.id);
    if (!folder.empty() && std::ranges::find(metadata_.subsets, folder) != metadata_.subsets.end())
      throw Error(Code::bad_value,
                  fmt::format("the item {} is in no subset, and would lie in the folder of {}",
                              in_quotes(item.id), in_quotes(folder)))
          .hint("rename the image's folder");
  }

  void write(const Item& item, const std::string& image, std::vector<Finding>& found) const {
    const LabelmeAttributeText attributes = labelme_attributes_text(item.attributes, 0, false);
    std::string text = fmt::format("{{\n  \"version\": \"{}\",\n  \"flags\": {{{}}},\n  \"shapes\": [",
                                   kVersion, attributes.flags);
    text += labelme_shapes_text(item.annotations, metadata_.labels, found);
    const std::string path = media_ == Media::reference ? image : Path(image).filename().string();
    text += "],\n  \"imagePath\": " + to_line(Json(path)) + ",\n  \"imageData\": ";
    const std::string name = (item.subset.empty() ? "" : item.subset + "/") + item.id + ".json";
    const std::unique_ptr<FolderFile> file = folder_.create(name);
    file->write(text);
    if (settings_.embed && has_image(item)) {
      file->write("\"");
      file->write(to_base64(embedded(item)));
      file->write("\"");
    } else {
      file->write("null");
    }
    const auto size = size_of(item);
    const auto pixels = [&](int Size::*side) { return size ? std::to_string((*size).*side) : "null"; };
    file->write(fmt::format(",\n  \"imageHeight\": {},\n  \"imageWidth\": {}{}\n}}\n", pixels(&Size::height),
                            pixels(&Size::width), attributes.others));
    file->close();
  }

  /// Such an item is its image alone.
  void check_unannotated(const Item& item, std::vector<Finding>& found) const {
    const bool is_there = has_image(item) && media_ != Media::reference && media_ != Media::none;
    if (is_there && item.attributes.empty()) return;
    found.push_back({"unannotated-lost",
                     Severity::warning,
                     item.origin,
                     fmt::format("{} is not annotated: without a JSON file there is no place for {}",
                                 in_quotes(item.id), is_there ? "its attributes" : "its image's name"),
                     {}});
  }

  LabelmeWriteSettings settings_;
  Media media_;
  Metadata metadata_;
  OutputFolder folder_;
  Findings findings_;
};

}  // namespace

std::unique_ptr<Sink> create_labelme(const CreateRequest& request) {
  return std::make_unique<LabelmeSink>(request);
}

}  // namespace maskmill
