// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"

namespace maskmill::fetch {

/// Published weights of a network.
struct PublishedWeights {
  std::string name;  ///< torchvision's, as torchvision.models.get_weight takes it
  std::string url;
  std::string sha256;   ///< the digits that are published; at least the first 8
  std::string network;  ///< torchvision's name of what they are of
  std::string description;
};

/// A document of weights.json's form. Throws Error(bad_format | bad_value) naming the place.
std::vector<PublishedWeights> parse_weights(std::string_view json, const Path& name_for_messages);

/// Those the program knows: weights.json.
const std::vector<PublishedWeights>& published_weights();

/// Weights by their name, or nothing. Throws Error(usage), naming the nearest, for a word that looks like one
/// of the names and like no path.
std::optional<PublishedWeights> find_weights(std::string_view name);

}  // namespace maskmill::fetch
