// SPDX-License-Identifier: Apache-2.0
#include "learn/picture_files.h"

#include <boost/filesystem.hpp>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "image/image.h"

namespace maskmill::learn {
namespace {

void add_file(const Path& path, const Path& base, std::vector<Item>& items) {
  Item item;
  item.file_name = base.empty() ? path.filename().string() : relative_name(path, base);
  item.id = Path(item.file_name).replace_extension().generic_string();
  item.image = path;
  item.annotated = false;
  item.origin.file = path.string();
  items.push_back(std::move(item));
}

void add_folder(const Path& folder, std::vector<Item>& items) {
  const std::size_t before = items.size();
  for (const Path& file : list_files(folder))
    if (has_image_extension(file)) add_file(file, folder, items);
  if (items.size() == before)
    throw Error(Code::bad_format, "holds no images")
        .at_file(folder)
        .hint("give image files or folders of them");
}

void require_unique(const std::vector<Item>& items) {
  std::unordered_map<std::string, const Item*> seen;
  for (const Item& item : items) {
    const auto [first, is_new] = seen.try_emplace(item.id, &item);
    if (!is_new)
      throw Error(Code::usage, "the results of this file and of " + first->second->image.string() +
                                   " would have one name: " + in_quotes(item.id))
          .at_file(item.image)
          .hint("predict them in two calls, or rename one");
  }
}

}  // namespace

std::unique_ptr<Source> picture_files(const std::vector<std::string>& paths) {
  std::vector<Item> items;
  for (const std::string& text : paths) {
    const Path path(text);
    boost::system::error_code failure;
    const auto type = fs::status(path, failure).type();
    if (type == fs::file_not_found)
      throw Error(Code::not_found, "there is no such file or folder").at_file(path);
    if (type == fs::directory_file)
      add_folder(path, items);
    else
      add_file(path, {}, items);
  }
  require_unique(items);
  return make_source({}, std::move(items));
}

}  // namespace maskmill::learn
