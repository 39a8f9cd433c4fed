// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "learn/augment.h"
#include "learn/torch/detection/roi_heads.h"
#include "learn/torch/sample_store.h"

namespace maskmill::learn {

/// Samples side by side, on CPU.
struct Batch {
  torch::Tensor
      images;  ///< (batch, height, width, 3) uint8 RGB; 0 right of and below a sample that is smaller
  std::vector<Size> sizes;             ///< of the samples
  torch::Tensor classes;               ///< (batch, height, width) int16 class numbers, or kIgnoredClass
  std::vector<ObjectTargets> objects;  ///< of detectors, in place of classes
  std::int64_t size() const { return images.size(0); }
};

/// `order` in pieces of `batch_size`, or of a little less, so that all differ by one at most: no sample is
/// dropped, and none is left alone in a last batch, of which BatchNorm would learn nonsense, but where
/// batches are of two.
std::vector<std::vector<std::size_t>> in_batches(const std::vector<std::size_t>& order, int batch_size);

/// The same with samples of one shape together as far as whole batches go; what is left over of each comes
/// last, with the last whole batch where it is a single sample. As many batches as in_batches() makes.
/// `shape_of`: of every sample.
std::vector<std::vector<std::size_t>> in_batches_of_shape(const std::vector<std::size_t>& order,
                                                          const std::vector<int>& shape_of, int batch_size);

/// What samples become beside their images.
enum class BatchKind {
  classes,  ///< Batch::classes; all samples are of one size
  objects,  ///< Batch::objects; sides are multiples of 32
  boxes     ///< the same without the objects' masks
};

struct LoaderOptions {
  BatchKind kind = BatchKind::classes;
  AugmentSettings augment;
  std::uint64_t seed = 0;
  int ahead = 4;        ///< batches prepared before they are asked for
  bool pinned = false;  ///< in memory that a GPU copies from without waiting
};

/// Prepares batches ahead of the trainer on the threads of the current Jobs. What a batch holds depends on
/// (seed, epoch, sample) alone, not on threads.
class Loader {
 public:
  /// `store` must outlive the loader.
  Loader(const SampleStore& store, LoaderOptions options);
  ~Loader();

  /// Begins an epoch; what is left of the former is let go.
  void start(std::vector<std::vector<std::size_t>> batches, int epoch);

  /// The next batch, or nothing at the end of the epoch. The caller's thread helps while it waits. Throws
  /// what reading a sample throws.
  std::optional<Batch> next();

  /// One sample as it is in that epoch's batches.
  Sample sample(std::size_t index, int epoch) const;

  /// Seconds that next() took since start().
  double waited_seconds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace maskmill::learn
