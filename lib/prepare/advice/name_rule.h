// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace maskmill {

/// How the names of images and of their masks, both without extension, come from what they have in common.
struct NameRule {
  std::string image_prefix, image_suffix, mask_prefix, mask_suffix;
  std::size_t matches = 0;  ///< masks whose image is there

  bool is_identity() const { return image_prefix == mask_prefix && image_suffix == mask_suffix; }
  bool has_prefix() const { return !image_prefix.empty() || !mask_prefix.empty(); }
  /// The common part; empty where the name does not follow the rule.
  std::string_view core_of_image(std::string_view stem) const;
  std::string_view core_of_mask(std::string_view stem) const;
};

/// The rule under which most masks find an image; the simplest of those that match equally many. `images` and
/// `masks` may be the same list: a name is then never its own mask.
NameRule find_name_rule(std::span<const std::string> images, std::span<const std::string> masks);

}  // namespace maskmill
