// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/settings.h"
#include "learn/predict.h"

namespace maskmill::tools {

/// How a trained network is applied.
struct PredictorOptions {
  bool mirror = false;
  int batch_size = 8;
  learn::Device device = learn::Device::automatic;
  learn::Precision precision = learn::Precision::float32;
  int threads = 0;
  static void visit(auto& self, auto&& setting) {
    setting("mirror", self.mirror,
            "also predict each picture mirrored and average the two: a little more exact for twice the time");
    setting("batch-size", self.batch_size, "pictures at a time", between(1, 4096));
    setting("device", self.device, "auto takes CUDA where there is a GPU");
    setting("precision", self.precision,
            "of the network's arithmetic; auto takes bf16 where the device has it");
    setting("threads", self.threads, "of the network's arithmetic on CPU; 0 uses every core", at_least(0));
  }
};

inline learn::PredictSettings settings_from(const PredictorOptions& options) {
  learn::PredictSettings settings;
  settings.device = options.device;
  settings.precision = options.precision;
  settings.threads = options.threads;
  settings.batch_size = options.batch_size;
  settings.mirror = options.mirror;
  return settings;
}

}  // namespace maskmill::tools
