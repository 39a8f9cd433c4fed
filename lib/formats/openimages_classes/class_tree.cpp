// SPDX-License-Identifier: Apache-2.0
#include "formats/openimages_classes/class_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/hash_index.h"
#include "base/text.h"
#include "formats/openimages/mask_names.h"
#include "image/image.h"

namespace maskmill {
namespace {

constexpr std::string_view folder_of(ClassFile::Kind kind) {
  if (kind == ClassFile::Kind::image) return kClassImages;
  return kind == ClassFile::Kind::boxes ? kClassBoxes : kClassMasks;
}

std::string without_suffix(const std::string& name) {
  return name.substr(0, name.size() - Path(name).extension().size());
}

bool is_class_folder(const ClassFolder& folder) {
  return holds(folder, kClassImages) && (holds(folder, kClassBoxes) || holds(folder, kClassMasks));
}

class Lister {
 public:
  Lister(const Path& root, Findings& findings) : findings_(findings) {
    tree_.folders = find_class_folders(root);
    if (tree_.folders.empty())
      throw Error(
          Code::bad_format,
          "there is no folder of a class, with images in images/ and XML files in pascal/ or masks in "
          "segmentations/")
          .at_file(root);
    if (tree_.folders.size() > std::numeric_limits<std::uint16_t>::max())
      throw Error(Code::unsupported, "more than 65,535 classes").at_file(root);
  }

  ClassTree list() {
    // Images first, so that what belongs to none is known.
    for_each_folder([&](std::uint16_t folder) { add_images(folder); });
    has_images_ = !tree_.items.empty();
    for_each_folder([&](std::uint16_t folder) { add_boxes(folder); });
    for (std::uint32_t i = 0; i < tree_.items.size(); ++i)
      by_mask_name_.add(hash_of(image_in_mask_name(id(i))), i);
    for_each_folder([&](std::uint16_t folder) { add_masks(folder); });
    std::ranges::sort(tree_.items, {}, [&](const ClassItem& item) { return tree_.names[item.id]; });
    return std::move(tree_);
  }

 private:
  template <class Add>
  void for_each_folder(Add&& add) {
    for (std::size_t i = 0; i < tree_.folders.size(); ++i) add(static_cast<std::uint16_t>(i));
  }

  std::string id(std::uint32_t item) const { return std::string(tree_.names[tree_.items[item].id]); }

  /// The names of a folder's files, bytewise.
  std::vector<std::string> listed(std::uint16_t folder, ClassFile::Kind kind) const {
    std::vector<std::string> names;
    const Path path = tree_.folders[folder].path / std::string(folder_of(kind));
    if (!fs::is_directory(path)) return names;
    maskmill::for_each_file(path, true, [&](const std::string& name) { names.push_back(name); });
    std::ranges::sort(names);
    return names;
  }

  std::optional<std::uint32_t> find(const std::string& id) const {
    return by_id_.find(hash_of(id),
                       [&](std::uint32_t number) { return tree_.names[tree_.items[number].id] == id; });
  }
  std::uint32_t find_or_add(const std::string& id) {
    if (const auto known = find(id)) return *known;
    const auto number = static_cast<std::uint32_t>(tree_.items.size());
    by_id_.add(hash_of(id), number);
    tree_.items.emplace_back().id = tree_.names.add(id);
    return number;
  }

  void add(std::uint32_t item, std::uint16_t folder, ClassFile::Kind kind, const std::string& name) {
    const auto number = static_cast<std::uint32_t>(tree_.files.size());
    tree_.files.push_back({tree_.names.add(name), folder, kind, ClassFile::none});
    ClassItem& of = tree_.items[item];
    (of.first == ClassFile::none ? of.first : tree_.files[of.last].next) = number;
    of.last = number;
  }

  Path path(std::uint16_t folder, ClassFile::Kind kind, const std::string& name) const {
    return tree_.folders[folder].path / std::string(folder_of(kind)) / name;
  }

  void report(const char* rule, Severity severity, const Path& file, std::string message) {
    findings_.add({rule, severity, Place{file.string(), {}, {}}, std::move(message), {}});
  }

