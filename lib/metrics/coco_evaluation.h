// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "dataset/labels.h"
#include "metrics/coco_matching.h"

namespace maskmill {

inline constexpr std::size_t kRecallThresholds = 101;  ///< 0, .01, ... 1

/// Precision, recall and scores for every setting, laid out as pycocotools lays them out; -1 where there is
/// no object to find. `labels` has the labels in the order of the third axis: by their ids, or as the map has
/// them where one has none.
struct CocoCurves {
  std::vector<int> labels;
  std::vector<std::size_t> most_detections;  ///< of a label and an image: 1, 10, 100; LVIS's has 300 alone
  std::vector<double> precision;             ///< [threshold][recall][label][area][most detections]
  std::vector<double> scores;                ///< the same: the score down to which that recall takes one
  std::vector<double> recall;                ///< [threshold][label][area][most detections]

  std::size_t sample_at(std::size_t threshold, std::size_t level, std::size_t label, std::size_t area,
                        std::size_t most) const {
    return at(threshold * kRecallThresholds + level, label, area, most);
  }
  std::size_t recall_at(std::size_t threshold, std::size_t label, std::size_t area, std::size_t most) const {
    return at(threshold, label, area, most);
  }

 private:
  std::size_t at(std::size_t row, std::size_t label, std::size_t area, std::size_t most) const {
    return ((row * labels.size() + label) * kAreaRanges + area) * most_detections.size() + most;
  }
};

/// The numbers that are quoted; undefined where there is no object of the kind.
struct CocoScores {
  using Score = std::pair<std::string_view, std::optional<double>>;
  /// pycocotools' twelve in their order: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl.
  /// LVIS's thirteen: AP to APl, APr, APc, APf of its labels' frequencies, AR300, ARs, ARm, ARl.
  std::vector<Score> overall;
  struct OfLabel {
    int label = 0;
    std::vector<Score> scores;   ///< AP, AP50, AP75, APs, APm, APl, and the recall of most detections
    std::size_t truths = 0;      ///< crowds left out
    std::size_t detections = 0;  ///< at most as many of an image as are counted
  };
  std::vector<OfLabel> labels;  ///< those that have an object or a detection, in CocoCurves' order
};

/// Detections of one image, or of all, at an IoU of .5, whatever their area.
struct DetectionCounts {
  std::size_t found = 0, wrong = 0, missed = 0;
  /// 2 found / (2 found + wrong + missed); undefined where there is nothing, neither annotated nor detected.
  std::optional<double> f1() const;
};

/// Where detections below a score are left out.
struct OperatingPoint {
  double least_score = 0;
  DetectionCounts counts;
};

/// Gathers the matches of images, and makes COCO's or LVIS's average precision and recall of them. Keeps 32
/// bytes a detection; with `keeps_images` 4 more, and 24 for each label that an image has objects of.
class CocoEvaluation {
 public:
  CocoEvaluation(const LabelMap& labels, Protocol protocol, bool keeps_images = false);

  /// What is kept of one label in one image.
  struct Part {
    int label = 0;
    std::array<std::uint32_t, kAreaRanges> truths{};  ///< that count
    struct Detection {
      double score;
      std::uint64_t found, ignored;  ///< a bit for each area range and threshold
    };
    std::vector<Detection> detections;  ///< best first
  };
  /// On any thread.
  static std::vector<Part> matched(const std::vector<Overlaps>& image);

  /// One thread at a time. `number` orders the images: equal scores count in its order. Each image once.
  void add(std::int64_t number, const std::vector<Part>& image);

  /// On all threads of the current Jobs; the same for any number of them.
  CocoCurves curves() const;
  /// Of these curves. `frequency`: by label, LVIS's r, c or f; nothing for a label without one.
  CocoScores scores(const CocoCurves& curves, const std::vector<char>& frequency = {}) const;

  /// The score from which on F1 at an IoU of .5 is best, over all labels together; of equal ones the highest.
  /// Nothing where nothing is found.
  std::optional<OperatingPoint> best_f1() const;
  /// Of each image in the order of add(); with `keeps_images` only.
  std::vector<DetectionCounts> counts_of_images(double least_score) const;

 private:
  friend class WeightedCoco;
  struct Kept {
    double score;
    std::int64_t image;
    std::uint64_t found : 40, rank : 24;
    std::uint64_t ignored;
  };
  struct OfLabel {
    std::array<std::size_t, kAreaRanges> truths{};
    std::vector<Kept> detections;
    std::vector<std::uint32_t> places;  // of each detection its image's; empty unless images are kept
  };
  struct Truths {
    std::uint32_t place;
    int label;
    std::array<std::uint32_t, kAreaRanges> counts;
  };
  /// Best first, as the curves take them.
  static bool precedes(const Kept& a, const Kept& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.image != b.image ? a.image < b.image : a.rank < b.rank;
  }

  LabelMap labels_;
  Protocol protocol_;
  bool keeps_images_;
  std::vector<OfLabel> by_label_;
  std::uint32_t images_ = 0;
  std::vector<Truths> truths_;  // of images, where they are kept
};

/// The labels that take part: by their ids, where all have one.
std::vector<int> evaluated_labels(const LabelMap& labels);
/// Which detections were found, or ignored, where objects of this area count, at this threshold.
constexpr std::size_t bit_of(std::size_t area, std::size_t threshold) {
  return area * kOverlapThresholds + threshold;
}
/// As numpy.linspace(0, 1, 101) gives them.
std::array<double, kRecallThresholds> recall_thresholds();

/// {AP, AP50, ..., classes: [{name, truths, detections, AP, ...}]}; undefined is null.
Json to_json(const CocoScores& scores, const LabelMap& labels);
/// For a terminal: the overall numbers, and a line a class; undefined is "-".
std::string to_table(const CocoScores& scores, const LabelMap& labels, std::string_view title);

}  // namespace maskmill
