// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "fetch/checksum.h"

namespace maskmill::fetch {

struct CatalogueFile {
  std::string url;
  std::vector<Checksum> checksums;  ///< none is known where it is empty
};

/// A data set that others publish.
struct DataEntry {
  std::string name;  ///< "oxford-iiit-pet"
  std::string title, description, homepage, licence, citation;
  std::string format;                 ///< of what lies in it, as `--from` takes it
  std::vector<std::string> settings;  ///< "key=value", with which that is read
  /// The folder, of what is unpacked, that is the data set; "" is all of it. Without one, the data set is the
  /// only folder where all lies in one, and else all of it.
  std::optional<std::string> root;
  std::vector<CatalogueFile> files;  ///< archives
  std::string account;  ///< where it is given to registered users only: how to come by it; then without files
};

/// Published weights of a network.
struct WeightsEntry {
  std::string name;  ///< torchvision's, as torchvision.models.get_weight takes it
  CatalogueFile file;
  std::string network;  ///< torchvision's name of what they are of
  std::string description;
};

/// What schemas/catalogue.schema.json describes.
struct Catalogue {
  std::vector<DataEntry> data;
  std::vector<WeightsEntry> weights;

  const DataEntry* find_data(std::string_view name) const;
  const WeightsEntry* find_weights(std::string_view name) const;
  std::vector<std::string> names() const;
  /// Entries of `other` come instead of those of their names.
  void add(Catalogue other);
};

/// Throws Error(bad_format | bad_value) naming the place.
Catalogue parse_catalogue(std::string_view json, const Path& name_for_messages);

/// What comes with the program: catalogue.json.
const Catalogue& own_catalogue();

/// That, and the user's: *.json in maskmill/catalogue below $XDG_CONFIG_HOME or ~/.config, in the order of
/// their names. Throws as parse_catalogue.
Catalogue known_catalogue();

/// Weights of known_catalogue() by their name, or nothing. Throws Error(usage), naming the nearest, for a
/// word that looks like one of the names and like no path.
std::optional<WeightsEntry> find_weights(std::string_view name);

}  // namespace maskmill::fetch
