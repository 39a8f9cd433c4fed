// SPDX-License-Identifier: Apache-2.0
#include "formats/trainannot/lists.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill {
namespace {

bool is_blank(char letter) {
  return letter == ' ' || letter == '\t';
}

/// Where the first path of the line ends: at a blank behind an image's extension, or at the line's end.
std::size_t end_of_path(std::string_view line) {
  for (std::size_t i = 1; i < line.size(); ++i)
    if (is_blank(line[i]) && has_image_extension(std::string(line.substr(0, i)))) return i;
  return line.size();
}

/// "deep/a.png" of "/elsewhere/train/deep/a.png" and the folder train, where a path may go through several
/// folders of that name: the longest first, the file's own name last.
std::vector<std::string_view> below(std::string_view path, const std::string& folder) {
  std::vector<std::string_view> found;
  if (path.starts_with(folder + "/")) found.push_back(path.substr(folder.size() + 1));
  const std::string step = "/" + folder + "/";
  for (std::size_t at = path.find(step); at != std::string_view::npos; at = path.find(step, at + 1))
    found.push_back(path.substr(at + step.size()));
  found.push_back(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
  return found;
}

Finding finding_at(Place place, std::string rule, Severity severity, std::string message, std::string fix) {
  return {std::move(rule), severity, std::move(place), std::move(message), std::move(fix)};
}

class ByImage {
 public:
  explicit ByImage(const FilePairs& pairs) : pairs_(pairs), taken_(pairs.size()), index_(pairs.size()) {
    for (std::uint32_t i = 0; i < pairs.size(); ++i) index_.add(hash_of(pairs.image(i)), i);
  }

  /// The pair of the first of the names that is an image's. Nothing where none is.
  std::optional<std::uint32_t> find(const std::vector<std::string_view>& images) const {
    for (const std::string_view image : images)
      if (const auto found = index_.find(hash_of(image),
                                         [&](std::uint32_t number) { return pairs_.image(number) == image; }))
        return found;
    return std::nullopt;
  }
  /// False: it was taken before.
  bool take(std::size_t number) {
    const bool is_free = !taken_[number];
    taken_[number] = true;
    return is_free;
  }

  bool is_taken(std::size_t number) const { return taken_[number]; }

 private:
  const FilePairs& pairs_;
  std::vector<bool> taken_;
  HashIndex index_;
};

}  // namespace

std::optional<ListLine> parse_pair_line(std::string_view text) {
  const std::string_view line = trimmed(text);
  if (line.empty()) return std::nullopt;
  const std::size_t end = end_of_path(line);
  const std::string_view mask = trimmed(line.substr(end));
  ListLine parsed{std::string(line.substr(0, end)), std::string(mask)};
  if (!has_image_extension(parsed.image) ||
      (!mask.empty() && (!has_image_extension(parsed.mask) || end_of_path(mask) != mask.size())))
    throw Error(Code::bad_value,
                "expected an image's path and its mask's, found " + in_quotes(std::string(line)));
  return parsed;
}

std::string to_pair_line(const ListLine& line) {
  const std::string text = line.mask.empty() ? line.image : line.image + " " + line.mask;
  if (text.find_first_of("\r\n") != std::string::npos)
    throw Error(Code::bad_value, "a list has no place for a name with a line break");
  return text;
}

FilePairs in_list_order(const FilePairs& all, const PairFolders& folders, Findings& findings) {
  const std::string image_folder = folders.images.filename().string(),
                    mask_folder = folders.masks.filename().string();
  ByImage pairs(all);
  FilePairs listed;
  const std::string text = read_file(folders.list);
  std::uint32_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    const Place place{folders.list.string(), ++number, {}};
    std::optional<ListLine> paths;
    try {
      paths = parse_pair_line(line);
    } catch (Error& error) {
      findings.add(to_finding(error.at(place), "unreadable-list-line"));
    }
    if (!paths) continue;
    const auto found = pairs.find(below(paths->image, image_folder));
    if (!found) {
      findings.add(
          finding_at(place, "pair-missing", Severity::error,
                     fmt::format("left out: {} is not in {}/", in_quotes(paths->image), image_folder),
                     "add the image, or delete the line"));
    } else if (!pairs.take(*found)) {
      findings.add(finding_at(place, "listed-twice", Severity::warning,
                              fmt::format("{} is in the list already", in_quotes(paths->image)),
                              "delete the line"));
    } else {
      FilePair pair = all[*found];
      pair.line = number;
      if (!paths->mask.empty() && !folders.masks.empty()) pair.mask = below(paths->mask, mask_folder).front();
      listed.push_back(pair);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!pairs.is_taken(i))
      findings.add(finding_at({(folders.images / all[i].image).string(), {}, {}}, "not-listed",
                              Severity::warning,
                              fmt::format("left out: {} does not name it", folders.list.filename().string()),
                              "add it to the list, or delete it"));
  return listed;
}

}  // namespace maskmill
