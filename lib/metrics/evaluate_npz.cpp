// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <span>

#include "base/zip.h"
#include "metrics/evaluate.h"

namespace maskmill {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");

/// numpy's .npy, version 1.0.
template <class Value>
std::string npy_of(std::span<const Value> values, std::span<const std::size_t> shape, std::string_view type) {
  std::string sides;
  for (const std::size_t side : shape) sides += fmt::format("{},", side);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, sides);
  constexpr std::size_t kBefore = 10, kAlignment = 64;
  while ((kBefore + header.size() + 1) % kAlignment != 0) header += ' ';
  header += '\n';
  const std::string length{static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  std::string bytes = std::string("\x93NUMPY\x01\x00", 8) + length + header;
  const std::size_t start = bytes.size();
  bytes.resize(start + values.size_bytes());
  std::memcpy(bytes.data() + start, values.data(), values.size_bytes());
  return bytes;
}

std::vector<std::int64_t> label_numbers(const CocoCurves& curves, const LabelMap& labels) {
  std::vector<std::int64_t> numbers;
  bool have_ids = true;
  for (const int label : curves.labels) have_ids &= labels[label].id.has_value();
  for (const int label : curves.labels) numbers.push_back(have_ids ? *labels[label].id : label);
  return numbers;
}

}  // namespace

std::string npz_of(const EvaluationReport& report) {
  ZipWriter file;
  for (const EvaluationReport::Coco& coco : report.coco) {
    const CocoCurves& curves = coco.curves;
    const std::string kind(name_of(coco.kind));
    const std::size_t labels = curves.labels.size(), most = curves.most_detections.size();
    const std::array<std::size_t, 5> by_recall{kOverlapThresholds, kRecallThresholds, labels, kAreaRanges,
                                               most};
    const std::array<std::size_t, 4> over_recall{kOverlapThresholds, labels, kAreaRanges, most};
    file.add(kind + "/precision.npy", npy_of(std::span(curves.precision), by_recall, "<f8"));
    file.add(kind + "/scores.npy", npy_of(std::span(curves.scores), by_recall, "<f8"));
    file.add(kind + "/recall.npy", npy_of(std::span(curves.recall), over_recall, "<f8"));
    const std::vector<std::int64_t> numbers = label_numbers(curves, report.labels);
    const std::array<std::size_t, 1> count{labels};
    file.add(kind + "/labels.npy", npy_of(std::span(numbers), count, "<i8"));
  }
  return file.finish();
}

}  // namespace maskmill
