// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <fstream>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "formats/mask_files/pairing.h"

namespace maskmill {
namespace {

constexpr std::size_t kSampledLabels = 16;
constexpr std::size_t kBytesLookedAt = 4096;
constexpr std::size_t kLongestPath = 4096;  // no longer one can be there; each of its parts is looked for

constexpr auto kSubsetNames =
    std::to_array<std::string_view>({"train", "val", "valid", "validation", "test", "minival", "training",
                                     "train2017", "val2017", "test2017"});
/// Text files beside images that are no label files but name the classes.
constexpr auto kNameFiles = std::to_array<std::string_view>({"obj.names", "classes.txt", "_classes.txt"});

bool is_yaml(const Path& path) {
  const std::string extension = lower_extension(path);
  return extension == "yaml" || extension == "yml";
}

/// data.yaml or dataset.yaml, else the one YAML file that describes a data set; empty: none does.
Path find_yaml(const Path& root) {
  std::vector<Path> described;
  for (const Path& file : list_files_of(root, {"yaml", "yml"})) {
    const std::string name = lower_case(file.filename().string());
    if (name == "data.yaml" || name == "data.yml") return file;
    try {
      if (is_data_yaml(read_yaml(file))) described.push_back(file);
    } catch (const Error&) {  // of another program
    }
  }
  for (const Path& file : described)
    if (file.stem() == "dataset") return file;
  return described.size() == 1 ? described.front() : Path();
}

std::string subset_of(const std::string& folder) {
  return folder == "valid" || folder == "validation" ? "val" : folder;
}

bool is_subset_name(const std::string& name) {
  return std::ranges::find(kSubsetNames, lower_case(name)) != kSubsetNames.end();
}

/// images/, images/<subset>/ or <subset>/images/, else the folder itself.
std::vector<YoloImages> by_names(const Path& root) {
  std::vector<YoloImages> found;
  if (const Path images = root / "images"; is_folder(images)) {
    std::vector<Path> subsets;
    const bool has_images = holds_image(images, false);
    for (const Path& folder : list_folders(images))
      if (is_subset_name(folder.filename().string())) subsets.push_back(folder);
    if (has_images || subsets.empty() || subsets.size() != list_folders(images).size())
      return {{"", images, false}};
    for (const Path& folder : subsets)
      found.push_back({subset_of(folder.filename().string()), folder, false});
    return found;
  }
  for (const Path& folder : list_folders(root))
    if (is_folder(folder / "images") && is_folder(folder / "labels"))
      found.push_back({subset_of(folder.filename().string()), folder / "images", false});
  if (found.empty()) found.push_back({"", root, false});
  return found;
}

/// A file of names, one a line; blanks at the end of the file are no classes.
YoloClasses read_names(const Path& file, Findings& findings) {
  const std::string text = read_file(file);
  std::vector<std::string> names;
  for (const std::string_view line : lines_of(text)) names.emplace_back(trimmed(line));
  while (!names.empty() && names.back().empty()) names.pop_back();
  return classes_of_names(names, file, findings);
}

/// Darknet's obj.data: "key = value" a line; the last of equal keys counts.
std::map<std::string, std::string> read_obj_data(const Path& file) {
  std::map<std::string, std::string> values;
  const std::string text = read_file(file);
  for (const std::string_view line : lines_of(text))
    if (const std::size_t equals = line.find('='); equals != std::string_view::npos)
      values[std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  return values;
}

/// "a/b/c" without its first part; empty where it has one alone.
std::string without_first_part(std::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(slash + 1));
}

class LayoutFinder {
 public:
  LayoutFinder(const YoloReadSettings& settings, Findings& findings)
      : settings_(settings), findings_(findings) {}

  YoloLayout find(const Path& path) {
    const bool is_description = !is_folder(path);
    layout_.root = is_description ? folder_above(path) : path;
    if (is_description && !is_yaml(path))
      throw Error(Code::bad_format, "is neither a folder nor a YAML file").at_file(path);
    const Path yaml = is_description ? path : find_yaml(path);
    if (!yaml.empty())
      describe_by_yaml(yaml);
    else if (const Path data = layout_.root / "obj.data"; is_file(data))
      describe_by_obj_data(data);
    if (settings_.images)
      layout_.images = {{"", stated(*settings_.images, true), false}};
    else if (layout_.images.empty())
      layout_.images = by_names(layout_.root);
    if (settings_.names)
      name_classes(stated(*settings_.names, false));
    else if (!layout_.classes)
      find_names();
    return std::move(layout_);
  }

