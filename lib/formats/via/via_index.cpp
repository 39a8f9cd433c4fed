// SPDX-License-Identifier: Apache-2.0
#include "formats/via/via_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <set>

#include "base/byte_source.h"
#include "base/error.h"
#include "base/hash_index.h"
#include "base/staging.h"
#include "base/text.h"
#include "formats/json_elements.h"
#include "formats/json_values.h"
#include "formats/mask_files/pairing.h"
#include "formats/subset_folders.h"

namespace maskmill {
namespace {

constexpr std::size_t kBytesLookedAt = 65536;
constexpr std::uint64_t kMostValueBytes = std::uint64_t{1} << 20;
constexpr std::array<std::string_view, 14> kUsualLabels{
    "label", "labels",      "class",       "class_name", "category", "category_name", "object",
    "type",  "object_name", "object_type", "name",       "cls",      "species",       "label_name"};
constexpr const char* kNoLabel = "region";  // of all, where no region has an attribute

/// How often an attribute of regions says something, and what.
struct AttributeUse {
  std::set<std::string, std::less<>> values;
  bool has_too_many = false;  ///< values to be labels
};

/// An option that a project defines.
struct Option {
  std::string id, text;
};

bool is_safe(std::string_view name) {
  return is_safe_relative(name) && name.find("://") == std::string_view::npos &&
         name.find('\\') == std::string_view::npos;
}

class Indexer {
 public:
  Indexer(const Path& path, const ViaReadSettings& settings, Findings& findings)
      : path_(path), settings_(settings), findings_(findings) {}

  ViaIndex index() {
    const ViaFiles found = find_via_files(path_);
    if (found.files.empty())
      throw Error(Code::bad_format, "holds no JSON file of the VGG Image Annotator").at_file(path_);
    for (const Path& file : found.left_out)
      findings_.add({"file-left-out",
                     Severity::note,
                     {file.string(), {}, {}},
                     "an export beside a project of VIA, which counts",
                     "name the file to read it"});
    for (const ViaFiles::One& file : found.files) add_file(file);
    find_labels();
    sort_subsets(index_.metadata.subsets);
    return std::move(index_);
  }

 private:
  void add_file(const ViaFiles::One& one) {
    if (via_kind(one.path) == ViaKind::version3)
      throw Error(Code::unsupported, "a project of VIA 3, which is another format")
          .at_file(one.path)
          .hint("annotate images with VIA 2, or export from VIA 3 in the format of COCO");
    is_project_ = via_kind(one.path) == ViaKind::project;
    index_.files.push_back(std::make_unique<ViaIndex::File>(one.path));
    ViaIndex::File& file = *index_.files.back();
    file.subset = one.subset;
    std::string stated_folder;
    JsonVisitor visitor;
    visitor.is_object = [&](const std::string& key) {
      return is_project_ ? key == "_via_img_metadata" : key.empty();
    };
    visitor.is_list = [](const std::string&) { return false; };
    visitor.member = [&](const std::string&, const std::string& name, const JsonRange& where,
                         std::string_view text) { add_image(file, name, where, text); };
    visitor.value = [&](const std::string& key, const JsonRange& where) {
      if (key == kViaSettings || key == kViaAttributes) add_metadata(file, key, where, stated_folder);
    };
    scan(file.bytes, visitor);
    set_folders(file, stated_folder);
    auto& subsets = index_.metadata.subsets;
    if (!one.subset.empty() && std::ranges::find(subsets, one.subset) == subsets.end())
      subsets.push_back(one.subset);
  }

