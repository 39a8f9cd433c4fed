// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/text.h"
#include "learn/torch/input.h"
#include "learn/torch/losses.h"
#include "learn/torch/tasks.h"
#include "metrics/confusion.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;

cv::Mat mask_of(const Tensor& numbers) {
  return cv::Mat(static_cast<int>(numbers.size(0) * numbers.size(1)), static_cast<int>(numbers.size(2)),
                 CV_16UC1, numbers.data_ptr());
}

class SemanticTask final : public Task {
 public:
  SemanticTask(Network network, const TrainSettings& settings, const ModelCard& card,
               const ClassPixels& class_pixels, torch::Device device, Precision precision)
      : Task(std::move(network)),
        settings_(settings),
        classes_(card.classes.size()),
        device_(device),
        precision_(precision),
        input_(settings.input, device),
        loss_(settings.loss, class_weights(settings.loss, class_pixels, static_cast<std::size_t>(classes_))),
        drops_out_(std::ranges::any_of(network_->graph().nodes(), [](const Node& node) {
          return std::holds_alternative<Dropout>(node.layer);
        })) {}

  BatchKind batches() const override { return BatchKind::classes; }
  bool draws() const override { return drops_out_; }

  Losses losses(const Batch& batch) override {
    const Tensor classes = classes_of(batch);
    const auto outputs = forward(batch);
    Tensor loss = loss_(outputs.at("out"), classes);
    if (const auto aux = outputs.find("aux"); aux != outputs.end())
      loss = loss + settings_.loss.aux_weight * loss_(aux->second, classes);
    return {loss, {}};
  }

  std::unique_ptr<Scoring> scoring(std::size_t keep) override;

 private:
  class MaskScoring;

  Tensor classes_of(const Batch& batch) const {
    return batch.classes.to(device_, /*non_blocking=*/true).to(torch::kInt64);
  }
  std::map<std::string, Tensor> forward(const Batch& batch) {
    const Tensor input = input_(batch.images);
    const Autocast autocast(device_, precision_);
    return network_->forward(input);
  }

  const TrainSettings& settings_;
  int classes_;
  torch::Device device_;
  Precision precision_;
  NetworkInput input_;
  Loss loss_;
  bool drops_out_;
};

class SemanticTask::MaskScoring final : public Scoring {
 public:
  MaskScoring(SemanticTask& task, std::size_t keep)
      : task_(task),
        keep_(keep),
        matrix_(task.classes_),
        sum_(torch::zeros({}, torch::TensorOptions(task.device_).dtype(torch::kFloat64))) {}

  void add(const Batch& batch) override {
    const Tensor scores = task_.forward(batch).at("out");
    sum_ += task_.loss_(scores, task_.classes_of(batch)) * batch.size();
    samples_ += batch.size();
    const Tensor chosen = scores.argmax(1).to(torch::kInt16).cpu().contiguous();
    matrix_.add(mask_of(chosen), mask_of(batch.classes));
    for (std::int64_t i = 0; i < batch.size() && found_.first.size() < keep_; ++i)
      found_.first.push_back({{}, mask_of(chosen.narrow(0, i, 1)).clone(), {}});
  }

  SubsetScores finish() override {
    const SemanticScores scores = maskmill::scores_of(matrix_);
    if (!scores.mean_dice || !scores.mean_iou || !scores.pixel_accuracy)
      throw Error(Code::bad_value,
                  "no pixel of subset " + in_quotes(task_.settings_.val_subset) + " has a label");
    found_.loss = sum_.item<double>() / static_cast<double>(samples_);
    found_.scores = {{"mean_dice", *scores.mean_dice},
                     {"mean_iou", *scores.mean_iou},
                     {"pixel_accuracy", *scores.pixel_accuracy}};
    return std::move(found_);
  }

 private:
  SemanticTask& task_;
  std::size_t keep_;
  ConfusionMatrix matrix_;
  Tensor sum_;
  std::int64_t samples_ = 0;
  SubsetScores found_;
};

std::unique_ptr<Task::Scoring> SemanticTask::scoring(std::size_t keep) {
  return std::make_unique<MaskScoring>(*this, keep);
}

}  // namespace

std::unique_ptr<Task> make_semantic_task(Network network, const TrainSettings& settings,
                                         const ModelCard& card, const ClassPixels& class_pixels,
                                         torch::Device device, Precision precision) {
  return std::make_unique<SemanticTask>(std::move(network), settings, card, class_pixels, device, precision);
}

}  // namespace maskmill::learn
