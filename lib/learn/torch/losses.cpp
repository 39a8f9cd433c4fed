// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/losses.h"

#include <algorithm>
#include <array>

namespace maskmill::learn {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

/// What the terms share: float32 scores, and the truth in the forms they need.
struct Problem {
  Tensor scores;   ///< (batch, classes, height, width)
  Tensor classes;  ///< (batch, height, width) int64
  Tensor known;    ///< (batch, 1, height, width) float32: 1, and 0 where ignored
  Tensor truth;    ///< of the scores' shape: 1 for the pixel's class, else 0; all 0 where ignored
  bool independent;
};

/// Softmax cross entropy.
Tensor ce(const Problem& problem) {
  const auto options = F::CrossEntropyFuncOptions().ignore_index(kIgnoredClass).reduction(torch::kSum);
  return F::cross_entropy(problem.scores, problem.classes, options) / problem.known.sum().clamp_min(1);
}

/// Binary cross entropy of a sigmoid each class against one class a pixel.
Tensor bce(const Problem& problem) {
  const auto options = F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kNone);
  const Tensor each = F::binary_cross_entropy_with_logits(problem.scores, problem.truth, options);
  const std::int64_t classes = problem.scores.size(1);
  return (each * problem.known).sum() / (problem.known.sum() * classes).clamp_min(1);
}

/// One less the mean over the classes of (2 sum p t + 1) / (sum p + sum t + 1), the sums over the whole
/// batch: soft Dice of Milletari, Navab and Ahmadi, "V-Net" (2016), without their squares.
Tensor dice(const Problem& problem) {
  const Tensor probabilities =
      (problem.independent ? problem.scores.sigmoid() : problem.scores.softmax(1)) * problem.known;
  constexpr std::array<std::int64_t, 3> kPixels{0, 2, 3};
  const Tensor both = (probabilities * problem.truth).sum(kPixels);
  const Tensor sum = probabilities.sum(kPixels) + problem.truth.sum(kPixels);
  // Without any known pixel each class's Dice is (0 + 1) / (0 + 1), and the loss 0.
  return 1 - ((2 * both + 1) / (sum + 1)).mean();
}

struct Term {
  LossKind kind;
  Tensor (*compute)(const Problem&);
};
constexpr std::array kTerms{Term{LossKind::ce, ce}, Term{LossKind::bce, bce}, Term{LossKind::dice, dice}};

Tensor compute(LossKind kind, const Problem& problem) {
  const auto* const term =
      std::find_if(kTerms.begin(), kTerms.end(), [&](const Term& each) { return each.kind == kind; });
  return term->compute(problem);
}

}  // namespace

Loss::Loss(const LossSettings& settings) {
  for (std::size_t i = 0; i < settings.terms.size(); ++i)
    terms_.push_back({loss_kind(settings.terms[i]), settings.weights.empty() ? 1.0 : settings.weights.at(i)});
  const auto has = [&](LossKind kind) {
    return std::any_of(terms_.begin(), terms_.end(),
                       [&](const WeightedTerm& term) { return term.kind == kind; });
  };
  independent_ = has(LossKind::bce) && !has(LossKind::ce);
}

Tensor Loss::operator()(const Tensor& scores, const Tensor& classes) const {
  Problem problem{scores.to(torch::kFloat32), classes, {}, {}, independent_};
  problem.known = classes.ne(kIgnoredClass).unsqueeze(1).to(torch::kFloat32);
  const Tensor numbers = torch::arange(scores.size(1), classes.options()).view({1, -1, 1, 1});
  problem.truth = classes.unsqueeze(1).eq(numbers).to(torch::kFloat32);
  Tensor sum = torch::zeros({}, problem.scores.options());
  for (const WeightedTerm& term : terms_) sum = sum + term.weight * compute(term.kind, problem);
  return sum;
}

}  // namespace maskmill::learn
