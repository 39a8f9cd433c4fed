// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/json.h"
#include "dataset/labels.h"
#include "metrics/coco_overlaps.h"

namespace maskmill {

/// Why a detection is wrong, or an object missed (Bolya, Foley, Hays and Hoffman, "TIDE: A General Toolbox
/// for Identifying Object Detection Errors", ECCV 2020). The first that fits, in this order: loc, cls, dupe,
/// bkg, both.
enum class DetectionError {
  cls,   ///< overlaps an object of another label by at least .5
  loc,   ///< overlaps an object of its own label by .1 to .5
  both,  ///< none of the others: too little overlap with an object of another label
  dupe,  ///< overlaps an object of its own label that a better detection has found
  bkg,   ///< overlaps nothing by more than .1
  miss   ///< an object that was not found and that putting no cls or loc error right would find
};
template <>
inline constexpr std::array<std::string_view, 6> enum_names<DetectionError>{"Cls",  "Loc", "Both",
                                                                            "Dupe", "Bkg", "Miss"};
inline constexpr std::size_t kDetectionErrors = 6;

struct ErrorScores {
  struct Error {
    std::size_t count = 0;
    /// What AP at an IoU of .5 gains where these errors alone are put right: cls and loc become right, the
    /// best for each object that is still free, and the others go; both, dupe and bkg go; what is missed is
    /// not looked for. At least 0, since leaving out can cost a little.
    std::optional<double> d_ap;
  };
  std::optional<double> ap50;
  std::array<Error, kDetectionErrors> errors;
  Error false_positives;  ///< all that is wrong goes
  Error false_negatives;  ///< nothing that was not found is looked for
};

/// Gathers the errors of images, at IoUs of .5 and .1. Keeps 32 bytes a detection.
///
/// The numbers are tidecv 1.0.1's but where that departs from the evaluation that it explains: as many
/// detections count as for AP (100 of a label and an image, not 100 of an image), one that lies on a crowd is
/// no error (tidecv counts it as one, though no AP is lost by it), labels without an object, and those of
/// which none is left to find, are left out of the mean, as COCO leaves them out (tidecv takes their AP for
/// 0), and the recall levels are COCO's, which differ from tidecv's in the last bit. Values are in 0..1, not
/// in per cent.
class DetectionErrors {
 public:
  explicit DetectionErrors(const LabelMap& labels);

  struct Entry {
    double score;
    std::int64_t image;
    std::uint32_t rank;  ///< in its image
    std::int32_t label;
    std::int32_t fixed_label;  ///< of which it is right where its error is put right; -1: it goes
    std::int8_t error;         ///< -1: it is right
  };
  struct Image {
    std::vector<Entry> entries;
    struct Truths {
      int label;
      std::uint32_t all = 0, not_found = 0, missed = 0;
    };
    std::vector<Truths> truths;
  };
  /// On any thread. `image` measured with OverlapSettings::across_labels.
  static Image explained(const std::vector<Overlaps>& image);

  /// One thread at a time; as CocoEvaluation::add().
  void add(std::int64_t number, Image image);

  /// On all threads of the current Jobs; the same for any number of them.
  ErrorScores scores() const;

 private:
  struct OfLabel {
    std::size_t truths = 0, not_found = 0, missed = 0;
    std::vector<Entry> entries;  // of the label, and those of others that would be right with this one
  };
  std::vector<OfLabel> by_label_;
  std::array<std::size_t, kDetectionErrors> counts_{};
};

/// {AP50, Cls: {count, dAP}, ... Miss: {...}, FalsePos: {...}, FalseNeg: {...}}; undefined is null.
Json to_json(const ErrorScores& scores);
std::string to_table(const ErrorScores& scores);

}  // namespace maskmill
