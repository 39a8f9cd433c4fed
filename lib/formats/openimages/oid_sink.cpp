// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/item_files.h"
#include "formats/json_values.h"
#include "formats/media.h"
#include "formats/openimages/fractions.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/object_masks.h"
#include "formats/openimages/oid_classes.h"
#include "formats/openimages/oid_rows.h"
#include "formats/openimages/openimages_halves.h"
#include "formats/openimages/table_lines.h"

namespace maskmill {
namespace {

constexpr std::array<const char*, 4> kSides{"XMin", "XMax", "YMin", "YMax"};

std::vector<TableColumn> box_columns() {
  std::vector<TableColumn> columns{
      {"ImageID"}, {"Source"},     {"LabelName"},   {"Confidence"}, {"XMin"},        {"XMax"},    {"YMin"},
      {"YMax"},    {"IsOccluded"}, {"IsTruncated"}, {"IsGroupOf"},  {"IsDepiction"}, {"IsInside"}};
  for (const char* click :
       {"XClick1X", "XClick2X", "XClick3X", "XClick4X", "XClick1Y", "XClick2Y", "XClick3Y", "XClick4Y"})
    columns.push_back({click, true, "-1"});
  columns.push_back({"BoxID", true});
  columns.push_back({"Attributes", true});
  return columns;
}
std::vector<TableColumn> mask_columns() {
  return {{"MaskPath"}, {"ImageID"}, {"LabelName"}, {"BoxID"},        {"BoxXMin"},
          {"BoxXMax"},  {"BoxYMin"}, {"BoxYMax"},   {"PredictedIoU"}, {"Clicks"}};
}
std::vector<TableColumn> label_columns() {
  return {{"ImageID"}, {"Source"}, {"LabelName"}, {"Confidence"}, {"Attributes", true}};
}
std::vector<TableColumn> image_columns() {
  return {{"ImageID"},      {"Subset"},           {"OriginalURL"},      {"OriginalLandingURL"},
          {"License"},      {"AuthorProfileURL"}, {"Author"},           {"Title"},
          {"OriginalSize"}, {"OriginalMD5"},      {"Thumbnail300KURL"}, {"Rotation"},
          {"Width", true},  {"Height", true},     {"FileName", true},   {"Attributes", true}};
}

/// The tables of a subset.
struct SubsetTables {
  explicit SubsetTables(PartFile& file)
      : images(file, image_columns()),
        boxes(file, box_columns()),
        masks(file, mask_columns()),
        labels(file, label_columns()) {}
  TableLines images, boxes, masks, labels;
};

/// Cells by their column's name.
class Cells {
 public:
  explicit Cells(OpenImagesKind kind) : kind_(kind) {}

  void set(std::string_view column, std::string text) { by_column_[column] = std::move(text); }
  /// What Open Images has a column for goes there, the rest into one of JSON.
  void take(const Attributes& attributes, const std::vector<TableColumn>& columns) {
    for (const auto& [name, value] : attributes) {
      const auto column = std::ranges::find(columns, name, &TableColumn::name);
      const auto text = column == columns.end() ? std::nullopt : cell_text(cell_of(kind_, name), value);
      if (text && !by_column_.contains(column->name))
        by_column_[column->name] = *text;
      else
        others_[name] = json_from(value);
    }
  }
  void set_if_missing(std::string_view column, std::string text) {
    by_column_.try_emplace(column, std::move(text));
  }
  void set_other(const std::string& name, Json value) { others_[name] = std::move(value); }

  std::string packed(const std::vector<TableColumn>& columns) const {
    std::vector<std::string> cells;
    for (const TableColumn& column : columns) {
      const auto found = by_column_.find(column.name);
      cells.push_back(found == by_column_.end() ? std::string() : found->second);
      if (column.name == "Attributes" && !others_.empty()) cells.back() = to_line(others_);
    }
    return TableLines::packed(cells);
  }

 private:
  OpenImagesKind kind_;
  std::map<std::string_view, std::string> by_column_;
  Json others_ = Json::object();
};

/// What an item adds to its tables.
struct ItemLines {
  std::string image;
  std::vector<std::string> boxes, masks, labels;
  std::vector<Finding> findings;
};

class OpenImagesSink : public Sink {
 public:
  explicit OpenImagesSink(const CreateRequest& request)
      : folder_(request.target, request.overwrite),
        part_file_(folder_.staging(), folder_.target()),
        media_(request.media),
        metadata_(request.metadata),
        mids_(mids_of(request.metadata)) {}

