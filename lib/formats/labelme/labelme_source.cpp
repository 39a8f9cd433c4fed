// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/labelme/labelme_document.h"
#include "formats/labelme/labelme_halves.h"
#include "formats/labelme/labelme_index.h"
#include "formats/labelme/labelme_shapes.h"
#include "image/image.h"

namespace maskmill {
namespace {

std::string extension_of(FileKind kind, const std::string& stated) {
  const FileKind promised = kind_of_extension(lower_extension(stated));
  if (promised == kind || kind == FileKind::unknown) return Path(stated).extension().string();
  return kind == FileKind::jpeg ? ".jpg" : "." + lower_case(to_string(kind));
}

class LabelmeSource : public IndexedSource {
 public:
  LabelmeSource(const Path& path, const LabelmeReadSettings& settings)
      : index_(index_labelme(path, settings, findings_)) {
    if (settings.images) {
      image_folder_ = index_.root / *settings.images;
      if (!fs::is_directory(image_folder_))
        throw Error(Code::not_found, "there is no such folder of images").at_file(image_folder_);
    }
    metadata_.labels = index_.labels;
    metadata_.subsets = index_.subsets;
  }

  std::size_t size() const override { return index_.entries.size(); }

 protected:
  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const LabelmeEntry& entry = index_.entries[number];
    Item item;
    item.id = index_.id_of(entry);
    if (entry.subset != 0) item.subset = index_.subsets[entry.subset - 1U];
    if (entry.image != NameArena::none) item.image = index_.file(entry.image);
    if (entry.document == NameArena::none) {
      item.annotated = false;
      item.origin.file = item.image.string();
      item.file_name = item.id + item.image.extension().string();
      return check_files(item, look, findings) ? std::optional(std::move(item)) : std::nullopt;
    }
    const Path json = index_.file(entry.document);
    item.origin.file = json.string();
    try {
      const auto file = std::make_shared<const SharedFile>(json);
      LabelmeDocument document = read_labelme(*file, findings);
      document.image_path = with_slashes(std::move(document.image_path));
      place_image(item, document, file, findings);
      if (!check_files(item, look, findings)) return std::nullopt;
      settle_size(item, document, look, findings);
      item.attributes = std::move(document.attributes);
      item.annotations =
          annotations_from_labelme(std::move(document.shapes), metadata_.labels, item.size, findings);
    } catch (const Error& error) {  // the file is no longer what it was when it was opened
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      findings.push_back(to_finding(error, "unreadable-annotation"));
      return std::nullopt;
    }
    return item;
  }

 private:
  void place_image(Item& item, const LabelmeDocument& document, const std::shared_ptr<const SharedFile>& file,
                   std::vector<Finding>& findings) const {
    const Path stated(document.image_path);
    if (const Path elsewhere = image_elsewhere(item, stated); !elsewhere.empty()) item.image = elsewhere;
    item.file_name = item.id + (item.image.empty() ? stated : item.image).extension().string();
    if (!item.image.empty()) {
      if (!document.image_path.empty() && item.image.filename() != stated.filename())
        findings.push_back(
            {"filename-differs", Severity::warning, Place{item.origin.file, {}, "imagePath"},
             fmt::format("the image {} is not there; {} is taken", in_quotes(document.image_path),
                         in_quotes(item.image.filename().string())),
             "correct imagePath, or rename the image"});
      return;
    }
    if (document.image_data.length > 0) {
      make_image(item, document, file, findings);
      return;
    }
    const bool alone = !index_.any_image;  // annotations without any images are legal
    findings.push_back({alone ? "image-missing" : "pair-missing", alone ? Severity::warning : Severity::error,
                        Place{item.origin.file, {}, "imagePath"},
                        fmt::format("there is no image {}",
                                    in_quotes(document.image_path.empty() ? item.id : document.image_path)),
                        "add the image, or state its folder with --read images=FOLDER"});
  }

  /// In the folder of images that was named; else, where the data set has none, outside of it.
  Path image_elsewhere(const Item& item, const Path& stated) const {
    boost::system::error_code ignored;
    const auto is_image = [&](const Path& path) {
      return has_image_extension(path) && fs::is_regular_file(path, ignored);
    };
    if (!image_folder_.empty()) {
      const std::string extension = stated.extension().string();
      for (const Path& name : {Path(item.id + extension), stated.filename()})
        if (const Path path = image_folder_ / name; is_image(path)) return path;
    }
    if (!item.image.empty() || stated.empty()) return {};
    const Path path =
        stated.is_absolute() ? stated : (Path(item.origin.file).parent_path() / stated).lexically_normal();
    return is_image(path) ? path : Path();
  }

  static void make_image(Item& item, const LabelmeDocument& document,
                         const std::shared_ptr<const SharedFile>& file, std::vector<Finding>& findings) {
    const JsonRange where = document.image_data;
    try {
      const FileKind kind = file_kind(labelme_image_start(*file, where));
      if (kind == FileKind::unknown)
        throw Error(Code::bad_format, "imageData is no image").at_field("imageData");
      // What LabelMe cannot show as it is it stores as JPEG or PNG, under the old name.
      item.file_name = item.id + extension_of(kind, document.image_path);
      item.size = document.size ? *document.size : probe_image_bytes(labelme_image(*file, where)).size();
    } catch (Error& error) {
      findings.push_back(to_finding(error.at_file(file->path()), "unreadable-image", Severity::warning));
      return;
    }
    auto made = std::make_shared<MadeImage>();
    // Opened anew: a data set held in memory must not hold its files open.
    made->make = [path = file->path(), where] { return labelme_image(SharedFile(path), where); };
    made->from = {file->path()};
    item.made_image = std::move(made);
  }

  /// The image's size counts. What the file states besides, and where it differs, is a finding.
  static void settle_size(Item& item, const LabelmeDocument& document, Look look,
                          std::vector<Finding>& findings) {
    if (look != Look::annotations && item.made_image) measure_made(item, findings);
    if (!item.size) item.size = document.size;
    if (!document.size || *document.size == *item.size) return;
    const Place place{item.origin.file, {}, "imageWidth"};
    const std::string sizes = fmt::format("the annotation says {} pixels, the image has {}",
                                          to_string(*document.size), to_string(*item.size));
    const bool is_stored_size = !item.image.empty() && probe_image(item.image).stored == *document.size;
    if (is_stored_size)
      findings.push_back(
          {"exif-rotation", Severity::error, place,
           sizes + " as displayed: the shapes were drawn before its EXIF orientation was applied",
           "turn the image's pixels and drop the EXIF orientation"});
    else
      findings.push_back({"size-differs", Severity::warning, place, sizes + ", which counts",
                          "find out for which image the shapes were drawn"});
  }

  static void measure_made(Item& item, std::vector<Finding>& findings) {
    try {
      item.size = probe_image_bytes(item.made_image->make()).size();
    } catch (Error& error) {
      findings.push_back(to_finding(error.at_file(item.origin.file).at_field("imageData"), "unreadable-image",
                                    Severity::warning));
      item.made_image.reset();
    }
  }

  LabelmeIndex index_;
  Path image_folder_;
};

}  // namespace

std::unique_ptr<Source> open_labelme(const OpenRequest& request) {
  return std::make_unique<LabelmeSource>(request.path,
                                         parsed_settings<LabelmeReadSettings>(request.settings));
}

}  // namespace maskmill
