// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/reshape.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/progress.h"
#include "base/text.h"
#include "dataset/masks.h"
#include "prepare/transform/annotations.h"
#include "prepare/transform/reshape_plan.h"

namespace maskmill {
namespace {

FileKind stored_kind(const Item& item) {
  try {
    return item.made_image ? kind_of_extension(lower_extension(item.file_name))
                           : probe_image(item.image).kind;
  } catch (const Error&) {  // whoever wants its pixels will say what is wrong; the annotations need none
    return kind_of_extension(lower_extension(item.image));
  }
}

/// An item of the source, of which one or more are made. It is read when the first of them is, its pixels
/// when they are wanted first.
class Original {
 public:
  Original(ReadItem read, const ReshapePlan& plan) : plan_(plan), read_(std::move(read)) {}

  /// Reading it again says the same findings; they belong to the first tile.
  std::vector<Finding> findings() {
    load();
    return findings_;
  }
  /// Null: it is left out.
  const Item* item() {
    load();
    return item_ ? &*item_ : nullptr;
  }
  /// As they lie in the frame.
  const std::vector<Annotation>& annotations() const { return annotations_; }
  const std::vector<std::optional<Box>>& boxes() const { return boxes_; }
  const Frame& frame() const { return frame_; }
  FileKind kind() const { return kind_; }

  cv::Mat picture() {
    return once(picture_, image_file(*item_),
                [&] { return framed(decode_samples(image_bytes(*item_)), resize_picture); });
  }
  cv::Mat labels() {
    return once(labels_, file_of(*item_->semantic),
                [&] { return framed(read_semantic(*item_->semantic, item_->size).labels, resize_nearest); });
  }
  cv::Mat numbers() {
    return once(numbers_, file_of(*item_->instances),
                [&] { return framed(read_instances(*item_->instances), resize_nearest); });
  }

 private:
  struct Pixels {
    std::mutex mutex;
    cv::Mat pixels;
  };

  template <class Make>
  static cv::Mat once(Pixels& kept, const Path& file, Make&& make) {
    const std::lock_guard lock(kept.mutex);
    if (kept.pixels.empty()) try {
        kept.pixels = make();
      } catch (Error& error) {
        throw error.at_file(file);
      }
    return kept.pixels;
  }

  template <class Resize>
  cv::Mat framed(const cv::Mat& pixels, Resize&& resize) const {
    if (Size{pixels.cols, pixels.rows} != *item_->size)
      throw Error(Code::bad_value,
                  fmt::format("has {} pixels, and its item {}", to_string(Size{pixels.cols, pixels.rows}),
                              to_string(*item_->size)));
    const Window& crop = frame_.crop;
    const cv::Mat part = window_of(pixels, crop.x, crop.y, crop.size, 0);
    return frame_.size == crop.size ? part : resize(part, frame_.size);
  }

  void load() {
    const std::lock_guard lock(mutex_);
    if (is_loaded_) return;
    is_loaded_ = true;
    item_ = read_(findings_);
    if (!item_) return;
    try {
      set_frame();
      place_annotations();
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      leave_out(to_finding(error, "unreshaped-item"));
    }
  }

  void leave_out(Finding finding) {
    if (finding.place.empty()) finding.place = item_->origin;
    if (finding.place.field.empty()) finding.place.field = item_->id;
    findings_.push_back(std::move(finding));
    item_.reset();
  }

  void set_frame() {
    if (!item_->size) {
      leave_out({"size-unknown",
                 Severity::error,
                 {},
                 "the image's size is not known",
                 "add the image, or its width and height"});
      return;
    }
    const auto frame = plan_.frame(*item_->size);
    if (!frame) {
      leave_out({"outside-crop",
                 Severity::error,
                 {},
                 "the crop lies outside the image of " + to_string(*item_->size),
                 ""});
      return;
    }
    frame_ = *frame;
    kind_ = has_image(*item_) ? stored_kind(*item_) : FileKind::unknown;
  }

  void place_annotations() {
    if (!item_) return;
    std::vector<Annotation> given = std::move(item_->annotations);
    item_->annotations.clear();
    const Size image = *item_->size;
    const bool crops = frame_.crop != Window{0, 0, image}, resizes = frame_.size != frame_.crop.size;
    std::int64_t number = 0;
    for (Annotation& annotation : given) {
      ++number;
      load_pixels(annotation, image);
      if (plan_.tiles() && plan_.numbers_objects) {
        std::erase_if(annotation.attributes, [](const auto& one) { return one.first == kTileObject; });
        annotation.attributes.emplace_back(kTileObject, number);
      }
      if (plan_.tiles()) annotation.id.reset();
      if (plan_.cuts_pixels && !resizes) to_pixels(annotation, image);
      std::vector<Annotation> pieces =
          crops ? cut(annotation, frame_.crop) : std::vector<Annotation>{std::move(annotation)};
      for (Annotation& piece : pieces) {
        if (resizes) piece = scaled(std::move(piece), frame_.crop.size, frame_.size);
        if (plan_.cuts_pixels) to_pixels(piece, frame_.size);
        boxes_.push_back(bounding_box(piece.shape));
        annotations_.push_back(std::move(piece));
      }
    }
  }

  const ReshapePlan& plan_;
  ReadItem read_;
  std::mutex mutex_;
  bool is_loaded_ = false;
  std::optional<Item> item_;  ///< without its annotations
  std::vector<Annotation> annotations_;
  std::vector<std::optional<Box>> boxes_;  ///< around them
  std::vector<Finding> findings_;
  Frame frame_;
  FileKind kind_ = FileKind::unknown;
  Pixels picture_, labels_, numbers_;
};

/// One item of an original.
class Piece {
 public:
  Piece(std::shared_ptr<Original> original, const ReshapePlan& plan, std::size_t number)
      : original_(std::move(original)), plan_(plan), number_(number) {}

