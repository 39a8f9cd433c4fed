// SPDX-License-Identifier: Apache-2.0
#include "formats/camvid/camvid.h"

#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "base/text.h"
#include "formats/camvid/camvid_halves.h"
#include "formats/camvid/camvid_tables.h"
#include "formats/mask_files/mask_sink.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "CamVid with 32 classes. As fast.ai published it: images/NAME.png, labels/NAME_P.png with label numbers, "
    "codes.txt with a name a line, numbered from 0, and valid.txt, which lists the images of the subset valid; "
    "the others are train. As Cambridge did: 701_StillsRaw_full/NAME.png, LabeledApproved_full/NAME_L.png in "
    "RGB, and label_colors.txt with \"r g b name\" a line. Other lists such as train.txt and test.txt beside the "
    "folders are read too. Where the table has CamVid's 32 names, Void is void and colours that it does not "
    "state are CamVid's; of other tables only labels.json and the settings say what is void. SegNet numbers 12 "
    "classes of its own (see trainannot): index masks that no table names are refused, and so are masks without "
    "a number above 11 beside CamVid's 32 names, unless the settings state the table, --read labels=camvid12 "
    "for SegNet's. Values that the table does not name are reported. Written is fast.ai's layout with gray "
    "PNGs, or with coding=colour Cambridge's, with codes.txt, label_colors.txt, labels.json, which states all "
    "that is known of the labels, and a list for each subset, valid.txt for val.";

Probe probe(const Path& path) {
  const PairFolders folders = find_camvid_folders(path);
  const bool is_cambridge =
      lower_case(folders.masks.filename().string()) == lower_case(kCambridgeMasks) ||
      lower_case(folders.masks.parent_path().filename().string()) == lower_case(kCambridgeMasks);
  const std::string names = fmt::format("images in {}/, masks in {}/", relative_name(folders.images, path),
                                        relative_name(folders.masks, path));
  const auto mask = sample_mask(folders);
  if (!mask) return {15, {fmt::format("{}, but none of the first has a mask of its name", names)}};
  const std::string stem = mask->stem().string();
  if (!stem.ends_with("_P") && !stem.ends_with("_L"))
    return {15, {names + ", but the masks' names do not end in _P or _L"}};
  Probe found{is_cambridge ? 92 : 20, {fmt::format("{} ending in {}", names, stem.substr(stem.size() - 2))}};
  const auto labels = find_label_file({path});
  if (!labels) {
    if (!is_cambridge) found.reasons.emplace_back("no codes.txt or label_colors.txt");
    return found;
  }
  found.confidence = 92;
  found.reasons.emplace_back("a table names the labels");
  if (is_camvid32(*labels)) {
    found.confidence += 6;
    found.reasons.back() += ", CamVid's 32";
  }
  return found;
}

}  // namespace

const Format& camvid() {
  static const Format format{.name = "camvid",
                             .title = "CamVid, 32 classes",
                             .description = kDescription,
                             .extensions = {"png"},
                             .holds = held_by_mask_files(),
                             .probe = probe,
                             .open = open_camvid,
                             .create = create_camvid,
                             .read_settings = declared_settings<CamvidReadSettings>,
                             .write_settings = declared_settings<CamvidWriteSettings>};
  return format;
}

}  // namespace maskmill
