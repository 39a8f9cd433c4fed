// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace maskmill {

/// Cores this process may use; what `--jobs 0` means.
int available_cores();

/// Held for the length of a command: bounds TBB to `jobs` threads (0: all cores) and switches OpenCV's own
/// off.
class Jobs {
 public:
  explicit Jobs(int jobs);
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;
  int count() const { return count_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  int count_;
};

namespace detail {
/// `read` returns null at the end.
void run_ordered(const std::function<std::shared_ptr<void>()>& read,
                 const std::function<std::shared_ptr<void>(std::shared_ptr<void>)>& work,
                 const std::function<void(std::shared_ptr<void>)>& write);
}  // namespace detail

/// Reads in order, works in parallel, writes in order: the result does not depend on the number of threads.
/// `read()` returns an optional, empty at the end; `work(value)` runs on any thread; `write(result)` on one
/// at a time. An exception of any stage ends the pipeline and is thrown here. ctrl-C throws
/// Error(interrupted) between items.
template <class Read, class Work, class Write>
void ordered_pipeline(Read&& read, Work&& work, Write&& write) {
  using In = typename std::invoke_result_t<Read&>::value_type;
  using Out = std::invoke_result_t<Work&, In&&>;
  detail::run_ordered(
      [&]() -> std::shared_ptr<void> {
        std::optional<In> value = read();
        return value ? std::make_shared<In>(std::move(*value)) : nullptr;
      },
      [&](const std::shared_ptr<void>& token) -> std::shared_ptr<void> {
        return std::make_shared<Out>(work(std::move(*static_cast<In*>(token.get()))));
      },
      [&](const std::shared_ptr<void>& token) { write(std::move(*static_cast<Out*>(token.get()))); });
}

/// body(i) for i in [0, count), on all threads of the current Jobs.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

/// Makes ctrl-C and SIGTERM set a flag, so that outputs are cleaned up; the second signal ends the process at
/// once.
void catch_interrupts();
bool interrupted();
/// Throws Error(interrupted) if a signal came.
void throw_if_interrupted();

}  // namespace maskmill
