// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/output.h"
#include "base/settings.h"
#include "dataset/labels.h"
#include "image/image.h"

namespace maskmill {

struct SheetSettings {
  int thumbnail_px = 400;
  int columns = 4;
  int rows = 10;

  static void visit(auto& self, auto&& setting) {
    setting("thumbnail", self.thumbnail_px, "pixels of a picture's longer side", between(16, 4096));
    setting("columns", self.columns, "pictures in a row of a PNG sheet", between(1, 100));
    setting("rows", self.rows, "rows of a PNG sheet; what is more goes to further files, NAME-2.png and on",
            between(1, 1000));
  }
};

/// The words over a sheet.
struct SheetHeading {
  std::string title;
  std::string subtitle;  ///< may be empty
};

struct SheetEntry {
  std::string caption;
  std::string detail;  ///< may be empty
  std::vector<cv::Mat>
      pictures;  ///< side by side under one caption; on a PNG sheet as many as the first entry has
  /// Annotations or pixels a label, for the legend: it shows the labels that there are, with their sums. May
  /// be empty.
  std::vector<std::int64_t> label_counts;
};

/// Many pictures with captions and a legend of the labels' colours. Memory does not grow with the number of
/// pictures: a page of PNG thumbnails at most, or nothing.
class Sheet {
 public:
  virtual ~Sheet() = default;

  /// Makes the thumbnails of one entry; on any thread. The function returned adds it and is called on one
  /// thread at a time, in the order wanted.
  virtual std::function<void()> encode(SheetEntry entry) = 0;

  /// Finishes the files; without it, the last file stays as it was.
  virtual void close() = 0;
};

/// By the target's extension: .png, or .html for one page that needs no other file. Text in a PNG has ASCII
/// letters only (render/lettering.h). A full PNG page is put into place at once. Throws Error(usage) for
/// other extensions, Error(write_failed).
std::unique_ptr<Sheet> make_sheet(const Path& target, Overwrite overwrite, SheetHeading heading,
                                  LabelMap labels, const SheetSettings& settings = {});

/// The size with its longer side at `longer_px`, or itself if it is not larger; no side becomes 0.
Size reduced(Size size, int longer_px);

/// The picture in that size.
cv::Mat reduced(const cv::Mat& rgb, int longer_px);

/// Reads an image no larger than needed for that, which is several times faster for a JPEG. Draw on what this
/// returns, so that lines and letters fit the size at which they are seen. Throws as read_image.
cv::Mat read_reduced(const Path& path, int longer_px);

}  // namespace maskmill
