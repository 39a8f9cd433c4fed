// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <map>
#include <set>

#include "base/error.h"
#include "base/part_file.h"
#include "base/text.h"
#include "formats/annotation_output.h"
#include "formats/item_files.h"
#include "formats/json_values.h"
#include "formats/media.h"
#include "formats/via/via_halves.h"
#include "formats/via/via_index.h"

namespace maskmill {
namespace {

constexpr const char* kVersion = "2.0.10";
constexpr std::int64_t kUnknownBytes = -1;  // as VIA writes of what it has not seen

/// What VIA's page starts with.
Json default_settings() {
  return Json::parse(R"({"ui": {"annotation_editor_height": 25, "annotation_editor_fontsize": 0.8,
    "leftsidebar_width": 18, "image_grid": {"img_height": 80, "rshape_fill": "none",
    "rshape_fill_opacity": 0.3, "rshape_stroke": "yellow", "rshape_stroke_width": 2,
    "show_region_shape": true, "show_image_policy": "all"}, "image": {"region_label": "__via_region_id__",
    "region_color": "__via_default_region_color__", "region_label_font": "10px Sans",
    "on_image_annotation_editor_placement": "NEAR_REGION"}}, "core": {"buffer_size": 18, "filepath": {},
    "default_filepath": ""}, "project": {"name": "via_project"}})");
}

/// What a project said that was read, else an empty object.
Json stated(const Metadata& metadata, const char* name) {
  const AttributeValue* value = find_attribute(metadata.attributes, name);
  Json json = value ? json_from(*value) : Json();
  return json.is_object() ? json : Json::object();
}

Json object_or_empty(const Json& parent, const std::string& key) {
  const auto found = parent.find(key);
  return found != parent.end() && found->is_object() ? *found : Json::object();
}

/// Sets a member of an object that may not be there yet. No reference to another member outlives this: the
/// members lie in one vector.
void set_in(Json& parent, const std::string& key, const std::string& member, Json value) {
  Json object = object_or_empty(parent, key);
  object[member] = std::move(value);
  parent[key] = std::move(object);
}

std::string stated_label_attribute(const Metadata& metadata, const ViaWriteSettings& settings) {
  if (settings.label_attribute) return *settings.label_attribute;
  const AttributeValue* value = find_attribute(metadata.attributes, kViaLabelAttribute);
  const auto* name = value ? std::get_if<std::string>(value) : nullptr;
  return name && !name->empty() ? *name : "label";
}

class ViaSink : public Sink {
 public:
  explicit ViaSink(const CreateRequest& request)
      : label_attribute_(
            stated_label_attribute(request.metadata, parsed_settings<ViaWriteSettings>(request.settings))),
        media_(request.media),
        metadata_(request.metadata),
        output_(request, "json") {
    if (label_attribute_.empty())
      throw Error(Code::usage, "the name of an attribute is empty").at_field("label-attribute");
    if (!output_.is_folder() && !metadata_.subsets.empty())
      throw Error(Code::usage, "one file of VIA cannot say which subset an image is in")
          .at_file(request.target)
          .hint("name a folder");
    for (const std::string& subset : metadata_.subsets) require_file_name(subset);
    find_values();
  }

  std::function<void()> encode(Item item) override {
    if (item.semantic || item.instances)
      throw Error(Code::bug, "an item with a mask file reached VIA's writer").at_field(item.id);
    require_file_names(item);
    auto text = std::make_shared<ItemText>();
    text->subset = item.subset;
    const Path& original = item.file_name.empty() ? item.image : Path(item.file_name);
    item.file_name = item.id + original.extension().string();
    const std::string name = place_image(item, media_, output_.staging(), item.subset);
    const std::int64_t bytes = bytes_of_image(item);
    text->key = to_line(Json(name + std::to_string(bytes)));
    for (const auto& [attribute, value] : item.attributes) text->file_attributes.push_back(attribute);
    text->image = fmt::format("{{\"filename\":{},\"size\":{},\"regions\":[{}],\"file_attributes\":{}}}",
                              to_line(Json(name)), bytes,
                              via_regions_text(item.annotations, label_attribute_, values_,
                                               text->region_attributes, text->findings),
                              via_attributes_text(item.attributes));
    return [this, text] { append(*text); };
  }

  void attach(const std::string& name, std::string_view bytes) override { output_.attach(name, bytes); }

  void close(const Provenance& provenance) override {
    for (const std::string& subset : metadata_.subsets) store_of(subset);
    if (stores_.empty()) store_of({});
    for (const auto& [subset, store] : stores_)
      output_.write((subset.empty() ? "" : subset + "/") + kViaProject,
                    [&, &images = store](ByteWriter& file) { write(images, file); });
    output_.commit(provenance);
  }

  const Findings& findings() const override { return findings_; }

 private:
  struct ItemText {
    std::string subset, key, image;
    std::vector<std::string> region_attributes, file_attributes;
    std::vector<Finding> findings;
  };
  struct Store {
    explicit Store(PartFile& file) : images(file), keys(file) {}
    LineStore images, keys;
  };
  /// Names in the order in which they came.
  struct Names {
    std::vector<std::string> list;
    std::set<std::string> known;
    void add(std::vector<std::string>& more) {
      for (std::string& name : more)
        if (known.insert(name).second) list.push_back(std::move(name));
    }
  };

