// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "dataset/item.h"
#include "dataset/labels.h"
#include "image/capture.h"
#include "image/image.h"
#include "image/perceptual_hash.h"
#include "prepare/check/alignment.h"
#include "prepare/check/blends.h"
#include "prepare/check/coinciding.h"
#include "prepare/check/objects.h"
#include "prepare/check/regions.h"

namespace maskmill {

/// What there is to know of one file that an item refers to; read once, whatever number of rules ask. Of what
/// is made, `path` is the first file of which it is, and a made mask has no kind, header or content.
struct FileFacts {
  Path path;
  std::optional<Error> unreadable;  ///< set: nothing below but `exists` and maybe `kind` is known
  bool exists = false;
  FileKind kind = FileKind::unknown;  ///< by its content
  std::optional<ImageInfo> header;
  std::optional<Digest> content;  ///< of its bytes
};

/// Of the picture as displayed, reduced to its alignment grid.
struct PictureFacts {
  double brightness = 0;  ///< mean of its gray values, 0..255
  double contrast = 0;    ///< their standard deviation
  /// Of nearly one colour, so that no statistics of it mean anything.
  bool is_flat() const { return contrast < 3; }
  /// The part of its height, from the bottom, that is of the gray with which a JPEG decoder fills what is not
  /// there.
  double gray_tail = 0;
};

struct ItemFacts {
  std::optional<FileFacts> image;
  std::optional<FileFacts> semantic, instances;
  std::vector<FileFacts> shapes;  ///< mask files of annotations
  std::optional<Size> semantic_size, instances_size;
  /// Label index -> pixels of the semantic mask, and stored values that no label has (a colour:
  /// r << 16 | g << 8 | b) -> pixels. Without those that are but blends of others.
  std::map<std::int64_t, std::int64_t> known_labels;
  std::map<std::int64_t, std::int64_t> unknown_values;
  std::optional<Blends> blends;  ///< of the semantic mask
  /// Labels that occur in the semantic mask as blends of others only -> pixels.
  std::map<int, std::int64_t> blended_labels;
  std::optional<Alignment> alignment;       ///< of the semantic mask with the image
  std::map<int, Specks> specks, pin_holes;  ///< as MaskRegions has them, unless values mean nothing
  std::vector<Region> instance_parts;       ///< the regions of each number of the instance mask, as they end
  std::vector<ObjectFacts> objects;         ///< of each annotation
  std::vector<Coinciding> coinciding;       ///< annotations
  std::uint64_t annotations = 0;  ///< a hash of all that is said of the image, whatever the item is called
  std::optional<PictureFacts> picture;     ///< nothing where the image cannot be read
  std::optional<GrayThumbnail> thumbnail;  ///< as gray_thumbnail gives it
  std::optional<Capture> capture;

  /// Labels of the annotations and of the semantic mask.
  std::set<int> labels_in(const Item& item) const;
  /// The image's size as annotations count it: as it is stated, else as its file or a mask has it.
  std::optional<Size> size_of(const Item& item) const;
  /// All of the above that there are.
  std::vector<const FileFacts*> files() const;
};

/// Reads and decodes what the item refers to, whole, so that a picture that ends early is noticed. A JPEG is
/// decoded at a fraction of its size: every coefficient is still read.
ItemFacts facts_of(const Item& item, const LabelMap& labels);

}  // namespace maskmill
