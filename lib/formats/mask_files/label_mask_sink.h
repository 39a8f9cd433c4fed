// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "formats/mask_files/mask_sink.h"

namespace maskmill {

/// The folder of a label's masks: its name, where that can name a folder; else with "_" for what cannot.
std::string label_folder_name(const std::string& label);

/// What a layout with a mask for each label holds.
Capabilities held_by_label_masks();

/// Writes a mask of 0 and 255 for each label but background, also where the image has none of it; and for
/// void pixels where there are any. Areas of annotations may overlap. Crowds are void where nothing else
/// lies, and so are plain boxes. A mask's name is the image's with .png for its extension or, with
/// `as_image`, the whole name.
class LabelMaskSink : public MaskSink {
 public:
  /// Throws Error(bad_value) also where there is no label but background, and for two labels whose masks
  /// would lie in one folder.
  explicit LabelMaskSink(const CreateRequest& request, std::string own_folder = {}, bool as_image = false);

 protected:
  Encoded encoded(const Item& item) const override;
  /// That in which the labels' folders lie; empty: the output itself.
  std::string mask_folder(const std::string& subset) const override { return subset; }

 private:
  MaskFile mask_file(const Item& item, const std::string& label, const cv::Mat& pixels) const;

  std::optional<int> void_label_;  ///< the map's first label of role ignore
  bool as_image_;
};

}  // namespace maskmill
