// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/facts.h"

#include "dataset/masks.h"

namespace maskmill {
namespace {

// `read` gives the file's bytes, `decode` looks at the pixels.
template <class Read, class Decode>
FileFacts file_facts(const Path& path, Read&& read, Decode&& decode) {
  FileFacts facts;
  facts.path = path;
  try {
    const std::string bytes = read();
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

// A made mask has no bytes: all that there is to know of it are its pixels.
template <class Decode>
FileFacts mask_facts(const MaskRef& mask, Decode&& decode) {
  if (!mask.made)
    return file_facts(
        mask.file, [&] { return read_file(mask.file); }, [&](std::string_view) { decode(); });
  FileFacts facts;
  facts.path = file_of(mask);
  facts.exists = true;
  try {
    decode();
  } catch (Error& error) {
    facts.unreadable = std::move(error.at_file(facts.path));
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
  if (has_image(item))
    facts.image = file_facts(
        image_file(item), [&] { return image_bytes(item); },
        [](std::string_view bytes) {
          decode_image(bytes, {.at_least = Size{1, 1}});
        });
  if (item.semantic)
    facts.semantic = mask_facts(*item.semantic, [&] {
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
    facts.instances = mask_facts(*item.instances, [&] {
      const RawImage mask = read_stored(*item.instances);
      facts.instances_size = Size{mask.pixels.cols, mask.pixels.rows};
    });
  for (const Annotation& annotation : item.annotations)
    if (const auto* mask = std::get_if<MaskRef>(&annotation.shape))
      facts.shapes.push_back(mask_facts(*mask, [&] { read_stored(*mask); }));
  return facts;
}

}  // namespace maskmill
