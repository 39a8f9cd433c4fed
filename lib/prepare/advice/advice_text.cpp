// SPDX-License-Identifier: Apache-2.0
#include "prepare/advice/advice_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostLines = 12;

std::string folder_name(const std::string& name) {
  return name.empty() ? "the folder itself" : printable(name) + "/";
}

std::string contents(const PictureFolder& folder) {
  std::string text = counted(folder.files.size(), "picture");
  if (folder.masks.empty() && folder.photographs.empty()) return text + " that cannot be read";
  if (!folder.masks.empty() && !folder.photographs.empty()) return text + ", photographs and masks";
  if (folder.masks.empty()) return text + ", photographs";
  std::string values;
  std::size_t shown = 0;
  for (const int value : folder.mask_values) {
    if (shown++ == 8) {
      values += ", ...";
      break;
    }
    values += (values.empty() ? "" : ", ") + std::to_string(value);
  }
  return text + ", masks by their looks" + (values.empty() ? "" : " (of the values " + values + ")");
}

std::string what_lies_there(const std::vector<PictureFolder>& found) {
  std::string text = "what lies there:\n";
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i == kMostLines) {
      text += fmt::format("  and {} with pictures\n", counted(found.size() - i, "more folder"));
      break;
    }
    text += fmt::format("  {}: {}\n", folder_name(found[i].name), contents(found[i]));
  }
  if (found.empty()) text += "  no pictures\n";
  return text;
}

std::string in_words(const LikelyPairs& pairs) {
  if (!pairs.one_folder())
    return fmt::format("{} of the {} in {} have the names of images in {}",
                       with_thousands(pairs.names.matches), counted(pairs.mask_count, "mask"),
                       folder_name(pairs.masks), folder_name(pairs.images));
  return fmt::format("{} beside images of their names, all in {}", counted(pairs.names.matches, "mask"),
                     folder_name(pairs.images));
}

std::string differences(const LikelyPairs& pairs) {
  std::string text;
  const auto add = [&](const std::string& line) { text += "  " + line + "\n"; };
  const NameRule& names = pairs.names;
  if (pairs.one_folder() && !pairs.mask_extension.empty())
    add("only their extension tells masks from images");
  else if (!pairs.one_folder())
    add("folders that are found by their names are called images/ and masks/, for example");
  const auto describe = [&](const char* what, const std::string& prefix, const std::string& suffix) {
    if (!prefix.empty()) add(fmt::format("{}s' names begin with {}", what, in_quotes(prefix)));
    if (!suffix.empty())
      add(fmt::format("{}s' names end in {} before the extension", what, in_quotes(suffix)));
  };
  describe("image", names.image_prefix, names.image_suffix);
  describe("mask", names.mask_prefix, names.mask_suffix);
  if (!pairs.lone_image.empty())
    add(fmt::format("images without a mask, the first: {}", in_quotes(pairs.lone_image)));
  if (!pairs.lone_mask.empty())
    add(fmt::format("masks without an image, the first: {}", in_quotes(pairs.lone_mask)));
  return text;
}

// --- commands

/// A part of a word: nothing where there is nothing to quote.
std::string part_of_word(const std::string& text) {
  return text.empty() ? "" : shell_quoted(text);
}

std::string parent_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}
std::string leaf_of(const std::string& name) {
  return name.substr(name.rfind('/') + 1);  // npos + 1 is 0
}

/// images/<subset>/ and masks/<subset>/, under whatever names: the two folders above.
std::optional<std::pair<std::string, std::string>> above_subsets(const std::vector<LikelyPairs>& pairs) {
  if (pairs.size() < 2) return std::nullopt;
  const std::string images = parent_of(pairs.front().images), masks = parent_of(pairs.front().masks);
  const bool all = std::ranges::all_of(pairs, [&](const LikelyPairs& part) {
    return parent_of(part.images) == images && parent_of(part.masks) == masks &&
           leaf_of(part.images) == leaf_of(part.masks);
  });
  return all && !images.empty() && !masks.empty() ? std::optional(std::pair(images, masks)) : std::nullopt;
}

std::string option(const std::string& key, const std::string& value) {
  return " --read " + shell_quoted(key + "=" + value);
}

std::string suffix_options(const NameRule& names) {
  std::string text;
  if (!names.image_suffix.empty()) text += option("image-suffix", names.image_suffix);
  if (!names.mask_suffix.empty()) text += option("mask-suffix", names.mask_suffix);
  return text;
}

