// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/untile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <opencv2/core.hpp>
#include <unordered_map>

#include "base/error.h"
#include "base/progress.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "prepare/adapt.h"
#include "prepare/transform/annotations.h"
#include "prepare/transform/join.h"
#include "prepare/transform/tiles.h"

namespace maskmill {
namespace {

/// A tile without its annotations, and where it lies.
struct Tile {
  Item item;
  Window window, cell;
};

void copy_cell(const cv::Mat& tile, const Tile& place, cv::Mat& whole) {
  const Window& cell = place.cell;
  if (cell.size.area() <= 0) return;
  const cv::Rect from(cell.x - place.window.x, cell.y - place.window.y, cell.size.width, cell.size.height);
  tile(from).copyTo(whole(cv::Rect(cell.x, cell.y, cell.size.width, cell.size.height)));
}

/// Throws Error(bad_value) where the file has another size than its item says.
void require_size(const cv::Mat& pixels, const Item& item) {
  if (Size{pixels.cols, pixels.rows} != *item.size)
    throw Error(Code::bad_value,
                fmt::format("has {} pixels, and its item {}", to_string(Size{pixels.cols, pixels.rows}),
                            to_string(*item.size)));
}

/// The tiles of one image, for as long as it is in work.
class Mosaic {
 public:
  Mosaic(std::vector<Tile> tiles, Size size) : tiles_(std::move(tiles)), size_(size) {}

  const std::vector<Tile>& tiles() const { return tiles_; }

  std::vector<Path> files(bool of_masks) const {
    std::vector<Path> files;
    for (const Tile& tile : tiles_) {
      if (of_masks && tile.item.semantic) files.push_back(file_of(*tile.item.semantic));
      if (!of_masks && has_image(tile.item)) files.push_back(image_file(tile.item));
    }
    return files;
  }

  /// Of the type of the tiles where they are of one; else of 8-bit colours.
  cv::Mat picture() const {
    cv::Mat whole;
    for (const Tile& tile : tiles_) {
      if (!has_image(tile.item)) continue;
      try {
        const std::string bytes = image_bytes(tile.item);
        cv::Mat samples = decode_samples(bytes);
        if (whole.empty()) whole = cv::Mat::zeros(size_.height, size_.width, samples.type());
        if (whole.type() != samples.type()) return picture_in_colours();
        require_size(samples, tile.item);
        copy_cell(samples, tile, whole);
      } catch (Error& error) {
        throw error.at_file(image_file(tile.item));
      }
    }
    return whole;
  }

  cv::Mat labels() {
    const std::lock_guard lock(mutex_);
    if (!labels_.empty()) return labels_;
    cv::Mat whole(size_.height, size_.width, CV_16UC1, cv::Scalar(kUnlabelled));
    for (const Tile& tile : tiles_) {
      if (!tile.item.semantic) continue;
      const cv::Mat labels = read_semantic(*tile.item.semantic, tile.item.size).labels;
      try {
        require_size(labels, tile.item);
      } catch (Error& error) {
        throw error.at_file(file_of(*tile.item.semantic));
      }
      copy_cell(labels, tile, whole);
    }
    return labels_ = whole;
  }

 private:
  cv::Mat picture_in_colours() const {
    cv::Mat whole = cv::Mat::zeros(size_.height, size_.width, CV_8UC3);
    for (const Tile& tile : tiles_) {
      if (!has_image(tile.item)) continue;
      const cv::Mat colours = read_picture(tile.item);
      require_size(colours, tile.item);
      copy_cell(colours, tile, whole);
    }
    return whole;
  }

  std::vector<Tile> tiles_;
  Size size_;
  std::mutex mutex_;
  cv::Mat labels_;
};

struct Settings {
  PictureSettings pictures;
  bool keeps_masks = false;    ///< the target holds label masks
  bool keeps_objects = false;  ///< and objects
  std::shared_ptr<const MaskCoding> coding;
};

/// Puts one image together.
class Assembly {
 public:
  Assembly(const LabelMap& labels, const Settings& settings, std::vector<Finding>& findings)
      : labels_(labels), settings_(settings), findings_(findings) {}

