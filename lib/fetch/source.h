// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fetch/catalogue.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// What an operand of `maskmill fetch` names.
using FetchSource = std::variant<DataEntry, WeightsEntry, Url>;

/// Throws Error(usage), naming the nearest, for what is neither a name of the catalogue nor a URL, and
/// Error(unsupported), saying how to come by them, for data that are given to registered users only.
FetchSource find_source(const std::string& text, const Catalogue& catalogue);

/// A URL a line, and behind a blank its checksum where it is known; empty lines and those that begin with #
/// are passed over. "-" is the standard input. Throws Error(not_found | unreadable), and Error(bad_value)
/// with the line.
std::vector<CatalogueFile> read_url_list(const std::string& file);

/// What a person should know of a data set that was fetched: SOURCE.md beside it.
std::string about(const DataEntry& entry);

}  // namespace maskmill::fetch
