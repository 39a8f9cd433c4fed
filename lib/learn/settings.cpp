// SPDX-License-Identifier: Apache-2.0
#include "learn/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace maskmill::learn {
namespace {

Error refused(const std::string& key, const std::string& message) {
  return Error(Code::usage, message).at_field(key);
}

void require_multiple(const std::string& key, int side, int multiple) {
  if (side > 0 && side % multiple == 0) return;
  const int below = side / multiple * multiple;
  throw refused(key, fmt::format("this network takes multiples of {}; found {}", multiple, side))
      .hint(below > 0 ? fmt::format("{} and {} are nearest", below, below + multiple)
                      : fmt::format("the smallest is {}", multiple));
}

void require_three(const std::string& key, const std::vector<double>& values) {
  if (values.size() != 3)
    throw refused(key, fmt::format("needs three numbers, for red, green and blue; found {}", values.size()));
  for (const double value : values)
    if (!std::isfinite(value)) throw refused(key, fmt::format("found {} among the numbers", value));
}

void validate(const LossSettings& loss) {
  if (loss.terms.empty()) throw refused("loss.terms", "names no loss; ce, bce or dice are needed");
  for (const std::string& term : loss.terms) loss_kind(term);
  if (std::set(loss.terms.begin(), loss.terms.end()).size() != loss.terms.size())
    throw refused("loss.terms", "names a term twice: " + joined(loss.terms, ","))
        .hint("give it a weight instead: loss.weights");
  if (loss.weights.empty()) return;
  if (loss.weights.size() != loss.terms.size())
    throw refused("loss.weights",
                  fmt::format("needs one number a term: {} for {}; found {}", loss.terms.size(),
                              joined(loss.terms, ","), loss.weights.size()));
  for (const double weight : loss.weights)
    if (!(weight > 0) || !std::isfinite(weight))
      throw refused("loss.weights", fmt::format("needs numbers above 0; found {}", weight));
}

}  // namespace

void validate(const ModelSettings& model, const InputSettings& input) {
  constexpr int colours = 3, classes = 2;  // any number of classes takes the same input
  try {
    const Graph graph = build(model, colours, classes);
    require_multiple("input.width", input.width, graph.size_multiple());
    require_multiple("input.height", input.height, graph.size_multiple());
  } catch (Error& error) {
    throw std::move(error.at_field("model.name"));
  }
  require_three("input.mean", input.mean);
  require_three("input.std", input.std);
  for (const double value : input.std)
    if (!(value > 0)) throw refused("input.std", fmt::format("is divided by, so above 0; found {}", value));
}

void validate(const TrainSettings& settings) {
  validate(settings.model, settings.input);
  validate(settings.loss);
  if (!(settings.optimizer.beta1 < 1)) throw refused("optimizer.beta1", "must be below 1");
  if (!(settings.optimizer.beta2 < 1)) throw refused("optimizer.beta2", "must be below 1");
  validate(settings.augment);
}

LossKind loss_kind(const std::string& term) {
  const auto& names = enum_names<LossKind>;
  const auto found = std::find(names.begin(), names.end(), term);
  if (found == names.end())
    throw refused("loss.terms", in_quotes(term) + " is no loss; there are: " +
                                    joined(std::vector<std::string>(names.begin(), names.end()), ", "));
  return static_cast<LossKind>(found - names.begin());
}

}  // namespace maskmill::learn
