// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "base/settings.h"
#include "formats/format.h"
#include "formats/scenes/scene_labels.h"

namespace maskmill {

enum class CityscapesObjects {
  masks,    ///< the masks; the polygons of items that have none
  polygons  ///< the polygons of items that have them
};
template <>
inline constexpr std::array<std::string_view, 2> enum_names<CityscapesObjects>{"masks", "polygons"};

struct CityscapesReadSettings {
  SceneLabelSet labels = SceneLabelSet::automatic;
  CityscapesObjects objects = CityscapesObjects::masks;
  std::optional<std::string> images, truth;
  static void visit(auto& self, auto&& setting) {
    setting(
        "labels", self.labels,
        "all: every label by its id; train: the 19 that are evaluated by their training ids, all others void; "
        "auto: train where there is nothing but masks of training ids");
    setting("objects", self.objects,
            "what says where objects are, in items that have both masks and polygons");
    setting("images", self.images, "folder of images", unset("leftImg8bit, or the one whose name begins so"));
    setting("truth", self.truth, "folder of masks and polygons",
            unset("gtFine, else gtCoarse or the one whose name begins with gt"));
  }
};

struct CityscapesWriteSettings {
  std::string truth = "gtFine";
  bool colours = true;
  bool train_ids = false;
  bool keep_names = false;
  static void visit(auto& self, auto&& setting) {
    setting("truth", self.truth, "folder of masks and polygons, such as gtCoarse");
    setting("colours", self.colours, "write *_color.png, for people to look at");
    setting("train-ids", self.train_ids, "write *_labelTrainIds.png");
    setting(
        "keep-names", self.keep_names,
        "keep names that are not of the form city/city_sequence_frame, which Cityscapes' evaluation needs");
  }
};

/// Format::open and Format::create of cityscapes().
std::unique_ptr<Source> open_cityscapes(const OpenRequest& request);
std::unique_ptr<Sink> create_cityscapes(const CreateRequest& request);

}  // namespace maskmill
