// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/facts.h"

#include "dataset/masks.h"

namespace maskmill {
namespace {

// Reads the file and what its header says; `decode` looks at the pixels.
template <class Decode>
FileFacts file_facts(const Path& path, Decode&& decode) {
  FileFacts facts;
  facts.path = path;
  try {
    const std::string bytes = read_file(path);
    facts.exists = true;
    facts.kind = file_kind(bytes);
    facts.content = digest_of(bytes);
    facts.header = probe_image_bytes(bytes);
    decode(bytes);
  } catch (Error& error) {
    facts.exists = error.code() != Code::not_found;
    facts.unreadable = std::move(error.at_file(path));
  }
  return facts;
}

}  // namespace

std::vector<const FileFacts*> ItemFacts::files() const {
  std::vector<const FileFacts*> all;
  for (const auto* file : {&image, &semantic, &instances})
    if (*file) all.push_back(&**file);
  for (const FileFacts& file : shapes) all.push_back(&file);
  return all;
}

ItemFacts facts_of(const Item& item, const LabelMap& labels) {
  ItemFacts facts;
  if (!item.image.empty())
    facts.image = file_facts(item.image, [](std::string_view bytes) {
      decode_image(bytes, {.at_least = Size{1, 1}});
    });
  if (item.semantic)
    facts.semantic = file_facts(item.semantic->file, [&](std::string_view) {
      const SemanticMask mask = read_semantic(*item.semantic);
      facts.semantic_size = Size{mask.labels.cols, mask.labels.rows};
      facts.unknown_values = mask.unknown_values;
      std::vector<std::int64_t> pixels(static_cast<std::size_t>(labels.size()), 0);
      for (int y = 0; y < mask.labels.rows; ++y) {
        const auto* row = mask.labels.ptr<std::uint16_t>(y);
        for (int x = 0; x < mask.labels.cols; ++x)
          if (row[x] < pixels.size()) ++pixels[row[x]];
      }
      for (std::size_t label = 0; label < pixels.size(); ++label)
        if (pixels[label] > 0) facts.known_labels[static_cast<std::int64_t>(label)] = pixels[label];
    });
  if (item.instances)
    facts.instances = file_facts(item.instances->file, [&](std::string_view bytes) {
      const RawImage mask = decode_raw(bytes);
      facts.instances_size = Size{mask.pixels.cols, mask.pixels.rows};
    });
  for (const Annotation& annotation : item.annotations)
    if (const auto* mask = std::get_if<MaskRef>(&annotation.shape))
      facts.shapes.push_back(file_facts(mask->file, [](std::string_view bytes) { decode_raw(bytes); }));
  return facts;
}

}  // namespace maskmill
