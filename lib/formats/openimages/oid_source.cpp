// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <memory>
#include <optional>

#include "base/csv.h"
#include "base/error.h"
#include "base/shared_file.h"
#include "base/text.h"
#include "formats/indexed_source.h"
#include "formats/item_files.h"
#include "formats/json_values.h"
#include "formats/openimages/fractions.h"
#include "formats/openimages/mask_names.h"
#include "formats/openimages/object_masks.h"
#include "formats/openimages/oid_classes.h"
#include "formats/openimages/oid_index.h"
#include "formats/openimages/oid_layout.h"
#include "formats/openimages/oid_pairing.h"
#include "formats/openimages/oid_rows.h"
#include "formats/openimages/openimages_halves.h"

namespace maskmill {
namespace {

/// Of one image's rows; the most crowded image of V7 has some 100 KB.
constexpr std::uint32_t kMostRowBytes = std::uint32_t{16} << 20;
constexpr std::array<const char*, 4> kCoordinateNames{"XMin", "XMax", "YMin", "YMax"};

/// All rows of an image.
struct ImageRows {
  std::vector<OpenImagesRow> boxes, masks, labels;
  std::optional<OpenImagesRow> listed;
};

class OpenImagesSource : public IndexedSource {
 public:
  explicit OpenImagesSource(const OpenRequest& request) {
    const auto settings = parsed_settings<OpenImagesReadSettings>(request.settings);
    layout_ = find_openimages(request.path, findings_);
    const bool any_boxable = std::ranges::any_of(layout_.classes, &OpenImagesClassFile::is_boxable);
    std::ranges::stable_sort(layout_.classes, std::greater<>(), &OpenImagesClassFile::is_boxable);
    for (const OpenImagesClassFile& file : layout_.classes)
      classes_.add(file, file.is_boxable || !any_boxable, findings_);
    index_ = index_openimages(layout_, settings.items, classes_, findings_);
    if (layout_.hierarchy) try {
        classes_.add_hierarchy(*layout_.hierarchy);
      } catch (const Error& error) {
        findings_.add(to_finding(error, "file-left-out", Severity::warning));
      }
    OpenImagesClasses(classes_).move_to(metadata_);
    metadata_.subsets = index_.subsets;
    for (const OpenImagesTable& table : layout_.tables) {
      files_.push_back(std::make_unique<SharedFile>(table.file));
      cells_.push_back(cells_of(table));
    }
    report_what_is_missing();
  }

  std::size_t size() const override { return index_.entries.size(); }

 protected:
  std::optional<Item> read(std::size_t number, Look look, std::vector<Finding>& findings) const override {
    const OpenImagesEntry& entry = index_.entries[number];
    Item item;
    item.id = index_.ids[entry.id];
    if (entry.subset != 0) item.subset = index_.subsets[entry.subset - 1U];
    name_image(item, entry);
    if (entry.bytes > kMostRowBytes) {
      findings.push_back({"unreadable-row",
                          Severity::error,
                          item.origin,
                          fmt::format("more than {} of rows for one image: it is left out", "16 MiB"),
                          {}});
      return std::nullopt;
    }
    const ImageRows rows = read_rows(entry, findings);
    take_list(item, rows);
    if (!check_files(item, look, findings)) return std::nullopt;
    add_absent(item, rows);
    add_objects(item, rows, look, findings);
    for (const OpenImagesRow& row : rows.labels)
      if (!row.is_absent) item.annotations.push_back(annotation_of(row));
    return item;
  }

 private:
  void report_what_is_missing() {
    bool any_masks = false, any_sizes = false, any_boxes = false;
    for (const OpenImagesTable& table : layout_.tables) {
      any_masks |= table.kind == OpenImagesKind::masks;
      any_boxes |= table.kind == OpenImagesKind::masks || table.kind == OpenImagesKind::boxes;
      any_sizes |= table.column("Width").has_value();
    }
    if (any_masks && layout_.mask_folders.empty())
      findings_.add({"mask-missing",
                     Severity::warning,
                     {},
                     "there is no folder of masks: of their rows only the boxes are read",
                     "unzip the masks into a folder masks beside the tables"});
    if (any_boxes && !index_.has_images && !any_sizes)
      findings_.add(
          {"size-unknown",
           Severity::note,
           {},
           "there are no images, and nothing says their sizes: a box without a mask has no pixels, and "
           "its fractions become attributes (XMin, XMax, YMin, YMax)",
           "add the images"});
  }

  void name_image(Item& item, const OpenImagesEntry& entry) const {
    if (entry.folder == OpenImagesEntry::none) {
      item.file_name = item.id + ".jpg";
      return;
    }
    const OpenImagesFolder& folder = layout_.folders[entry.folder];
    const std::string name(layout_.names[entry.file_name]);
    item.image = folder.path / name;
    item.file_name = folder.prefix + name;
    item.origin.file = item.image.string();
  }

