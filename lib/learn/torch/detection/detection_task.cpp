// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "learn/torch/detection/detector.h"
#include "learn/torch/detection/objects.h"
#include "learn/torch/tasks.h"
#include "metrics/coco_evaluation.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

const DetectorArchitecture& architecture_of(const ModelCard& card) {
  return *detector_of(card.model);
}

class DetectionTask final : public Task {
 public:
  DetectionTask(Network network, const TrainSettings& settings, const ModelCard& card, torch::Device device,
                Precision precision)
      : Task(network),
        settings_(settings),
        card_(card),
        device_(device),
        precision_(precision),
        detector_(network, card.model.detector, architecture_of(card).masks) {}

  BatchKind batches() const override {
    return architecture_of(card_).masks ? BatchKind::objects : BatchKind::boxes;
  }
  bool draws() const override { return true; }

  Losses losses(const Batch& batch) override {
    return summed(detector_.losses(pictures_of(batch), objects_of(batch), precision_));
  }

  std::vector<std::string> loss_parts() const override { return detector_.loss_names(); }

  std::unique_ptr<Scoring> scoring(std::size_t keep) override;

 private:
  class ObjectScoring;

  static Losses summed(Detector::Losses parts) {
    Losses losses;
    for (const auto& [name, part] : parts) losses.total = losses.total.defined() ? losses.total + part : part;
    losses.parts = std::move(parts);
    return losses;
  }
  PictureBatch pictures_of(const Batch& batch) const {
    return picture_batch(batch.images.to(device_, /*non_blocking=*/true), batch.sizes, settings_.input);
  }
  std::vector<ObjectTargets> objects_of(const Batch& batch) const {
    std::vector<ObjectTargets> all;
    for (const ObjectTargets& objects : batch.objects) all.push_back(on_device(objects, device_));
    return all;
  }

  const TrainSettings& settings_;
  const ModelCard& card_;
  torch::Device device_;
  Precision precision_;
  Detector detector_;
};

class DetectionTask::ObjectScoring final : public Scoring {
 public:
  ObjectScoring(DetectionTask& task, std::size_t keep)
      : task_(task),
        keep_(keep),
        masks_(architecture_of(task.card_).masks),
        meter_(task.card_.classes, labels_by_name(), {}),
        of_boxes_(task.card_.classes, Protocol::coco),
        of_masks_(task.card_.classes, Protocol::coco),
        sum_(torch::zeros({}, torch::TensorOptions(task.device_).dtype(torch::kFloat64))) {
    // The loss draws anchors and regions: the same ones each time that this subset is scored.
    torch::manual_seed(
        Random{stable_hash("validation"), static_cast<std::uint64_t>(task.settings_.seed)}.next());
  }

  void add(const Batch& batch) override {
    const PictureBatch pictures = task_.pictures_of(batch);
    const auto [detections, loss] = [&] {
      const Autocast autocast(task_.device_, task_.precision_);
      const Detector::Seen seen = task_.detector_.see(pictures);
      return std::pair(task_.detector_.detect(seen, pictures),
                       summed(task_.detector_.losses(seen, pictures, task_.objects_of(batch))).total);
    }();
    sum_ += loss * batch.size();
    for (std::size_t i = 0; i < detections.size(); ++i) add(batch.objects[i], batch.sizes[i], detections[i]);
  }

  SubsetScores finish() override {
    found_.loss = sum_.item<double>() / static_cast<double>(samples_);
    if (masks_) add_scores("mask", of_masks_);
    add_scores("box", of_boxes_);
    return std::move(found_);
  }

 private:
  /// Both sides have the network's labels.
  std::vector<int> labels_by_name() const {
    std::vector<int> same(static_cast<std::size_t>(task_.card_.classes.size()));
    std::iota(same.begin(), same.end(), 0);
    return same;
  }

  void add(const ObjectTargets& objects, Size size, const Detections& detections) {
    Item truth, predicted;
    truth.size = predicted.size = size;
    truth.annotations = annotations_of(objects, size);
    predicted.annotations = annotations_of(detections, size, size, /*least_score=*/0);
    if (found_.first.size() < keep_) found_.first.push_back({{}, {}, sample_objects(predicted.annotations)});
    std::vector<OverlapKind> kinds{OverlapKind::bbox};
    if (masks_) kinds.push_back(OverlapKind::segm);
    std::vector<Finding> findings;
    const auto overlaps = meter_.measure(truth, &predicted, kinds, findings);
    of_boxes_.add(samples_, CocoEvaluation::matched(overlaps[0]));
    if (masks_) of_masks_.add(samples_, CocoEvaluation::matched(overlaps[1]));
    ++samples_;
  }

  void add_scores(const std::string& kind, const CocoEvaluation& evaluation) {
    const CocoScores scores = evaluation.scores(evaluation.curves());
    constexpr std::array<std::pair<std::string_view, const char*>, 2> kShown{
        {{"AP", "_ap"}, {"AP50", "_ap50"}}};
    for (const auto& [theirs, ours] : kShown)
      for (const auto& [name, value] : scores.overall)
        if (name == theirs) {
          if (!value)
            throw Error(Code::bad_value,
                        "no object of subset " + in_quotes(task_.settings_.val_subset) + " has a " + kind);
          found_.scores.emplace_back(kind + ours, *value);
        }
  }

  DetectionTask& task_;
  std::size_t keep_;
  bool masks_;
  OverlapMeter meter_;
  CocoEvaluation of_boxes_, of_masks_;
  Tensor sum_;
  std::int64_t samples_ = 0;
  SubsetScores found_;
};

std::unique_ptr<Task::Scoring> DetectionTask::scoring(std::size_t keep) {
  return std::make_unique<ObjectScoring>(*this, keep);
}

}  // namespace

std::unique_ptr<Task> make_detection_task(Network network, const TrainSettings& settings,
                                          const ModelCard& card, torch::Device device, Precision precision) {
  return std::make_unique<DetectionTask>(std::move(network), settings, card, device, precision);
}

}  // namespace maskmill::learn
