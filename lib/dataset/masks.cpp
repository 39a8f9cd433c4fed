// SPDX-License-Identifier: Apache-2.0
#include "dataset/masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

namespace maskmill {
namespace {

constexpr std::size_t kMostUnknownValues = 65536;
constexpr std::uint32_t kNoColour = ~std::uint32_t{0};

const MaskCoding& semantic_coding_of(const MaskRef& mask) {
  if (!mask.coding) throw Error(Code::bug, "a semantic mask without a coding");
  if (mask.coding->kind == MaskCoding::Kind::instance)
    throw Error(Code::bug, "an instance mask was read as a semantic one");
  return *mask.coding;
}

/// The samples of a mask that says one number a pixel; beside alpha there may be nothing else.
cv::Mat one_channel(const RawImage& raw) {
  if (raw.pixels.channels() == 1) return raw.pixels;
  if (raw.pixels.channels() > 2)
    throw Error(Code::bad_format, "the mask holds colours where one number a pixel is needed")
        .hint("say which colour is which label with a colour table");
  cv::Mat samples;
  cv::extractChannel(raw.pixels, samples, 0);
  return samples;
}

}  // namespace

cv::Mat colours_of(const RawImage& raw) {
  if (raw.pixels.channels() == 3) return raw.pixels;
  cv::Mat colours;
  if (raw.pixels.channels() == 4) {
    cv::cvtColor(raw.pixels, colours, cv::COLOR_RGBA2RGB);
    return colours;
  }
  if (raw.pixels.depth() != CV_8U)
    throw Error(Code::bad_format, "the mask holds 16-bit numbers where colours are needed");
  const cv::Mat samples = one_channel(raw);
  double highest = 0;
  if (!raw.palette.empty() && !samples.empty()) cv::minMaxLoc(samples, nullptr, &highest);
  if (!raw.palette.empty() && highest >= static_cast<double>(raw.palette.size()))
    throw Error(Code::bad_format, fmt::format("the mask holds the index {}; its palette has {} colours",
                                              highest, raw.palette.size()));
  std::array<cv::Vec3b, 256> table;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto gray = static_cast<std::uint8_t>(i);
    const Rgb colour = raw.palette.empty()      ? Rgb{gray, gray, gray}
                       : i < raw.palette.size() ? raw.palette[i]
                                                : Rgb{};
    table[i] = {colour.r, colour.g, colour.b};
  }
  colours.create(samples.size(), CV_8UC3);
  for (int y = 0; y < samples.rows; ++y) {
    const auto* from = samples.ptr<std::uint8_t>(y);
    auto* to = colours.ptr<cv::Vec3b>(y);
    for (int x = 0; x < samples.cols; ++x) to[x] = table[from[x]];
  }
  return colours;
}

namespace {

std::uint32_t key_of(std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  return std::uint32_t{r} << 16 | std::uint32_t{g} << 8 | b;
}
std::uint32_t key_of(const cv::Vec3b& colour) {
  return key_of(colour[0], colour[1], colour[2]);
}

std::uint16_t label_in_memory(int label) {
  if (label < -1 || label >= kUnlabelled)
    throw Error(Code::bug, fmt::format("a coding names the label {}", label));
  return static_cast<std::uint16_t>(label < 0 ? kUnlabelled : label);
}

void check_number(const SemanticMask& mask) {
  if (mask.unknown_values.size() > kMostUnknownValues)
    throw Error(Code::bad_format,
                fmt::format("more than {} different values are no label: this is a picture and no mask",
                            kMostUnknownValues));
}

/// The label of each possible sample.
struct Table {
  std::vector<std::uint16_t> label;
  std::vector<bool> known;

