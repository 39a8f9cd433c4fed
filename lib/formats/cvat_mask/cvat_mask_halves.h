// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/enum_names.h"
#include "base/settings.h"
#include "formats/format.h"
#include "formats/voc/layout.h"

namespace maskmill {

/// What the pixels of class masks are.
enum class CvatMaskCoding {
  automatic,
  colour,  ///< the labels' colours
  index    ///< the labels' places in labelmap.txt, from 0
};
template <>
inline constexpr std::array<std::string_view, 3> enum_names<CvatMaskCoding>{"auto", "colour", "index"};

struct CvatMaskReadSettings {
  CvatMaskCoding coding = CvatMaskCoding::automatic;
  std::optional<std::string> labels;
  static void visit(auto& self, auto&& setting) {
    setting(
        "coding", self.coding,
        "what a class mask's pixels are; auto: the labels' colours in RGB masks and in palettes that have "
        "them, the labels' places in labelmap.txt, from 0, in others");
    setting("labels", self.labels, "file of the form of labelmap.txt, relative to the data set",
            unset("labelmap.txt"));
  }
};

struct CvatMaskWriteSettings {
  CvatMaskCoding coding = CvatMaskCoding::automatic;
  static void visit(auto& self, auto&& setting) {
    setting("coding", self.coding,
            "auto and colour: RGB masks, as CVAT writes them; index: gray masks of the labels' places in "
            "labelmap.txt and of object numbers");
  }
};

/// The colour of background.
inline constexpr Rgb kCvatBackground{0, 0, 0};

/// The list of the items that are in no subset, as CVAT calls it.
inline constexpr std::string_view kCvatNoSubset = "default";

/// Throws Error(not_found | unreadable | bad_format): no masks there, XML files of Pascal VOC beside them, or
/// several data sets.
VocFolders find_cvat_mask_folders(const Path& source);

// The functions behind Format::open and Format::create.
std::unique_ptr<Source> open_cvat_mask(const OpenRequest& request);
std::unique_ptr<Sink> create_cvat_mask(const CreateRequest& request);

}  // namespace maskmill
