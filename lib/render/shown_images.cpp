// SPDX-License-Identifier: Apache-2.0
#include "render/shown_images.h"

#include "render/sheet.h"

namespace maskmill {

void write_worst_images(html::Page& page, const ShownImages& worst) {
  constexpr int kPicturePx = 640;
  if (worst.images.empty()) return;
  page.section("Worst images", worst.introduction);
  for (const ShownImages::Image& image : worst.images) {
    std::vector<Markup> pictures;
    for (const auto& [what, picture] : image.pictures)
      pictures.push_back(html::jpeg_picture(reduced(picture, kPicturePx), image.caption + ": " + what));
    page.figure(pictures, image.caption, image.detail);
  }
}

}  // namespace maskmill
