// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void find_rotations(const Item& item, const ItemFacts& facts, const Metadata&, const Report& report) {
  if (!facts.image || !facts.image->header || facts.image->header->orientation == 1) return;
  const ImageInfo& header = *facts.image->header;
  const auto place_of = [](const std::optional<FileFacts>& file) {
    return Place{file->path.string(), {}, {}};
  };
  const bool is_swapped = header.size() != header.stored;
  const auto compare = [&](const std::optional<Size>& size, const std::optional<MaskRef>& mask,
                           const std::optional<FileFacts>& file) {
    if (!size || !mask || mask->resize_to_image || !is_swapped || *size != header.stored) return;
    report(
        place_of(file),
        fmt::format("the mask is {} like the image as it is stored; displayed, after the turn that its EXIF "
                    "orientation {} asks for, the image is {}",
                    to_string(*size), header.orientation, to_string(header.size())),
        "");
  };
  compare(facts.semantic_size, item.semantic, facts.semantic);
  compare(facts.instances_size, item.instances, facts.instances);
  if (is_swapped && item.size && *item.size == header.stored)
    report(item.origin,
           fmt::format(
               "the annotation says {}, the size of the image as it is stored; displayed, after the turn "
               "that its EXIF orientation {} asks for, the image is {}",
               to_string(*item.size), header.orientation, to_string(header.size())),
           "turn the image's pixels back by dropping its EXIF orientation, if the annotations were made so");
  const auto placing = facts.alignment ? better_placing(*facts.alignment) : std::nullopt;
  if (placing && placing->turn == header.orientation)
    report(place_of(facts.semantic),
           fmt::format(
               "the mask fits the image as it is stored, not as its EXIF orientation {} displays it: the "
               "mask {} (agreement of borders and edges {:.2f}; as it is, {:.2f})",
               header.orientation, turn_in_words(placing->turn), placing->agreement, placing->in_place),
           "", Severity::warning);
}

}  // namespace

extern const Rule exif_rotation;
const Rule exif_rotation{
    .id = "exif-rotation",
    .severity = Severity::error,
    .title = "a mask that does not follow its image's EXIF orientation",
    .harm = "Programs that obey EXIF and programs that do not see two different pictures; the mask fits one.",
    .fix = "Turn the image's pixels and drop the EXIF orientation, or turn the mask.",
    .run = find_rotations};

}  // namespace maskmill
