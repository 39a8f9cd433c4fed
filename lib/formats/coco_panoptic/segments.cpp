// SPDX-License-Identifier: Apache-2.0
#include "formats/coco_panoptic/segments.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <unordered_set>

#include "base/random.h"
#include "dataset/run_builder.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostUnknown = 1000;
constexpr int kDistance = 30;  // of a thing's colour from its label's, a channel
constexpr std::uint64_t kTries = 1000;

std::uint32_t id_of(const cv::Vec3b& colour) {
  return segment_of_colour({colour[0], colour[1], colour[2]});
}

std::uint8_t moved(std::uint8_t channel, Random& random) {
  const int by = static_cast<int>(random.below(2 * kDistance + 1)) - kDistance;
  return static_cast<std::uint8_t>(std::clamp(channel + by, 0, 255));
}

}  // namespace

SegmentPixels segments_of(const cv::Mat& colours, std::span<const std::uint32_t> ids,
                          std::span<const std::uint32_t> known) {
  const Size size{colours.cols, colours.rows};
  std::unordered_map<std::uint32_t, std::size_t> number_of;
  for (std::size_t i = 0; i < ids.size(); ++i) number_of.emplace(ids[i], i);
  const std::unordered_set<std::uint32_t> passed_over(known.begin(), known.end());
  std::vector<RunBuilder> runs(ids.size());
  RunBuilder rest;
  SegmentPixels result;
  const auto add = [&](std::uint32_t id, std::uint32_t begin, std::uint32_t end) {
    if (const auto found = number_of.find(id); found != number_of.end())
      return runs[found->second].add(begin, end);
    rest.add(begin, end);
    if (id == 0 || passed_over.contains(id)) return;
    result.unknown_pixels += end - begin;
    const auto counted = result.unknown.find(id);
    if (counted != result.unknown.end())
      counted->second += end - begin;
    else if (result.unknown.size() < kMostUnknown)
      result.unknown.emplace(id, end - begin);
  };
  cv::Mat columns;
  cv::transpose(colours, columns);
  std::uint32_t position = 0, begin = 0, last = 0;
  for (int x = 0; x < columns.rows; ++x) {
    const auto* column = columns.ptr<cv::Vec3b>(x);
    for (int y = 0; y < columns.cols; ++y, ++position) {
      const std::uint32_t id = id_of(column[y]);
      if (id == last) continue;
      if (position > begin) add(last, begin, position);
      last = id;
      begin = position;
    }
  }
  if (position > begin) add(last, begin, position);
  for (RunBuilder& builder : runs) result.segments.push_back(std::move(builder).finish(size));
  result.rest = std::move(rest).finish(size);
  return result;
}

SegmentIds::SegmentIds(const LabelMap& labels) : labels_(labels) {
  for (int label = 0; label < labels.size(); ++label)
    if (labels[label].kind == LabelKind::stuff)
      if (const std::uint32_t id = segment_of_colour(labels.colour(label)); id != 0) kept_.emplace(id, label);
}

std::vector<std::uint32_t> SegmentIds::give(std::span<const Wanted> segments) const {
  std::vector<std::uint32_t> ids(segments.size(), 0);
  std::unordered_set<std::uint32_t> taken{0};
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (const std::int64_t own = segments[i].own; own > 0 && own <= kMaxSegmentId)
      if (const auto id = static_cast<std::uint32_t>(own); taken.insert(id).second) ids[i] = id;
  std::uint32_t least = 1;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (ids[i] != 0) continue;
    const int label = segments[i].label;
    const Rgb base = labels_.colour(label);
    const auto takes = [&](std::uint32_t id) {
      const auto kept = kept_.find(id);
      if ((kept != kept_.end() && kept->second != label) || !taken.insert(id).second) return false;
      ids[i] = id;
      return true;
    };
    if (takes(segment_of_colour(base))) continue;
    Random random({static_cast<std::uint64_t>(label), i});
    for (std::uint64_t tries = 0; tries < kTries && ids[i] == 0; ++tries) {
      const std::uint8_t r = moved(base.r, random), g = moved(base.g, random), b = moved(base.b, random);
      takes(segment_of_colour({r, g, b}));
    }
    while (ids[i] == 0) {
      if (taken.insert(least).second) ids[i] = least;
      ++least;
    }
  }
  return ids;
}

}  // namespace maskmill
