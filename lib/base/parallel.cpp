// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_pipeline.h>

#include <csignal>
#include <opencv2/core/utility.hpp>
#include <utility>
#include <vector>

#include "base/error.h"

namespace maskmill {
namespace {

volatile std::sig_atomic_t signalled = 0;

void on_signal(int number) {
  if (signalled) {
    std::signal(number, SIG_DFL);
    std::raise(number);
  }
  signalled = 1;
}

}  // namespace

int available_cores() {
  return tbb::info::default_concurrency();
}

struct Jobs::State {
  explicit State(int threads)
      : control(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)) {}
  tbb::global_control control;
};

Jobs::Jobs(int jobs) : count_(jobs > 0 ? jobs : available_cores()) {
  state_ = std::make_unique<State>(count_);
  cv::setNumThreads(1);
}

Jobs::~Jobs() = default;

namespace detail {
namespace {

// TBB's library is not built for ThreadSanitizer, which does not see it hand things from thread to thread:
// what one did before give() another sees after take() of the same address.
#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
void give(const void* address) {
  __tsan_release(const_cast<void*>(address));
}
void take(const void* address) {
  __tsan_acquire(const_cast<void*>(address));
}
#else
void give(const void*) {}
void take(const void*) {}
#endif

/// Calls a function at its end.
template <class Function>
class Scope {
 public:
  explicit Scope(Function at_end) : at_end_(std::move(at_end)) {}
  ~Scope() { at_end_(); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Function at_end_;
};

}  // namespace

void run_ordered(const std::function<std::shared_ptr<void>()>& read,
                 const std::function<std::shared_ptr<void>(std::shared_ptr<void>)>& work,
                 const std::function<void(std::shared_ptr<void>)>& write) {
  const std::size_t threads = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
  // A few items a thread keep everyone busy while the writer waits for the next in order; more would only
  // hold memory.
  const std::size_t most = 2 * threads + 2;
  // What travels are pointers to values kept here: when an exception ends the pipeline, TBB drops what waits
  // between two filters without destroying it. Values leave in the order in which they came, so those in
  // flight are consecutive, and no two share a slot.
  using Slot = std::shared_ptr<void>;
  std::vector<Slot> slots(most);
  std::size_t next = 0;
  give(&read);
  give(&write);
  const Scope taken([&] {  // also where an exception ends the pipeline
    take(&read);
    take(&write);
    for (const Slot& slot : slots) take(&slot);
  });
  const auto read_next = [&](tbb::flow_control& flow) {
    throw_if_interrupted();
    take(&read);
    Slot* slot = &slots[next++ % most];
    take(slot);
    const Scope given([&] { give(slot), give(&read); });
    *slot = read();
    if (!*slot) flow.stop();
    return slot;
  };
  const auto work_on = [&](Slot* slot) {
    take(slot);
    const Scope given([&] { give(slot); });
    *slot = work(std::move(*slot));
    return slot;
  };
  const auto write_out = [&](Slot* slot) {
    take(slot), take(&write);
    const Scope given([&] { give(slot), give(&write); });
    write(std::move(*slot));
  };
  using tbb::filter_mode;
  tbb::parallel_pipeline(most, tbb::make_filter<void, Slot*>(filter_mode::serial_in_order, read_next) &
                                   tbb::make_filter<Slot*, Slot*>(filter_mode::parallel, work_on) &
                                   tbb::make_filter<Slot*, void>(filter_mode::serial_in_order, write_out));
}

}  // namespace detail

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) {
  detail::give(&body);
  const detail::Scope taken([&] { detail::take(&body); });
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    throw_if_interrupted();
    detail::take(&body);
    const detail::Scope given([&] { detail::give(&body); });
    body(i);
  });
}

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  return signalled != 0;
}

void throw_if_interrupted() {
  if (signalled) throw Error(Code::interrupted, "interrupted; nothing was left half written");
}

}  // namespace maskmill
