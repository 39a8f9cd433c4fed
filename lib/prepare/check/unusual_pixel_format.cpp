// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "prepare/check/place_list.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kRareShare = 10;  // one in so many is a minority
constexpr std::size_t kKept = 1000;     // places that are kept whatever their share

enum class Pixels { colour, gray, deep, ink, alpha };
constexpr std::size_t kSorts = 5;

Pixels pixels_of(const ImageInfo& header) {
  if (header.cmyk) return Pixels::ink;
  if (header.bit_depth > 8) return Pixels::deep;
  if (header.channels == 2 || header.channels == 4) return Pixels::alpha;
  return header.channels == 1 && !header.palette ? Pixels::gray : Pixels::colour;
}

struct Words {
  const char *what, *harm;
  Severity severity;
};
Words words_of(Pixels pixels) {
  switch (pixels) {
    case Pixels::ink:
      return {"is a CMYK JPEG", "programs convert its inks to other colours, or read it inverted",
              Severity::warning};
    case Pixels::deep:
      return {"has 16 bits a sample", "some programs scale it to 8 bits, some cut it, some refuse it",
              Severity::warning};
    case Pixels::alpha:
      return {"has an alpha channel", "some programs drop it and show what lies behind, some blend it",
              Severity::warning};
    case Pixels::gray:
      return {"is gray", "it has one channel where others have three", Severity::note};
    case Pixels::colour:
      break;
  }
  return {"is in colour", "its colours are dropped or it is refused where gray is expected", Severity::note};
}

class UnusualPixelFormats : public AcrossItems {
 public:
  void observe(const Item&, const ItemFacts& facts, const Report&) override {
    if (!facts.image || !facts.image->header) return;
    ++items_;
    Sort& sort = sorts_[static_cast<std::size_t>(pixels_of(*facts.image->header))];
    ++sort.count;
    if (sort.is_whole) sort.places.add({facts.image->path.string(), {}, {}});
    if (sort.count > kKept && sort.count * kRareShare > items_) sort.is_whole = false, sort.places.clear();
  }

  void finish(const Report& report) override {
    for (std::size_t i = 0; i < kSorts; ++i) {
      const Sort& sort = sorts_[i];
      if (!sort.is_whole || sort.count * kRareShare > items_) continue;
      const Words words = words_of(static_cast<Pixels>(i));
      sort.places.for_each([&](Place place) {
        report(std::move(place),
               fmt::format("the image {}, as {} of {}: {}", words.what,
                           sort.count == 1 ? "the only one" : with_thousands(sort.count),
                           counted(items_, "image"), words.harm),
               "", words.severity);
      });
    }
  }

 private:
  struct Sort {
    std::size_t count = 0;
    PlaceList places;
    bool is_whole = true;
  };
  std::array<Sort, kSorts> sorts_;
  std::size_t items_ = 0;
};

}  // namespace

extern const Rule unusual_pixel_format;
const Rule unusual_pixel_format{
    .id = "unusual-pixel-format",
    .severity = Severity::warning,
    .title = "an image stored otherwise than the others: 16 bits, CMYK, alpha, or gray among colours",
    .harm = "Each program makes something else of it, so that training and use see different pictures.",
    .fix = "Save it like the others, from the program that shows it right.",
    .across = [](const Metadata&) -> std::unique_ptr<AcrossItems> {
      return std::make_unique<UnusualPixelFormats>();
    }};

}  // namespace maskmill
