// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// How a layout's masks are stored.
struct MaskStorage {
  std::vector<int> values;  ///< of an index mask, one a label
  /// With the labels' colours for people to see; programs whose PNG reader expands palettes need gray.
  bool palette = true;
};

/// What such layouts hold, whatever their folders.
Capabilities held_by_mask_files();

/// Writes an image and a mask file an item, and labels.json, which states all that is known of the labels. A
/// layout says where they lie. Image and mask have the item's id for a name: that is unique.
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
  /// In the items' order, one at a time: names relative to the output; no mask where it is not annotated.
  virtual void written(const std::string& /*subset*/, const std::string& /*image*/,
                       const std::string& /*mask*/) {}
  /// Further files, before the output is put into place.
  virtual void finish() {}

  const Metadata& metadata() const { return metadata_; }

 private:
  /// What pixels without a label become: the first label that means void; where there is none, a label of its
  /// own.
  struct Void {
    std::optional<Label> added;  ///< stated in labels.json only if such a pixel occurs
    int value;
    Rgb colour;
  };
  struct Encoded {
    std::string png;
    int unlabelled = 0;  ///< pixels without a label
  };

  static Void choose_void(const MaskWriteSettings& settings, const LabelMap& labels,
                          const std::vector<int>& values);
  static std::vector<Rgb> palette_of(const LabelMap& labels, const std::vector<int>& values,
                                     const Void& unlabelled);
  Encoded encoded_mask(const Item& item) const;
  cv::Mat to_binary(const cv::Mat& labels) const;
  void note_unlabelled(int pixels, const Place& origin);

  const PixelCoding coding_;
  const Media media_;
  const Metadata metadata_;
  const std::vector<int> values_;
  const Void void_;
  const std::vector<Rgb> palette_;
  const MaskCoding pixels_;
  OutputFolder folder_;
  Findings findings_;
  bool any_unlabelled_ = false;
};

}  // namespace maskmill