  std::function<void()> encode(Item item) override {
    require_file_names(item);
    auto lines = std::make_shared<ItemLines>();
    const std::string folder = item.subset.empty() ? std::string(kOpenImagesNoSubset) : item.subset;
    const Path& original = item.image.empty() ? Path(item.file_name) : item.image;
    std::string extension = original.extension().string();
    if (extension.empty()) extension = ".jpg";
    item.file_name = item.id + extension;
    const std::string placed =
        place_image(item, media_, folder_.staging(), std::string(kOpenImagesImages) + "/" + folder);
    Writer(*this, item, folder, *lines).write(placed);
    return [this, folder, lines] { append(folder, *lines); };
  }

  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }

  void close(const Provenance& provenance) override {
    const std::string above = std::string(kOpenImagesTables) + "/";
    folder_.write(above + "class-descriptions-boxable.csv", to_class_table(metadata_.labels, mids_));
    if (const std::string hierarchy = to_hierarchy(metadata_, mids_); !hierarchy.empty())
      folder_.write(above + "bbox_labels_600_hierarchy.json", hierarchy);
    for (const auto& [subset, tables] : subsets_) {
      write(above + subset + "-images-with-rotation.csv", tables->images);
      write(above + subset + "-annotations-bbox.csv", tables->boxes);
      if (!tables->masks.empty())
        write(above + subset + "-annotations-object-segmentation.csv", tables->masks);
      if (!tables->labels.empty())
        write(above + subset + "-annotations-human-imagelabels.csv", tables->labels);
    }
    folder_.write("provenance.json", to_json_text(provenance));
    folder_.commit();
  }

  const Findings& findings() const override { return findings_; }

 private:
  /// One item's rows and mask files.
  class Writer {
   public:
    Writer(const OpenImagesSink& sink, const Item& item, const std::string& folder, ItemLines& lines)
        : sink_(sink), item_(item), folder_(folder), lines_(lines), box_ids_(item) {}

    void write(const std::string& placed) {
      std::vector<std::optional<std::array<std::string, 4>>> sides;
      for (const Annotation& annotation : item_.annotations) sides.push_back(sides_of(annotation));
      needs_box_ids_ = any_twice(sides);
      for (std::size_t i = 0; i < sides.size(); ++i) write(item_.annotations[i], sides[i]);
      write_image(placed);
    }

   private:
    /// The four sides of the annotation's box as fractions; nothing where it has none.
    std::optional<std::array<std::string, 4>> sides_of(const Annotation& annotation) const {
      if (annotation.shape.index() == 0) return stated_sides(annotation);
      if (!item_.size) return std::nullopt;
      const std::optional<Box> box = box_of_object(annotation, item_.size);
      if (!box) return std::nullopt;
      auto x = fractions_of_pixels({box->x, box->width}, item_.size->width),
           y = fractions_of_pixels({box->y, box->height}, item_.size->height);
      return std::array{std::move(x.first), std::move(x.second), std::move(y.first), std::move(y.second)};
    }

    /// Those of a box that has no pixels, since its image is nowhere: as they were read.
    static std::optional<std::array<std::string, 4>> stated_sides(const Annotation& annotation) {
      std::array<std::string, 4> sides;
      for (std::size_t i = 0; i < 4; ++i) {
        const AttributeValue* value = find_attribute(annotation.attributes, kSides[i]);
        const auto* number = value ? std::get_if<double>(value) : nullptr;
        if (!number) return std::nullopt;
        sides[i] = fmt::format("{}", *number);
      }
      return sides;
    }

    /// Whether a mask's row would not say which of two boxes it belongs to.
    bool any_twice(const std::vector<std::optional<std::array<std::string, 4>>>& sides) const {
      std::set<std::pair<int, std::array<std::string, 4>>> seen;
      for (std::size_t i = 0; i < sides.size(); ++i) {
        if (!sides[i]) continue;
        if (!seen.insert({item_.annotations[i].label.value_or(-1), *sides[i]}).second) return true;
      }
      return false;
    }