  explicit Table(std::size_t samples) : label(samples, kUnlabelled), known(samples, false) {}
  void set(std::int64_t sample, int name) {
    if (sample < 0 || sample >= std::ssize(label)) return;
    label[static_cast<std::size_t>(sample)] = label_in_memory(name);
    known[static_cast<std::size_t>(sample)] = true;
  }
};

/// The row's labels; true where one of them is kUnlabelled. Most words of a mask hold one sample only, and
/// are looked up together.
template <class Sample>
bool look_up_row(const Sample* from, std::uint16_t* to, int width, const Table& table) {
  constexpr int kPerWord = sizeof(std::uint64_t) / sizeof(Sample);
  constexpr std::uint64_t kOnes = ~std::uint64_t{0} / std::numeric_limits<Sample>::max();  // 1 in each sample
  const std::uint16_t* const label_of = table.label.data();
  std::uint16_t highest = 0;
  int x = 0;
  for (; x + kPerWord <= width; x += kPerWord) {
    std::uint64_t word;
    std::memcpy(&word, from + x, sizeof word);
    if (word == kOnes * from[x]) {
      const std::uint16_t label = label_of[from[x]];
      std::fill_n(to + x, kPerWord, label);
      highest = std::max(highest, label);
    } else {
      for (int i = x; i < x + kPerWord; ++i) highest = std::max(highest, to[i] = label_of[from[i]]);
    }
  }
  for (; x < width; ++x) highest = std::max(highest, to[x] = label_of[from[x]]);
  return highest == kUnlabelled;
}

template <class Sample>
SemanticMask looked_up(const cv::Mat& samples, const Table& table) {
  SemanticMask mask{cv::Mat(samples.size(), CV_16UC1), {}};
  std::vector<std::int64_t> unknown(table.label.size(), 0);
  for (int y = 0; y < samples.rows; ++y) {
    const auto* from = samples.ptr<Sample>(y);
    if (!look_up_row(from, mask.labels.ptr<std::uint16_t>(y), samples.cols, table)) continue;
    for (int x = 0; x < samples.cols; ++x) unknown[from[x]] += !table.known[from[x]];
  }
  for (std::size_t sample = 0; sample < unknown.size(); ++sample)
    if (unknown[sample] > 0) mask.unknown_values[static_cast<std::int64_t>(sample)] = unknown[sample];
  return mask;
}

/// For samples of one channel that are label numbers or not 0.
Table table_for(const cv::Mat& samples, const MaskCoding& coding) {
  Table table(samples.depth() == CV_8U ? 256 : 65536);
  if (coding.kind == MaskCoding::Kind::index) {
    for (const auto& [value, label] : coding.values) table.set(value, label);
  } else {
    table.set(0, coding.zero_label);
    for (std::int64_t value = 1; value < std::ssize(table.label); ++value) table.set(value, coding.label);
  }
  return table;
}

SemanticMask by_table(const RawImage& raw, const MaskCoding& coding) {
  const cv::Mat samples = one_channel(raw);
  const Table table = table_for(samples, coding);
  return samples.depth() == CV_8U ? looked_up<std::uint8_t>(samples, table)
                                  : looked_up<std::uint16_t>(samples, table);
}

/// The labels of a coding's colours. Sorted ones are searched as they stand: a table of thousands would take
/// longer than most masks.
class ColourTable {
 public:
  explicit ColourTable(const std::vector<std::pair<Rgb, int>>& colours)
      : colours_(colours), is_sorted_(std::ranges::is_sorted(colours)) {
    if (!is_sorted_)
      for (const auto& [colour, label] : colours)
        labels_.emplace(key_of(colour.r, colour.g, colour.b), label_in_memory(label));
  }

