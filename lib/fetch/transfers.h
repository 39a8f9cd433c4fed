// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "fetch/access.h"
#include "fetch/answer.h"
#include "fetch/url.h"

namespace maskmill::fetch {

/// Where the bytes of a transfer go.
class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Bytes that are there already, and of which state of the server's file they are.
  virtual std::uint64_t size() const = 0;
  virtual const FileState& state() const = 0;
  /// What is there is of no use; what comes now is of this state. Throws where it cannot be taken back.
  virtual void begin_again(const FileState& state) = 0;
  /// False where no more is wanted.
  virtual bool append(std::string_view bytes) = 0;
  /// All bytes have come. Why they have to come again, or nothing. Throws where that would be no use.
  virtual std::optional<std::string> whole() { return std::nullopt; }
};

/// One file, or a part of one.
struct Transfer {
  Url url;
  std::unique_ptr<Receiver> receiver;
  /// Of the file; else all of it.
  std::optional<std::uint64_t> first{}, count{};
  bool or_whole = false;   ///< the server may answer with the whole file, or with none where that is empty
  std::size_t number = 0;  ///< of whoever asks
};

/// What whoever asks has next: a transfer; or one only later, when another process has let go of a file; or
/// no more.
struct NextTransfer {
  enum class Kind { transfer, later, end } kind = Kind::end;
  std::optional<Transfer> transfer{};
};

/// Runs transfers, Access::transfers at once, with their retries, over libcurl's multi interface. `next`
/// gives them, and `ended` has each back, with what went wrong if something did: an Error is of this transfer
/// and of the codes that download() names. Both run on the calling thread; what they throw, and an
/// interruption, ends all. `idle` runs a few times a second.
void run_transfers(const std::function<NextTransfer()>& next,
                   const std::function<void(Transfer, std::optional<Error>)>& ended,
                   const std::function<void()>& idle, const Access& access);

Error interrupted_download();

}  // namespace maskmill::fetch
