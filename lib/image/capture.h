// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace maskmill {

/// When and with what a photograph was taken.
struct Capture {
  std::string camera;  ///< make, model and, where it is stated, the body's serial number
  /// By the camera's clock, whatever its time zone: only differences mean something.
  std::int64_t milliseconds = 0;
  friend bool operator==(const Capture&, const Capture&) = default;
};

/// By the EXIF of a JPEG's or PNG's bytes: DateTimeOriginal, SubSecTimeOriginal, Make, Model,
/// BodySerialNumber. Nothing for other files, and where the time or the model is missing or broken.
std::optional<Capture> capture_of(std::string_view bytes);

}  // namespace maskmill