  void add_metadata(const ViaIndex::File& file, const std::string& key, const JsonRange& where,
                    std::string& stated_folder) {
    const Place place{file.bytes.path().string(), static_cast<std::size_t>(where.line), key};
    if (where.length > kMostValueBytes) {
      findings_.add({"value-left-out",
                     Severity::warning,
                     place,
                     fmt::format("a value of more than {} MB", kMostValueBytes >> 20),
                     {}});
      return;
    }
    try {
      std::string text;
      file.bytes.read(where.offset, where.length, text);
      const Json value = parse_json(std::string_view(text).substr(0, where.length), file.bytes.path());
      if (!value.is_object()) throw Error(Code::bad_value, "expected an object");
      if (index_.files.size() == 1) set_attribute(index_.metadata.attributes, key, attribute_from(value));
      if (key == kViaAttributes) add_definitions(value);
      if (key != kViaSettings) return;
      if (const auto folder = text_at(value, "/core/default_filepath")) stated_folder = *folder;
      if (const auto label = text_at(value, "/ui/image/region_label")) shown_label_ = *label;
    } catch (const Error& error) {
      Finding finding = to_finding(error, "unreadable-attribute", Severity::warning);
      finding.place = place;
      findings_.add(std::move(finding));
    }
  }

  static std::optional<std::string> text_at(const Json& value, const char* place) {
    const Json::json_pointer pointer(place);
    if (!value.contains(pointer) || !value[pointer].is_string()) return std::nullopt;
    return value[pointer].get<std::string>();
  }

  void add_definitions(const Json& attributes) {
    if (!attributes.contains("region") || !attributes["region"].is_object()) return;
    for (const auto& [name, definition] : attributes["region"].items()) {
      if (name.empty()) continue;
      use_of(name);
      if (!definition.is_object() || !definition.contains("options") || !definition["options"].is_object())
        continue;
      std::vector<Option>& options = options_[name];
      for (const auto& [id, text] : definition["options"].items())
        if (!id.empty() && std::ranges::find(options, id, &Option::id) == options.end())
          options.push_back({id, text.is_string() ? text.get<std::string>() : std::string()});
    }
  }

  AttributeUse& use_of(std::string_view name) {
    const auto known = uses_.find(name);
    if (known != uses_.end()) return known->second;
    order_.emplace_back(name);
    return uses_[std::string(name)];
  }

  void add_image(const ViaIndex::File& file, const std::string& key, const JsonRange& where,
                 std::string_view text) {
    const Place place{file.bytes.path().string(), static_cast<std::size_t>(where.line), in_quotes(key)};
    try {
      const std::string name =
          reader_.file_name(text, [&](std::string_view attribute, const std::vector<std::string>& values) {
            AttributeUse& use = use_of(attribute);
            for (const std::string& value : values) {
              if (use.has_too_many || use.values.contains(value)) continue;
              use.values.insert(value);
              use.has_too_many = use.values.size() > LabelMap::kMostLabels;
              if (use.has_too_many) use.values.clear();
            }
          });
      if (name.empty())
        findings_.add({"no-file-name", Severity::error, place, "an image without a file name: left out", {}});
      else
        add_entry(file, name, key, where, place);
    } catch (const Error& error) {  // this image is lost, not its neighbours
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      Finding finding = to_finding(error, "unreadable-image");
      const Place inner = finding.place;
      finding.place = place;
      if (inner.line) *finding.place.line += *inner.line - 1;
      if (!inner.field.empty()) finding.place.field += "." + inner.field;
      findings_.add(std::move(finding));
    }
  }

  void add_entry(const ViaIndex::File& file, const std::string& name, const std::string& key,
                 const JsonRange& where, const Place& place) {
    const std::string safe = safe_via_name(name);
    const std::string stem(without_extension(safe));
    std::vector<std::string> ids{stem};
    if (!file.subset.empty()) ids.push_back(file.subset + "/" + stem);
    ids.push_back(safe);
    if (is_safe(key)) ids.push_back(key);
    for (const std::string& id : ids) {
      const std::uint64_t hash = hash_of(id);
      if (ids_.find(hash, [&](std::uint32_t entry) { return index_.names[index_.entries[entry].id] == id; }))
        continue;
      ids_.add(hash, static_cast<std::uint32_t>(index_.entries.size()));
      index_.entries.push_back({where.offset, where.length, static_cast<std::uint32_t>(where.line),
                                index_.names.add(id), static_cast<std::uint16_t>(index_.files.size() - 1)});
      return;
    }
    findings_.add({"duplicate-file-name",
                   Severity::error,
                   place,
                   fmt::format("a second image of the name {}: left out", in_quotes(name)),
                   {}});
  }

