// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/losses.h"

#include <algorithm>
#include <array>

#include "learn/torch/deterministic.h"

namespace maskmill::learn {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

constexpr std::array<std::int64_t, 3> kPixels{0, 2, 3};

/// What the terms share, computed when the first of them asks.
class Problem {
 public:
  Problem(const LossSettings& of, const Tensor& any_scores, const Tensor& numbers, const Tensor& weights)
      : settings(of),
        independent(is_independent(of)),
        scores(any_scores.to(torch::kFloat32)),
        classes(numbers),
        known(numbers.ne(kIgnoredClass).unsqueeze(1).to(torch::kFloat32)),
        class_weights(weights) {}

  const LossSettings& settings;
  const bool independent;
  const Tensor scores;         ///< (batch, classes, height, width) float32
  const Tensor classes;        ///< (batch, height, width) int64
  const Tensor known;          ///< (batch, 1, height, width) float32: 1, and 0 where ignored
  const Tensor class_weights;  ///< (classes) float32, or undefined

  /// Of the scores' shape: 1 for the pixel's class, else 0; all 0 where ignored.
  const Tensor& truth() {
    if (!truth_.defined()) {
      const Tensor numbers = torch::arange(scores.size(1), classes.options()).view({1, -1, 1, 1});
      truth_ = classes.unsqueeze(1).eq(numbers).to(torch::kFloat32);
    }
    return truth_;
  }

  struct Overlap {
    Tensor both, predicted, true_pixels;  ///< (classes) each, sums over the batch's known pixels
  };
  const Overlap& overlap() {
    if (!overlap_.both.defined()) {
      const Tensor probabilities = (independent ? scores.sigmoid() : scores.softmax(1)) * known;
      overlap_ = {(probabilities * truth()).sum(kPixels), probabilities.sum(kPixels), truth().sum(kPixels)};
    }
    return overlap_;
  }

  Tensor mean_over_classes(const Tensor& of_each) const {
    if (!class_weights.defined()) return of_each.mean();
    return (of_each * class_weights).sum() / class_weights.sum();
  }

  /// Of losses (batch, height, width) that are 0 where ignored.
  Tensor mean_over_pixels(const Tensor& of_each) const {
    if (!class_weights.defined()) return of_each.sum() / known.sum().clamp_min(1);
    const Tensor weights = class_weights.index({classes.clamp_min(0)}) * known.squeeze(1);
    const Tensor sum = weights.sum();
    return (of_each * weights).sum() / torch::where(sum > 0, sum, torch::ones_like(sum));
  }

  /// Of losses of the scores' shape, of which those of ignored pixels do not count.
  Tensor mean_over_both(const Tensor& of_each) const {
    return mean_over_classes((of_each * known).sum(kPixels) / known.sum().clamp_min(1));
  }

 private:
  Tensor truth_;
  Overlap overlap_;
};

Tensor cross_entropy_of_each(Problem& problem) {
  if (needs_deterministic(problem.scores)) return cross_entropy_by_products(problem.scores, problem.truth());
  const auto options = F::CrossEntropyFuncOptions().ignore_index(kIgnoredClass).reduction(torch::kNone);
  return F::cross_entropy(problem.scores, problem.classes, options);
}

Tensor binary_cross_entropy_of_each(Problem& problem) {
  const auto options = F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kNone);
  return F::binary_cross_entropy_with_logits(problem.scores, problem.truth(), options);
}

Tensor ce(Problem& problem) {
  return problem.mean_over_pixels(cross_entropy_of_each(problem));
}

Tensor bce(Problem& problem) {
  return problem.mean_over_both(binary_cross_entropy_of_each(problem));
}

Tensor focal(Problem& problem) {
  const auto focused = [&](const Tensor& losses) {
    // Below 1, the power's slope at 0 is infinite, and that times 0 no number.
    constexpr double kLeast = 1e-6;
    return (1 - torch::exp(-losses)).clamp_min(kLeast).pow(problem.settings.focal_gamma) * losses;
  };
  return problem.independent ? problem.mean_over_both(focused(binary_cross_entropy_of_each(problem)))
                             : problem.mean_over_pixels(focused(cross_entropy_of_each(problem)));
}

/// One less (both + smooth) / (outer + smooth).
Tensor overlap_loss(const Problem& problem, const Problem::Overlap& overlap, const Tensor& outer) {
  constexpr double kLeast = 1e-7;  // as segmentation_models_pytorch has it
  const double smooth = problem.settings.smooth;
  const Tensor of_each = 1 - (overlap.both + smooth) / (outer + smooth).clamp_min(kLeast);
  return problem.mean_over_classes(of_each * overlap.true_pixels.gt(0));
}

Tensor dice(Problem& problem) {
  const Problem::Overlap& overlap = problem.overlap();
  return overlap_loss(problem, overlap, (overlap.predicted + overlap.true_pixels) / 2);
}

Tensor jaccard(Problem& problem) {
  const Problem::Overlap& overlap = problem.overlap();
  return overlap_loss(problem, overlap, overlap.predicted + overlap.true_pixels - overlap.both);
}

struct Term {
  LossKind kind;
  Tensor (*compute)(Problem&);
};
constexpr std::array kTerms{Term{LossKind::ce, ce}, Term{LossKind::bce, bce}, Term{LossKind::dice, dice},
                            Term{LossKind::jaccard, jaccard}, Term{LossKind::focal, focal}};

Tensor compute(LossKind kind, Problem& problem) {
  const auto* const term = std::ranges::find(kTerms, kind, &Term::kind);
  return term->compute(problem);
}

}  // namespace

Loss::Loss(const LossSettings& settings, const std::vector<double>& class_weights) : settings_(settings) {
  for (std::size_t i = 0; i < settings.terms.size(); ++i)
    terms_.push_back({loss_kind(settings.terms[i]), settings.weights.empty() ? 1.0 : settings.weights.at(i)});
  if (!class_weights.empty()) class_weights_ = torch::tensor(class_weights, torch::kFloat32);
}

Tensor Loss::operator()(const Tensor& scores, const Tensor& classes) const {
  Problem problem(settings_, scores, classes,
                  class_weights_.defined() ? class_weights_.to(scores.device()) : class_weights_);
  Tensor sum = torch::zeros({}, problem.scores.options());
  for (const WeightedTerm& term : terms_) sum = sum + term.weight * compute(term.kind, problem);
  return sum;
}

}  // namespace maskmill::learn