  void add_images(std::uint16_t folder) {
    std::string last;
    for (const std::string& name : listed(folder, ClassFile::Kind::image)) {
      if (!has_image_extension(name)) {
        report("not-an-image", Severity::warning, path(folder, ClassFile::Kind::image, name),
               "is no image by its name, and is passed over");
        continue;
      }
      const std::string id = without_suffix(name);
      if (id == last) {
        report("same-name", Severity::warning, path(folder, ClassFile::Kind::image, name),
               "differs from another image in its extension only, and is left out");
        continue;
      }
      last = id;
      add(find_or_add(id), folder, ClassFile::Kind::image, name);
    }
  }

  void add_boxes(std::uint16_t folder) {
    Absent absent;
    for (const std::string& name : listed(folder, ClassFile::Kind::boxes)) {
      if (lower_extension(name) != "xml") continue;
      const std::string id = without_suffix(name);
      const auto item = has_images_ ? find(id) : std::optional(find_or_add(id));
      if (item)
        add(*item, folder, ClassFile::Kind::boxes, name);
      else
        absent.add(path(folder, ClassFile::Kind::boxes, name));
    }
    report(absent, folder, "XML file");
  }

  void add_masks(std::uint16_t folder) {
    Absent absent;
    for (const std::string& name : listed(folder, ClassFile::Kind::mask)) {
      const auto parsed = parse_mask_name(Path(name).filename().string());
      if (!parsed) {
        report("file-left-out", Severity::warning, path(folder, ClassFile::Kind::mask, name),
               "is called as no mask of Open Images is: <image>_<class>_<box>.png");
        continue;
      }
      if (tree_.folders[folder].mid.empty()) tree_.folders[folder].mid = parsed->mid;
      const auto item = by_mask_name_.find(hash_of(parsed->image), [&](std::uint32_t number) {
        return image_in_mask_name(id(number)) == parsed->image;
      });
      if (item)
        add(*item, folder, ClassFile::Kind::mask, name);
      else
        absent.add(path(folder, ClassFile::Kind::mask, name));
    }
    report(absent, folder, "mask");
  }

  /// What belongs to no image: a downloader that was told to stop early leaves thousands.
  struct Absent {
    Path first;
    std::size_t count = 0;
    void add(const Path& file) {
      if (count++ == 0) first = file;
    }
  };

  void report(const Absent& absent, std::uint16_t folder, std::string_view what) {
    if (absent.count == 0) return;
    report("unknown-image", Severity::note, absent.first,
           fmt::format("{} of {}, as this one, of images that are not there: left out",
                       counted(absent.count, what), in_quotes(tree_.folders[folder].name)));
  }

  Findings& findings_;
  ClassTree tree_;
  HashIndex by_id_, by_mask_name_;
  bool has_images_ = false;
};

}  // namespace

bool holds(const ClassFolder& folder, std::string_view part) {
  boost::system::error_code failure;
  return fs::is_directory(folder.path / std::string(part), failure);
}

std::vector<ClassFolder> find_class_folders(const Path& root) {
  std::vector<ClassFolder> found;
  const Path whole = fs::absolute(root).lexically_normal();
  const Path named = whole.filename() == "." || whole.filename() == "/" ? whole.parent_path() : whole;
  if (ClassFolder itself{named.filename().string(), root, {}}; is_class_folder(itself)) return {itself};
  for (const Path& path : list_folders(root))
    if (ClassFolder folder{path.filename().string(), path, {}}; is_class_folder(folder))
      found.push_back(std::move(folder));
  std::ranges::sort(found, {}, &ClassFolder::name);
  return found;
}

void ClassTree::for_each_file(const ClassItem& item,
                              const std::function<void(const ClassFile&)>& visit) const {
  std::vector<const ClassFile*> all;
  for (std::uint32_t file = item.first; file != ClassFile::none; file = files[file].next)
    all.push_back(&files[file]);
  std::ranges::stable_sort(all, {},
                           [](const ClassFile* file) { return std::pair(file->folder, file->kind); });
  for (const ClassFile* file : all) visit(*file);
}

Path ClassTree::path(const ClassFile& file) const {
  return folders[file.folder].path / std::string(folder_of(file.kind)) / std::string(names[file.name]);
}

ClassTree index_class_tree(const Path& root, Findings& findings) {
  return Lister(root, findings).list();
}

}  // namespace maskmill