  std::optional<Item> run(const std::vector<ReadItem>& reads) {
    for (const ReadItem& read : reads) add(read);
    if (tiles_.empty()) return std::nullopt;
    std::vector<Window> windows;
    for (const Tile& tile : tiles_) windows.push_back(tile.window);
    const std::vector<Window> cells = cells_of(windows);
    for (std::size_t i = 0; i < tiles_.size(); ++i) tiles_[i].cell = parts_[i].cell = cells[i];
    report_gaps(cells);

    Item whole = tiles_.front().item;
    whole.id = place_.id;
    whole.size = place_.image;
    whole.source_id.reset();
    whole.annotated = std::ranges::any_of(tiles_, [](const Tile& tile) { return tile.item.annotated; });
    whole.annotations = joined(parts_, place_.image);
    make_pixels(whole);
    return whole;
  }

 private:
  void leave_out(const Item& item, std::string rule, std::string message) {
    findings_.push_back({std::move(rule), Severity::error, item.origin, std::move(message), ""});
  }

  void add(const ReadItem& read) {
    std::optional<Item> item = read(findings_);
    if (!item) return;
    const auto place = place_of_tile(item->id);
    if (!place) throw Error(Code::bug, "a tile has become none").at_field(item->id);
    if (!item->size) return leave_out(*item, "size-unknown", "the tile's size is not known");
    const Window window = common({place->x, place->y, *item->size}, {0, 0, place->image});
    for (const Tile& other : tiles_)
      if (other.window.x == window.x && other.window.y == window.y)
        return leave_out(*item, "same-tile", "another tile lies there already; this one is left out");
    try {
      if (item->instances) take_objects(*item);
      for (Annotation& annotation : item->annotations) load_pixels(annotation, *item->size);
      for (const Annotation& annotation : item->annotations)
        if (has_area(annotation.shape))
          rasterise(annotation.shape, *item->size);  // throws here, not in joined()
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      findings_.push_back(to_finding(error, "unreadable-tile"));
      return;
    }
    if (tiles_.empty()) place_ = *place;
    if (!tiles_.empty() && item->subset != tiles_.front().item.subset)
      findings_.push_back({"subsets-differ", Severity::warning, item->origin,
                           "the tile's subset is not that of the first of its image, which holds", ""});
    parts_.push_back({window, *item->size, {}, std::move(item->annotations)});
    item->annotations.clear();
    tiles_.push_back({std::move(*item), window, {}});
  }

  /// What the objects of an instance mask are is told by their numbers, which mean nothing in another tile.
  void take_objects(Item& item) const {
    if (settings_.keeps_objects) {
      const auto semantic = item.semantic;
      InstanceLoss loss;
      make_instances(item, labels_, {.policy = InstancePolicy::object_mask}, loss);
      if (settings_.keeps_masks) item.semantic = semantic;
    }
    item.instances.reset();
  }

  void report_gaps(const std::vector<Window>& cells) {
    std::int64_t covered = 0;
    for (const Window& cell : cells) covered += cell.size.area();
    const std::int64_t missing = place_.image.area() - covered;
    if (missing > 0)
      findings_.push_back(
          {"tile-missing", Severity::warning, Place{tiles_.front().item.origin.file, {}, place_.id},
           fmt::format("no tile has {} of its pixels", missing), "they are black, and without a label"});
  }

  FileKind picture_kind() const {
    const auto is_jpeg = [](const Tile& tile) {
      const Path name = tile.item.file_name.empty() ? tile.item.image : Path(tile.item.file_name);
      return !has_image(tile.item) || kind_of_extension(lower_extension(name)) == FileKind::jpeg;
    };
    return made_kind(std::ranges::all_of(tiles_, is_jpeg) ? FileKind::jpeg : FileKind::png,
                     settings_.pictures.kind);
  }

  void make_pixels(Item& whole) {
    const Path named = whole.file_name.empty() ? whole.image : Path(whole.file_name);
    whole.file_name = whole.id + named.extension().string();
    whole.instances.reset();
    if (*tiles_.front().item.size == place_.image) return;  // one tile is the whole image, and stays as it is
    const FileKind kind = picture_kind();
    const auto mosaic = std::make_shared<Mosaic>(std::move(tiles_), place_.image);
    whole.image.clear();
    whole.made_image.reset();
    if (const std::vector<Path> files = mosaic->files(false); !files.empty()) {
      whole.file_name = with_kind(whole.file_name, kind);
      const auto make = [mosaic, kind, quality = settings_.pictures.quality] {
        return encode_samples(mosaic->picture(), kind, quality);
      };
      whole.made_image = std::make_shared<MadeImage>(MadeImage{make, files});
    }
    whole.semantic.reset();
    if (const std::vector<Path> files = mosaic->files(true); !files.empty()) {
      whole.semantic.emplace();
      whole.semantic->coding = settings_.coding;
      const auto make = [mosaic] { return RawImage{mosaic->labels(), {}, 16}; };
      whole.semantic->made = std::make_shared<MadeMask>(MadeMask{make, files});
    }
  }

