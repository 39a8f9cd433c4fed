// SPDX-License-Identifier: Apache-2.0
#include "formats/finetune/finetune.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "base/text.h"
#include "formats/finetune/categories.h"
#include "formats/mask_files/label_mask_sink.h"
#include "formats/mask_files/label_mask_source.h"
#include "formats/mask_files/mask_source.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "What HPE's image-segmentation demo fine-tunes on: train/, val/ and, where there is one, test/, each with "
    "images/ and masks of the same names (by name here, never by the folder's order, as the demo has it). One "
    "category: a folder named after it, of PNGs of 0 and 255; several such folders are read as in label_masks. "
    "Several categories: a JSON file of any name beside the subsets, {\"mask_folder\", \"N_categories\", "
    "\"categories\": [{\"name\", \"color\"}, ...]}, and <subset>/<mask_folder>/ with .npy arrays whose values "
    "count the categories from 0, the first as good as any other: which one means background is said by "
    "--read background=NAME. Written is the first form for one label without void, else the second, as "
    "categories.json and masks/; void becomes a category of its own, since the demo knows none, and each list "
    "of categories has colours. The demo takes any JSON file beside the subsets for its list, so that "
    "labels.json and provenance.json lie in maskmill/. It opens a mask of the first form under the image's "
    "whole name: --write mask-names=image writes PNGs of such names beside images that are no PNG. An item "
    "without a subset has no place; one that nobody annotated has no mask, and the demo stops at it.";

constexpr std::array<std::string_view, 3> kSubsets{"train", "val", "test"};
constexpr const char* kOwnFolder = "maskmill";
constexpr const char* kMaskFolder = "masks";

enum class Variant { automatic, folders, index };
enum class MaskNames { png, image };

}  // namespace

template <>
inline constexpr std::array<std::string_view, 3> enum_names<Variant>{"auto", "folders", "index"};
template <>
inline constexpr std::array<std::string_view, 2> enum_names<MaskNames>{"png", "image"};

namespace {

struct ReadSettings : LabelSettings {
  static void visit(auto& self, auto&& setting) { visit_roles(self, setting); }
};

struct WriteSettings {
  Variant variant = Variant::automatic;
  MaskNames mask_names = MaskNames::png;
  static void visit(auto& self, auto&& setting) {
    setting("variant", self.variant,
            "auto: folders for one label without void, else index; folders: binary masks a category; index: "
            ".npy masks and a JSON file");
    setting("mask-names", self.mask_names,
            "of binary masks: png: the item's name with .png; image: the image's whole name, whatever its "
            "extension, as the demo opens it");
  }
};

std::vector<PairFolders> subset_folders(const Path& source, const std::string& mask_folder) {
  std::vector<PairFolders> found;
  for (const std::string_view name : kSubsets) {
    const Path folder = source / std::string(name), masks = folder / mask_folder;
    boost::system::error_code failure;
    if (holds_image(folder / "images", true))
      found.push_back(
          {std::string(name), folder / "images", fs::is_directory(masks, failure) ? masks : Path()});
  }
  return found;
}

std::vector<LabelFolders> category_folders(const Path& source) {
  std::vector<LabelFolders> found;
  for (const std::string_view name : kSubsets)
    if (const Path images = source / std::string(name) / "images"; holds_image(images, true))
      found.push_back(label_folders_beside(images, std::string(name)));
  return found;
}

Error nothing_found(const Path& source) {
  std::vector<std::string> names;
  for (const std::string_view subset : kSubsets)
    if (const Path folder = source / std::string(subset); fs::is_directory(folder))
      for (const Path& inside : list_folders(folder)) names.push_back(relative_name(inside, source) + "/");
  return Error(Code::bad_format,
               fmt::format(
                   "train/images/ and train/CATEGORY/, or a JSON file that names the folder of masks, were "
                   "looked for, and {} found",
                   names.empty() ? "no folders in train/, val/ or test/" : joined(names, ", ")))
      .at_file(source)
      .hint("rename the folders, or write this layout from what is there: maskmill convert --to finetune");
}

std::unique_ptr<Source> open(const OpenRequest& request) {
  const auto settings = parsed_settings<ReadSettings>(request.settings);
  MaskFiles files;
  const auto categories = find_categories(request.path, files.findings);
  const auto ours = find_label_file({request.path / kOwnFolder});
  if (!categories) {
    std::vector<LabelFolders> folders = category_folders(request.path);
    if (std::ranges::all_of(folders, [](const LabelFolders& part) { return part.masks.empty(); }))
      throw nothing_found(request.path);
    LabelMaskSettings wanted;
    static_cast<LabelSettings&>(wanted) = settings;
    return make_label_mask_source(request.path, std::move(folders), {request.path / kOwnFolder}, wanted,
                                  std::move(files.findings));
  }
  files.folders = subset_folders(request.path, categories->mask_folder);
  files.pairs = pair_files(files.folders, {"", ""}, files.findings);
  if (!files.any_mask())
    throw Error(
        Code::bad_format,
        fmt::format("no image of train/images/, val/images/ or test/images/ has a mask of its name in "
                    "{}/ beside it",
                    categories->mask_folder))
        .at_file(request.path);
  MaskLabelSettings wanted;
  static_cast<LabelSettings&>(wanted) = settings;
  return make_mask_source(request.path, std::move(files), wanted, completed(categories->labels, ours));
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  Findings findings;
  if (const auto categories = find_categories(path, findings)) {
    for (const PairFolders& part : subset_folders(path, categories->mask_folder))
      if (has_pair(part))
        return {
            95,
            {fmt::format(
                "a JSON file that names categories ({}), images in {}/images/, masks of the same names in {}/{}/",
                categories->labels.labels.size(), part.subset, part.subset, categories->mask_folder)}};
    return {25,
            {fmt::format("a JSON file with categories, but no image has a mask of its name in {}/",
                         categories->mask_folder)}};
  }
  const std::vector<LabelFolders> folders = category_folders(path);
  for (const LabelFolders& part : folders)
    if (has_label_masks(part)) {
      const std::string& category = part.masks.begin()->first;
      const bool is_named = category != "masks" && category != "mask" && category != "labels";
      // Of several the demo wants a list.
      Probe found{part.masks.size() > 1 ? 55
                  : is_named            ? 75
                                        : 40,
                  {fmt::format("images in {0}/images/, binary masks of the same names in {0}/{1}/",
                               part.subset, category)}};
      if (boost::system::error_code failure;
          fs::is_regular_file(path / kOwnFolder / "labels.json", failure)) {
        found.confidence += 15;
        found.reasons.emplace_back("maskmill/labels.json names the labels");
      }
      return found;
    }
  if (folders.empty()) return {0, {"no folders such as train/images/"}};
  return {10,
          {fmt::format("no folder of binary masks of the images' names beside {}/images/",
                       folders.front().subset)}};
}

/// Throws Error(bad_value) for a subset that has no folder here.
std::string folder_of(const std::string& subset) {
  if (std::ranges::find(kSubsets, subset) != kSubsets.end()) return subset;
  throw Error(Code::bad_value,
              subset.empty()
                  ? "is in no subset, and this layout has a folder for each"
                  : fmt::format("the subset {} has no folder in this layout, which has train, val and test",
                                in_quotes(subset)))
      .hint(
          "divide the data set into these: maskmill split --to finetune --ratio train=0.8,val=0.1,test=0.1");
}

class FoldersSink : public LabelMaskSink {
 public:
  FoldersSink(const CreateRequest& request, bool as_image, bool takes_void)
      : LabelMaskSink(request, kOwnFolder, as_image), takes_void_(takes_void) {}