  /// Of equal colours the first one's; nothing for a colour that no label has.
  std::optional<std::uint16_t> find(const cv::Vec3b& colour) const {
    if (is_sorted_) {
      const Rgb wanted{colour[0], colour[1], colour[2]};
      const auto found = std::ranges::lower_bound(colours_, wanted, {}, &std::pair<Rgb, int>::first);
      if (found == colours_.end() || found->first != wanted) return std::nullopt;
      return label_in_memory(found->second);
    }
    const auto found = labels_.find(key_of(colour));
    return found == labels_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  const std::vector<std::pair<Rgb, int>>& colours_;
  bool is_sorted_;
  std::unordered_map<std::uint32_t, std::uint16_t> labels_;
};

SemanticMask by_colour(const RawImage& raw, const MaskCoding& coding) {
  const ColourTable labels(coding.colours);
  const cv::Mat colours = colours_of(raw);
  SemanticMask mask{cv::Mat(colours.size(), CV_16UC1), {}};
  // Neighbours mostly share their colour, so that few pixels are looked up.
  std::uint32_t last = kNoColour;
  std::uint16_t label = kUnlabelled;
  std::int64_t* unknown = nullptr;
  for (int y = 0; y < colours.rows; ++y) {
    const auto* from = colours.ptr<cv::Vec3b>(y);
    auto* to = mask.labels.ptr<std::uint16_t>(y);
    for (int x = 0; x < colours.cols; ++x) {
      if (const std::uint32_t key = key_of(from[x]); key != last) {
        last = key;
        const auto found = labels.find(from[x]);
        label = found.value_or(kUnlabelled);
        unknown = found ? nullptr : &mask.unknown_values[key];
        check_number(mask);
      }
      to[x] = label;
      if (unknown) ++*unknown;
    }
  }
  return mask;
}

/// Any colour channel above 0.
cv::Mat non_zero(const RawImage& raw) {
  cv::Mat inside;
  if (raw.pixels.channels() <= 2) {
    cv::compare(one_channel(raw), 0, inside, cv::CMP_GT);
    return inside;
  }
  cv::inRange(colours_of(raw), cv::Scalar(0, 0, 0), cv::Scalar(0, 0, 0), inside);
  cv::bitwise_not(inside, inside);
  return inside;
}

SemanticMask by_non_zero_colour(const RawImage& raw, const MaskCoding& coding) {
  SemanticMask mask{cv::Mat(raw.pixels.size(), CV_16UC1, cv::Scalar(label_in_memory(coding.zero_label))), {}};
  mask.labels.setTo(cv::Scalar(label_in_memory(coding.label)), non_zero(raw));
  return mask;
}

bool is_by_table(const RawImage& raw, const MaskCoding& coding) {
  return coding.kind == MaskCoding::Kind::index ||
         (coding.kind == MaskCoding::Kind::non_zero && raw.pixels.channels() <= 2);
}

SemanticMask looked_up(const RawImage& raw, const MaskCoding& coding) {
  if (is_by_table(raw, coding)) return by_table(raw, coding);
  return coding.kind == MaskCoding::Kind::colour ? by_colour(raw, coding) : by_non_zero_colour(raw, coding);
}

void fit(cv::Mat& pixels, const MaskRef& mask, std::optional<Size> image_size) {
  if (!mask.resize_to_image || !image_size || *image_size == Size{pixels.cols, pixels.rows}) return;
  validate(*image_size);
  pixels = resize_nearest(pixels, *image_size);
}

bool is_by_colour(const MaskRef& mask) {
  return mask.coding && mask.coding->kind == MaskCoding::Kind::colour;
}

cv::Mat pixels_of_value(const RawImage& raw, const MaskRef& mask) {
  cv::Mat inside;
  if (is_by_colour(mask)) {
    const auto channel = [&](int shift) { return static_cast<double>((*mask.value >> shift) & 0xff); };
    const cv::Scalar colour(channel(16), channel(8), channel(0));
    cv::inRange(colours_of(raw), colour, colour, inside);
  } else {
    const cv::Mat samples = one_channel(raw);
    if (*mask.value < 0 || *mask.value > 65535) return cv::Mat::zeros(samples.size(), CV_8UC1);
    cv::compare(samples, static_cast<double>(*mask.value), inside, cv::CMP_EQ);
  }
  return inside;
}

void set_crowds_void(cv::Mat& numbers, const std::vector<std::int64_t>& crowds) {
  std::vector<bool> is_crowd(65536);
  for (const std::int64_t crowd : crowds)
    if (crowd >= 0 && crowd < std::ssize(is_crowd)) is_crowd[static_cast<std::size_t>(crowd)] = true;
  for (int y = 0; y < numbers.rows; ++y) {
    auto* row = numbers.ptr<std::uint16_t>(y);
    for (int begin = 0, end = 0; begin < numbers.cols; begin = end) {
      const std::uint16_t number = row[begin];
      while (end < numbers.cols && row[end] == number) ++end;
      if (is_crowd[number]) std::fill(row + begin, row + end, std::uint16_t{kUnlabelled});
    }
  }
}

template <class Body>
auto at_file(const Path& file, Body&& body) {
  try {
    return body();
  } catch (Error& error) {
    throw error.at_file(file);
  }
}

}  // namespace

RawImage read_stored(const MaskRef& mask) {
  if (mask.made) return mask.made->make();
  return mask.content ? decode_raw(*mask.content) : read_raw(mask.file);
}

std::string bytes_of(const MaskRef& mask) {
  return mask.content ? *mask.content : read_file(mask.file);
}

SemanticMask semantic_from(const RawImage& raw, const MaskRef& mask, std::optional<Size> image_size) {
  return at_file(file_of(mask), [&] {
    SemanticMask semantic = looked_up(raw, semantic_coding_of(mask));
    fit(semantic.labels, mask, image_size);
    return semantic;
  });
}

SemanticMask read_semantic(const MaskRef& mask, std::optional<Size> image_size) {
  return semantic_from(at_file(file_of(mask), [&] { return read_stored(mask); }), mask, image_size);
}

CodedMask read_coded(const MaskRef& mask, std::optional<Size> image_size) {
  return at_file(file_of(mask), [&] {
    const MaskCoding& coding = semantic_coding_of(mask);
    const RawImage raw = read_stored(mask);
    CodedMask coded;
    if (is_by_table(raw, coding)) {
      coded.samples = one_channel(raw);
      coded.label_of = table_for(coded.samples, coding).label;
    } else {
      coded.samples = looked_up(raw, coding).labels;
    }
    fit(coded.samples, mask, image_size);
    return coded;
  });
}

cv::Mat read_instances(const MaskRef& mask) {
  return instances_from(at_file(file_of(mask), [&] { return read_stored(mask); }), mask);
}

cv::Mat instances_from(const RawImage& raw, const MaskRef& mask) {
  return at_file(file_of(mask), [&] {
    const std::int64_t void_value = mask.coding ? mask.coding->void_value : -1;
    if (raw.pixels.channels() > 2 && mask.coding && !mask.coding->colours.empty())
      return by_colour(raw, *mask.coding).labels;
    cv::Mat numbers;
    one_channel(raw).convertTo(numbers, CV_16U);
    const cv::Mat is_void = void_value >= 0 ? cv::Mat(numbers == static_cast<double>(void_value)) : cv::Mat();
    if (void_value != kUnlabelled && cv::countNonZero(numbers == kUnlabelled) > 0)
      throw Error(Code::bad_value,
                  fmt::format("the instance mask uses the number {}; the highest that is read is {}",
                              kUnlabelled, kUnlabelled - 1));
    if (!is_void.empty()) numbers.setTo(cv::Scalar(kUnlabelled), is_void);
    if (mask.coding && !mask.coding->crowds.empty()) set_crowds_void(numbers, mask.coding->crowds);
    return numbers;
  });
}

bool is_label_mask(const Annotation& annotation) {
  const auto* mask = std::get_if<MaskRef>(&annotation.shape);
  return mask && !mask->value && mask->coding && mask->coding->kind == MaskCoding::Kind::non_zero;
}

std::shared_ptr<const MaskCoding> index_coding(int labels) {
  auto coding = std::make_shared<MaskCoding>();
  for (int i = 0; i < labels; ++i) coding->values.emplace_back(i, i);
  coding->values.emplace_back(kUnlabelled, -1);
  return coding;
}

std::shared_ptr<const MaskCoding> number_coding() {
  auto coding = std::make_shared<MaskCoding>();
  coding->kind = MaskCoding::Kind::instance;
  coding->void_value = kUnlabelled;
  return coding;
}

Rle read_mask_shape(const MaskRef& mask, std::optional<Size> image_size) {
  return mask_shape_from(at_file(file_of(mask), [&] { return read_stored(mask); }), mask, image_size);
}

Rle mask_shape_from(const RawImage& raw, const MaskRef& mask, std::optional<Size> image_size) {
  return at_file(file_of(mask), [&] {
    cv::Mat inside = mask.value ? pixels_of_value(raw, mask) : non_zero(raw);
    fit(inside, mask, image_size);
    return rle_from_mask(inside);
  });
}

}  // namespace maskmill
