// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/via/via_halves.h"
#include "formats/via/via_index.h"
#include "image/image.h"

namespace maskmill {
namespace {

class ViaSource : public IndexedSource {
 public:
  explicit ViaSource(const OpenRequest& request)
      : index_(index_via(request.path, parsed_settings<ViaReadSettings>(request.settings), findings_)) {
    metadata_ = std::move(index_.metadata);
  }

  std::size_t size() const override { return index_.entries.size(); }

 protected:
  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const ViaEntry& entry = index_.entries[number];
    const ViaIndex::File& file = *index_.files[entry.file];
    Item item;
    item.id = index_.names[entry.id];
    item.subset = file.subset;
    item.origin = {file.bytes.path().string(), entry.line, fmt::format("image {}", number)};
    try {
      std::string text;
      file.bytes.read(entry.offset, entry.length, text);
      ViaReader reader;
      ViaImage image =
          reader.image(std::string_view(text).substr(0, entry.length), index_.labels, item.origin, findings);
      item.file_name = safe_via_name(image.file_name);
      item.attributes = std::move(image.attributes);
      item.annotations = std::move(image.annotations);
      item.image = find_image(item, image.file_name, file);
      if (item.image.empty())
        findings.push_back(
            {"image-missing", Severity::warning, item.origin,
             fmt::format("there is no image {}, and VIA does not say its size", in_quotes(image.file_name)),
             "add the image, or state its folder with --read images=FOLDER"});
      else if (look != Look::annotations)
        compare_bytes(item, image.bytes, findings);
    } catch (const Error& error) {  // the file is no longer what it was when it was opened
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      findings.push_back(to_finding(error, "unreadable-image"));
      return std::nullopt;
    }
    return check_files(item, look, findings) ? std::optional(std::move(item)) : std::nullopt;
  }

 private:
  /// Below the first folder that has it; else where its name says, if that is an image.
  static Path find_image(const Item& item, const std::string& stated, const ViaIndex::File& file) {
    boost::system::error_code ignored;
    const auto is_image = [&](const Path& path) {
      return has_image_extension(path) && fs::is_regular_file(path, ignored);
    };
    for (const Path& folder : file.image_folders)
      if (Path path = (folder / item.file_name).lexically_normal(); is_image(path)) return path;
    if (const Path path(stated); path.is_absolute() && is_image(path)) return path;
    return {};
  }

  /// VIA knows an image by its name and the size of its file.
  static void compare_bytes(const Item& item, const std::optional<std::int64_t>& stated,
                            std::vector<Finding>& findings) {
    if (!stated || *stated == 0) return;
    boost::system::error_code failure;
    const auto bytes = fs::file_size(item.image, failure);
    if (failure || bytes == static_cast<std::uintmax_t>(*stated)) return;
    findings.push_back({"file-size-differs", Severity::warning, item.origin,
                        fmt::format("the file of {} has {} bytes, and was annotated when it had {}",
                                    in_quotes(item.image.filename().string()), bytes, *stated),
                        "make sure that it is the same picture"});
  }

  ViaIndex index_;
};

}  // namespace

std::unique_ptr<Source> open_via(const OpenRequest& request) {
  return std::make_unique<ViaSource>(request);
}

}  // namespace maskmill
