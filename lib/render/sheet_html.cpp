// SPDX-License-Identifier: Apache-2.0
#include "render/html.h"
#include "render/legend.h"
#include "render/sheet_pages.h"

namespace maskmill {
namespace {

class HtmlSheet : public Sheet {
 public:
  HtmlSheet(const Path& target, Overwrite overwrite, const SheetHeading& heading, LabelMap labels,
            const SheetSettings& settings)
      : file_(target, overwrite),
        page_([this](std::string_view bytes) { file_.write(bytes); }, heading.title, heading.subtitle,
              html::Page::Layout::sheet),
        legend_(std::move(labels)),
        thumbnail_px_(settings.thumbnail_px) {}

  std::function<void()> encode(SheetEntry entry) override {
    std::vector<Markup> markup;
    for (const cv::Mat& rgb : entry.pictures)
      markup.push_back(html::jpeg_picture(reduced(rgb, thumbnail_px_), entry.caption));
    entry.pictures.clear();
    return [this, entry = std::move(entry), markup = std::move(markup)] {
      page_.figure(markup, entry.caption, entry.detail);
      legend_.add(entry.label_counts);
    };
  }

  void close() override {
    if (const auto entries = legend_.entries(); !entries.empty()) page_.legend(entries);
    page_.close();
    file_.commit();
  }

 private:
  OutputFile file_;
  html::Page page_;
  LegendCounts legend_;
  int thumbnail_px_;
};

}  // namespace

std::unique_ptr<Sheet> make_html_sheet(const Path& target, Overwrite overwrite, const SheetHeading& heading,
                                       LabelMap labels, const SheetSettings& settings) {
  return std::make_unique<HtmlSheet>(target, overwrite, heading, std::move(labels), settings);
}

}  // namespace maskmill