 private:
  Path stated(const std::string& name, bool folder) const {
    const Path path = Path(name).is_absolute() ? Path(name) : layout_.root / name;
    if (folder ? is_folder(path) : is_file(path)) return path;
    throw Error(Code::not_found, folder ? "there is no such folder" : "there is no such file").at_file(path);
  }

  void describe_by_yaml(const Path& yaml) {
    DataYaml data = parse_data_yaml(read_yaml(yaml), yaml, findings_);
    layout_.classes = std::move(data.classes);
    layout_.keypoints = data.keypoints;
    layout_.attributes = std::move(data.attributes);
    layout_.described_by = yaml;
    if (settings_.images) return;
    const Path base = data.path.empty() ? layout_.root : layout_.root / data.path;
    for (const auto& [subset, paths] : data.subsets)
      for (const std::string& path : paths) add_images(subset, path, base, yaml);
    if (layout_.images.empty() && !data.subsets.empty() &&
        by_names(layout_.root).front().path == layout_.root)
      throw Error(Code::not_found, fmt::format("none of its folders of images is there, such as {}",
                                               in_quotes(data.subsets.front().second.empty()
                                                             ? std::string()
                                                             : data.subsets.front().second.front())))
          .at_file(yaml)
          .hint("correct path, train and val, or state the folder: --read images=FOLDER");
  }

  void describe_by_obj_data(const Path& file) {
    layout_.described_by = file;
    for (const auto& [key, value] : read_obj_data(file)) {
      if (key == "names") {
        if (const Path names = resolved_path(value, layout_.root, layout_.root); is_file(names))
          name_classes(names);
      } else if (is_subset_name(key) && !settings_.images) {
        add_images(subset_of(key), value, layout_.root, file);
      }
    }
  }

  void add_images(const std::string& subset, const std::string& text, const Path& base, const Path& said_by) {
    const Place place{said_by.string(), {}, subset};
    const Path path = resolved_path(text, base, layout_.root);
    if (path.empty()) {
      findings_.add({"listed-absent", Severity::error, place,
                     fmt::format("there is neither a folder nor a list {}", in_quotes(text)),
                     "correct the path, or delete the line"});
      return;
    }
    boost::system::error_code failure;
    if (Path direct = base / text; !fs::exists(direct, failure))
      findings_.add({"paths-moved", Severity::note, place,
                     fmt::format("{} is not there; {} is read", in_quotes(direct.string()),
                                 in_quotes(relative_name(path, layout_.root))),
                     ""});
    layout_.images.push_back({subset, path, !is_folder(path)});
  }

  void name_classes(const Path& file) {
    if (!is_yaml(file)) {
      layout_.classes = read_names(file, findings_);
      return;
    }
    DataYaml data = parse_data_yaml(read_yaml(file), file, findings_);
    layout_.classes = std::move(data.classes);
    layout_.keypoints = data.keypoints;
  }

  void find_names() {
    std::vector<Path> folders{layout_.root};
    if (settings_.labels) folders.push_back(stated(*settings_.labels, true));
    for (const YoloImages& images : layout_.images)
      if (!images.is_list)
        for (Path folder : {labels_beside(images.path), images.path.parent_path(), images.path})
          if (!folder.empty()) folders.push_back(std::move(folder));
    folders.push_back(layout_.root / "labels");
    for (const Path& folder : folders)
      for (const std::string_view name : kNameFiles)
        if (const Path file = folder / std::string(name); is_file(file)) return name_classes(file);
  }

