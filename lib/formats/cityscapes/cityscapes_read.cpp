// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "formats/cityscapes/cityscapes_halves.h"
#include "formats/cityscapes/layout.h"
#include "formats/cityscapes/polygons.h"
#include "formats/scenes/scene_source.h"

namespace maskmill {
namespace {

class CityscapesSource : public SceneSource {
 public:
  CityscapesSource(const Path& source, const CityscapesReadSettings& settings)
      : settings_(settings),
        folders_(find_cityscapes_folders(source, settings.images, settings.truth)),
        index_(index_cityscapes(folders_, findings_)) {
    std::uint8_t any = 0;
    bool beyond_training = false;
    labelled_subsets_.resize(index_.subsets.size());
    std::size_t with_both = 0;
    for (const CityscapesEntry& entry : index_.entries) {
      any = static_cast<std::uint8_t>(any | entry.files);
      beyond_training = beyond_training || (entry.files & ~cityscapes_file::label_train_ids) != 0;
      with_both +=
          (entry.files & cityscapes_file::polygons) != 0 && (entry.files & ~cityscapes_file::polygons) != 0;
      has_images_ = has_images_ || entry.image != NameArena::none;
      if (entry.files == 0) continue;
      if (entry.subset == 0)
        any_unnamed_labelled_ = true;
      else
        labelled_subsets_[entry.subset - 1U] = true;
    }
    if (any == 0)
      throw Error(
          Code::bad_format,
          "no file such as gtFine/<subset>/<city>/*_labelIds.png, *_instanceIds.png or *_polygons.json")
          .at_file(source);
    SceneLabelSet set = settings.labels;
    if (set == SceneLabelSet::automatic) set = beyond_training ? SceneLabelSet::all : SceneLabelSet::train;
    SceneLabels labels = read_scene_labels(source, set);
    codings_ = scene_codings(labels, kCityscapesNumbers);
    if (set == SceneLabelSet::train) others_are_ = labels.map.find_id(kTrainVoid);
    metadata_.labels = std::move(labels.map);
    metadata_.subsets = index_.subsets;
    for (const std::string& other : folders_.other_truth)
      left_out(source / other,
               fmt::format("{} is read; this folder is not", folders_.truth.filename().string()),
               fmt::format("--read truth={} reads it", other));
    if (with_both > 0 && settings.objects == CityscapesObjects::masks)
      left_out(folders_.truth,
               fmt::format("the masks are read, and not the polygons of the {} that have both",
                           counted(with_both, "item")),
               "--read objects=polygons reads them");
  }

  std::size_t size() const override { return index_.entries.size(); }

 private:
  void left_out(const Path& path, std::string message, std::string fix) {
    findings_.add(
        {"file-left-out", Severity::note, Place{path.string(), {}, {}}, std::move(message), std::move(fix)});
  }

  SceneFiles files_of(std::size_t number) const override {
    const CityscapesEntry& entry = index_.entries[number];
    SceneFiles files;
    files.id = index_.id_of(entry);
    if (entry.subset != 0) files.subset = index_.subsets[entry.subset - 1U];
    if (entry.image != NameArena::none)
      files.image = folders_.images / std::string(index_.names[entry.image]);
    const auto file = [&](cityscapes_file::Kind kind) {
      if ((entry.files & kind) == 0) return Path();
      return folders_.truth / (std::string(index_.names[entry.truth]) + std::string(ending_of(kind)));
    };
    files.labels = file(cityscapes_file::label_ids);
    files.numbers = file(cityscapes_file::instance_ids);
    files.train_labels = file(cityscapes_file::label_train_ids);
    files.colours = file(cityscapes_file::colour);
    files.polygons = file(cityscapes_file::polygons);
    return files;
  }

  bool prefers_annotations() const override { return settings_.objects == CityscapesObjects::polygons; }

  bool add_annotations(Item& item, const SceneFiles& files, std::vector<Finding>& findings) const override {
    try {
      CityscapesPolygons read =
          read_cityscapes_polygons(files.polygons, metadata_.labels, others_are_, findings);
      item.annotations = std::move(read.annotations);
      item.size = read.size;
      return true;
    } catch (Error& error) {
      if (error.code() == Code::interrupted || error.code() == Code::bug) throw;
      findings.push_back(to_finding(error.at_file(files.polygons), "unreadable-annotation"));
      return false;
    }
  }

  const CityscapesReadSettings settings_;
  const CityscapesFolders folders_;
  const CityscapesIndex index_;
  std::optional<int> others_are_;  ///< what labels become that are not among those asked for
};

}  // namespace

std::unique_ptr<Source> open_cityscapes(const OpenRequest& request) {
  return std::make_unique<CityscapesSource>(request.path,
                                            parsed_settings<CityscapesReadSettings>(request.settings));
}

}  // namespace maskmill