  std::optional<Item> operator()(std::vector<Finding>& findings, Look) const {
    const Item* whole = original_->item();
    if (number_ == 0) findings = original_->findings();
    if (!whole) return std::nullopt;
    const Frame& frame = original_->frame();
    const Window window = plan_.tile(frame.size, number_);
    Item item = *whole;
    if (plan_.tiles()) name(item, {whole->id, window.x, window.y, frame.size});
    item.size = window.size;
    const bool is_all = window == Window{0, 0, frame.size};
    try {
      item.annotations = is_all ? original_->annotations() : parts_in(window);
    } catch (const Error& error) {
      if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
      findings.push_back(to_finding(error, "unreshaped-item"));
      return std::nullopt;
    }
    if (!is_all || !frame.is_whole(*whole->size)) make_pixels(item, window);
    return item;
  }

 private:
  std::vector<Annotation> parts_in(const Window& window) const {
    std::vector<Annotation> parts;
    const std::vector<Annotation>& all = original_->annotations();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::optional<Box>& around = original_->boxes()[i];
      if (around && are_apart(*around, window.box())) continue;  // most of them, and an RLE's box is not free
      for (Annotation& piece : cut(all[i], window)) parts.push_back(std::move(piece));
    }
    return parts;
  }

  static void name(Item& item, const TilePlace& place) {
    const Path named = item.file_name.empty() ? item.image : Path(item.file_name);
    item.id = tile_id(place);
    item.file_name = item.id + named.extension().string();
    item.source_id.reset();
  }

  void make_pixels(Item& item, const Window& window) const {
    const auto original = original_;
    if (has_image(item)) {
      const FileKind kind = made_kind(original->kind(), plan_.picture_settings.kind);
      const std::string named = item.file_name.empty() ? item.image.filename().string() : item.file_name;
      const std::vector<Path> from = item.made_image ? item.made_image->from : std::vector<Path>{item.image};
      item.file_name = with_kind(named, kind);
      item.image.clear();
      const auto make = [original, window, kind, quality = plan_.picture_settings.quality] {
        const cv::Mat pixels = window_of(original->picture(), window.x, window.y, window.size, 0);
        return encode_samples(pixels, kind, quality);
      };
      item.made_image = std::make_shared<MadeImage>(MadeImage{make, from});
    }
    const auto made = [&](const MaskRef& mask, cv::Mat (Original::*pixels)(),
                          const std::shared_ptr<const MaskCoding>& coding) {
      MaskRef part;
      part.coding = coding;
      const auto make = [original, pixels, window] {
        const cv::Mat whole = (original.get()->*pixels)();
        return RawImage{window_of(whole, window.x, window.y, window.size, kUnlabelled), {}, 16};
      };
      part.made = std::make_shared<MadeMask>(
          MadeMask{make, mask.made ? mask.made->from : std::vector<Path>{mask.file}});
      return part;
    };
    if (item.semantic) item.semantic = made(*item.semantic, &Original::labels, plan_.label_coding);
    if (item.instances) item.instances = made(*item.instances, &Original::numbers, plan_.instance_coding);
  }

  std::shared_ptr<Original> original_;
  const ReshapePlan& plan_;
  std::size_t number_;
};

class ReshapedSource : public Source {
 public:
  ReshapedSource(std::shared_ptr<Source> source, const ReshapeSettings& settings,
                 const PictureSettings& pictures, const Capabilities& target)
      : source_(std::move(source)), plan_(settings, pictures, target, source_->metadata().labels) {
    if (plan_.tiles()) count_tiles();
    rewind();
  }

  const Metadata& metadata() const override { return source_->metadata(); }
  const Findings& findings() const override { return source_->findings(); }
  std::size_t size() const override { return plan_.tiles() ? size_ : source_->size(); }
  void rewind() override {
    source_->rewind();
    original_.reset();
    position_ = tile_ = 0;
  }

  ReadItem next() override {
    if (!original_ || tile_ == tiles()) {
      position_ += original_ != nullptr;
      original_.reset();
      tile_ = 0;
      ReadItem read = source_->next();
      if (!read) return {};
      original_ = std::make_shared<Original>(std::move(read), plan_);
    }
    return Piece(original_, plan_, tile_++);
  }

 private:
  std::size_t tiles() const { return plan_.tiles() ? tiles_.at(position_) : 1; }

  void count_tiles() {
    Progress progress("counting tiles", source_->size());
    map_items(
        *source_,
        [&](ReadItem&& read) -> std::uint32_t {
          std::vector<Finding> said_again;  // when its turn comes
          const std::optional<Item> item = read(said_again);
          if (!item || !item->size) return 1;
          try {
            const auto frame = plan_.frame(*item->size);
            return frame ? static_cast<std::uint32_t>(plan_.tiles_of(frame->size)) : 1;
          } catch (const Error&) {  // said again, too
            return 1;
          }
        },
        [&](std::uint32_t count) {
          progress.advance();
          tiles_.push_back(count);
          size_ += count;
        });
  }

  std::shared_ptr<Source> source_;
  const ReshapePlan plan_;
  std::vector<std::uint32_t> tiles_;  ///< of each item of the source
  std::size_t size_ = 0, position_ = 0, tile_ = 0;
  std::shared_ptr<Original> original_;
};

}  // namespace

std::unique_ptr<Source> reshaped(std::shared_ptr<Source> source, const ReshapeSettings& settings,
                                 const PictureSettings& pictures, const Capabilities& target) {
  return std::make_unique<ReshapedSource>(std::move(source), settings, pictures, target);
}

}  // namespace maskmill
