// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "formats/format.h"
#include "formats/mask_files/mask_labels.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {

// The names under which Cambridge and fast.ai published the folders.
inline constexpr std::string_view kCambridgeImages = "701_StillsRaw_full",
                                  kCambridgeMasks = "LabeledApproved_full", kFastaiImages = "images",
                                  kFastaiMasks = "labels";
/// fast.ai's list; the images that it does not name are those of training.
inline constexpr std::string_view kValid = "valid";
/// Files beside the folders that are no lists, without ".txt".
inline constexpr std::array<std::string_view, 4> kNoLists{"codes", "label_colors", "labels", "classes"};

struct CamvidReadSettings : LabelSettings {
  PixelCoding coding = PixelCoding::automatic;
  static void visit(auto& self, auto&& setting) {
    setting(
        "labels", self.labels,
        "camvid32 for CamVid's own table, camvid12 for SegNet's, or a file that names the labels, relative "
        "to the data set",
        unset("labels.json, codes.txt with the colours of label_colors.txt, or label_colors.txt; without "
              "one, CamVid's own table for RGB masks, and an error for index masks"));
    setting("coding", self.coding, "what a mask's pixels are: label numbers or colours; auto: as they look");
    visit_roles(self, setting);
  }
};

enum class CamvidCoding { index, colour };
template <>
inline constexpr std::array<std::string_view, 2> enum_names<CamvidCoding>{"index", "colour"};

struct CamvidWriteSettings {
  CamvidCoding coding = CamvidCoding::index;
  static void visit(auto& self, auto&& setting) {
    setting("coding", self.coding,
            "index: fast.ai's layout, gray masks of label numbers; colour: Cambridge's, RGB masks");
  }
};

/// Throws Error(not_found | unreadable | bad_format): no such folders.
PairFolders find_camvid_folders(const Path& source);

// The functions behind Format::open and Format::create.
std::unique_ptr<Source> open_camvid(const OpenRequest& request);
std::unique_ptr<Sink> create_camvid(const CreateRequest& request);

}  // namespace maskmill
