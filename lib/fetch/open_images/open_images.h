// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/finding.h"
#include "base/path.h"
#include "base/settings.h"
#include "fetch/access.h"
#include "fetch/archives.h"

namespace maskmill::fetch {

enum class OpenImagesSize {
  bucket,     ///< the longer side has 1,024 pixels: the public bucket's
  original,   ///< as the photographer put it on the web; many are gone
  thumbnail,  ///< some 640x480 (300,000 pixels), from the same site
  none        ///< tables and masks alone
};

enum class OpenImagesMaskFiles {
  automatic,  ///< by shard, whichever is less to fetch
  members,    ///< out of the shards' zip files by ranges
  shards      ///< whole zip files
};

}  // namespace maskmill::fetch

template <>
inline constexpr std::array<std::string_view, 4> maskmill::enum_names<maskmill::fetch::OpenImagesSize>{
    "1024", "original", "thumbnail", "none"};
template <>
inline constexpr std::array<std::string_view, 3> maskmill::enum_names<maskmill::fetch::OpenImagesMaskFiles>{
    "auto", "members", "shards"};

namespace maskmill::fetch {

/// What of Open Images is wanted. An object is a box with its mask, or either alone.
struct OpenImagesRequest {
  std::vector<std::string> classes{};
  bool with_subclasses = false, with_parts = false;
  std::vector<std::string> splits{"train", "validation", "test"};
  int max = 0;
  std::int64_t seed = 0;
  std::vector<std::string> annotations{"masks", "boxes"};
  std::vector<std::string> occluded{"yes", "no", "unknown"}, truncated = occluded, group_of = occluded,
                                                             depiction = occluded, inside = occluded;
  OpenImagesSize size = OpenImagesSize::bucket;
  bool with_image_table = false;
  OpenImagesMaskFiles mask_files = OpenImagesMaskFiles::automatic;
  std::optional<std::string> meta_dir{};

  static void visit(auto& self, auto&& setting) {
    const OneOf flag = one_of({"yes", "no", "unknown"});
    setting("classes", self.classes,
            "names of classes, such as \"Hot dog\", in any case, or their MIDs (/m/01b9xk)");
    setting("with-subclasses", self.with_subclasses, "and all kinds of them in the hierarchy");
    setting("with-parts", self.with_parts, "with the kinds also the parts, as Wheel is of Car");
    setting("splits", self.splits, "parts of the data set", one_of({"train", "validation", "test"}));
    setting(
        "max", self.max,
        "images a class over all splits, drawn by chance; one that is drawn for a class counts for all it holds; "
        "0: all",
        at_least(0));
    setting("seed", self.seed, "another seed, other images; the same seed, the same on any machine");
    setting("annotations", self.annotations, "what is fetched; images that have none of it are left out",
            one_of({"masks", "boxes"}));
    setting("is-occluded", self.occluded,
            "objects whose IsOccluded is one of these; a mask without a box is unknown", flag);
    setting("is-truncated", self.truncated, "the same of IsTruncated: it reaches out of the image", flag);
    setting("is-group-of", self.group_of, "the same of IsGroupOf: more than five in one box", flag);
    setting("is-depiction", self.depiction, "the same of IsDepiction: a drawing, say", flag);
    setting("is-inside", self.inside, "the same of IsInside: seen from within, as a building", flag);
    setting("image-size", self.size,
            "pixels of the longer side; original and thumbnail come from the photographer's site");
    setting("image-table", self.with_image_table,
            "fetch also who made each image and under which licence (600 MB for train)");
    setting("mask-files", self.mask_files,
            "masks out of their zip files by ranges, or the zip files whole; auto: what is less to fetch");
    setting("meta-dir", self.meta_dir, "keep whole tables and zip files there, and read those that are there",
            unset("tables are read as they come, and only what is wanted is kept"));
  }
};

/// A class and what there is of it.
struct OpenImagesClassCount {
  std::string name, mid;
  std::size_t images = 0, boxes = 0, masks = 0;
};

struct OpenImagesReport {
  std::vector<OpenImagesClassCount> classes;  ///< in the order of Open Images' table
  /// That were chosen. Where masks alone are wanted, without the images all masks of which are missing.
  std::size_t images = 0, boxes = 0, masks = 0;
  std::size_t missing_images = 0, missing_masks = 0;  ///< of these, those that the servers no longer have
};

/// Files that would be read; PlannedFile::there counts what meta_dir has.
struct OpenImagesPlan {
  std::vector<PlannedFile> tables;
  std::vector<PlannedFile> shards;          ///< of masks: those that are needed, or all that may be
  std::optional<OpenImagesReport> found{};  ///< where meta_dir has all tables; nothing is missing in it
};

/// Makes `work` a folder in Open Images' own layout, as formats/openimages reads it, with the rows, images
/// and masks that are asked for: annotations/ (tables, classes, hierarchy), images/SPLIT/, masks/SPLIT/.
/// Whatever interrupts it, the same call goes on; a call with another request takes what fits from what is
/// there and removes the rest. Only one process at a time may have the folder.
///
/// Memory: 8 bytes an image and class, 32 an object while flags are restricted, and the directory of one zip
/// file of masks.
/// Findings: "image-missing", "mask-missing", "image-changed" (not of the MD5 that is published), all with
/// the image they concern, "unreadable-row". Throws Error(usage) for a class that is not known, naming the
/// nearest, and Error as download(), also where single images could not be had for another reason than that
/// they are gone: then all others are there, and the next call asks for the rest.
OpenImagesReport fetch_open_images(const OpenImagesRequest& request, const Path& work, const Access& access,
                                   Findings& findings);

/// What that would read. Downloads the table of classes, and nothing else that is not in meta_dir. Throws as
/// fetch_open_images().
OpenImagesPlan plan_open_images(const OpenImagesRequest& request, const Access& access);

}  // namespace maskmill::fetch
