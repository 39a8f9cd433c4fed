// SPDX-License-Identifier: Apache-2.0
#include "dataset/probability_files.h"

#include "base/error.h"
#include "base/path.h"
#include "image/image.h"

namespace maskmill {

std::string probability_file(const LabelMap& classes, int label, const std::string& item_id) {
  const std::string& name = classes[label].name;
  const std::string folder =
      is_safe_relative(name) && name.find('/') == std::string::npos ? name : std::to_string(label);
  return "probabilities/" + folder + "/" + item_id + ".png";
}

cv::Mat read_probabilities(const Path& folder, const LabelMap& classes, int label,
                           const std::string& item_id) {
  const Path file = folder / probability_file(classes, label, item_id);
  cv::Mat levels = read_raw(file).pixels;
  if (levels.type() != CV_16UC1)
    throw Error(Code::bad_format, "is no map of probabilities, which has 16-bit gray levels").at_file(file);
  return levels;
}

}  // namespace maskmill
