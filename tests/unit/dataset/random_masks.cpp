// SPDX-License-Identifier: Apache-2.0
#include "random_masks.h"

#include <cstdlib>
#include <opencv2/core.hpp>

#include "base/path.h"
#include "base/text.h"

namespace maskmill::tests {
namespace {

int below(Random& random, int bound) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
}

}  // namespace

Size random_size(Random& random) {
  switch (below(random, 6)) {
    case 0:
      return {1, 1 + below(random, 40)};
    case 1:
      return {1 + below(random, 40), 1};
    case 2:
      return {1 + below(random, 3), 1 + below(random, 3)};
    default:
      return {1 + below(random, 40), 1 + below(random, 40)};
  }
}

cv::Mat random_values(Random& random, Size size, int values, int type) {
  cv::Mat mask(size.height, size.width, type, cv::Scalar(below(random, values)));
  for (int blots = below(random, 9); blots > 0; --blots) {
    const int x = below(random, size.width), y = below(random, size.height);
    const cv::Rect blot(x, y, 1 + below(random, size.width - x), 1 + below(random, size.height - y));
    mask(blot).setTo(cv::Scalar(below(random, values)));
  }
  const double specks = random.chance(0.5) ? 0 : random.uniform();
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      if (random.chance(specks)) mask(cv::Rect(x, y, 1, 1)).setTo(cv::Scalar(below(random, values)));
  return mask;
}

cv::Mat random_mask(Random& random, Size size) {
  return random_values(random, size, 2, CV_8UC1);
}

cv::Mat drawn(const std::vector<std::string>& rows) {
  cv::Mat mask(static_cast<int>(rows.size()), static_cast<int>(rows.at(0).size()), CV_8UC1);
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x)
      mask.at<std::uint8_t>(y, x) = rows[static_cast<std::size_t>(y)].at(static_cast<std::size_t>(x)) == '#';
  return mask;
}

cv::Mat drawn_values(const std::vector<std::string>& rows) {
  cv::Mat mask(static_cast<int>(rows.size()), static_cast<int>(rows.at(0).size()), CV_16UC1);
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x) {
      const char letter = rows[static_cast<std::size_t>(y)].at(static_cast<std::size_t>(x));
      mask.at<std::uint16_t>(y, x) = static_cast<std::uint16_t>(letter == '.' ? 65535 : letter - '0');
    }
  return mask;
}

bool equal(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

std::vector<std::vector<std::string>> golden_lines(std::string_view name) {
  const char* other_folder = std::getenv("MASKMILL_RLE_GOLDENS");
  const Path folder =
      other_folder ? Path(other_folder) : Path(MASKMILL_SOURCE_DIR) / "tests" / "data" / "rle";
  const std::string text = read_file(folder / std::string(name));
  std::vector<std::vector<std::string>> lines;
  for (const std::string_view line : lines_of(text))
    if (!line.empty()) lines.push_back(split_text(line, ' '));
  return lines;
}

LabelMap labels_of(const std::vector<Role>& roles) {
  LabelMap labels;
  for (const Role role : roles) {
    Label label;
    label.name = std::string(1, static_cast<char>('a' + labels.size()));
    label.role = role;
    labels.add(label);
  }
  return labels;
}

}  // namespace maskmill::tests