  const LabelMap& labels_;
  const Settings& settings_;
  std::vector<Finding>& findings_;
  TilePlace place_;
  std::vector<Tile> tiles_;
  std::vector<TileAnnotations> parts_;  ///< of each tile
};

class UntiledSource : public Source {
 public:
  UntiledSource(std::shared_ptr<Source> source, const PictureSettings& pictures, const Capabilities& target)
      : source_(std::move(source)) {
    settings_.pictures = pictures;
    settings_.keeps_masks = target.semantic_mask;
    settings_.keeps_objects = target.rle || target.polygon || target.instance_mask;
    settings_.coding = index_coding(source_->metadata().labels.size());
    find_images();
    rewind();
  }

  const Metadata& metadata() const override { return source_->metadata(); }
  const Findings& findings() const override { return source_->findings(); }
  std::size_t size() const override { return images_.size(); }
  void rewind() override {
    source_->rewind();
    position_ = next_ = 0;
    waiting_.clear();
  }

  /// Tiles that come before those of another image are complete wait as functions that have read nothing.
  ReadItem next() override {
    if (next_ == images_.size()) return {};
    const auto image = static_cast<std::uint32_t>(next_++);
    while (waiting_[image].size() < images_[image].tiles) {
      ReadItem read = source_->next();
      if (!read) throw Error(Code::bug, "a source has become shorter");
      waiting_[image_of_.at(position_++)].push_back(std::move(read));
    }
    std::vector<ReadItem> reads = std::move(waiting_.extract(image).mapped());
    if (!images_[image].is_tiled) return std::move(reads.front());
    return [this, reads = std::move(reads)](std::vector<Finding>& findings, Look) {
      return Assembly(metadata().labels, settings_, findings).run(reads);
    };
  }

 private:
  struct Image {
    std::uint32_t tiles = 0;
    bool is_tiled = false;
  };

  void find_images() {
    struct Known {
      std::uint32_t image;
      Size size;
    };
    std::unordered_map<std::string, Known> known;
    Progress progress("reading tiles", source_->size());
    map_items(
        *source_,
        [](ReadItem&& read) -> std::optional<TilePlace> {
          std::vector<Finding> said_again;  // when its turn comes
          const std::optional<Item> item = read(said_again);
          return item ? place_of_tile(item->id) : std::nullopt;
        },
        [&](std::optional<TilePlace>&& place) {
          progress.advance();
          auto image = static_cast<std::uint32_t>(images_.size());
          if (place) {
            const auto [first, is_new] = known.try_emplace(place->id, Known{image, place->image});
            if (first->second.size != place->image)
              throw Error(Code::bad_value,
                          fmt::format("its tiles say that it has {} pixels, and {}",
                                      to_string(first->second.size), to_string(place->image)))
                  .at_field(place->id);
            image = first->second.image;
          }
          if (image == images_.size()) images_.push_back({0, place.has_value()});
          ++images_[image].tiles;
          image_of_.push_back(image);
        });
    if (known.empty())
      throw Error(Code::bad_value, "none of the items is a tile: their ids do not end in @X_Y_WxH")
          .hint("tiles are made by maskmill transform --tile, and keep their names");
  }

  std::shared_ptr<Source> source_;
  Settings settings_;
  std::vector<Image> images_;
  std::vector<std::uint32_t> image_of_;  ///< by position in the source
  std::map<std::uint32_t, std::vector<ReadItem>> waiting_;
  std::size_t position_ = 0, next_ = 0;
};

}  // namespace

std::unique_ptr<Source> untiled(std::shared_ptr<Source> source, const PictureSettings& pictures,
                                const Capabilities& target) {
  return std::make_unique<UntiledSource>(std::move(source), pictures, target);
}

}  // namespace maskmill
