// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/name_arena.h"
#include "base/path.h"
#include "base/settings.h"

namespace maskmill {

/// A folder of images and its folder of masks.
struct PairFolders {
  std::string subset;  ///< empty: none
  Path images;         ///< empty: there are no images; not there: they are lost, and each mask is a finding
  Path masks;          ///< empty: there are no masks; the same as `images`: a suffix tells them apart
  Path list{};         ///< that names the pairs; empty: none does
  bool one_folder() const { return images == masks; }
};

/// What stands between a name and its extension, and in its pair's name does not; unset: found.
struct SuffixSettings {
  std::optional<std::string> image, mask;

  static void visit(auto& self, auto&& setting) {
    setting("image-suffix", self.image,
            "what an image's name has before its extension and its pair's name has not",
            unset("found from the names"));
    setting("mask-suffix", self.mask, "what a mask's name has before its extension, such as _mask",
            unset("found from the names"));
  }
};

/// The mask of one of the first images that the file system lists; nothing where none has one of its name.
/// For probes.
std::optional<Path> sample_mask(const PairFolders& folders);
inline bool has_pair(const PairFolders& folders) {
  return sample_mask(folders).has_value();
}

/// The number of images that sample_mask() looks at.
inline constexpr std::size_t kSampledImages = 64;

/// Whether an image file lies directly in the folder or, with `deep`, anywhere below; stops at the first.
bool holds_image(const Path& folder, bool deep);

/// An image and its mask, as names relative to their folders.
struct FilePair {
  std::string image;  ///< empty: the folders hold masks alone
  std::string mask;   ///< empty: the image has none
  std::uint32_t folders = 0;
  std::uint32_t line = 0;     ///< of the folders' list, from 1; 0: none names it
  bool subset_in_id = false;  ///< its name occurs in several subsets
  const std::string& name() const { return image.empty() ? mask : image; }
};

/// Pairs of any number, in little memory: 16 bytes each and those of their names.
class FilePairs {
 public:
  std::size_t size() const { return records_.size(); }
  bool empty() const { return records_.empty(); }
  FilePair operator[](std::size_t number) const;
  void push_back(const FilePair& pair);

  std::string_view image(std::size_t number) const { return names_[records_[number].image]; }
  std::string_view mask(std::size_t number) const { return names_[records_[number].mask]; }

  /// Leaves out the pairs of which left_out(number) holds; it is asked of each once, in their order.
  void erase_if(const std::function<bool(std::size_t)>& left_out);

 private:
  friend class Pairing;
  struct Record {
    NameArena::Number image = NameArena::none, mask = NameArena::none;
    std::uint32_t line = 0;
    std::uint32_t folders : 31 = 0, subset_in_id : 1 = 0;
  };
  FilePair pair_of(const Record& record) const;

  NameArena names_;
  std::vector<Record> records_;
};

/// The name without extension; after its subset where other subsets have that name too.
std::string id_of(const FilePair& pair, std::span<const PairFolders> folders);

/// The pairs of all folders, and the images that have no mask, in the order of their ids. Where `settings`
/// state no suffixes, those are taken under which most names pair up. Findings: "pair-missing" for a mask
/// without an image where there are images, "same-name" for a second file of one name.
FilePairs pair_files(std::span<const PairFolders> folders, const SuffixSettings& settings,
                     Findings& findings);

/// Makes the ids of `pairs` unique: those of equal names in several subsets have the subset in them, and one
/// that still has another's is left out, with a finding "same-name". The order stays.
void tell_apart(FilePairs& pairs, std::span<const PairFolders> folders, Findings& findings);

/// "a/b" of "a/b.png".
std::string_view without_extension(std::string_view name);

}  // namespace maskmill
