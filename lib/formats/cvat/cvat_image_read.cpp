// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <pugixml.hpp>

#include "base/error.h"
#include "base/text.h"
#include "dataset/rle.h"
#include "formats/cvat/cvat_image.h"
#include "formats/cvat/cvat_values.h"
#include "formats/xml_text.h"

namespace maskmill {
namespace {

using pugi::xml_node;

Error missing(std::string_view name) {
  return Error(Code::bad_value, fmt::format("has no {}", name));
}

std::string_view required(const xml_node& node, const char* name) {
  const pugi::xml_attribute attribute = node.attribute(name);
  if (!attribute) throw missing(name);
  return attribute.value();
}

double number(const xml_node& node, const char* name) {
  const std::string_view text = trimmed(required(node, name));
  const auto value = to_number(text);
  if (!value) throw Error(Code::bad_value, fmt::format("{} is {}, not a number", name, in_quotes(text)));
  return *value;
}

double angle(const xml_node& node) {
  return node.attribute("rotation") ? number(node, "rotation") : 0;
}

int whole_number(const xml_node& node, const char* name, long long least) {
  const std::string_view text = trimmed(required(node, name));
  const auto value = to_integer(text);
  if (!value || *value < least || *value > INT32_MAX)
    throw Error(Code::bad_value,
                fmt::format("{} is {}, not a whole number of pixels", name, in_quotes(text)));
  return static_cast<int>(*value);
}

/// "x,y;x,y"
std::vector<Point> points(const xml_node& node) {
  const std::string_view text = required(node, "points");
  std::vector<Point> all;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip_blanks = [&] {
    while (at != end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) ++at;
  };
  const auto fail = [&]() -> Error {
    const auto offset = static_cast<std::size_t>(at - text.data());
    return Error(Code::bad_value,
                 fmt::format("points: {} stands where the {} of point {} should",
                             in_quotes(text.substr(offset, 20)), "coordinates", all.size() + 1));
  };
  const auto coordinate = [&] {
    skip_blanks();
    double value = 0;
    const auto [next, problem] = std::from_chars(at, end, value);
    if (problem != std::errc() || !std::isfinite(value)) throw fail();
    at = next;
    skip_blanks();
    return value;
  };
  const auto take = [&](char separator) {
    if (at == end || *at != separator) throw fail();
    ++at;
  };
  for (skip_blanks(); at != end; skip_blanks()) {
    if (!all.empty()) take(';');
    skip_blanks();
    if (at == end) break;  // a separator at the end
    const double x = coordinate();
    take(',');
    all.push_back({x, coordinate()});
  }
  if (all.empty()) throw Error(Code::bad_value, "points is empty");
  return all;
}

Shape box(const xml_node& node) {
  const double left = number(node, "xtl"), top = number(node, "ytl");
  const double right = number(node, "xbr"), bottom = number(node, "ybr");
  const double width = without_noise(right - left, std::max(std::abs(left), std::abs(right)));
  const double height = without_noise(bottom - top, std::max(std::abs(top), std::abs(bottom)));
  const double turned = angle(node);
  if (turned == 0) return Box{left, top, width, height};
  const Point centre{without_noise(left + width / 2, left), without_noise(top + height / 2, top)};
  return RotatedBox{centre, width, height, turned};
}

Shape ellipse(const xml_node& node) {
  return Ellipse{
      {number(node, "cx"), number(node, "cy")}, number(node, "rx"), number(node, "ry"), angle(node)};
}

std::vector<std::uint32_t> runs(std::string_view text, std::int64_t area) {
  std::vector<std::uint32_t> counts;
  std::int64_t sum = 0;
  for (const char *at = text.data(), *end = at + text.size(); at != end;) {
    if (*at == ',' || *at == ' ' || *at == '\n' || *at == '\t') {
      ++at;
      continue;
    }
    std::uint32_t count = 0;
    const auto [next, problem] = std::from_chars(at, end, count);
    if (problem != std::errc())
      throw Error(Code::bad_value,
                  fmt::format("rle: {} is no run",
                              in_quotes(text.substr(static_cast<std::size_t>(at - text.data()), 20))));
    counts.push_back(count);
    sum += count;
    at = next;
    if (sum > area) break;
  }
  if (sum != area)
    throw Error(Code::bad_value, fmt::format("rle: the runs cover {} pixels of a rectangle of {}",
                                             sum > area ? "more than the" : std::to_string(sum), area));
  return counts;
}

/// CVAT's runs go along the rows of a rectangle, ours down the columns of the image.
Shape mask(const xml_node& node, const std::optional<Size>& image, std::vector<Finding>& problems) {
  if (!image) throw Error(Code::bad_value, "a mask in an image whose size is not known");
  const int left = whole_number(node, "left", INT32_MIN), top = whole_number(node, "top", INT32_MIN);
  const Size size{whole_number(node, "width", 0), whole_number(node, "height", 0)};
  validate(size);
  const Rle across{{size.height, size.width}, runs(required(node, "rle"), size.area())};
  cv::Mat pixels;
  cv::transpose(mask_from_rle(across), pixels);
  const bool inside = left >= 0 && top >= 0 && std::int64_t{left} + size.width <= image->width &&
                      std::int64_t{top} + size.height <= image->height;
  if (!inside)
    problems.push_back({"mask-outside",
                        Severity::warning,
                        {},
                        fmt::format("the mask at {}, {} of {} leaves the image of {}: cut", left, top,
                                    to_string(size), to_string(*image)),
                        {}});
  return shifted(rle_from_mask(pixels), left, top, *image);
}

Shape cuboid(const xml_node& node) {
  Points corners;
  for (const char* corner : {"tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2"})
    corners.points.push_back({number(node, (std::string("x") + corner).c_str()),
                              number(node, (std::string("y") + corner).c_str())});
  return corners;
}

constexpr std::array<std::string_view, 34> kKnown{
    "label", "occluded", "z_order", "group_id", "score", "points", "xtl",  "ytl",  "xbr",
    "ybr",   "rotation", "cx",      "cy",       "rx",    "ry",     "rle",  "left", "top",
    "width", "height",   "xtl1",    "ytl1",     "xbl1",  "ybl1",   "xtr1", "ytr1", "xbr1",
    "ybr1",  "xtl2",     "ytl2",    "xbl2",     "ybl2",  "xtr2",   "ytr2"};

bool is_known(std::string_view name) {
  return std::ranges::find(kKnown, name) != kKnown.end() || name == "xbr2" || name == "ybr2";
}

std::optional<bool> flag(const xml_node& node, const char* name) {
  const std::string_view text = node.attribute(name).value();
  if (text == "1" || text == "true" || text == "True") return true;
  if (text == "0" || text == "false" || text == "False") return false;
  return std::nullopt;
}

template <class Number>
std::optional<Number> whole(const xml_node& node, const char* name) {
  const auto value = to_integer(trimmed(node.attribute(name).value()));
  if (!value || *value < std::numeric_limits<Number>::min() || *value > std::numeric_limits<Number>::max())
    return std::nullopt;
  return static_cast<Number>(*value);
}

}  // namespace

struct CvatImageReader::State {
  pugi::xml_document document;
  xml_node root;
  std::string file;
  Lines lines;

