// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "dataset/item.h"

namespace maskmill {

/// What an output was made from and by which command. Holds no date and no machine: the same command on the
/// same data gives the same bytes.
struct Provenance {
  struct Input {
    std::string path;    ///< as the user named it
    std::string format;  ///< its name in the registry
    std::size_t items = 0;
    std::string fingerprint;  ///< of the items' content, 32 hex digits
  };
  struct Download {
    std::string url;
    std::uint64_t bytes = 0;
    std::string sha256;       ///< 64 lower-case digits; empty where only members of it came
    std::size_t members = 0;  ///< of an archive, where not all of it came
  };
  std::string command;
  std::vector<Input> inputs;
  std::vector<Download> downloads = {};
  std::string licence = {}, citation = {};  ///< of what was downloaded
};

Json to_json(const Provenance::Download& download);

/// The text of provenance.json.
std::string to_json_text(const Provenance& provenance);

/// Of all that an item says but where it came from: of its image the name and the size in bytes (absent,
/// where it is), of its mask files the bytes. Of a made image the name and the sizes of the files of which it
/// is made, so that it need not be made; of a made mask the pixels. The same on every machine and in every
/// folder. Throws Error as read_file for a mask file that cannot be read.
Digest digest_of(const Item& item);

/// The program's version: "0.1.0".
std::string_view version();

}  // namespace maskmill
