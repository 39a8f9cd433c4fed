// SPDX-License-Identifier: Apache-2.0
#include "formats/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>

#include "base/archive.h"
#include "base/error.h"
#include "base/text.h"
#include "formats/archives.h"
#include "formats/camvid/camvid.h"
#include "formats/cityscapes/cityscapes.h"
#include "formats/coco/coco.h"
#include "formats/coco_panoptic/coco_panoptic.h"
#include "formats/coco_results/coco_results.h"
#include "formats/contents.h"
#include "formats/csv/csv.h"
#include "formats/cvat/cvat.h"
#include "formats/cvat_mask/cvat_mask.h"
#include "formats/finetune/finetune.h"
#include "formats/kitti/kitti.h"
#include "formats/label_masks/label_masks.h"
#include "formats/labelme/labelme.h"
#include "formats/mvtec/mvtec.h"
#include "formats/openimages/openimages.h"
#include "formats/openimages_classes/openimages_classes.h"
#include "formats/pairs/pairs.h"
#include "formats/rmldnn/rmldnn.h"
#include "formats/trainannot/trainannot.h"
#include "formats/trimaps/trimaps.h"
#include "formats/via/via.h"
#include "formats/voc/voc.h"
#include "formats/yolo/yolo.h"

namespace maskmill::formats {
namespace {

constexpr int kLeastConfidence = 30;
constexpr int kClearLead = 5;

std::vector<std::string> names() {
  std::vector<std::string> all_names;
  for (const Format* format : all()) all_names.emplace_back(format->name);
  return all_names;
}

const Format* find_exactly(std::string_view name) {
  const auto found = std::ranges::find(all(), name, &Format::name);
  return found == all().end() ? nullptr : *found;
}

/// "voc:data" without its prefix, and the format that it names; a null format where there is no such prefix.
std::pair<const Format*, Path> split_prefix(const Path& path) {
  const std::string& text = path.string();
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {nullptr, path};
  const Format* format = find_exactly(std::string_view(text).substr(0, colon));
  return {format, format ? Path(text.substr(colon + 1)) : path};
}

Error missing(const Path& path) {
  Error error = Error(Code::not_found, "there is no such file or folder").at_file(path);
  const std::string& text = path.string();
  if (const std::size_t colon = text.find(':'); colon != std::string::npos)
    if (const auto near = nearest_name(text.substr(0, colon), names()))
      error.hint(fmt::format("did you mean {}:{}?", *near, text.substr(colon + 1)));
  return error;
}

void require_content(const Path& path) {
  boost::system::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (status.type() == fs::file_not_found) throw missing(path);
  if (failure) throw Error(Code::unreadable, "cannot be read: " + failure.message()).at_file(path);
  if (status.type() != fs::directory_file) return;
  const bool empty = fs::is_empty(path, failure);
  if (failure) throw Error(Code::unreadable, "cannot be read: " + failure.message()).at_file(path);
  if (empty) throw Error(Code::unreadable, "the folder is empty").at_file(path);
}

std::string opinion(const Detection& detection) {
  return fmt::format("{}: {}", detection.format->name, joined(detection.probe.reasons, "; "));
}

/// What stands behind "no format fits".
std::string found_there(const Path& path) {
  const std::string words = contents_in_words(path);
  return words.empty() ? words : ": " + words;
}

/// The format that has all of these settings for reading, where only one has: they say where to look for what
/// no probe finds. Null also where a key is misspelt: opening says so.
const Format* only_one_with(const std::vector<std::string>& settings) {
  const auto has_all = [&](const Format* format) {
    if (!format->read_settings) return false;
    const std::vector<Setting> known = format->read_settings();
    return std::ranges::all_of(settings, [&](const std::string& text) {
      return std::ranges::find(known, text.substr(0, text.find('=')), &Setting::key) != known.end();
    });
  };
  const auto first = std::ranges::find_if(all(), has_all);
  return std::ranges::count_if(all(), has_all) == 1 ? *first : nullptr;
}

bool is_archive(const Path& path) {
  boost::system::error_code failure;
  return has_archive_name(path) && fs::is_regular_file(path, failure);
}

std::vector<Detection> opinions(const Path& path) {
  std::vector<Detection> detections;
  for (const Format* format : all()) detections.push_back({format, format->probe(path), path});
  std::ranges::stable_sort(detections, std::greater<>(),
                           [](const Detection& detection) { return detection.probe.confidence; });
  return detections;
}

/// Of an archive's roots, that on which the format has the best opinion; the innermost of equal ones.
Path best_root(const Path& archive, const Format& format) {
  std::vector<Path> roots = roots_in_archive(archive);
  std::ranges::reverse(roots);
  return *std::ranges::max_element(roots, {},
                                   [&](const Path& root) { return format.probe(root).confidence; });
}

/// In an archive or not.
std::unique_ptr<Source> open_as(const Format& format, const Path& path, const Path& root,
                                std::vector<std::string> settings) {
  if (!is_archive(path)) return format.open({root, std::move(settings)});
  try {
    return in_archive(format.open({root, std::move(settings)}));
  } catch (const Error& error) {
    throw in_archive(error);
  }
}

/// The opinions of the root of which one is the best; of equal ones, of the innermost.
std::vector<Detection> innermost_best(const std::vector<Path>& roots) {
  std::vector<Detection> best;
  for (const Path& root : roots)
    if (std::vector<Detection> detections = opinions(root);
        best.empty() || detections.front().probe.confidence >= best.front().probe.confidence)
      best = std::move(detections);
  return best;
}

/// Empty where nothing inside fits.
std::string fitting_inside(const Path& path) {
  if (boost::system::error_code failure; !fs::is_directory(path, failure)) return {};
  std::string words;
  for (const Detection& detection : data_sets_inside(path))
    words +=
        fmt::format("\n  {}: {}", printable(relative_name(detection.root, path)), detection.format->name);
  return words;
}

}  // namespace

std::span<const Format* const> all() {
  // clang-format off
  static const std::array list{
      &coco(),
      &coco_panoptic(),
      &coco_results(),
      &cvat(),
      &cvat_mask(),
      &labelme(),
      &via(),
      &voc(),
      &openimages(),
      &openimages_classes(),
      &cityscapes(),
      &kitti(),
      &yolo(),
      &trimaps(),
      &trainannot(),
      &camvid(),
      &mvtec(),
      &rmldnn(),
      &csv(),
      &finetune(),
      &label_masks(),
      &pairs(),
  };
  // clang-format on
  return list;
}

const Format& find(std::string_view name) {
  if (const Format* format = find_exactly(name)) return *format;
  const std::vector<std::string> known = names();
  Error error(Code::usage,
              fmt::format("there is no format {}; the formats are {}", in_quotes(name), joined(known, ", ")));
  if (const auto near = nearest_name(name, known)) error.hint(fmt::format("did you mean {}?", *near));
  throw error;
}

std::vector<Detection> detect(const Path& path) {
  require_content(path);
  if (is_archive(path)) return innermost_best(roots_in_archive(path));
  // A folder is what the user named; an archive's outer folder may be only what it was packed in.
  std::vector<Detection> detections = opinions(path);
  return any_fits(detections) ? detections : innermost_best(nested_roots(path));
}

std::vector<Detection> data_sets_inside(const Path& folder) {
  constexpr std::size_t kMost = 50;
  std::vector<Path> folders = list_folders(folder);
  if (folders.size() > kMost) folders.resize(kMost);
  std::vector<Detection> found;
  for (const Path& inside : folders)
    if (!fs::is_empty(inside))
      if (std::vector<Detection> detections = detect(inside); any_fits(detections))
        found.push_back(std::move(detections.front()));
  return found;
}

bool any_fits(const std::vector<Detection>& detections) {
  return !detections.empty() && detections.front().probe.confidence >= kLeastConfidence;
}

const Detection best(const std::vector<Detection>& detections, const Path& path) {
  const std::string how_to_name =
      "maskmill check looks at the files and says what they come closest to; or name the format with --from "
      "(maskmill formats lists them), or say where images and masks lie: --read images=FOLDER --read "
      "masks=FOLDER, and --read mask-suffix=SUFFIX where names differ";
  const Path& where = detections.empty() ? path : detections.front().root;
  if (!any_fits(detections))
    if (const std::string inside = fitting_inside(where); !inside.empty())
      throw Error(Code::bad_format, "no format fits this folder; what lies in it fits" + inside)
          .at_file(path)
          .hint("name one of them");
  if (detections.empty() || detections.front().probe.confidence == 0) {
    std::string message = "no format fits" + found_there(where);
    for (const Detection& detection : detections) message += "\n  " + opinion(detection);
    throw Error(Code::bad_format, message).at_file(path).hint(how_to_name);
  }
  const Detection& first = detections.front();
  if (first.probe.confidence < kLeastConfidence)
    throw Error(Code::bad_format,
                fmt::format("no format fits{}\n  the closest is {}", found_there(where), opinion(first)))
        .at_file(path)
        .hint(how_to_name);
  if (detections.size() > 1 && first.probe.confidence - detections[1].probe.confidence < kClearLead)
    throw Error(Code::bad_format,
                fmt::format("two formats fit\n  {}\n  {}", opinion(first), opinion(detections[1])))
        .at_file(path)
        .hint(fmt::format("choose with --from {} or --from {}", first.format->name,
                          detections[1].format->name));
  return first;
}

Opened open(const Path& path, std::string_view format_name, std::vector<std::string> settings) {
  auto [format, plain_path] = split_prefix(path);
  if (!format_name.empty()) {
    const Format& named = find(format_name);
    if (format && format != &named)
      throw Error(Code::usage, fmt::format("{} says {}, and the format was given as {}",
                                           in_quotes(path.string()), format->name, named.name));
    format = &named;
  }
  Probe probe;
  if (!format && !settings.empty()) {
    format = only_one_with(settings);
    if (format)
      probe.reasons.push_back(fmt::format("only {} has the settings that were given", format->name));
  }
  Path root = plain_path;
  if (format) {
    require_content(plain_path);
    if (is_archive(plain_path)) root = best_root(plain_path, *format);
  } else {
    const Detection detection = best(detect(plain_path), plain_path);
    format = detection.format;
    probe = detection.probe;
    root = detection.root;
  }
  return {format, std::move(probe), open_as(*format, plain_path, root, std::move(settings))};
}

}  // namespace maskmill::formats
