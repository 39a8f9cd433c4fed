// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void find_differing_sizes(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  if (!facts.image || !facts.image->header) return;
  const ImageInfo& header = *facts.image->header;
  const Size actual = header.size();
  // exif-rotation says that.
  const auto is_unturned = [&](Size size) { return header.orientation != 1 && size == header.stored; };
  const auto compare = [&](const std::optional<Size>& size, const std::optional<FileFacts>& file,
                           std::string_view what) {
    if (!size || !file || *size == actual || is_unturned(*size)) return;
    report({file->path.string(), {}, {}},
           fmt::format("the {} is {}, its image {}", what, to_string(*size), to_string(actual)),
           "export the mask at the image's size, or find the image that it belongs to");
  };
  if (!item.semantic || !item.semantic->resize_to_image) compare(facts.semantic_size, facts.semantic, "mask");
  if (!item.instances || !item.instances->resize_to_image)
    compare(facts.instances_size, facts.instances, "instance mask");
  if (item.size && *item.size != actual && !is_unturned(*item.size))
    report(item.origin,
           fmt::format("the annotation says {}, the image is {}", to_string(*item.size), to_string(actual)),
           "annotations made for another size lie in the wrong place: scale them, or use the image they were "
           "made for");
}

}  // namespace

extern const Rule size_differs;
const Rule size_differs{
    .id = "size-differs",
    .severity = Severity::error,
    .title = "a mask or an annotation of another size than its image",
    .harm = "Labels lie beside the objects they mean; a trainer that resizes both hides it.",
    .fix = "Export the mask at the image's size.",
    .run = find_differing_sizes};

}  // namespace maskmill
