// SPDX-License-Identifier: Apache-2.0
// NumPy's archives: a zip of array files, as numpy.savez and numpy.savez_compressed write them.
#include <fmt/format.h>

#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "base/zip.h"
#include "image/codecs.h"

namespace maskmill::codecs {
namespace {

// 2^30 pixels of a byte each, or 2^27 of eight; and the array's header.
constexpr std::uint64_t kMostInflated = (std::uint64_t{1} << 30) + (1 << 16);
constexpr std::size_t kEnoughForHeader = (1 << 16) + 16;

std::string array_name(const ZipReader::Entry& entry) {
  return entry.name.substr(0, entry.name.size() - std::string_view(".npy").size());
}

/// The archive's one array.
const ZipReader::Entry& only_array(const ZipReader& zip) {
  std::vector<const ZipReader::Entry*> arrays;
  for (const ZipReader::Entry& entry : zip.entries())
    if (entry.name.ends_with(".npy")) arrays.push_back(&entry);
  if (arrays.empty()) throw Error(Code::bad_format, "is a zip file without an array");
  if (arrays.size() == 1) return *arrays.front();

  constexpr std::size_t kShown = 8;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(arrays.size(), kShown); ++i)
    names.push_back(in_quotes(array_name(*arrays[i])));
  if (arrays.size() > kShown) names.push_back(fmt::format("and {} more", arrays.size() - kShown));
  throw Error(Code::unsupported, fmt::format("holds {} arrays, of which one is to be read: {}", arrays.size(),
                                             joined(names, ", ")))
      .hint(
          fmt::format("save the one that is meant alone: numpy.save(\"{0}.npy\", numpy.load(file)[\"{0}\"])",
                      printable(array_name(*arrays.front()))));
}

}  // namespace

ImageInfo probe_npz(ByteSource& file) {
  const ZipReader zip(file, kMostInflated);
  const std::string start = zip.beginning(only_array(zip), kEnoughForHeader);
  ByteSource array{std::string_view(start)};
  ImageInfo info = probe_npy(array);
  info.kind = FileKind::npz;
  return info;
}

cv::Mat decode_npz(std::string_view bytes) {
  ByteSource file(bytes);
  const ZipReader zip(file, kMostInflated);
  std::string inflated;
  return decode_npy(zip.content(only_array(zip), inflated));
}

}  // namespace maskmill::codecs
