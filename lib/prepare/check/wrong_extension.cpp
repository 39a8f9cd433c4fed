// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

std::string_view usual_extension(FileKind kind) {
  switch (kind) {
    case FileKind::jpeg:
      return ".jpg";
    case FileKind::png:
      return ".png";
    case FileKind::bmp:
      return ".bmp";
    case FileKind::tiff:
      return ".tif";
    case FileKind::webp:
      return ".webp";
    default:
      return "";
  }
}

std::optional<Item> named_after_content(Item item, const Metadata&) {
  const std::string_view extension = usual_extension(probe_image(item.image).kind);
  item.file_name = Path(item.file_name).replace_extension(std::string(extension)).generic_string();
  return item;
}

void find_wrong_extensions(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (const FileFacts* file : facts.files()) {
    if (file->kind == FileKind::unknown) continue;
    const FileKind promised = kind_of_extension(lower_extension(file->path));
    if (promised == FileKind::unknown || promised == file->kind) continue;
    report({file->path.string(), {}, {}},
           fmt::format("the name says {}, the content is {}", to_string(promised), to_string(file->kind)),
           "rename it, or save it again as what its name says");
    // Masks are encoded anew.
    if (file->path == item.image && !usual_extension(file->kind).empty()) report.repairable();
  }
}

}  // namespace

extern const Rule wrong_extension;
const Rule wrong_extension{.id = "wrong-extension",
                           .severity = Severity::warning,
                           .title = "a file that is not what its name says",
                           .harm = "Tools that go by the name fail on it, or read it with the wrong decoder.",
                           .fix = "Rename it, or save it again as what its name says.",
                           .run = find_wrong_extensions,
                           .repair_text = "its image gets the extension of its content",
                           .repair = named_after_content};

}  // namespace maskmill