    std::string mid_of(const Annotation& annotation) const {
      return annotation.label ? sink_.mids_.at(static_cast<std::size_t>(*annotation.label)) : std::string();
    }

    void write(const Annotation& annotation, const std::optional<std::array<std::string, 4>>& sides) {
      if (annotation.shape.index() == 0 && !sides) return write_label(annotation);
      if (!sides) return leave_out(annotation);
      if (!has_pixel_mask(annotation) && !std::holds_alternative<Box>(annotation.shape) &&
          annotation.shape.index() != 0)
        throw Error(Code::bug, fmt::format("Open Images holds no {}", shape_name(annotation.shape)));
      std::string box_id;
      if (has_pixel_mask(annotation)) {
        box_id = to_box_id(box_ids_.next(annotation));
        write_mask(annotation, *sides, box_id);
      }
      Cells cells = cells_of_annotation(OpenImagesKind::boxes, annotation);
      for (std::size_t i = 0; i < 4; ++i) cells.set(kSides[i], (*sides)[i]);
      cells.set("IsOccluded", std::string(flag_text(annotation.flags.occluded)));
      cells.set("IsTruncated", std::string(flag_text(annotation.flags.truncated)));
      cells.set("IsGroupOf", std::string(flag_text(annotation.flags.crowd)));
      if (needs_box_ids_) cells.set("BoxID", box_id.empty() ? "none" : box_id);
      cells.take(attributes_of_box(annotation), box_columns());
      for (const char* flag : {"IsDepiction", "IsInside"}) cells.set_if_missing(flag, "-1");
      lines_.boxes.push_back(cells.packed(box_columns()));
    }

    Cells cells_of_annotation(OpenImagesKind kind, const Annotation& annotation) const {
      Cells cells(kind);
      cells.set("ImageID", item_.id);
      cells.set("LabelName", mid_of(annotation));
      cells.set("Confidence", confidence_text(annotation.score));
      return cells;
    }

    void leave_out(const Annotation& annotation) {
      const bool is_empty = has_pixel_mask(annotation) && item_.size;
      lines_.findings.push_back(
          {is_empty ? "empty-object" : "annotation-left-out", Severity::warning, annotation.origin,
           is_empty ? "the mask has no pixel: the object is left out"
                    : "the image's size is not known, and Open Images writes boxes as fractions of it: the "
                      "annotation is left out",
           is_empty ? "" : "add the image"});
    }

    /// Mask rows have cells of their own for these, where there is a mask.
    static bool is_of_mask(const std::string& name, const AttributeValue& value) {
      return (name == "PredictedIoU" && cell_text(OpenImagesCell::number, value)) ||
             (name == "Clicks" && cell_text(OpenImagesCell::text, value));
    }
    static Attributes attributes_of_box(const Annotation& annotation) {
      Attributes attributes;
      for (const auto& attribute : annotation.attributes) {
        const bool is_side =
            annotation.shape.index() == 0 && std::ranges::find(kSides, attribute.first) != kSides.end();
        if (!is_side && !(has_pixel_mask(annotation) && is_of_mask(attribute.first, attribute.second)))
          attributes.push_back(attribute);
      }
      return attributes;
    }

    void write_label(const Annotation& annotation) {
      Cells cells = cells_of_annotation(OpenImagesKind::image_labels, annotation);
      cells.take(annotation.attributes, label_columns());
      const Flags& flags = annotation.flags;
      for (const auto& [name, flag] :
           {std::pair("IsOccluded", flags.occluded), std::pair("IsTruncated", flags.truncated),
            std::pair("IsGroupOf", flags.crowd)})
        if (flag) cells.set_other(name, *flag);
      lines_.labels.push_back(cells.packed(label_columns()));
    }

