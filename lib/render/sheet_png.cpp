// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "render/areas.h"
#include "render/legend.h"
#include "render/lettering.h"
#include "render/sheet_pages.h"

namespace maskmill {
namespace {

constexpr int kMargin = 24, kGap = 12;
constexpr double kTitlePx = 24, kCaptionPx = 14;
constexpr int kCaptionStep = 19, kSwatchPx = 14;
constexpr Rgb kInk{28, 34, 41}, kMuted{89, 99, 110};
const cv::Scalar kGround(255, 255, 255);

int height_of(const SheetEntry& entry) {
  int highest = 0;
  for (const cv::Mat& thumbnail : entry.pictures) highest = std::max(highest, thumbnail.rows);
  return highest;
}

void draw_swatch(cv::Mat& rgb, cv::Point at, const LegendEntry& entry) {
  const Rgb colour = entry.hatched ? Rgb{120, 120, 120} : entry.colour;
  cv::Mat square = rgb(cv::Rect(at, cv::Size(kSwatchPx, kSwatchPx)));
  square.setTo(cv::Scalar(150, 150, 150));
  square(cv::Rect(1, 1, kSwatchPx - 2, kSwatchPx - 2)).setTo(cv::Scalar(colour.r, colour.g, colour.b));
  if (entry.hatched)
    draw_areas(square, cv::Mat::zeros(square.size(), CV_16UC1), {}, std::array{kVoidInk}, 1, 1);
}

class PngSheet : public Sheet {
 public:
  PngSheet(Path target, Overwrite overwrite, SheetHeading heading, LabelMap labels,
           const SheetSettings& settings)
      : target_(std::move(target)),
        overwrite_(overwrite),
        heading_(std::move(heading)),
        legend_(std::move(labels)),
        settings_(settings),
        file_(target_, overwrite_) {}

  std::function<void()> encode(SheetEntry entry) override {
    for (cv::Mat& rgb : entry.pictures) rgb = reduced(rgb, settings_.thumbnail_px);
    return [this, entry = std::move(entry)] { add(entry); };
  }

  void close() override {
    finish_row();
    write_page();
    file_.commit();
  }

 private:
  void add(const SheetEntry& entry) {
    if (slots_ == 0) {
      slots_ = static_cast<int>(std::max<std::size_t>(entry.pictures.size(), 1));
      columns_ = std::max(1, settings_.columns / slots_);
    }
    if (static_cast<int>(entry.pictures.size()) > slots_)
      throw Error(Code::bug,
                  fmt::format("an entry of {} pictures on a sheet of {}", entry.pictures.size(), slots_));
    row_.push_back(entry);
    if (static_cast<int>(row_.size()) == columns_) finish_row();
  }

  int cell_width() const { return slots_ * settings_.thumbnail_px + (slots_ - 1) * kGap / 2; }
  int page_width() const {
    const int columns = std::max(columns_, 1);
    return 2 * kMargin +
           (slots_ == 0 ? settings_.thumbnail_px : columns * cell_width() + (columns - 1) * kGap);
  }

  /// A page is only begun when there is something to put on it, so no empty one follows a full one.
  void finish_row() {
    if (row_.empty()) return;
    if (static_cast<int>(strips_.size()) == settings_.rows + 1) {
      write_page();
      ++page_;
      strips_.clear();
      legend_.clear();
    }
    if (strips_.empty()) strips_.push_back(title_strip());
    int height = 0;
    for (const SheetEntry& entry : row_)
      height = std::max(height, height_of(entry) + 6 + kCaptionStep * (entry.detail.empty() ? 1 : 2));
    cv::Mat strip(height + kGap, page_width(), CV_8UC3, kGround);
    int x = kMargin;
    for (const SheetEntry& entry : row_) {
      int left = x;
      for (const cv::Mat& thumbnail : entry.pictures) {
        thumbnail.copyTo(strip(cv::Rect(left, 0, thumbnail.cols, thumbnail.rows)));
        left += settings_.thumbnail_px + kGap / 2;
      }
      const int y = height_of(entry) + 6;
      draw_text(strip, fitted(entry.caption, kCaptionPx, cell_width()), {x, y}, kCaptionPx, kInk);
      draw_text(strip, fitted(entry.detail, kCaptionPx, cell_width()), {x, y + kCaptionStep}, kCaptionPx,
                kMuted);
      x += cell_width() + kGap;
      legend_.add(entry.label_counts);
    }
    strips_.push_back(std::move(strip));
    row_.clear();
  }