  Place place_of(const xml_node& node) { return {file, lines.at(node.offset_debug()), node.name()}; }

  void report(const xml_node& node, Error error, std::vector<Finding>& findings) {
    const Place place = place_of(node);
    error.at(place);
    findings.push_back(to_finding(error, "unreadable-annotation"));
  }

  Annotation annotation(const xml_node& node, const LabelMap& labels, const std::optional<Size>& size,
                        bool zero_is_unknown, std::vector<Finding>& findings);
  void read_keypoints(const xml_node& node, const Label& label, Annotation& annotation);
  void read_attributes(const xml_node& node, const Label* label, Annotation& annotation);
  static AttributeValue value_of_attribute(const xml_node& element, const Label* label,
                                           const std::string& name);
};

CvatImageReader::CvatImageReader(std::string_view text, std::size_t line, const Path& file)
    : state_(new State{{}, {}, file.string(), Lines(text, pugi::encoding_utf8, line)}) {
  const pugi::xml_parse_result result =
      state_->document.load_buffer(text.data(), text.size(), kXmlParseOptions, pugi::encoding_utf8);
  state_->root = state_->document.document_element();
  if (!result || std::string_view(state_->root.name()) != "image")
    throw Error(Code::bad_format, fmt::format("the image cannot be read again: {}", result.description()))
        .at_file(file)
        .at_line(line);
}

CvatImageReader::~CvatImageReader() = default;

CvatImage CvatImageReader::image(std::vector<Finding>& findings) {
  CvatImage image;
  const xml_node& root = state_->root;
  image.name = root.attribute("name").value();
  image.subset = root.attribute("subset").value();
  image.path = root.attribute(kImagePath).value();
  image.id = whole<std::int64_t>(root, "id");
  const auto width = whole<int>(root, "width"), height = whole<int>(root, "height");
  if (width && height && *width > 0 && *height > 0)
    image.size = Size{*width, *height};
  else if (root.attribute("width") || root.attribute("height"))
    findings.push_back({"bad-size",
                        Severity::warning,
                        state_->place_of(root),
                        "width and height are not whole numbers of pixels above 0",
                        {}});
  for (const pugi::xml_attribute& attribute : root.attributes()) {
    const std::string_view name = attribute.name();
    constexpr std::array<std::string_view, 6> kKnownOfImage{"name",  "subset", "id",
                                                            "width", "height", kImagePath};
    if (std::ranges::find(kKnownOfImage, name) == kKnownOfImage.end())
      image.attributes.emplace_back(std::string(kXmlAttributeMark) + attribute.name(), attribute.value());
  }
  return image;
}

std::vector<Annotation> CvatImageReader::annotations(const LabelMap& labels, const std::optional<Size>& size,
                                                     bool zero_is_unknown, std::vector<Finding>& findings) {
  std::vector<Annotation> all;
  for (const xml_node& node : state_->root.children()) {
    if (!is_element(node)) continue;
    try {
      all.push_back(state_->annotation(node, labels, size, zero_is_unknown, findings));
    } catch (const Error& error) {
      if (error.code() == Code::bug) throw;
      state_->report(node, error, findings);
    }
  }
  return all;
}

Annotation CvatImageReader::State::annotation(const xml_node& node, const LabelMap& labels,
                                              const std::optional<Size>& size, bool zero_is_unknown,
                                              std::vector<Finding>& findings) {
  Annotation annotation;
  annotation.origin = place_of(node);
  annotation.label = labels.find(required(node, "label"));
  const Label* label = annotation.label ? &labels[*annotation.label] : nullptr;
  const std::string_view kind = node.name();
  std::vector<Finding> problems;
  if (kind == "box") {
    annotation.shape = box(node);
  } else if (kind == "polygon") {
    annotation.shape = Polygon{{{points(node), {}}}};
  } else if (kind == "polyline") {
    annotation.shape = Polyline{points(node)};
  } else if (kind == "points") {
    annotation.shape = Points{points(node)};
  } else if (kind == "ellipse") {
    annotation.shape = ellipse(node);
  } else if (kind == "mask") {
    annotation.shape = mask(node, size, problems);
  } else if (kind == "cuboid") {
    annotation.shape = cuboid(node);
    annotation.attributes.emplace_back(std::string(kCuboid), true);
  } else if (kind == "skeleton") {
    if (!label) throw Error(Code::bad_value, "a skeleton of no label");
    read_keypoints(node, *label, annotation);
  } else if (kind != "tag") {
    throw Error(Code::unsupported, fmt::format("<{}> is no annotation of CVAT 1.1", printable(kind)));
  }
  for (Finding& problem : problems) {
    problem.place = annotation.origin;
    findings.push_back(std::move(problem));
  }

  annotation.flags.occluded = flag(node, "occluded");
  if (zero_is_unknown && annotation.flags.occluded == false) annotation.flags.occluded.reset();
  annotation.z_order = whole<int>(node, "z_order");
  annotation.group = whole<std::int64_t>(node, "group_id");
  if (const auto score = to_number(node.attribute("score").value()); score && *score >= 0 && *score <= 1)
    annotation.score = score;
  read_attributes(node, label, annotation);
  return annotation;
}

void CvatImageReader::State::read_keypoints(const xml_node& node, const Label& label,
                                            Annotation& annotation) {
  if (!label.skeleton)
    throw Error(Code::bad_value,
                fmt::format("the label {} has no skeleton in <meta>", in_quotes(label.name)));
  const std::vector<std::string>& names = label.skeleton->keypoints;
  annotation.keypoints.resize(names.size());
  for (const xml_node& element : node.children("points")) {
    const std::string_view name = required(element, "label");
    const auto found = std::ranges::find(names, name);
    if (found == names.end())
      throw Error(Code::bad_value,
                  fmt::format("the skeleton {} has no point {}", in_quotes(label.name), in_quotes(name)));
    const std::vector<Point> at = points(element);
    const int visibility = flag(element, "outside") == true ? 0 : flag(element, "occluded") == true ? 1 : 2;
    annotation.keypoints[static_cast<std::size_t>(found - names.begin())] = {at.front(), visibility};
  }
}

AttributeValue CvatImageReader::State::value_of_attribute(const xml_node& element, const Label* label,
                                                          const std::string& name) {
  try {
    if (element.attribute("type")) return typed_value(element);
  } catch (const Error&) {
    // Somebody changed the text and left our type as it was: the text counts.
  }
  return cvat_value(text_of(element), label ? find_definition(*label, name) : nullptr);
}

void CvatImageReader::State::read_attributes(const xml_node& node, const Label* label,
                                             Annotation& annotation) {
  for (const pugi::xml_attribute& attribute : node.attributes())
    if (!is_known(attribute.name()))
      annotation.attributes.emplace_back(std::string(kXmlAttributeMark) + attribute.name(),
                                         attribute.value());
  for (const xml_node& element : node.children("attribute")) {
    const std::string name = element.attribute("name").value();
    annotation.attributes.emplace_back(name, value_of_attribute(element, label, name));
  }
}

}  // namespace maskmill
