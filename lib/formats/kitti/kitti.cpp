// SPDX-License-Identifier: Apache-2.0
#include "formats/kitti/kitti.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/error.h"
#include "formats/item_files.h"
#include "formats/kitti/layout.h"
#include "formats/mask_files/pairing.h"
#include "formats/scenes/scene_sink.h"
#include "formats/scenes/scene_source.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "KITTI's semantic and instance segmentation benchmark of 2015: for each subset (training, testing) a folder "
    "image_2/ and, of the same names, semantic/ with a label a pixel, instance/ with 16 bits (label * 256 + "
    "object; object 0 is nobody's: stuff, and groups, which are read as crowds) and semantic_rgb/. Any of these "
    "are enough. Labels are those of Cityscapes under their ids (the category void means void) or, with --read "
    "labels=train, the 19 that are evaluated and all others void; a data set with others names them in "
    "labels.json or, as datumaro and CVAT write it, in label_colors.txt, whose lines count from 0. Items are "
    "named after their files, after the subset too where both have one of that name. Masks are in displayed "
    "pixels. Boxes (label_2/) are another benchmark's and not read. Written are the same folders; objects of a "
    "label count from 1, those after the 255th are one group; stuff of which there are several areas is "
    "numbered too. Labels that Cityscapes does not name get numbers from 34 up and are in labels.json. An item "
    "without a subset lies in default/.";

struct ReadSettings {
  SceneLabelSet labels = SceneLabelSet::all;
  static void visit(auto& self, auto&& setting) {
    setting(
        "labels", self.labels,
        "all: every label by its id, auto too; train: the 19 that are evaluated by their training ids, all "
        "others void");
  }
};

struct WriteSettings {
  bool colours = true;
  static void visit(auto& self, auto&& setting) {
    setting("colours", self.colours, "write semantic_rgb/, for people to look at");
  }
};

class KittiSource : public SceneSource {
 public:
  KittiSource(const Path& source, const ReadSettings& settings)
      : index_(index_kitti(find_kitti_subsets(source), findings_)) {
    std::vector<bool> labelled(index_.subsets.size());
    for (const KittiEntry& entry : index_.entries) {
      has_images_ = has_images_ || entry.image != NameArena::none;
      if (entry.files != 0) labelled[entry.subset] = true;
    }
    if (std::ranges::find(labelled, true) == labelled.end())
      throw Error(Code::bad_format, "no mask such as training/semantic/*.png or training/instance/*.png")
          .at_file(source);
    for (std::size_t i = 0; i < labelled.size(); ++i) {
      if (index_.subsets[i].name.empty()) {
        any_unnamed_labelled_ = labelled[i];
      } else {
        metadata_.subsets.push_back(index_.subsets[i].name);
        labelled_subsets_.push_back(labelled[i]);
      }
    }
    SceneLabels labels = read_scene_labels(source, settings.labels);
    codings_ = scene_codings(labels, kKittiNumbers);
    metadata_.labels = std::move(labels.map);
  }

  std::size_t size() const override { return index_.entries.size(); }

 private:
  SceneFiles files_of(std::size_t number) const override {
    const KittiEntry& entry = index_.entries[number];
    const KittiSubset& subset = index_.subsets[entry.subset];
    const std::string name(index_.names[entry.name]);
    SceneFiles files;
    files.id = index_.id_of(entry);
    files.subset = subset.name;
    if (entry.image != NameArena::none)
      files.image =
          subset.folder / std::string(kKittiImages) / (name + std::string(index_.names[entry.image]));
    for (const KittiFolder& masks : kKittiFolders) {
      if ((entry.files & masks.file) == 0) continue;
      Path& file = masks.file == kitti_file::semantic   ? files.labels
                   : masks.file == kitti_file::instance ? files.numbers
                                                        : files.colours;
      file = subset.folder / std::string(masks.name) / (name + ".png");
    }
    return files;
  }

  const KittiIndex index_;
};

class KittiSink : public SceneSink {
 public:
  KittiSink(const CreateRequest& request, const WriteSettings& settings)
      : SceneSink(request, kKittiNumbers), settings_(settings) {}

 private:
  Names names_of(const Item& item, std::vector<Finding>& /*found*/) const override {
    require_file_names(item);
    const std::string subset = item.subset.empty() ? std::string(kKittiNoSubset) : item.subset;
    // What tells items of one name in several subsets apart is the subset's folder here.
    const std::string name = !item.subset.empty() && item.id.starts_with(item.subset + "/")
                                 ? item.id.substr(item.subset.size() + 1)
                                 : item.id;
    const Path image = item.file_name.empty() ? item.image : Path(item.file_name);
    const auto mask = [&](std::string_view folder) {
      return fmt::format("{}/{}/{}.png", subset, folder, name);
    };
    Names names;
    names.image_folder = subset + "/" + std::string(kKittiImages);
    names.image = name + image.extension().string();
    names.labels = mask("semantic");
    names.numbers = mask("instance");
    if (settings_.colours) names.colours = mask("semantic_rgb");
    return names;
  }

  bool numbers_stuff() const override { return true; }

  const WriteSettings settings_;
};

Probe probe(const Path& path) {
  if (!fs::is_directory(path)) return {0, {"not a folder"}};
  const std::vector<KittiSubset> subsets = find_kitti_subsets(path);
  if (subsets.empty()) return {0, {"no folders such as training/image_2/ and training/semantic/"}};
  for (const KittiSubset& subset : subsets) {
    Probe probe;
    boost::system::error_code failure;
    for (const KittiFolder& masks : kKittiFolders)
      if (const Path folder = subset.folder / std::string(masks.name); holds_image(folder, true)) {
        probe.confidence = probe.confidence == 0 ? (masks.file == kitti_file::semantic_rgb ? 40 : 60)
                                                 : probe.confidence + 15;
        probe.reasons.push_back("masks in " + relative_name(folder, path) + "/");
      }
    if (probe.confidence == 0) continue;
    if (const Path images = subset.folder / std::string(kKittiImages); fs::is_directory(images, failure)) {
      probe.confidence += 15;
      probe.reasons.push_back("images in " + relative_name(images, path) + "/");
    }
    probe.confidence = std::min(probe.confidence, 95);
    return probe;
  }
  return {10, {"image_2/ is there, and no masks in semantic/, instance/ or semantic_rgb/"}};
}

std::unique_ptr<Source> open(const OpenRequest& request) {
  return std::make_unique<KittiSource>(request.path, parsed_settings<ReadSettings>(request.settings));
}

std::unique_ptr<Sink> create(const CreateRequest& request) {
  return std::make_unique<KittiSink>(request, parsed_settings<WriteSettings>(request.settings));
}

}  // namespace

const Format& kitti() {
  static const Format format{.name = "kitti",
                             .title = "KITTI semantic segmentation",
                             .description = kDescription,
                             .extensions = {"png"},
                             .holds = held_by_scenes(),
                             .probe = probe,
                             .open = open,
                             .create = create,
                             .read_settings = declared_settings<ReadSettings>,
                             .write_settings = declared_settings<WriteSettings>};
  return format;
}

}  // namespace maskmill
