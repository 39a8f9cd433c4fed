// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string_view>

namespace maskmill::codecs {

inline constexpr std::size_t kPngSignatureBytes = 8;

/// The rows of a PNG of one channel as they are stored (PNG 1.2, chapters 5 and 6), CV_8UC1 or CV_16UC1 in
/// this machine's order; samples of fewer than 8 bits lie packed, several to one of `row_samples`. Every
/// checksum is looked at. Nothing where the PNG is interlaced or anything in it is out of order: what a
/// general decoder makes of it, or says about it, counts then. It takes a quarter of the time of one, or
/// less: masks are most of what is read, and libdeflate inflates whole buffers. Throws Error(unsupported)
/// where memory does not suffice.
std::optional<cv::Mat> decode_gray_rows(std::string_view png, int height, int row_samples, int sample_bytes);

}  // namespace maskmill::codecs