  void set_folders(ViaIndex::File& file, const std::string& stated) const {
    const Path beside = folder_above(file.bytes.path());
    if (settings_.images) {
      const Path root = fs::is_directory(path_) ? path_ : folder_above(path_);
      const Path folder = root / *settings_.images;
      if (!fs::is_directory(folder)) throw Error(Code::not_found, "there is no such folder").at_file(folder);
      file.image_folders = {folder / file.subset, folder};
      return;
    }
    if (!stated.empty() && stated.find("://") == std::string::npos) {
      const Path folder = Path(stated).is_absolute() ? Path(stated) : beside / stated;
      if (fs::is_directory(folder)) file.image_folders.push_back(folder);
    }
    file.image_folders.push_back(beside);
    if (const Path folder = beside / "images"; fs::is_directory(folder)) file.image_folders.push_back(folder);
  }

  // --- labels

  void find_labels() {
    ViaLabels& labels = index_.labels;
    labels.attribute = label_attribute();
    std::vector<Label> list;
    const auto add = [&](const std::string& value, Label label) {
      const auto known = std::ranges::find(list, label.name, &Label::name);
      labels.index[value] = static_cast<int>(known - list.begin());
      if (known == list.end()) list.push_back(std::move(label));
    };
    for (const Option& option : options_[labels.attribute]) {
      Label label;
      const auto id = to_integer(option.id);
      // As VIA itself makes them of COCO's categories; elsewhere the text describes what the id names.
      const bool is_numbered = id && !option.text.empty();
      label.name = is_numbered ? option.text : option.id;
      if (is_numbered) label.id = *id;
      add(option.id, std::move(label));
    }
    const auto use = uses_.find(labels.attribute);
    if (use != uses_.end())
      for (const std::string& value : use->second.values) {
        if (labels.index.contains(value)) continue;
        Label label;
        label.name = value;
        add(value, std::move(label));
      }
    const std::optional<std::string> fallback = settings_.label ? settings_.label
                                                : uses_.empty() ? std::optional<std::string>(kNoLabel)
                                                                : std::nullopt;
    if (fallback) {
      if (!settings_.label)
        findings_.add({"label-missing", Severity::warning, Place{path_.string(), {}, {}},
                       fmt::format("no region has an attribute; all get the label {}", in_quotes(kNoLabel)),
                       "name it with --read label=NAME"});
      const auto known = std::ranges::find(list, *fallback, &Label::name);
      labels.fallback = static_cast<int>(known - list.begin());
      if (known == list.end()) list.emplace_back().name = *fallback;
    }
    index_.metadata.labels = LabelMap(std::move(list));
    if (!labels.attribute.empty())
      index_.metadata.attributes.emplace_back(kViaLabelAttribute, labels.attribute);
  }

  std::string label_attribute() {
    if (settings_.label_attribute) {
      if (!uses_.contains(*settings_.label_attribute))
        throw Error(Code::bad_value, fmt::format("no region has an attribute {}; there are {}",
                                                 in_quotes(*settings_.label_attribute), names_in_words()))
            .at_file(path_)
            .at_field("label-attribute");
      return require_few(*settings_.label_attribute);
    }
    if (uses_.empty()) return {};
    if (order_.size() == 1) return require_few(order_.front());
    // What VIA writes beside each region is what a person reads as its label.
    if (uses_.contains(shown_label_)) return require_few(shown_label_);
    for (const std::string_view usual : kUsualLabels)
      for (const std::string& name : order_)
        if (lower_case(name) == usual && !uses_[name].has_too_many) {
          findings_.add({"label-attribute", Severity::note, Place{path_.string(), {}, {}},
                         fmt::format("regions have the attributes {}; {} is taken for their label",
                                     names_in_words(), in_quotes(name)),
                         "name another with --read label-attribute=NAME"});
          return name;
        }
    throw Error(Code::bad_value, fmt::format("regions have the attributes {}, and it is not clear which is "
                                             "their label",
                                             names_in_words()))
        .at_file(path_)
        .hint("name it with --read label-attribute=NAME");
  }

