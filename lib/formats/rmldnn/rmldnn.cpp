// SPDX-License-Identifier: Apache-2.0
#include "formats/rmldnn/rmldnn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/text.h"
#include "formats/mask_files/mask_sink.h"
#include "formats/mask_files/mask_source.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "What rmldnn's pets example is configured for: training/inputs/ and training/masks/, testing/inputs/ and "
    "testing/masks/, and validation/ where there is one, paired by name. Its folders training, validation and "
    "testing are the subsets train, val and test. Masks, their labels and what means void are read as in pairs. "
    "Written are gray PNGs whose values number the labels from 0 in their order, so that trimaps' 1, 2, 3 become "
    "0, 1, 2 (pixels without a label 255), and labels.json, which keeps the ids; an item without a subset has no "
    "place.";

struct Part {
  std::string_view folder, subset;
};
constexpr std::array<Part, 3> kParts{{{"training", "train"}, {"validation", "val"}, {"testing", "test"}}};

std::vector<PairFolders> part_folders(const Path& source) {
  std::vector<PairFolders> found;
  for (const Part& part : kParts) {
    const Path folder = source / std::string(part.folder), masks = folder / "masks";
    boost::system::error_code failure;
    if (holds_image(folder / "inputs", true))
      found.push_back(
          {std::string(part.subset), folder / "inputs", fs::is_directory(masks, failure) ? masks : Path()});
  }
  return found;
}

std::unique_ptr<Source> open(const OpenRequest& request) {
  const auto settings = parsed_settings<MaskLabelSettings>(request.settings);
  MaskFiles files;
  files.folders = part_folders(request.path);
  files.pairs = pair_files(files.folders, {"", ""}, files.findings);
  if (!files.any_mask())
    throw Error(Code::bad_format,
                "no image has a mask of its name: training/inputs/ and training/masks/, testing/inputs/ and "
                "testing/masks/ were looked for")
        .at_file(request.path);
  return make_mask_source(request.path, std::move(files), settings);
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const std::vector<PairFolders> folders = part_folders(path);
  for (const PairFolders& part : folders)
    if (has_pair(part))
      return {85,
              {fmt::format("images in {0}/inputs/, masks of the same names in {0}/masks/",
                           part.images.parent_path().filename().string())}};
  if (folders.empty()) return {0, {"no folders such as training/inputs/ and training/masks/"}};
  return {
      15,
      {fmt::format("training/inputs/ or testing/inputs/ is there, but none of the first {} images has a mask "
                   "of its name",
                   kSampledImages)}};
}

class RmldnnSink : public MaskSink {
 public:
  RmldnnSink(const CreateRequest& request, const MaskWriteSettings& settings)
      : MaskSink(request, settings, {numbered(request.metadata.labels), MaskFileKind::gray_png}) {
    for (const std::string& subset : request.metadata.subsets) folder_of(subset);
  }

 private:
  static std::string folder_of(const std::string& subset) {
    if (subset.empty())
      throw Error(Code::bad_value, "is in no subset, and this layout has a folder for each")
          .hint("divide the data set first: maskmill split --to rmldnn --ratio train=0.9,test=0.1");
    const auto part = std::ranges::find(kParts, subset, &Part::subset);
    if (part == kParts.end())
      throw Error(Code::bad_value,
                  fmt::format("the subset {} has no folder in this layout, which has train, val and test",
                              in_quotes(subset)))
          .hint("divide the data set into these: maskmill split --ratio train=0.8,val=0.1,test=0.1");
    return std::string(part->folder);
  }
  std::string image_folder(const std::string& subset) const override { return folder_of(subset) + "/inputs"; }
  std::string mask_folder(const std::string& subset) const override { return folder_of(subset) + "/masks"; }
};

std::unique_ptr<Sink> create(const CreateRequest& request) {
  return std::make_unique<RmldnnSink>(request, parsed_settings<MaskWriteSettings>(request.settings));
}

}  // namespace

const Format& rmldnn() {
  static const Format format{.name = "rmldnn",
                             .title = "rmldnn's training and testing folders",
                             .description = kDescription,
                             .extensions = {"png"},
                             .holds = held_by_mask_files(),
                             .probe = probe,
                             .open = open,
                             .create = create,
                             .read_settings = declared_settings<MaskLabelSettings>,
                             .write_settings = declared_settings<MaskWriteSettings>};
  return format;
}

}  // namespace maskmill
