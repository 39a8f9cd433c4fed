// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/settings.h"
#include "dataset/masks.h"

namespace maskmill::tools {

/// How masks become instances, on the command line.
struct InstanceOptions {
  bool of_predictions = false;       ///< which have no object masks
  bool filters_annotations = false;  ///< min_area holds for those that there are, too
  std::optional<std::string> instances{};
  InstanceShape shape = InstanceShape::rle;
  double tolerance = 0;
  std::int64_t min_area = 0;
  static void visit(auto& self, auto&& setting) {
    setting(
        "instances", self.instances,
        self.of_predictions
            ? "what one instance is: a connected component, or all pixels of a label"
            : "what one instance of a mask is: a connected component, all pixels of a label, or a number of "
              "the object mask",
        self.of_predictions ? one_of({"component", "label"}) : one_of({"component", "label", "object-mask"}),
        self.of_predictions ? unset("component; label where the format only holds masks")
                            : unset("object-mask where there is one, else component"));
    setting("shape", self.shape, "write instances as exact RLE or as polygons");
    setting("tolerance", self.tolerance, "pixels that a polygon may be off; 0 follows the pixels' edges",
            at_least(0));
    setting("min-area", self.min_area,
            self.filters_annotations ? "leave out annotations, and instances of masks, of fewer pixels"
                                     : "leave out instances of fewer pixels",
            at_least(0));
  }
};

/// What was given of them, as it is typed; empty where nothing was.
inline std::string stated(const InstanceOptions& options) {
  std::string text;
  if (options.instances) text += " --instances";
  if (options.shape != InstanceShape::rle) text += " --shape";
  if (options.tolerance > 0) text += " --tolerance";
  if (options.min_area > 0 && !options.filters_annotations) text += " --min-area";
  return text;
}

inline InstanceSettings settings_from(const InstanceOptions& options) {
  InstanceSettings settings{{}, options.shape, options.tolerance, options.min_area};
  for (std::size_t i = 0; i < enum_names<InstancePolicy>.size(); ++i)
    if (options.instances == enum_names<InstancePolicy>[i]) settings.policy = static_cast<InstancePolicy>(i);
  return settings;
}

}  // namespace maskmill::tools