    void write_mask(const Annotation& annotation, const std::array<std::string, 4>& sides,
                    const std::string& box_id) {
      const std::string mid = mid_of(annotation),
                        name = to_mask_file_name({item_.id, mid, *parse_box_id(box_id)});
      sink_.folder_.write(fmt::format("{}/{}/{}", kOpenImagesMasks, folder_, name),
                          object_mask_png(annotation.shape, item_.size));
      Cells cells(OpenImagesKind::masks);
      cells.set("MaskPath", name);
      cells.set("ImageID", item_.id);
      cells.set("LabelName", mid);
      cells.set("BoxID", box_id);
      for (std::size_t i = 0; i < 4; ++i) cells.set(kBoxSides[i], sides[i]);
      Attributes attributes;
      for (const auto& attribute : annotation.attributes)
        if (is_of_mask(attribute.first, attribute.second)) attributes.push_back(attribute);
      cells.take(attributes, mask_columns());
      lines_.masks.push_back(cells.packed(mask_columns()));
    }

    void write_image(const std::string& placed) {
      Cells cells(OpenImagesKind::images);
      cells.set("ImageID", item_.id);
      cells.set("Subset", item_.subset);
      if (item_.size) {
        cells.set("Width", std::to_string(item_.size->width));
        cells.set("Height", std::to_string(item_.size->height));
      }
      if (placed != item_.id + ".jpg") cells.set("FileName", placed);
      Attributes attributes = item_.attributes;
      if (const AttributeValue* absent = find_attribute(attributes, kOpenImagesAbsent))
        if (write_absent(*absent))
          std::erase_if(attributes,
                        [](const auto& attribute) { return attribute.first == kOpenImagesAbsent; });
      cells.take(attributes, image_columns());
      lines_.image = cells.packed(image_columns());
    }

    /// False, and nothing is written, where it is not as the reader makes it.
    bool write_absent(const AttributeValue& value) {
      const auto* text = std::get_if<JsonText>(&value);
      const Json list = text ? Json::parse(text->text, nullptr, false) : Json();
      if (!list.is_array()) return false;
      std::vector<std::string> rows;
      for (const Json& entry : list) {
        if (!entry.is_object() || !entry.contains("label") || !entry["label"].is_string()) return false;
        const auto label = sink_.metadata_.labels.find(entry["label"].get<std::string>());
        const bool has_source = entry.contains("source");
        if (!label || entry.size() != (has_source ? 2U : 1U) || (has_source && !entry["source"].is_string()))
          return false;
        Cells cells(OpenImagesKind::image_labels);
        cells.set("ImageID", item_.id);
        cells.set("LabelName", sink_.mids_.at(static_cast<std::size_t>(*label)));
        cells.set("Confidence", "0");
        if (has_source) cells.set("Source", entry["source"].get<std::string>());
        rows.push_back(cells.packed(label_columns()));
      }
      std::ranges::move(rows, std::back_inserter(lines_.labels));
      return true;
    }

    static constexpr std::array<const char*, 4> kBoxSides{"BoxXMin", "BoxXMax", "BoxYMin", "BoxYMax"};
    const OpenImagesSink& sink_;
    const Item& item_;
    const std::string& folder_;
    ItemLines& lines_;
    OpenImagesBoxIds box_ids_;
    bool needs_box_ids_ = false;
  };

  void append(const std::string& folder, ItemLines& lines) {
    std::unique_ptr<SubsetTables>& tables = subsets_[folder];
    if (!tables) tables = std::make_unique<SubsetTables>(part_file_);
    tables->images.append(lines.image);
    for (const std::string& line : lines.boxes) tables->boxes.append(line);
    for (const std::string& line : lines.masks) tables->masks.append(line);
    for (const std::string& line : lines.labels) tables->labels.append(line);
    findings_.add(std::move(lines.findings));
  }

  void write(const std::string& name, const TableLines& table) const {
    const std::unique_ptr<FolderFile> file = folder_.create(name);
    table.write(*file);
    file->close();
  }

  OutputFolder folder_;
  PartFile part_file_;
  Media media_;
  Metadata metadata_;
  std::vector<std::string> mids_;
  std::map<std::string, std::unique_ptr<SubsetTables>> subsets_;
  Findings findings_;
};

}  // namespace

std::unique_ptr<Sink> create_openimages(const CreateRequest& request) {
  if (!request.settings.empty())
    throw Error(Code::usage, fmt::format("openimages has no settings for writing: {}",
                                         in_quotes(request.settings.front())));
  return std::make_unique<OpenImagesSink>(request);
}

}  // namespace maskmill