  ImageRows read_rows(const OpenImagesEntry& entry, std::vector<Finding>& findings) const {
    ImageRows rows;
    std::string text;
    CsvRow row;
    index_.for_each_run(entry, [&](const OpenImagesRun& run) {
      const OpenImagesTable& table = layout_.tables[run.table];
      files_[run.table]->read(run.offset(), run.bytes, text);
      CsvReader reader(std::string_view(text).substr(0, run.bytes), table.file, run.line);
      for (;;) try {
          if (!reader.next(row)) return;
          add_row(
              rows, table,
              parse_row(table, cells_[run.table], row.fields, {table.file.string(), row.line, {}}, findings));
        } catch (Error& error) {  // this row is lost, not its neighbours
          findings.push_back(to_finding(error.at_file(table.file).at_line(row.line), "unreadable-row"));
        }
    });
    return rows;
  }

  static void add_row(ImageRows& rows, const OpenImagesTable& table, OpenImagesRow&& row) {
    switch (table.kind) {
      case OpenImagesKind::images:
        if (!rows.listed) rows.listed = std::move(row);
        return;
      case OpenImagesKind::boxes:
        rows.boxes.push_back(std::move(row));
        return;
      case OpenImagesKind::masks:
        rows.masks.push_back(std::move(row));
        return;
      case OpenImagesKind::image_labels:
        rows.labels.push_back(std::move(row));
    }
  }

  static void take_list(Item& item, const ImageRows& rows) {
    if (item.origin.file.empty())
      for (const auto* list : {&rows.boxes, &rows.masks, &rows.labels})
        if (item.origin.file.empty() && !list->empty()) item.origin = list->front().place;
    if (!rows.listed) return;
    item.size = rows.listed->size;
    item.attributes = rows.listed->attributes;
    item.origin = rows.listed->place;
    if (!item.image.empty() || rows.listed->file_name.empty()) return;
    item.file_name = rows.listed->file_name;
    if (const Path elsewhere(item.file_name); elsewhere.is_absolute()) {
      item.file_name = item.id + elsewhere.extension().string();
      boost::system::error_code failure;
      if (fs::is_regular_file(elsewhere, failure)) item.image = elsewhere;
    }
  }

  void add_absent(Item& item, const ImageRows& rows) const {
    Json absent = Json::array();
    for (const OpenImagesRow& row : rows.labels) {
      if (!row.is_absent) continue;
      Json entry = Json::object();
      const auto label = classes_.find(row.mid);
      entry["label"] = label ? metadata_.labels[*label].name : row.mid;
      const AttributeValue* source = find_attribute(row.attributes, "Source");
      if (const auto* text = source ? std::get_if<std::string>(source) : nullptr) entry["source"] = *text;
      absent.push_back(std::move(entry));
    }
    if (!absent.empty())
      set_attribute(item.attributes, std::string(kOpenImagesAbsent), JsonText{to_line(absent)});
  }

  /// All but the shape.
  Annotation annotation_of(const OpenImagesRow& row) const {
    Annotation annotation;
    if (!row.mid.empty()) annotation.label = classes_.find(row.mid);
    annotation.flags = row.flags;
    annotation.score = row.score;
    annotation.attributes = row.attributes;
    annotation.origin = row.place;
    return annotation;
  }

  void add_objects(Item& item, const ImageRows& rows, Look look, std::vector<Finding>& findings) const {
    std::vector<std::optional<MaskRef>> masks(rows.masks.size());
    std::size_t missing = 0;
    for (std::size_t i = 0; i < masks.size(); ++i) {
      masks[i] = find_mask(rows.masks[i], findings);
      missing += !masks[i].has_value();
    }
    if (missing > 0 && !layout_.mask_folders.empty())
      findings.push_back(
          {"mask-missing", Severity::warning, rows.masks.front().place,
           fmt::format("{} of {} masks are not there: their boxes are read", missing, masks.size()),
           "add the masks"});
    if (look != Look::annotations) look_at_masks(item, masks, look, findings);

    std::vector<Annotation> of_boxes, alone;
    const bool will_have_size =
        !item.image.empty() || std::ranges::any_of(masks, [](const auto& mask) { return mask.has_value(); });
    Frame frame{item.size, look == Look::annotations && will_have_size, {}};
    for (const OpenImagesRow& row : rows.boxes) {
      of_boxes.push_back(annotation_of(row));
      set_box(of_boxes.back(), row, frame, findings);
    }
    OpenImagesPairing pairing(rows.boxes);
    for (std::size_t i = 0; i < masks.size(); ++i) {
      const OpenImagesRow& row = rows.masks[i];
      const auto box = pairing.take(row);
      if (!box) {
        alone.push_back(annotation_of(row));
        if (row.fractions) set_box(alone.back(), row, frame, findings);
      }
      Annotation& annotation = box ? of_boxes[*box] : alone.back();
      if (box)
        annotation.attributes.insert(annotation.attributes.end(), row.attributes.begin(),
                                     row.attributes.end());
      set_mask(annotation, row, masks[i]);
    }
    if (frame.without_pixels && index_.has_images)
      findings.push_back(
          {"size-unknown", Severity::warning, item.origin,
           "the image is not there, so that its boxes have no pixels: their fractions become attributes",
           "add the image"});
    for (std::vector<Annotation>* list : {&of_boxes, &alone})
      item.annotations.insert(item.annotations.end(), std::make_move_iterator(list->begin()),
                              std::make_move_iterator(list->end()));
  }

