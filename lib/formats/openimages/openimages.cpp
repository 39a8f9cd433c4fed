// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages/openimages.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "formats/openimages/oid_layout.h"
#include "formats/openimages/openimages_halves.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "Google's Open Images V4 to V7, as the official download, FiftyOne, datumaro and the OID toolkits leave it: "
    "tables (.csv) of boxes, masks, image-level labels and images, wherever they lie in the folder, and told by "
    "their headers.\n\n"
    "Read: boxes (XMin, XMax, YMin, YMax as fractions of the image's sides), masks (MaskPath; every pixel that is not "
    "0 is the object's, and the mask is resized to the image's exact size, nearest, since it mostly differs), "
    "labels of whole images, class descriptions with and without a header, the class hierarchy (the first parent of "
    "a class becomes its supercategory; further parents and parts become attributes of the data set). A mask and "
    "the box of the same image, class and coordinates, to 6 digits, are one annotation. IsOccluded, IsTruncated "
    "and IsGroupOf (crowd) are flags; -1 means unknown and stays unknown. Source, IsDepiction, IsInside, XClick..., "
    "PredictedIoU, Clicks and other columns become attributes. A Confidence of 1, as every box has it, says "
    "nothing; another is a score. A label of a whole image is an annotation without a shape; one of Confidence 0, "
    "that people looked for and did not find, is listed in the image's attribute absent_labels. Labels are called "
    "by their display names; MIDs (/m/01b9xk) are kept in the attribute openimages_mids. Items are the images that "
    "are there, and rows of others are passed over and counted; where there is no image at all, the items are "
    "those that the tables name. Coordinates belong to the image as it lies there: Rotation, which says how "
    "people would turn it, is an attribute. Masks may lie in one folder or in folders by their first character. "
    "Relationships, points and narratives are not read.\n\n"
    "Written: annotations/<subset>-annotations-bbox.csv, -annotations-object-segmentation.csv, "
    "-annotations-human-imagelabels.csv and -images-with-rotation.csv, class-descriptions-boxable.csv, the hierarchy "
    "where there is one, images/<subset>/ and masks/<subset>/ with 8-bit PNGs of 0 and 255. Files of items without a "
    "subset are called default. A mask's BoxID is its annotation's number where that fits in 32 bits, else made from "
    "the image's id. A label without a MID gets /x/, its name in lower case and a hash. What Open Images has "
    "no column for goes into further columns, which other programs pass over: Attributes (JSON), Width and Height, "
    "FileName, and BoxID in a table of boxes two of which could not be told apart.";

Capabilities held() {
  Capabilities holds;
  holds.box = holds.rle = holds.shapeless = true;
  holds.crowd = holds.occluded = holds.truncated = true;
  holds.score = holds.attributes = true;
  holds.subsets = holds.item_attributes = true;
  return holds;
}

std::string_view in_words(OpenImagesKind kind) {
  switch (kind) {
    case OpenImagesKind::masks:
      return "masks";
    case OpenImagesKind::boxes:
      return "boxes";
    case OpenImagesKind::image_labels:
      return "labels of images";
    case OpenImagesKind::images:
      break;
  }
  return "images";
}

int confidence_of(OpenImagesKind kind) {
  if (kind == OpenImagesKind::masks || kind == OpenImagesKind::boxes) return 92;
  return kind == OpenImagesKind::image_labels ? 80 : 50;
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  Probe found;
  for (const OpenImagesTable& table : sample_tables(path)) {
    found.confidence = std::max(found.confidence, confidence_of(table.kind));
    found.reasons.push_back(fmt::format("{} has Open Images' columns of {}", relative_name(table.file, path),
                                        in_words(table.kind)));
  }
  if (found.reasons.empty()) found.reasons.emplace_back("no .csv file with Open Images' columns");
  return found;
}

}  // namespace

const Format& openimages() {
  static const Format format{.name = "openimages",
                             .title = "Open Images",
                             .description = kDescription,
                             .extensions = {"csv"},
                             .holds = held(),
                             .probe = probe,
                             .open = open_openimages,
                             .create = create_openimages,
                             .read_settings = declared_settings<OpenImagesReadSettings>,
                             .write_settings = [] { return std::vector<Setting>(); }};
  return format;
}

}  // namespace maskmill
