// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/data_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace maskmill {
namespace {

constexpr int kMostKeypoints = 1000;

constexpr auto kOwnKeys = std::to_array<std::string_view>(
    {"path", "names", "nc", "kpt_shape", "kpt_names", "download", "yaml_file", "channels"});
constexpr auto kSubsets =
    std::to_array<std::pair<std::string_view, std::string_view>>({{"train", "train"},
                                                                  {"val", "val"},
                                                                  {"validation", "val"},
                                                                  {"valid", "val"},
                                                                  {"test", "test"},
                                                                  {"minival", "minival"}});

Error bad_value(const YamlNode& node, std::string key, std::string expected) {
  return Error(Code::bad_value, fmt::format("{} is needed here", expected)).at_line(node.line).at_field(key);
}

std::int64_t whole_number(const YamlNode& node, const std::string& key) {
  const auto number = node.is_scalar() ? to_integer(node.text) : std::nullopt;
  if (!number) throw bad_value(node, key, "a whole number");
  return *number;
}

/// A path, or a list of paths; nothing where it is neither.
std::optional<std::vector<std::string>> paths_of(const YamlNode& node) {
  if (node.is_scalar()) return node.text.empty() ? std::nullopt : std::optional(std::vector{node.text});
  if (node.kind != YamlNode::Kind::list) return std::nullopt;
  std::vector<std::string> paths;
  for (const YamlNode& child : node.children) {
    if (!child.is_scalar()) return std::nullopt;
    paths.push_back(child.text);
  }
  return paths;
}

bool ends_in(const std::vector<std::string>& paths, const std::string& key) {
  if (paths.size() != 1) return false;
  return key.empty() ? paths[0] == "images" || paths[0].starts_with("images/") : paths[0] == "images/" + key;
}

/// Makes labels of names that come with their numbers.
class ClassMaker {
 public:
  ClassMaker(const Path& file, Findings& findings) : file_(file.string()), findings_(findings) {}

  void add(std::int64_t number, std::string name, std::optional<std::size_t> line) {
    const Place place{file_, line, "names"};
    const std::string by_number = std::to_string(number);
    if (name.empty()) {
      findings_.add({"unnamed-category", Severity::warning, place,
                     fmt::format("class {} has no name: it is called by its number", number), "name it"});
      name = by_number;
    }
    if (const std::string stated = name; !taken_.insert(name).second) {
      while (!taken_.insert(name = name + " " + by_number).second) {
      }
      findings_.add({"duplicate-name", Severity::warning, place,
                     fmt::format("two classes are called {}; class {} is {} here", in_quotes(stated), number,
                                 in_quotes(name)),
                     "give each class a name of its own"});
    }
    if (!classes_.by_number.emplace(number, static_cast<int>(classes_.labels.size())).second)
      throw Error(Code::bad_value, fmt::format("class {} is named twice", number)).at(place);
    Label label;
    label.name = std::move(name);
    classes_.labels.push_back(std::move(label));
  }

  /// Class numbers are the labels' order. Where numbers are missing, which Ultralytics refuses, they are ids.
  YoloClasses finish() && {
    const bool has_gaps =
        !classes_.by_number.empty() &&
        classes_.by_number.rbegin()->first + 1 != static_cast<std::int64_t>(classes_.by_number.size());
    for (const auto& [number, index] : classes_.by_number)
      if (has_gaps) classes_.labels[static_cast<std::size_t>(index)].id = number;
    return std::move(classes_);
  }

 private:
  std::string file_;
  Findings& findings_;
  std::set<std::string> taken_;
  YoloClasses classes_;
};

YoloClasses classes_of(const YamlNode& names, const Path& file, Findings& findings) {
  ClassMaker classes(file, findings);
  const auto text_of = [](const YamlNode& node) {
    if (node.kind == YamlNode::Kind::list || node.kind == YamlNode::Kind::map)
      throw bad_value(node, "names", "the name of a class");
    return node.text;
  };
  if (names.kind == YamlNode::Kind::list) {
    for (std::size_t i = 0; i < names.children.size(); ++i)
      classes.add(static_cast<std::int64_t>(i), text_of(names.children[i]), names.children[i].line);
  } else if (names.kind == YamlNode::Kind::map) {
    std::map<std::int64_t, const YamlNode*> sorted;
    for (std::size_t i = 0; i + 1 < names.children.size(); i += 2) {
      const std::int64_t number = whole_number(names.children[i], "names");
      if (number < 0) throw bad_value(names.children[i], "names", "a class number from 0");
      sorted[number] = &names.children[i + 1];
    }
    for (const auto& [number, name] : sorted) classes.add(number, text_of(*name), name->line);
  } else {
    throw bad_value(names, "names", "a list of names, or a map of numbers and names,");
  }
  return std::move(classes).finish();
}

KeypointShape keypoints_of(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::list || node.children.size() != 2)
    throw bad_value(node, "kpt_shape", "[number of keypoints, 2 or 3]");
  const std::int64_t count = whole_number(node.children[0], "kpt_shape"),
                     values = whole_number(node.children[1], "kpt_shape");
  if (count < 1 || count > kMostKeypoints || values < 2 || values > 3)
    throw bad_value(node, "kpt_shape", fmt::format("[1 to {} keypoints, 2 or 3]", kMostKeypoints));
  return {static_cast<int>(count), static_cast<int>(values)};
}

