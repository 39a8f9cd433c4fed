// SPDX-License-Identifier: Apache-2.0
#include "prepare/advice/folder_survey.h"

#include <algorithm>
#include <map>
#include <opencv2/core.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostMaskValues = 64;
// Of neighbouring pixels, the share that a mask has equal: labels lie in areas, and a photograph has noise.
constexpr double kEqualNeighbours = 0.9;

struct Looked {
  bool is_mask = false;
  std::set<int> values;
};

/// The samples of a pixel as one number.
int key_of(const std::uint8_t* pixel, int channels) {
  int key = 0;
  for (int c = 0; c < std::min(channels, 3); ++c) key = key << 8 | pixel[c];
  return key;
}

std::optional<Looked> look_at(const Path& file) try {
  RawImage raw = read_raw(file);
  const int channels = raw.pixels.channels();
  const bool is_deep = raw.pixels.depth() == CV_16U;
  std::set<int> values;
  std::int64_t pairs = 0, equal = 0;
  for (int y = 0; y < raw.pixels.rows; ++y) {
    int last = -1;
    for (int x = 0; x < raw.pixels.cols; ++x) {
      const int value = is_deep ? raw.pixels.ptr<std::uint16_t>(y)[x * channels]
                                : key_of(raw.pixels.ptr<std::uint8_t>(y) + x * channels, channels);
      if (x > 0) ++pairs, equal += value == last;
      if (value != last && values.size() <= kMostMaskValues) values.insert(value);
      last = value;
    }
  }
  Looked looked;
  looked.is_mask = values.size() <= kMostMaskValues &&
                   static_cast<double>(equal) >= kEqualNeighbours * static_cast<double>(pairs);
  if (looked.is_mask && channels <= 2) looked.values = std::move(values);
  return looked;
} catch (const Error& error) {
  if (error.code() == Code::interrupted || error.code() == Code::bug) throw;
  return std::nullopt;
}

void look_at_sample(const Path& root, std::size_t sample, PictureFolder& folder) {
  std::vector<std::string> chosen;
  const std::size_t count = std::min(sample, folder.files.size());
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(folder.files[i * folder.files.size() / count]);
  std::vector<std::optional<Looked>> looked(count);
  parallel_for(count, [&](std::size_t i) { looked[i] = look_at(root / folder.name / chosen[i]); });
  for (std::size_t i = 0; i < count; ++i) {
    if (!looked[i]) continue;
    (looked[i]->is_mask ? folder.masks : folder.photographs).insert(chosen[i]);
    folder.mask_values.merge(looked[i]->values);
  }
}

}  // namespace

std::vector<PictureFolder> survey_folder(const Path& folder, std::size_t sample) {
  std::map<std::string, PictureFolder> by_name;
  for (const Path& file : list_files(folder)) {
    if (!has_image_extension(file)) continue;
    const std::string name = relative_name(file, folder);
    const std::size_t slash = name.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : name.substr(0, slash);
    by_name[parent].files.push_back(name.substr(slash + 1));  // npos + 1 is 0
  }
  std::vector<PictureFolder> folders;
  for (auto& [name, pictures] : by_name) {
    pictures.name = name;
    look_at_sample(folder, sample, pictures);
    folders.push_back(std::move(pictures));
  }
  return folders;
}

}  // namespace maskmill
