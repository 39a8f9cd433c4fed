// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/settings.h"
#include "learn/detector.h"
#include "learn/graph.h"

namespace maskmill::learn {

/// Which network, and how large.
struct ModelSettings {
  std::string name = "unet";
  int init_features = 32;
  bool aux = false;
  DetectorSettings detector{};
  static void visit(auto& self, auto&& setting) {
    setting("name", self.name, "architecture");
    setting("init-features", self.init_features,
            "of unet: channels of the first level; each deeper level doubles them", between(1, 1024));
    setting(
        "aux", self.aux,
        "of fcn_resnet50 and deeplabv3_resnet50: a second head over an earlier stage, whose loss is added in training");
    setting("detector", self.detector, "of detectors: torchvision's arguments");
  }
  friend bool operator==(const ModelSettings&, const ModelSettings&) = default;
};

/// One network that labels pixels: a file in lib/learn/models and a line in models.cpp. Those that find
/// objects are in detector.h.
struct Architecture {
  std::string_view name;
  std::string_view title;
  std::string_view description;  ///< with the paper and whose weight names it has
  Graph (*build)(int in_channels, int classes, const ModelSettings& settings);
};

/// Every architecture, in the order in which they are listed.
std::span<const Architecture* const> architectures();

/// The detector of this name; null for a network that labels pixels. Throws Error(usage) for a name that is
/// neither's, naming the nearest known one.
const DetectorArchitecture* detector_of(const ModelSettings& settings);

/// A detector's graph is what detector.h says, over `classes` with the background first. Of other networks
/// the output "out" gives scores before softmax or sigmoid: (batch, classes, height, width); so does "aux"
/// where the settings ask for an auxiliary head. Throws as detector_of.
Graph build(const ModelSettings& settings, int in_channels, int classes);

/// Ronneberger, Fischer and Brox, "U-Net" (2015), as mateuszbuda/brain-segmentation-pytorch publishes it.
const Architecture& unet();

/// torchvision.models.segmentation's networks.
const Architecture& fcn_resnet50();
const Architecture& deeplabv3_resnet50();

}  // namespace maskmill::learn