/// `kpt_names: {0: [nose, ...]}`; without it keypoints are called by their numbers.
void add_skeletons(YoloClasses& classes, const KeypointShape& shape, const YamlNode* names) {
  for (const auto& [number, index] : classes.by_number) {
    Skeleton skeleton;
    const YamlNode* stated = names ? names->find(std::to_string(number)) : nullptr;
    for (int i = 0; i < shape.count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const bool has_name = stated && stated->kind == YamlNode::Kind::list && at < stated->children.size() &&
                            stated->children[at].is_scalar();
      skeleton.keypoints.push_back(has_name ? stated->children[at].text : std::to_string(i));
    }
    classes.labels[static_cast<std::size_t>(index)].skeleton = std::move(skeleton);
  }
}

}  // namespace

YoloClasses classes_of_names(const std::vector<std::string>& names, const Path& file, Findings& findings) {
  ClassMaker classes(file, findings);
  for (std::size_t i = 0; i < names.size(); ++i) classes.add(static_cast<std::int64_t>(i), names[i], i + 1);
  return std::move(classes).finish();
}

DataYaml parse_data_yaml(const YamlNode& document, const Path& file, Findings& findings) try {
  if (document.kind != YamlNode::Kind::map)
    throw Error(Code::bad_format, "holds no keys such as names, train and val");
  DataYaml data;
  const YamlNode *names = document.find("names"), *count = document.find("nc");
  const auto stated = count ? std::optional(whole_number(*count, "nc")) : std::nullopt;
  if (names) {
    data.classes = classes_of(*names, file, findings);
    if (stated && *stated != static_cast<std::int64_t>(data.classes->labels.size()))
      findings.add({"class-count-differs",
                    Severity::warning,
                    {file.string(), count->line, "nc"},
                    fmt::format("nc is {}, and {} named: Ultralytics refuses that", *stated,
                                counted(data.classes->labels.size(), "class")),
                    "correct nc, or delete the line"});
  } else if (stated) {
    if (*stated < 0 || *stated > LabelMap::kMostLabels) throw bad_value(*count, "nc", "a number of classes");
    std::vector<std::string> made;
    for (std::int64_t i = 0; i < *stated; ++i) made.push_back(fmt::format("class_{}", i));  // as Ultralytics
    data.classes = classes_of_names(made, file, findings);
  }
  if (const YamlNode* shape = document.find("kpt_shape"); shape && shape->kind != YamlNode::Kind::null) {
    data.keypoints = keypoints_of(*shape);
    if (data.classes) add_skeletons(*data.classes, *data.keypoints, document.find("kpt_names"));
  }
  for (std::size_t i = 0; i + 1 < document.children.size(); i += 2) {
    const std::string& key = document.children[i].text;
    const YamlNode& value = document.children[i + 1];
    if (key == "path") data.path = value.text;
    if (std::ranges::find(kOwnKeys, key) != kOwnKeys.end() && key != "channels" && key != "download")
      continue;
    const auto known = std::ranges::find(kSubsets, key, [](const auto& subset) { return subset.first; });
    const auto paths = paths_of(value);
    if (known != kSubsets.end() && value.kind == YamlNode::Kind::null) continue;
    if (known != kSubsets.end() && value.is_scalar() && value.text.empty()) continue;
    if (known != kSubsets.end() && !paths) throw bad_value(value, key, "a path, or a list of paths,");
    if (known != kSubsets.end())
      data.subsets.emplace_back(known->second, *paths);
    else if (paths && ends_in(*paths, key))
      data.subsets.emplace_back(key, *paths);
    else if (value.kind != YamlNode::Kind::null)
      data.attributes.emplace_back(key, attribute_from(value));
  }
  return data;
} catch (Error& error) {
  throw error.at_file(file);
}

bool is_data_yaml(const YamlNode& document) {
  const YamlNode* names = document.find("names");
  if (names) return names->kind == YamlNode::Kind::list || names->kind == YamlNode::Kind::map;
  return document.find("nc") && document.find("train");
}

bool is_reserved_key(const std::string& key) {
  return std::ranges::find(kOwnKeys, key) != kOwnKeys.end() || key == "valid" || key == "validation";
}

std::string data_yaml_text(const Metadata& metadata, const std::vector<int>& written_labels,
                           const std::vector<std::pair<std::string, std::string>>& folders, int keypoints) {
  std::string text;
  std::set<std::string> written;
  for (const auto& [subset, folder] : folders) {
    text += fmt::format("{}: {}{}\n", yaml_text(subset), yaml_text(folder),
                        subset.empty() ? "  # images of no subset" : "");
    written.insert(subset);
  }
  if (keypoints > 0) text += fmt::format("\nkpt_shape: [{}, 3]\n", keypoints);
  text += written_labels.empty() ? "\nnames: {}\n" : "\nnames:\n";
  for (std::size_t i = 0; i < written_labels.size(); ++i)
    text += fmt::format("  {}: {}\n", i, yaml_text(metadata.labels[written_labels[i]].name));
  if (keypoints > 0) {
    std::string names;
    for (std::size_t i = 0; i < written_labels.size(); ++i) {
      const auto& skeleton = metadata.labels[written_labels[i]].skeleton;
      if (!skeleton) continue;
      std::vector<std::string> quoted;
      for (const std::string& name : skeleton->keypoints) quoted.push_back(yaml_text(name));
      names += fmt::format("  {}: [{}]\n", i, joined(quoted, ", "));
    }
    if (!names.empty()) text += "\nkpt_names:\n" + names;
  }
  std::string others;
  for (const auto& [key, value] : metadata.attributes) {
    // A trainer would run what stands under "download".
    const bool is_legal = !is_reserved_key(key) || key == "channels";
    const bool is_subset =
        std::ranges::any_of(kSubsets, [&name = key](const auto& subset) { return subset.first == name; });
    if (is_legal && !is_subset && written.insert(key).second)
      others += fmt::format("{}: {}\n", yaml_text(key), yaml_value(value));
  }
  return others.empty() ? text : text + "\n" + others;
}

}  // namespace maskmill
