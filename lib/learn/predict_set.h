// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "formats/format.h"
#include "learn/picture_files.h"
#include "learn/predict_items.h"

namespace maskmill::learn {

struct PredictSetSettings {
  InstanceSettings instances;
  int batch_size = 8;
  bool overlays = false;       ///< overlays/<id>.jpg beside the output
  bool probabilities = false;  ///< probabilities/<class>/<id>.png, 16 bits: 65535 is 1
  bool object_masks = false;   ///< objects/<id>_<number>_<label>.png, 0 and 255, of detectors' objects
};

struct PredictReport {
  std::size_t items = 0;
  LeftOut left_out;
  double seconds = 0;
};

/// "objects/IMAGE_1_LABEL.png"; without the label where that is no name for a file.
std::string object_mask_file(const std::string& id, int number, const std::string& label);

/// The classes under other names, "OLD=NEW" each. Throws Error(usage) naming a class that is not there, and
/// for two of one name.
LabelMap renamed(const LabelMap& classes, const std::vector<std::string>& names);

/// Predicts every item of `source` and writes the predictions as `target`: the index mask at the picture's
/// own size where the format holds masks, otherwise annotations with scores. Subsets stay. The output is
/// whole or absent. Throws Error(bad_format) where no item could be read.
PredictReport predict_set(Predictor& predictor, Source& source, const Format& target,
                          const CreateRequest& request, const PredictSetSettings& settings,
                          Provenance provenance, Findings& findings);

}  // namespace maskmill::learn