  cv::Mat title_strip() const {
    const std::string title = page_ == 1 ? heading_.title : fmt::format("{} ({})", heading_.title, page_);
    cv::Mat strip(kMargin + 34 + (heading_.subtitle.empty() ? 0 : 20) + 6, page_width(), CV_8UC3, kGround);
    const int width = page_width() - 2 * kMargin;
    draw_text(strip, fitted(title, kTitlePx, width), {kMargin, kMargin}, kTitlePx, kInk);
    draw_text(strip, fitted(heading_.subtitle, kCaptionPx, width), {kMargin, kMargin + 32}, kCaptionPx,
              kMuted);
    return strip;
  }

  /// Colours, names and counts in lines that wrap.
  cv::Mat legend_strip(std::span<const LegendEntry> entries) const {
    const int width = page_width();
    std::vector<cv::Mat> lines;
    int x = width;
    for (const LegendEntry& entry : entries) {
      const std::string name = fitted(entry.name, kCaptionPx, width - 2 * kMargin - kSwatchPx - 8);
      const int name_width = text_size(name, kCaptionPx).width,
                remark_width = text_size(entry.remark, kCaptionPx).width;
      const int room = kSwatchPx + 8 + name_width + (entry.remark.empty() ? 0 : 7 + remark_width);
      if (x + room > width - kMargin) {
        lines.emplace_back(26, width, CV_8UC3, kGround);
        x = kMargin;
      }
      cv::Mat& line = lines.back();
      draw_swatch(line, {x, 4}, entry);
      draw_text(line, name, {x + kSwatchPx + 8, 4}, kCaptionPx, kInk);
      draw_text(line, entry.remark, {x + kSwatchPx + 15 + name_width, 4}, kCaptionPx, kMuted);
      x += room + 22;
    }
    cv::Mat strip;
    cv::vconcat(lines, strip);
    return strip;
  }

  Path path_of_page() const {
    return target_.parent_path() /
           fmt::format("{}-{}{}", target_.stem().string(), page_, target_.extension().string());
  }

  void write_page() {
    if (strips_.empty()) strips_.push_back(title_strip());
    if (const auto entries = legend_.entries(); !entries.empty()) strips_.push_back(legend_strip(entries));
    strips_.emplace_back(kMargin - kGap, page_width(), CV_8UC3, kGround);
    cv::Mat page;
    cv::vconcat(strips_, page);
    if (page_ == 1)
      file_.write(encode_png(page));
    else
      file_.add(path_of_page(), encode_png(page), overwrite_);
  }

  Path target_;
  Overwrite overwrite_;
  SheetHeading heading_;
  LegendCounts legend_;  ///< of the page so far
  SheetSettings settings_;
  OutputFile file_;  ///< the first page, and the others beside it
  int page_ = 1;
  int slots_ = 0;    ///< pictures an entry
  int columns_ = 0;  ///< entries a row
  std::vector<SheetEntry> row_;
  std::vector<cv::Mat> strips_;  ///< of the page so far: its title, then its rows
};

}  // namespace

std::unique_ptr<Sheet> make_png_sheet(const Path& target, Overwrite overwrite, SheetHeading heading,
                                      LabelMap labels, const SheetSettings& settings) {
  return std::make_unique<PngSheet>(target, overwrite, std::move(heading), std::move(labels), settings);
}

}  // namespace maskmill