  std::string require_few(const std::string& name) {
    if (uses_[name].has_too_many)
      throw Error(Code::unsupported, fmt::format("the attribute {} has more than {} values", in_quotes(name),
                                                 LabelMap::kMostLabels))
          .at_file(path_)
          .hint("name the attribute that is the label with --read label-attribute=NAME");
    return name;
  }

  std::string names_in_words() const {
    std::vector<std::string> names;
    for (const std::string& name : order_) {
      if (names.size() == 8) {
        names.emplace_back("others");
        break;
      }
      names.push_back(in_quotes(name));
    }
    return names.empty() ? "none" : joined(names, ", ");
  }

  const Path& path_;
  const ViaReadSettings& settings_;
  Findings& findings_;
  ViaIndex index_;
  ViaReader reader_;
  HashIndex ids_;
  bool is_project_ = false;
  std::string shown_label_;  ///< the attribute whose value VIA shows at each region, or a name of VIA's own
  std::map<std::string, AttributeUse, std::less<>> uses_;
  std::vector<std::string> order_;  ///< of the attributes
  std::map<std::string, std::vector<Option>, std::less<>> options_;
};

}  // namespace

ViaKind via_kind(const Path& file) {
  ByteSource bytes(file);
  const std::string_view start = bytes.at(0, kBytesLookedAt);
  const auto has = [&](std::string_view text) { return start.find(text) != std::string_view::npos; };
  if (has("\"_via_img_metadata\"") || has("\"_via_settings\"") || has("\"_via_image_id_list\""))
    return ViaKind::project;
  if (has("\"vid_list\"") || (has("\"pid\"") && has("\"rev\"") && has("\"project\"")))
    return ViaKind::version3;
  if (has("\"regions\"") && has("\"filename\"") &&
      (has("\"file_attributes\"") || has("\"shape_attributes\"")))
    return ViaKind::images;
  return ViaKind::other;
}

ViaFiles find_via_files(const Path& path) {
  ViaFiles found;
  if (!fs::is_directory(path)) {
    if (lower_extension(path) == "json" && via_kind(path) != ViaKind::other)
      found.files.push_back({path, {}});
    return found;
  }
  const auto add = [&](const Path& folder, const std::string& subset) {
    std::vector<Path> projects, others;
    for (const Path& file : list_files_of(folder, {"json"})) {
      const ViaKind kind = via_kind(file);
      if (kind == ViaKind::project) projects.push_back(file);
      if (kind == ViaKind::images || kind == ViaKind::version3) others.push_back(file);
    }
    if (projects.empty()) projects.swap(others);
    for (const Path& file : projects) found.files.push_back({file, subset});
    found.left_out.insert(found.left_out.end(), others.begin(), others.end());
  };
  add(path, {});
  for (const Path& folder : list_folders(path))
    if (const std::string name = folder.filename().string();
        is_usual_subset(name) || fs::is_regular_file(folder / kViaProject))
      add(folder, name);
  return found;
}

ViaIndex index_via(const Path& path, const ViaReadSettings& settings, Findings& findings) {
  return Indexer(path, settings, findings).index();
}

std::string safe_via_name(std::string_view name) {
  if (is_safe(name)) return std::string(name);
  const std::size_t slash = name.find_last_of("/\\");
  const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return is_safe(last) ? std::string(last) : "unnamed";
}

}  // namespace maskmill
