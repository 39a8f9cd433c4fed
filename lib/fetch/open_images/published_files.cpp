// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/published_files.h"

#include <fmt/format.h>

namespace maskmill::fetch {
namespace {

constexpr std::string_view kTables = "https://storage.googleapis.com/openimages/";
constexpr std::string_view kImages = "https://open-images-dataset.s3.amazonaws.com/";

/// By split; below kTables.
constexpr std::array<std::string_view, 3> kBoxes{"v6/oidv6-train-annotations-bbox.csv",
                                                 "v5/validation-annotations-bbox.csv",
                                                 "v5/test-annotations-bbox.csv"};
constexpr std::array<std::string_view, 3> kMasks{"v5/train-annotations-object-segmentation.csv",
                                                 "v5/validation-annotations-object-segmentation.csv",
                                                 "v5/test-annotations-object-segmentation.csv"};
constexpr std::array<std::string_view, 3> kImageTables{
    "2018_04/train/train-images-boxable-with-rotation.csv",
    "2018_04/validation/validation-images-with-rotation.csv", "2018_04/test/test-images-with-rotation.csv"};

Url table(std::string_view path) {
  return Url(std::string(kTables) + std::string(path));
}

std::string_view name_of(OpenImagesSplit split) {
  return enum_names<OpenImagesSplit>[static_cast<std::size_t>(split)];
}

}  // namespace

Url open_images_classes() {
  return table("v7/oidv7-class-descriptions-boxable.csv");
}

Url open_images_hierarchy() {
  return table("2018_04/bbox_labels_600_hierarchy.json");
}

Url open_images_boxes(OpenImagesSplit split) {
  return table(kBoxes[static_cast<std::size_t>(split)]);
}

Url open_images_masks(OpenImagesSplit split) {
  return table(kMasks[static_cast<std::size_t>(split)]);
}

Url open_images_images(OpenImagesSplit split) {
  return table(kImageTables[static_cast<std::size_t>(split)]);
}

Url open_images_shard(OpenImagesSplit split, char digit) {
  return table(fmt::format("v5/{0}-masks/{0}-masks-{1}.zip", name_of(split), digit));
}

Url open_images_image(OpenImagesSplit split, std::string_view id) {
  return Url(fmt::format("{}{}/{}.jpg", kImages, name_of(split), id));
}

}  // namespace maskmill::fetch
