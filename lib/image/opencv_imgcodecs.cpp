// SPDX-License-Identifier: Apache-2.0
// A library of its own, which other_codecs.cpp loads for the first picture that needs it: OpenCV's imgcodecs
// drags in more than a hundred others, whose relocation alone takes longer than most commands.
#include <opencv2/imgcodecs.hpp>

extern "C" void maskmill_imdecode(const cv::Mat& bytes, int flags, cv::Mat& pixels) {
  pixels = cv::imdecode(bytes, flags);
}
