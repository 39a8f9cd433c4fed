// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "base/settings.h"
#include "learn/detector_size.h"
#include "learn/sample.h"

namespace maskmill::learn {

/// Random changes to training samples. All draws come from the Random given, so that they do not depend on
/// threads; a switched-off operation draws nothing.
struct AugmentSettings {
  bool enabled = true;
  double horizontal_flip = 0.5;
  double vertical_flip = 0;
  double rotation = 0;
  double translation = 0;
  double scale_low = 1, scale_high = 1;
  double crop = 1;
  double pad = 0;
  double safe_crop = 0;
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;
  double rgb_shift = 0;
  double blur = 0;
  double noise = 0;
  static void visit(auto& self, auto&& setting) {
    setting("enabled", self.enabled, "change training samples at random");
    setting("horizontal-flip", self.horizontal_flip, "probability", between(0, 1));
    setting("vertical-flip", self.vertical_flip, "probability", between(0, 1));
    setting("rotation", self.rotation, "turn by up to this many degrees either way", between(0, 180));
    setting("translation", self.translation, "shift by up to this share of the width and of the height",
            between(0, 1));
    setting("scale-low", self.scale_low, "smallest random scale; 1 with scale-high 1 does not scale",
            between(0.1, 10));
    setting("scale-high", self.scale_high, "largest random scale", between(0.1, 10));
    setting(
        "crop", self.crop,
        "smallest share of the width and of the height that a random window keeps, enlarged to the whole; 1 "
        "does not crop",
        between(0.05, 1));
    setting(
        "pad", self.pad,
        "put the picture somewhere into a frame that is larger by up to this share, black and ignored, and "
        "reduce that to the whole",
        between(0, 4));
    setting("safe-crop", self.safe_crop,
            "probability of enlarging a random window that holds all objects whole; for detectors",
            between(0, 1));
    setting("brightness", self.brightness, "add up to this share of the full range either way",
            between(0, 1));
    setting("contrast", self.contrast, "multiply by 1 plus or minus up to this", between(0, 1));
    setting("saturation", self.saturation,
            "multiply how far colours are from gray by 1 plus or minus up to this", between(0, 1));
    setting("hue", self.hue, "turn colours by up to this many degrees either way", between(0, 180));
    setting("rgb-shift", self.rgb_shift,
            "add up to this share of the full range either way to red, green and blue, to each its own",
            between(0, 1));
    setting("blur", self.blur, "largest standard deviation of a Gaussian blur, pixels", between(0, 100));
    setting("noise", self.noise, "largest standard deviation of Gaussian noise, as a share of the full range",
            between(0, 1));
  }
};

/// Throws Error(usage) where scale-low is above scale-high.
void validate(const AugmentSettings& settings);

/// Image, mask, boxes and polygons are changed alike. Coordinates are those of dataset/shapes.h: (0, 0) is
/// the top left corner of the top left pixel. Pixels are never written in place, so a sample may share its
/// own with a cache.
///
/// The sample keeps its size, or comes to that of detector_size() under `bounds`, which a detector's sample
/// needs that was read larger (at its presize); it is brought there even with augmentation switched off. So
/// it keeps its proportions, within the pixel that sides are rounded by, and its batch pads it.
///
/// Where a turn, scale, shift, crop or pad is switched on or a safe crop happens, it, the flips and the new
/// size are one resampling: flip, turn, the window that crop and pad draw together, its share from crop to 1
/// + pad, and the safe crop's, which has the picture's proportions and holds what is left of each object.
/// Else the new size is bilinear as detector_picture() is. On the way to a new size no pixel is passed over:
/// where more than two a side come together in one, the image's sides are halved by averaging first. What
/// keeps its size is sampled as it is.
///
/// The draws, in this order: contrast, brightness, saturation, hue, the shifts of red, green and blue,
/// horizontal flip, vertical flip, scale, rotation, shift along x, shift along y, the window's share, its
/// place along x and along y, whether there is a safe crop and how far its left, top, right and bottom go
/// from the objects to the picture's edge, blur, noise and the noise's seed.
void augment(Sample& sample, const AugmentSettings& settings, Random& random,
             const std::optional<DetectorSize>& bounds = std::nullopt);

/// What a training does to a sample: drawn from these numbers alone.
void augment(Sample& sample, const AugmentSettings& settings, std::uint64_t seed, int epoch,
             std::size_t index, const std::optional<DetectorSize>& bounds = std::nullopt);

/// The single operations, in the order in which augment() applies them; each is exact for what it says.

/// out = in * gain + offset, rounded and clamped to 0..255; the mask is not touched.
void change_intensity(Sample& sample, double gain, double offset);
/// The matrices of W3C's Filter Effects (feColorMatrix, saturate and hueRotate), which keep the luminance.
void change_colour(Sample& sample, double saturation, double hue_degrees);
/// Adds to red, green and blue as many levels, rounded and clamped to 0..255.
void shift_channels(Sample& sample, const std::array<double, 3>& levels);
void flip_horizontally(Sample& sample);
void flip_vertically(Sample& sample);
/// About the centre; angle clockwise as seen; the shift in pixels, after the turn. The image is sampled
/// bilinearly, the mask at the nearest pixel's centre; what comes in from outside the picture is black, and
/// ignored in the mask. Polygons are cut at the picture's edge and boxes drawn around them anew; a box
/// without a polygon becomes the box around its four corners, cut too. An object of which less than one
/// square pixel is left is dropped.
void turn_scale_shift(Sample& sample, double angle_degrees, double scale, double shift_x, double shift_y);

/// Gaussian, in pixels.
void blur(Sample& sample, double standard_deviation);
/// Gaussian, independent for each pixel and channel, rounded and clamped to 0..255.
void add_noise(Sample& sample, double standard_deviation, Random& random);

/// Brings a sample to a network's size: the image by area averaging along a side that shrinks and bilinearly
/// along one that grows, the mask by the pixel under each new pixel's centre. An image that was
/// decoded at a fraction of its size may come with a mask of the whole size.
void resize(Sample& sample, Size size);

}  // namespace maskmill::learn
