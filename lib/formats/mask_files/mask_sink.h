// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "formats/format.h"
#include "formats/mask_files/mask_labels.h"

namespace maskmill {

struct MaskWriteSettings {
  PixelCoding coding = PixelCoding::automatic;
  std::optional<int> void_value;

  static void visit(auto& self, auto&& setting) {
    setting("coding", self.coding,
            "auto and index: label numbers, with a palette of the labels' colours; binary: 0 and 255; "
            "colour: RGB");
    setting("void", self.void_value, "value in an index mask of pixels that have no label", between(0, 65535),
            unset("255, or the first value that no label has"));
  }
};

/// The file that a mask becomes.
enum class MaskFileKind {
  palette_png,  ///< with the labels' colours for people to see
  gray_png,     ///< for programs whose PNG reader expands palettes
  npy           ///< a NumPy array of 8 bits, or 16 above 255
};

/// How a layout's masks are stored.
struct MaskStorage {
  std::vector<int> values;  ///< of an index mask, one a label
  MaskFileKind kind = MaskFileKind::palette_png;
  /// Relative to the output: where labels.json and provenance.json lie; empty: the output itself.
  std::string own_folder{};
  /// A table names the images, so that they may lie elsewhere (Media::reference).
  bool names_images = false;
  /// Masks whose images lie elsewhere are a data set too.
  bool stands_alone = false;
};

/// Values that number the labels from 0 in their order.
std::vector<int> numbered(const LabelMap& labels);

/// What such layouts hold, whatever their folders.
Capabilities held_by_mask_files();

/// Writes an image and its mask files for each item, and labels.json, which states all that is known of the
/// labels. A layout says where they lie. Image and mask have the item's id for a name: that is unique.
class MaskSink : public Sink {
 public:
  /// Throws Error(usage | bad_value) for labels that do not fit the coding, and for media that have no place
  /// in folders.
  MaskSink(const CreateRequest& request, const MaskWriteSettings& settings, MaskStorage storage);

  std::function<void()> encode(Item item) override;
  void attach(const std::string& name, std::string_view bytes) override { folder_.write(name, bytes); }
  void close(const Provenance& provenance) override;
  const Findings& findings() const override { return findings_; }

 protected:
  /// Relative to the output, without a slash at the end. Throws Error for a subset that has no place.
  virtual std::string image_folder(const std::string& subset) const = 0;
  virtual std::string mask_folder(const std::string& subset) const = 0;

  struct MaskFile {
    std::string name, bytes;  ///< relative to the output
  };
  /// What an item's masks become.
  struct Encoded {
    std::vector<MaskFile> files;
    int unlabelled = 0;                 ///< pixels without a label
    std::vector<std::uint16_t> values;  ///< of an index or binary mask, those that occur, ascending
  };
  /// One mask of all labels; on any thread. Called for items that are annotated.
  virtual Encoded encoded(const Item& item) const;

  /// An item that has been written: names relative to the output.
  struct Written {
    std::string subset;
    std::string image;  ///< an absolute path for Media::reference
    std::vector<std::string> masks;
    std::vector<std::uint16_t> values;
  };
  /// In the items' order, one at a time; without masks where it is not annotated.
  virtual void written(const Written& /*item*/) {}
  /// Further files, before the output is put into place. `labels` are those of labels.json.
  virtual void finish(const LabelFile& /*labels*/) {}

  const Metadata& metadata() const { return metadata_; }
  const OutputFolder& folder() const { return folder_; }
  /// The value of pixels without a label, and its name in a palette.
  int void_value() const { return void_.value; }
  const std::string& void_name() const { return void_.name; }

 private:
  /// What pixels without a label become: the first label that means void; where there is none, a label of its
  /// own.
  struct Void {
    std::optional<Label> added;  ///< stated in labels.json only if such a pixel occurs
    std::string name;
    int value;
    Rgb colour;
  };

  static Void choose_void(const MaskWriteSettings& settings, const LabelMap& labels,
                          const std::vector<int>& values);
  static std::vector<Rgb> palette_of(const LabelMap& labels, const std::vector<int>& values,
                                     const Void& unlabelled);
  std::string encode_samples(const cv::Mat& samples) const;
  cv::Mat to_binary(const cv::Mat& labels) const;
  void note_unlabelled(int pixels, const Place& origin);

  const PixelCoding coding_;
  const Media media_;
  const Metadata metadata_;
  const std::vector<int> values_;
  const Void void_;
  const MaskFileKind kind_;
  const std::string own_folder_;
  const bool stands_alone_;
  const std::vector<Rgb> palette_;
  const MaskCoding pixels_;
  OutputFolder folder_;
  Findings findings_;
  std::size_t absent_images_ = 0;
  std::string first_absent_;  ///< relative to the output
  bool any_unlabelled_ = false;
};

}  // namespace maskmill
