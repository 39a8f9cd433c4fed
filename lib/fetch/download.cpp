// SPDX-License-Identifier: Apache-2.0
#include "fetch/download.h"

#include <boost/filesystem.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/progress.h"
#include "fetch/partial_file.h"
#include "fetch/transfers.h"

namespace maskmill::fetch {
namespace {

/// Puts whole files into place on a thread of its own: that they are on disk is waited for while others come,
/// and of many small ones once for all that wait (measured: 1,000 files of 10 KB take a fifth of the time).
class Landing {
 public:
  struct Landed {
    Wanted wanted;
    DownloadResult result;
  };

  Landing() : thread_([this] { run(); }) {}
  ~Landing() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;

  /// Waits while very many do, since each holds a file open.
  void add(std::unique_ptr<PartialFile> part) {
    constexpr std::size_t kMost = 256;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_.size() < kMost; });
    waiting_.push_back(std::move(part));
    ++inside_;
    changed_.notify_all();
  }

  /// Those that are in place since the last call; with `all`, waits until all are.
  std::deque<Landed> take(bool all) {
    std::unique_lock lock(mutex_);
    if (all) changed_.wait(lock, [&] { return landed_.size() == inside_; });
    inside_ -= landed_.size();
    return std::exchange(landed_, {});
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return is_over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::deque<std::unique_ptr<PartialFile>> parts = std::exchange(waiting_, {});
      changed_.notify_all();
      lock.unlock();
      std::deque<Landed> landed = land(parts);
      parts.clear();
      lock.lock();
      for (Landed& one : landed) landed_.push_back(std::move(one));
      changed_.notify_all();
    }
  }

  static std::deque<Landed> land(const std::deque<std::unique_ptr<PartialFile>>& parts) {
    std::deque<Landed> landed;
    std::set<std::uint64_t> synced;  // file systems
    for (const auto& part : parts) {
      try {
        if (parts.size() == 1)
          part->sync();
        else if (synced.insert(part->file_system()).second)
          part->sync_file_system();
        landed.push_back({part->wanted(), part->become_target()});
      } catch (const Error& error) {
        landed.push_back({part->wanted(), error});
      }
    }
    return landed;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<PartialFile>> waiting_;
  std::deque<Landed> landed_;
  std::size_t inside_ = 0;
  bool is_over_ = false;
  std::thread thread_;
};

class Downloads {
 public:
  Downloads(const std::function<std::optional<Wanted>()>& next,
            const std::function<void(const Wanted&, const DownloadResult&)>& done, const Access& access)
      : next_(next), done_(done), access_(access) {}

  void run() {
    run_transfers(
        [this] { return next_transfer(); },
        [this](Transfer transfer, std::optional<Error> error) { end(std::move(transfer), std::move(error)); },
        [this] { report(landing_.take(false)); }, access_);
    report(landing_.take(true));
  }

 private:
  NextTransfer next_transfer() {
    for (;;) {
      std::optional<Wanted> wanted = next_wanted();
      if (!wanted) break;
      if (!targets_.insert(wanted->target.string()).second)
        throw Error(Code::usage, "two files are to be called so").at_file(wanted->target);
      if (std::optional<NextTransfer> transfer = begin(*wanted)) return std::move(*transfer);
    }
    return {held_.empty() ? NextTransfer::Kind::end : NextTransfer::Kind::later};
  }

  /// Those that others hold are looked at again when there are no more, and then only once a round.
  std::optional<Wanted> next_wanted() {
    if (!is_over_) {
      if (std::optional<Wanted> wanted = next_()) return wanted;
      is_over_ = true;
    }
    if (held_.empty() || looked_at_ >= held_.size()) {
      looked_at_ = 0;
      return std::nullopt;
    }
    ++looked_at_;
    Wanted wanted = std::move(held_.front());
    held_.pop_front();
    targets_.erase(wanted.target.string());
    return wanted;
  }

  std::optional<NextTransfer> begin(const Wanted& wanted) {
    std::unique_ptr<PartialFile> part;
    const auto is_there = [&] { return !wanted.replace && fs::exists(wanted.target); };
    if (!access_.offline || !is_there()) {
      if (access_.offline) asked_for(wanted.url, access_);  // which throws
      part = PartialFile::take(wanted);
      if (!part) {
        hold(wanted);
        return std::nullopt;
      }
    }
    if (is_there()) {
      if (part) part->remove();
      finish(wanted, verified(wanted));
      return std::nullopt;
    }
    NextTransfer next{NextTransfer::Kind::transfer};
    next.transfer.emplace(Transfer{wanted.url, std::move(part)});
    return next;
  }

  void hold(const Wanted& wanted) {
    if (said_.insert(wanted.target.string()).second)
      notice("waits for another process that downloads " + wanted.url.printable());
    held_.push_back(wanted);
  }

  static DownloadResult verified(const Wanted& wanted) {
    try {
      std::string sha256 = sha256_of_known(wanted.target, wanted.checksums, wanted.target.string());
      return Downloaded{fs::file_size(wanted.target), std::move(sha256)};
    } catch (Error& error) {
      if (error.code() == Code::interrupted) throw;
      return error.hint("delete it, and it is downloaded again");
    }
  }

  void end(Transfer transfer, std::optional<Error> error) {
    std::unique_ptr<PartialFile> part(static_cast<PartialFile*>(transfer.receiver.release()));
    if (!error) return landing_.add(std::move(part));
    if (error->code() == Code::bad_format) part->remove();
    const Wanted wanted = part->wanted();
    part.reset();
    finish(wanted, *error);
  }

  void report(const std::deque<Landing::Landed>& all) {
    for (const Landing::Landed& landed : all) finish(landed.wanted, landed.result);
  }

  void finish(const Wanted& wanted, const DownloadResult& result) {
    targets_.erase(wanted.target.string());
    if (const auto* error = std::get_if<Error>(&result); error && error->code() == Code::write_failed)
      throw *error;
    done_(wanted, result);
  }

  const std::function<std::optional<Wanted>()>& next_;
  const std::function<void(const Wanted&, const DownloadResult&)>& done_;
  const Access& access_;
  std::set<std::string> targets_;  ///< on their way
  std::set<std::string> said_;
  std::deque<Wanted> held_;  ///< by other processes
  std::size_t looked_at_ = 0;
  bool is_over_ = false;
  Landing landing_;
};

}  // namespace

void download_all(const std::function<std::optional<Wanted>()>& next,
                  const std::function<void(const Wanted&, const DownloadResult&)>& done,
                  const Access& access) {
  Downloads(next, done, access).run();
}

Downloaded download(const Wanted& wanted, const Access& access) {
  bool is_given = false;
  std::optional<DownloadResult> ended;
  download_all([&] { return std::exchange(is_given, true) ? std::nullopt : std::optional(wanted); },
               [&](const Wanted&, const DownloadResult& result) { ended = result; }, access);
  if (const auto* error = std::get_if<Error>(&ended.value())) throw *error;
  return std::get<Downloaded>(*ended);
}

}  // namespace maskmill::fetch