  const YoloReadSettings& settings_;
  Findings& findings_;
  YoloLayout layout_;
};

/// Of the first label files that the file system lists: how many begin with a row, and how many do not.
struct Sample {
  std::size_t rows = 0, others = 0;
};

Sample sample_labels(const Path& folder) {
  Sample sample;
  boost::system::error_code failure;
  std::size_t seen = 0;
  for (fs::recursive_directory_iterator entry(folder, failure), end;
       !failure && entry != end && seen < kSampledLabels * 64; entry.increment(failure), ++seen) {
    const Path& path = entry->path();
    const std::string name = path.filename().string();
    if (name.starts_with('.') || lower_extension(path) != "txt" || !is_file(path)) continue;
    std::string head(kBytesLookedAt, '\0');
    std::ifstream stream(path.string(), std::ios::binary);
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(stream.gcount()));
    if (head.size() == kBytesLookedAt) head.resize(head.find_last_of(" \t\n", head.size() - 1) + 1);
    if (const auto is_row = begins_with_row(head)) ++(*is_row ? sample.rows : sample.others);
    if (sample.rows + sample.others == kSampledLabels) break;
  }
  return sample;
}

Path label_folder_of(const Path& images) {
  const Path labels = labels_beside(images);
  return is_folder(labels) ? labels : images;
}

Probe probe_layout(const Path& path) {
  Findings ignored;
  const YoloLayout layout = find_yolo_layout(path, {}, ignored);
  const YoloImages& first = layout.images.front();
  if (first.is_list)
    return {85,
            {layout.described_by.filename().string() + " names the list " + first.path.filename().string()}};
  if (!holds_image(first.path, true)) {
    if (layout.described_by.empty()) return {0, {"no folder images/ and no image beside a label file"}};
    return {25, {"no images in " + relative_name(first.path, layout.root) + "/"}};
  }
  const Path labels = label_folder_of(first.path);
  const Sample sample = sample_labels(labels);
  const bool is_apart = labels != first.path;
  const std::string found =
      is_apart ? fmt::format("text files with rows in {}/", relative_name(labels, layout.root))
               : std::string("images and text files with rows side by side");
  if (!layout.described_by.empty()) {
    const std::string said = layout.described_by.filename().string() + " describes a data set";
    if (sample.rows > 0) return {95, {said, found}};
    return {sample.others > 0 ? 20 : 70,
            {said, sample.others > 0 ? "the text files beside the images hold no rows"
                                     : "no label file in the first folder"}};
  }
  if (sample.rows == 0 || sample.others > sample.rows)
    return {0, {"neither data.yaml nor label files with rows such as \"0 .5 .5 .2 .2\""}};
  Probe probe{is_apart ? 80 : 65, {found}};
  if (layout.classes) {
    probe.confidence += 10;
    probe.reasons.emplace_back("a file names the classes");
  }
  return probe;
}

}  // namespace

Path labels_beside(const Path& images) {
  std::string text = fs::absolute(images).lexically_normal().generic_string();
  while (text.ends_with('/') || text.ends_with("/.")) text.pop_back();
  text += '/';
  constexpr std::string_view from = "/images/", to = "/labels/";
  const std::size_t at = text.rfind(from);
  if (at == std::string::npos) return {};
  text.replace(at, from.size(), to).pop_back();
  return text;
}

Path resolved_path(const std::string& text, const Path& base, const Path& root) {
  boost::system::error_code failure;
  const auto is_there = [&](const Path& path) { return fs::exists(path, failure); };
  if (text.empty() || text.size() > kLongestPath || text.find('\0') != std::string::npos) return {};
  for (const Path& folder : {base, root})
    if (Path path = (folder / text).lexically_normal(); is_there(path))
      return path.filename() == "." ? path.parent_path() : path;
  // Roboflow's ../train/images counts from a folder beside; darknet's data/train.txt from one above; absolute
  // paths are another machine's.
  std::string rest = text;
  for (std::string part; !rest.empty();) {
    const bool goes_up = rest.starts_with("../");
    rest = without_first_part(rest);
    if (rest.empty() || (goes_up && rest.starts_with("../"))) continue;
    if (rest.front() == '/' || Path(rest).is_absolute()) continue;
    if (Path path = (root / rest).lexically_normal(); rest.find("..") == std::string::npos && is_there(path))
      return path;
  }
  return {};
}

YoloLayout find_yolo_layout(const Path& path, const YoloReadSettings& settings, Findings& findings) {
  return LayoutFinder(settings, findings).find(path);
}

Probe probe_yolo(const Path& path) {
  if (!is_folder(path) && !is_yaml(path)) return {0, {"is neither a folder nor a YAML file"}};
  return probe_layout(path);
}

}  // namespace maskmill
