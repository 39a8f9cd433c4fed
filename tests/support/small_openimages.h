// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/path.h"
#include "dataset/shapes.h"

// A small Open Images as its hosts serve it: every file lies at HOST/PATH in a folder, so that a mirror of
// that folder stands in for the hosts. Names of files, header lines and cells are those of the official ones
// (V5 to V7); what is drawn is not.
namespace maskmill::tests {

struct SmallOpenImagesOptions {
  std::uint64_t seed = 1;
  int train = 24, validation = 8, test = 8;  ///< images
  int longest_side = 96;  ///< of an image, in pixels; the shortest is at least half of that
  bool traps = true;      ///< an image and masks that are not there, rows in quotes, titles with commas
};

struct OpenImagesObject {
  std::string mid, box_id;  ///< the latter 8 hexadecimal digits; empty without a mask
  Box box;                  ///< in fractions of the image's sides, as its row has it
  /// IsOccluded, IsTruncated, IsGroupOf, IsDepiction, IsInside: 1, 0, or -1 for unknown.
  std::array<int, 5> flags{};
  std::string mask_path;        ///< MaskPath of its row; empty where it has no mask
  bool mask_is_absent = false;  ///< its row has no member in the zip file
};

struct OpenImagesImage {
  std::string id, subset;  ///< 16 hexadecimal digits; train, validation or test
  Size size;               ///< of the image; its masks have others
  bool is_absent = false;  ///< its host says 404
  std::string title;
  std::vector<OpenImagesObject> objects;
};

struct OpenImagesClass {
  std::string mid, name;
  bool has_masks = true;  ///< one of classes-segmentation.txt
};

/// Some of the 600 classes with boxes, by their real names: bytewise by MID, as the tables have them.
std::span<const OpenImagesClass> small_openimages_classes();

/// Writes it below the folder, and says what there is: images bytewise by id within train, validation, test.
/// The same options give the same bytes. Images lie at both addresses of their host,
/// open-images-dataset.s3.amazonaws.com/SUBSET/ and s3.amazonaws.com/open-images-dataset/SUBSET/. Every image
/// has an object of the class whose number is its own, and the first digits of ids go round, so that each zip
/// file of train has masks where there are 16 images.
std::vector<OpenImagesImage> write_small_openimages(const Path& folder,
                                                    const SmallOpenImagesOptions& options = {});

}  // namespace maskmill::tests