std::string reading(const Path& folder, const std::string& images, const std::string& masks,
                    const NameRule& names) {
  return "maskmill check " + shell_quoted(folder.string()) + option("images", images) +
         option("masks", masks) + suffix_options(names) + "\n";
}

std::string inside(const Path& folder, const std::string& name) {
  return shell_quoted((name.empty() ? folder : folder / name).string());
}

/// Gives masks their images' names; in one folder with _mask behind, so that they stay apart.
std::string renaming_of_masks(const Path& folder, const LikelyPairs& pairs) {
  const NameRule& names = pairs.names;
  const std::string end = names.image_suffix + (pairs.one_folder() ? "_mask" : "");
  return fmt::format(
      "(cd {} && for f in {}*; do n=\"${{f%.*}}\"; n=\"${{n#{}}}\"; n=\"${{n%{}}}\"; mv \"$f\" {}\"$n\"{}.\"${{f##*.}}\"; "
      "done)\n",
      inside(folder, pairs.masks), part_of_word(names.mask_prefix), part_of_word(names.mask_prefix),
      part_of_word(names.mask_suffix), part_of_word(names.image_prefix), part_of_word(end));
}

std::string moving_apart(const Path& folder, const std::vector<PictureFolder>& found,
                         const LikelyPairs& pairs) {
  std::set<std::string> image_extensions, mask_extensions;  // as they are written
  for (const PictureFolder& pictures : found)
    if (pictures.name == pairs.images)
      for (const std::string& file : pictures.files) {
        const std::string extension = file.substr(file.rfind('.') + 1);
        (lower_extension(Path(file)) == pairs.mask_extension ? mask_extensions : image_extensions)
            .insert(extension);
      }
  const auto patterns = [](const std::set<std::string>& extensions) {
    std::string text;
    for (const std::string& extension : extensions) text += "*." + extension + " ";
    return text;
  };
  return fmt::format("(cd {} && mkdir images masks && mv {}masks/ && mv {}images/)\n",
                     inside(folder, pairs.images), patterns(mask_extensions), patterns(image_extensions));
}

std::string moving(const Path& folder, const std::string& from, const std::string& to) {
  return from == to ? "" : "mv " + inside(folder, from) + " " + inside(folder, to) + "\n";
}

}  // namespace

std::string advice_text(const std::vector<PictureFolder>& found, const std::vector<LikelyPairs>& pairs) {
  std::string text = what_lies_there(found);
  if (pairs.empty()) {
    text += found.empty()
                ? ""
                : "no pictures look like masks of the others: pictures alone can be predicted, not checked\n";
    return text;
  }
  text += "it comes closest to images and masks that pair by name:\n";
  const std::size_t shown = std::min(pairs.size(), kMostLines);
  for (std::size_t i = 0; i < shown; ++i) text += "  " + in_words(pairs[i]) + "\n";
  if (pairs.size() > shown)
    text += fmt::format("  and {}\n", counted(pairs.size() - shown, "more pair of folders"));
  return text + "what differs:\n" + differences(pairs.front());
}

std::string advice_commands(const Path& folder, const std::vector<PictureFolder>& found,
                            const std::vector<LikelyPairs>& pairs) {
  if (pairs.empty()) return {};
  std::string text;
  const LikelyPairs& first = pairs.front();
  if (first.one_folder() && !first.mask_extension.empty())
    return moving_apart(folder, found, first) + "maskmill check " + inside(folder, first.images) + "\n";
  if (first.names.has_prefix())  // no setting says one
    for (const LikelyPairs& part : pairs)
      if (part.names.has_prefix()) text += renaming_of_masks(folder, part);
  const NameRule names = first.names.has_prefix() ? NameRule() : first.names;
  if (first.one_folder())
    return text + "maskmill check " + inside(folder, first.images) + suffix_options(names) + "\n";
  if (const auto above = above_subsets(pairs))
    return text + reading(folder, above->first, above->second, names);
  if (pairs.size() == 1)
    return text + reading(folder, first.images.empty() ? "." : first.images,
                          first.masks.empty() ? "." : first.masks, names);
  for (const LikelyPairs& part : pairs) {
    if (part.one_folder()) continue;
    const std::string subset = parent_of(part.images);
    if (subset != parent_of(part.masks)) continue;
    const std::string to = subset.empty() ? "" : subset + "/";
    text += moving(folder, part.images, to + "images") + moving(folder, part.masks, to + "masks");
  }
  return text + "maskmill check " + shell_quoted(folder.string()) + "\n";
}

}  // namespace maskmill