 private:
  std::string image_folder(const std::string& subset) const override { return folder_of(subset) + "/images"; }
  Encoded encoded(const Item& item) const override {
    Encoded masks = LabelMaskSink::encoded(item);
    if (masks.unlabelled > 0 && !takes_void_)
      throw Error(Code::bad_value,
                  fmt::format("{} without a label, and the masks of one category have no place for void",
                              counted(static_cast<std::size_t>(masks.unlabelled), "pixel")))
          .hint("--write variant=index makes void a category");
    return masks;
  }

  bool takes_void_;
};

bool has_void(const LabelMap& labels) {
  return std::ranges::any_of(labels, [](const Label& label) { return label.role == Role::ignore; });
}

class IndexSink : public MaskSink {
 public:
  explicit IndexSink(const CreateRequest& request)
      : MaskSink(request, settings_for(request.metadata.labels),
                 {numbered(request.metadata.labels), MaskFileKind::npy, kOwnFolder}) {}

 private:
  /// Void, where it is no label yet, is the next category.
  static MaskWriteSettings settings_for(const LabelMap& labels) {
    MaskWriteSettings settings;
    if (!has_void(labels)) settings.void_value = labels.size();
    return settings;
  }
  std::string image_folder(const std::string& subset) const override { return folder_of(subset) + "/images"; }
  std::string mask_folder(const std::string& subset) const override {
    return folder_of(subset) + "/" + kMaskFolder;
  }
  void finish(const LabelFile& labels) override {
    folder().write("categories.json", to_text(Categories{kMaskFolder, labels}));
  }
};

std::unique_ptr<Sink> create(const CreateRequest& request) {
  const auto settings = parsed_settings<WriteSettings>(request.settings);
  for (const std::string& subset : request.metadata.subsets) folder_of(subset);
  const LabelMap& labels = request.metadata.labels;
  const bool is_one = !has_void(labels) && std::ranges::count(labels, Role::object, &Label::role) == 1;
  if (settings.variant == Variant::index || (settings.variant == Variant::automatic && !is_one))
    return std::make_unique<IndexSink>(request);
  return std::make_unique<FoldersSink>(request, settings.mask_names == MaskNames::image,
                                       settings.variant == Variant::folders && !is_one);
}

}  // namespace

const Format& finetune() {
  static const Format format{.name = "finetune",
                             .title = "HPE's fine-tuning layout",
                             .description = kDescription,
                             .extensions = {"json", "npy", "png"},
                             .holds = held_by_mask_files(),
                             .probe = probe,
                             .open = open,
                             .create = create,
                             .read_settings = declared_settings<ReadSettings>,
                             .write_settings = declared_settings<WriteSettings>};
  return format;
}

}  // namespace maskmill
