// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "formats/format.h"

namespace maskmill {

struct ResultsReadSettings {
  std::optional<std::string> ground_truth, images;
  static void visit(auto& self, auto&& setting) {
    setting(
        "ground-truth", self.ground_truth,
        "COCO file that has the images and categories; also by its name beside the results",
        unset("the one beside the results or in annotations/, where one fits; without one ids are names"));
    setting("images", self.images, "folder of the images", unset("looked for where the ground truth's lie"));
  }
};

/// Whether a mask's box is written.
enum class ResultBoxes {
  stated,  ///< where the data set states one beside the mask
  none     ///< never, so that evaluation takes the mask's own area
};
template <>
inline constexpr std::array<std::string_view, 2> enum_names<ResultBoxes>{"stated", "none"};

struct ResultsWriteSettings {
  std::optional<double> score;
  ResultBoxes boxes = ResultBoxes::stated;
  static void visit(auto& self, auto&& setting) {
    setting("score", self.score, "score of annotations that have none", between(0, 1),
            unset("they are left out, and said: the format needs one"));
    setting(
        "boxes", self.boxes,
        "bbox of masks: stated where the data set states one, or none, so that pycocotools takes the masks' "
        "areas for those of the objects");
  }
};

std::unique_ptr<Source> open_coco_results(const OpenRequest& request);
std::unique_ptr<Sink> create_coco_results(const CreateRequest& request);

}  // namespace maskmill
