// SPDX-License-Identifier: Apache-2.0
#include "fetch/remote_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "fetch/transfers.h"

namespace maskmill::fetch {
namespace {

Error became_another(const Url& url) {
  return Error(Code::unreadable, url.printable() + " became another file while it was read")
      .hint("start again");
}

/// Only what the headers say.
class Headers : public Receiver {
 public:
  explicit Headers(FileState& state) : state_(state) {}
  std::uint64_t size() const override { return size_; }
  const FileState& state() const override { return none_; }
  void begin_again(const FileState& state) override { state_ = state; }
  bool append(std::string_view bytes) override {
    size_ += bytes.size();
    return size_ <= 1;  // more is the whole file
  }

 private:
  FileState& state_;
  FileState none_;
  std::uint64_t size_ = 0;
};

/// Bytes that are handed on, and cannot be taken back.
class Stream : public Receiver {
 public:
  Stream(const Url& url, const std::function<void(std::string_view)>& take, std::vector<Checksum> known)
      : url_(url), take_(take), known_(std::move(known)), sums_(known_) {}

  std::uint64_t size() const override { return size_; }
  const FileState& state() const override { return state_; }
  void begin_again(const FileState& state) override {
    if (size_ > 0)
      throw state_.can_be_continued()
          ? became_another(url_)
          : Error(Code::unreadable, url_.printable() + " broke off, and its server cannot continue it")
                .hint("download it whole first");
    state_ = state;
    // One is enough, and this one costs least.
    const auto cheap = std::ranges::find(state_.published, ChecksumKind::crc32c, &Checksum::kind);
    if (cheap != state_.published.end()) state_.published = {*cheap};
    std::vector<Checksum> all = known_;
    all.insert(all.end(), state_.published.begin(), state_.published.end());
    sums_ = Checksums(all);
  }
  bool append(std::string_view bytes) override {
    sums_.add(bytes);
    size_ += bytes.size();
    take_(bytes);
    return true;
  }
  std::optional<std::string> whole() override {
    require_equal(sums_, known_, url_.printable());
    require_equal(sums_, state_.published, url_.printable());
    return std::nullopt;
  }

 private:
  const Url& url_;
  const std::function<void(std::string_view)>& take_;
  std::vector<Checksum> known_;
  Checksums sums_;
  FileState state_;
  std::uint64_t size_ = 0;
};

/// Part of a file of which a state is known.
class Part : public Receiver {
 public:
  Part(const Url& url, FileState state, std::uint64_t most)
      : url_(url), state_(std::move(state)), most_(most) {}
  std::uint64_t size() const override { return bytes_.size(); }
  const FileState& state() const override { return state_; }
  void begin_again(const FileState& state) override {
    if (state_.can_be_continued()) throw became_another(url_);
    state_ = state;
    bytes_.clear();
  }
  bool append(std::string_view bytes) override {
    if (bytes.size() > most_ - bytes_.size())
      throw Error(Code::unreadable, url_.printable() + ": the server sends more than was asked for");
    bytes_ += bytes;
    return true;
  }
  std::string take() { return std::move(bytes_); }

 private:
  const Url& url_;
  FileState state_;
  std::uint64_t most_;
  std::string bytes_;
};

/// One transfer, to its end.
Transfer run_one(Transfer transfer, const Access& access) {
  std::optional<Transfer> given(std::move(transfer)), taken;
  run_transfers(
      [&]() -> NextTransfer {
        if (!given) return {};
        NextTransfer next{NextTransfer::Kind::transfer};
        next.transfer.emplace(std::move(*given));
        given.reset();
        return next;
      },
      [&](Transfer ended, const std::optional<Error>& error) {
        if (error) throw *error;
        taken.emplace(std::move(ended));
      },
      [] {}, access);
  return std::move(taken.value());
}

FileState state_of(const Url& url, const Access& access, bool& has_ranges) {
  FileState state;
  Transfer transfer{url, std::make_unique<Headers>(state)};
  transfer.first = 0;
  transfer.count = 1;
  transfer.or_whole = true;
  const Transfer ended = run_one(std::move(transfer), access);
  has_ranges = ended.receiver->size() == 1 && state.total.value_or(0) > 0;
  return state;
}

}  // namespace

RemoteState look(const Url& url, const Access& access) {
  RemoteState found;
  found.bytes = state_of(url, access, found.has_ranges).total;
  return found;
}

void stream(const Url& url, const std::function<void(std::string_view)>& take, const Access& access,
            const std::vector<Checksum>& checksums) {
  run_one({url, std::make_unique<Stream>(url, take, checksums)}, access);
}

RemoteFile::RemoteFile(Url url, Access access) : url_(std::move(url)), access_(std::move(access)) {
  bool has_ranges = false;
  const FileState state = state_of(url_, access_, has_ranges);
  if (!has_ranges || !state.total)
    throw Error(Code::unsupported, url_.printable() + ": its server gives no parts of files")
        .hint("download it whole");
  size_ = *state.total;
  validator_ = state.validator;
}

std::string RemoteFile::read(const ByteRange& range) const {
  std::string all;
  read({&range, 1}, [&](std::size_t, std::string bytes) { all = std::move(bytes); });
  return all;
}

void RemoteFile::read(std::span<const ByteRange> ranges,
                      const std::function<void(std::size_t number, std::string bytes)>& take) const {
  std::size_t begun = 0;
  run_transfers(
      [&]() -> NextTransfer {
        for (; begun < ranges.size() && ranges[begun].bytes == 0; ++begun) take(begun, "");
        if (begun == ranges.size()) return {};
        const ByteRange& range = ranges[begun];
        if (range.offset > size_ || range.bytes > size_ - range.offset)
          throw Error(Code::bug, fmt::format("bytes are wanted that {} has not", url_.printable()));
        NextTransfer next{NextTransfer::Kind::transfer};
        next.transfer.emplace(
            Transfer{url_, std::make_unique<Part>(url_, FileState{validator_, size_, {}}, range.bytes)});
        next.transfer->first = range.offset;
        next.transfer->count = range.bytes;
        next.transfer->number = begun++;
        return next;
      },
      [&](const Transfer& ended, const std::optional<Error>& error) {
        if (error) throw *error;
        take(ended.number, static_cast<Part&>(*ended.receiver).take());
      },
      [] {}, access_);
}

}  // namespace maskmill::fetch