  /// In what boxes are measured.
  struct Frame {
    std::optional<Size> size;
    bool is_measured_later = false;  ///< boxes stay fractions as long as nothing is opened
    bool without_pixels = false;
  };

  static void set_box(Annotation& annotation, const OpenImagesRow& row, Frame& frame,
                      std::vector<Finding>& findings) {
    const auto& [xmin, xmax, ymin, ymax] = *row.fractions;
    check_box(row, findings);
    if (frame.size) {
      const PixelSpan x = pixels_of_fractions(xmin, xmax, frame.size->width),
                      y = pixels_of_fractions(ymin, ymax, frame.size->height);
      annotation.shape = Box{x.start, y.start, x.length, y.length};
    } else if (frame.is_measured_later) {
      annotation.shape = Box{xmin, ymin, xmax - xmin, ymax - ymin};
    } else {
      frame.without_pixels = true;
      for (std::size_t i = 0; i < 4; ++i)
        set_attribute(annotation.attributes, kCoordinateNames[i], (*row.fractions)[i]);
    }
  }

  static void check_box(const OpenImagesRow& row, std::vector<Finding>& findings) {
    // No structured binding: Clang 14 has no lambdas that capture one.
    const double xmin = (*row.fractions)[0], xmax = (*row.fractions)[1];
    const double ymin = (*row.fractions)[2], ymax = (*row.fractions)[3];
    const auto report = [&](const char* rule, Severity severity, const char* what) {
      findings.push_back(
          {rule, severity, row.place,
           fmt::format("the box from {:g}, {:g} to {:g}, {:g} {}", xmin, ymin, xmax, ymax, what),
           "correct the row"});
    };
    if (xmax < xmin || ymax < ymin)
      report("box-inverted", Severity::error, "ends before it starts");
    else if (xmax == xmin || ymax == ymin)
      report("box-empty", Severity::error, "has no area");
    else if (std::min(xmin, ymin) < -kOpenImagesTolerance || std::max(xmax, ymax) > 1 + kOpenImagesTolerance)
      report("outside-image", Severity::warning, "leaves the image, whose sides are 0 and 1");
  }

  static void set_mask(Annotation& annotation, const OpenImagesRow& row, const std::optional<MaskRef>& mask) {
    if (const auto id = parse_box_id(row.box_id))
      annotation.id = *id;
    else if (!row.box_id.empty())
      set_attribute(annotation.attributes, "BoxID", row.box_id);
    if (!mask) return;
    if (const auto* box = std::get_if<Box>(&annotation.shape)) annotation.box = *box;
    annotation.shape = *mask;
  }

  /// Nothing where it is not there.
  std::optional<MaskRef> find_mask(const OpenImagesRow& row, std::vector<Finding>& findings) const {
    if (row.mask_path.empty()) return std::nullopt;
    if (!is_safe_relative(row.mask_path)) {
      findings.push_back(
          {"unsafe-file-name",
           Severity::error,
           row.place,
           fmt::format("{} leads out of the folders of masks: it is not read", in_quotes(row.mask_path)),
           {}});
      return std::nullopt;
    }
    const std::string name = Path(row.mask_path).filename().string();
    for (const Path& folder : layout_.mask_folders) {
      if (!may_hold_mask(folder, name)) continue;
      boost::system::error_code failure;
      if (Path file = folder / row.mask_path; fs::is_regular_file(file, failure))
        return object_mask(std::move(file));
    }
    return std::nullopt;
  }

  /// The box of one that cannot be read remains.
  static void look_at_masks(Item& item, std::vector<std::optional<MaskRef>>& masks, Look look,
                            std::vector<Finding>& findings) {
    for (std::optional<MaskRef>& mask : masks)
      if (mask && !check_object_mask(*mask, item.size, look, findings)) mask.reset();
  }

  OpenImagesLayout layout_;
  OpenImagesClasses classes_;
  OpenImagesIndex index_;
  std::vector<std::unique_ptr<SharedFile>> files_;
  std::vector<std::vector<OpenImagesCell>> cells_;
};

}  // namespace

std::unique_ptr<Source> open_openimages(const OpenRequest& request) {
  return std::make_unique<OpenImagesSource>(request);
}

}  // namespace maskmill
