// SPDX-License-Identifier: Apache-2.0
#include "learn/torch/loader.h"

#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <opencv2/core.hpp>
#include <utility>

#include "base/error.h"
#include "learn/torch/detection/objects.h"

namespace maskmill::learn {
namespace {

using Clock = std::chrono::steady_clock;

/// Copies the rows of `pixels` into the top left of a picture that lies at `to`, and fills the rest with 0.
void copy_pixels(const cv::Mat& pixels, void* to, Size size) {
  cv::Mat destination(size.height, size.width, pixels.type(), to);
  pixels.copyTo(destination(cv::Rect({0, 0}, pixels.size())));
  if (pixels.cols < size.width)
    destination(cv::Rect(pixels.cols, 0, size.width - pixels.cols, pixels.rows)).setTo(cv::Scalar::all(0));
  if (pixels.rows < size.height)
    destination(cv::Rect(0, pixels.rows, size.width, size.height - pixels.rows)).setTo(cv::Scalar::all(0));
}

/// A batch on its way. Its tasks write into the tensors' memory, each at its own place.
struct Pending {
  Batch batch;
  tbb::task_group tasks;
};

}  // namespace

std::vector<std::vector<std::size_t>> in_batches(const std::vector<std::size_t>& order, int batch_size) {
  const auto largest = static_cast<std::size_t>(batch_size);
  const std::size_t count = (order.size() + largest - 1) / largest;
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t i = 0; i < count; ++i)
    batches.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(order.size() * i / count),
                         order.begin() + static_cast<std::ptrdiff_t>(order.size() * (i + 1) / count));
  return batches;
}

std::vector<std::vector<std::size_t>> in_batches_of_shape(const std::vector<std::size_t>& order,
                                                          const std::vector<int>& shape_of, int batch_size) {
  if (std::ranges::all_of(order, [&](std::size_t i) { return shape_of[i] == shape_of[order.front()]; }))
    return in_batches(order, batch_size);
  std::vector<std::vector<std::size_t>> batches;
  std::map<int, std::vector<std::size_t>> gathered;
  for (const std::size_t index : order) {
    std::vector<std::size_t>& alike = gathered[shape_of[index]];
    alike.push_back(index);
    if (alike.size() == static_cast<std::size_t>(batch_size)) batches.push_back(std::exchange(alike, {}));
  }
  std::vector<std::size_t> left;
  for (const auto& [shape, alike] : gathered) left.insert(left.end(), alike.begin(), alike.end());
  if (left.size() == 1 && batch_size > 2) {
    left.insert(left.begin(), batches.back().begin(), batches.back().end());
    batches.pop_back();
  }
  for (std::vector<std::size_t>& batch : in_batches(left, batch_size)) batches.push_back(std::move(batch));
  return batches;
}

struct Loader::State {
  const SampleStore& store;
  LoaderOptions options;
  tbb::task_arena arena;
  std::vector<std::vector<std::size_t>> batches;
  std::size_t next_to_begin = 0;
  int epoch = 0;
  std::deque<std::unique_ptr<Pending>> pending;
  Clock::duration waited{};

  State(const SampleStore& from, LoaderOptions with) : store(from), options(std::move(with)) {}

  ~State() { cancel(); }

  void cancel() {
    arena.execute([this] {
      for (const auto& each : pending) {
        each->tasks.cancel();
        try {
          each->tasks.wait();
        } catch (...) {
          // Nobody asked for this batch, so its error is nobody's.
          continue;
        }
      }
    });
    pending.clear();
  }

  Sample prepared(std::size_t index, int in_epoch) const {
    Sample sample = store.load(index);
    augment(sample, options.augment, options.seed, in_epoch, index, store.network_bounds());
    return sample;
  }

  void begin(const std::vector<std::size_t>& samples) {
    const auto count = static_cast<std::int64_t>(samples.size());
    const auto memory = torch::TensorOptions().pinned_memory(options.pinned);
    auto starting = std::make_unique<Pending>();
    Batch& batch = starting->batch;
    for (const std::size_t index : samples) batch.sizes.push_back(store.network_size(index));
    // Samples of masks are of one size.
    const Size size = options.kind == BatchKind::classes ? batch.sizes.front() : padded_size(batch.sizes);
    batch.images = torch::empty({count, size.height, size.width, 3}, memory.dtype(torch::kUInt8));
    std::int16_t* classes = nullptr;
    if (options.kind == BatchKind::classes) {
      batch.classes = torch::empty({count, size.height, size.width}, memory.dtype(torch::kInt16));
      classes = batch.classes.mutable_data_ptr<std::int16_t>();
    } else {
      batch.objects.resize(samples.size());
    }
    auto* images = batch.images.mutable_data_ptr<std::uint8_t>();
    arena.execute([&] {
      for (std::size_t i = 0; i < samples.size(); ++i) {
        ObjectTargets* objects = classes ? nullptr : &batch.objects[i];
        starting->tasks.run([this, index = samples[i], images, classes, objects, size] {
          Sample sample = prepared(index, epoch);
          copy_pixels(sample.image, images, size);
          if (classes) copy_pixels(sample.mask, classes, size);
          if (objects) *objects = targets_of(sample, options.kind == BatchKind::objects);
        });
        images += size.area() * 3;
        if (classes) classes += size.area();
      }
    });
    pending.push_back(std::move(starting));
  }
};

Loader::Loader(const SampleStore& store, LoaderOptions options)
    : state_(std::make_unique<State>(store, std::move(options))) {}

Loader::~Loader() = default;

void Loader::start(std::vector<std::vector<std::size_t>> batches, int epoch) {
  state_->cancel();
  state_->batches = std::move(batches);
  state_->next_to_begin = 0;
  state_->epoch = epoch;
  state_->waited = {};
}

std::optional<Batch> Loader::next() {
  const Clock::time_point before = Clock::now();
  State& state = *state_;
  const auto most = static_cast<std::size_t>(state.options.ahead) + 1;
  while (state.pending.size() < most && state.next_to_begin < state.batches.size())
    state.begin(state.batches[state.next_to_begin++]);
  if (state.pending.empty()) return std::nullopt;
  const std::unique_ptr<Pending> first = std::move(state.pending.front());
  state.pending.pop_front();
  state.arena.execute([&] { first->tasks.wait(); });
  state.waited += Clock::now() - before;
  return std::move(first->batch);
}

Sample Loader::sample(std::size_t index, int epoch) const {
  return state_->prepared(index, epoch);
}

double Loader::waited_seconds() const {
  return std::chrono::duration<double>(state_->waited).count();
}

}  // namespace maskmill::learn