  /// The ids of the labels' options: their own numbers, or names where these would be taken for numbers.
  void find_values() {
    std::set<std::string> taken;
    bool all_differ = true;
    for (const Label& label : metadata_.labels) {
      values_.push_back(label.id ? std::to_string(*label.id) : label.name);
      all_differ &= taken.insert(values_.back()).second;
    }
    if (all_differ) return;
    for (int i = 0; i < metadata_.labels.size(); ++i)
      values_[static_cast<std::size_t>(i)] = metadata_.labels[i].name;
    findings_.add({"ids-lost",
                   Severity::warning,
                   {},
                   "a label's number is another label's name: labels are written without their numbers",
                   {}});
    has_ids_ = false;
  }

  std::int64_t bytes_of_image(const Item& item) const {
    if (item.made_image) return media_ == Media::none ? kUnknownBytes : std::ssize(image_bytes(item));
    if (item.image.empty()) return kUnknownBytes;
    boost::system::error_code failure;
    const auto bytes = fs::file_size(item.image, failure);
    return failure ? kUnknownBytes : static_cast<std::int64_t>(bytes);
  }

  Store& store_of(const std::string& subset) {
    return stores_.try_emplace(subset, output_.part_file()).first->second;
  }

  void append(ItemText& text) {
    Store& store = store_of(text.subset);
    store.images.append(text.key + ":" + text.image);
    store.keys.append(text.key);
    region_attributes_.add(text.region_attributes);
    file_attributes_.add(text.file_attributes);
    findings_.add(std::move(text.findings));
  }

  void write(const Store& store, ByteWriter& file) const {
    const auto write_lines = [&](const LineStore& lines) {
      const char* separator = "\n";
      lines.for_each([&](std::string_view line) {
        file.write(separator);
        file.write(line);
        separator = ",\n";
      });
    };
    file.write("{\"_via_settings\":" + to_line(settings()) + ",\n\"_via_img_metadata\":{");
    write_lines(store.images);
    file.write("},\n\"_via_attributes\":" + to_line(attributes()) +
               fmt::format(",\n\"_via_data_format_version\":\"{}\",\n\"_via_image_id_list\":[", kVersion));
    write_lines(store.keys);
    file.write("]}\n");
  }

  /// VIA puts default_filepath before each name, and looks for nothing without it: images lie where the
  /// project does, or are named by their absolute paths. It shows the labels at their regions.
  Json settings() const {
    Json settings = stated(metadata_, kViaSettings);
    if (settings.empty()) settings = default_settings();
    set_in(settings, "core", "default_filepath", media_ == Media::reference ? "file://" : "./");
    Json ui = object_or_empty(settings, "ui");
    set_in(ui, "image", "region_label", label_attribute_);
    settings["ui"] = std::move(ui);
    return settings;
  }

  Json attributes() const {
    const Json before = stated(metadata_, kViaAttributes);
    Json region = object_or_empty(before, "region"), file = object_or_empty(before, "file");
    region[label_attribute_] = label_definition(object_or_empty(region, label_attribute_));
    for (const std::string& name : region_attributes_.list)
      if (!region.contains(name)) region[name] = name == kViaFlags ? flags_definition() : text_definition();
    for (const std::string& name : file_attributes_.list)
      if (!file.contains(name)) file[name] = text_definition();
    Json attributes = before;
    attributes["region"] = std::move(region);
    attributes["file"] = std::move(file);
    return attributes;
  }

  Json label_definition(Json label) const {
    const Json type = label.value("type", Json());
    if (type != "dropdown" && type != "radio") label["type"] = "dropdown";
    if (!label.contains("description")) label["description"] = "";
    Json options = Json::object();
    for (int i = 0; i < metadata_.labels.size(); ++i) {
      const Label& one = metadata_.labels[i];
      options[values_[static_cast<std::size_t>(i)]] = one.id && has_ids_ ? one.name : "";
    }
    label["options"] = std::move(options);
    if (!label.contains("default_options")) label["default_options"] = Json::object();
    return label;
  }

  static Json text_definition() { return {{"type", "text"}, {"description", ""}, {"default_value", ""}}; }
  static Json flags_definition() {
    return {{"type", "checkbox"},
            {"description", ""},
            {"options", {{"crowd", ""}, {"occluded", ""}, {"truncated", ""}, {"difficult", ""}}},
            {"default_options", Json::object()}};
  }

  std::string label_attribute_;
  Media media_;
  Metadata metadata_;
  AnnotationOutput output_;
  Findings findings_;
  std::vector<std::string> values_;  ///< of the label attribute, by label
  bool has_ids_ = true;
  std::map<std::string, Store> stores_;  ///< by subset
  Names region_attributes_, file_attributes_;
};

}  // namespace

std::unique_ptr<Sink> create_via(const CreateRequest& request) {
  return std::make_unique<ViaSink>(request);
}

}  // namespace maskmill
