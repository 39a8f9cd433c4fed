// SPDX-License-Identifier: Apache-2.0
#include "fetch/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cerrno>
#include <exception>
#include <utility>

#include "base/json.h"
#include "base/output.h"
#include "base/parallel.h"
#include "base/staging.h"

namespace maskmill::fetch {
namespace {

// Fewer bytes come again sooner than a second file is written for them.
constexpr std::uint64_t kWorthKeeping = std::uint64_t{1} << 18;

bool is_in_place(int descriptor, const Path& path) {
  struct stat locked {
  }, there{};
  return ::fstat(descriptor, &locked) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         locked.st_ino == there.st_ino && locked.st_dev == there.st_dev;
}

}  // namespace

// Whoever had the lock before may have renamed the file or removed it: then it is another's.
std::unique_ptr<PartialFile> PartialFile::take(const Wanted& wanted) {
  boost::system::error_code failure;
  fs::create_directories(folder_above(wanted.target), failure);
  if (failure) throw cannot_write(wanted.target, failure.value());
  const Path path = wanted.target.string() + ".part";
  for (;;) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor < 0) throw cannot_write(path, errno);
    const bool is_anothers = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!is_anothers && is_in_place(descriptor, path)) {  // also on a file system without locks
      std::unique_ptr<PartialFile> part(new PartialFile(wanted, descriptor));
      part->take_up();
      return part;
    }
    ::close(descriptor);
    if (is_anothers) return nullptr;
    throw_if_interrupted();
  }
}

PartialFile::PartialFile(const Wanted& wanted, int descriptor)
    : wanted_(wanted), descriptor_(descriptor), sums_(all_checksums()) {}

// What has come is kept, however little, when it is no kill that ends it.
PartialFile::~PartialFile() {
  if (!is_done_) try {
      if (size_ == 0 || !state_.can_be_continued())
        remove();
      else if (!state_is_written_)
        write_state();
    } catch (const std::exception&) {  // then it comes again
    }
  ::close(descriptor_);
}

std::vector<Checksum> PartialFile::all_checksums() const {
  std::vector<Checksum> all = wanted_.checksums;
  all.insert(all.end(), state_.published.begin(), state_.published.end());
  all.push_back({ChecksumKind::sha256, ""});  // which is kept beside the file
  return all;
}

void PartialFile::take_up() {
  try {
    const Json kept = read_json(state_path());
    if (kept.at("url_sha256") == wanted_.url.digest()) {
      state_.validator = kept.at("validator").get<std::string>();
      if (kept.contains("total")) state_.total = kept["total"].get<std::uint64_t>();
      if (kept.contains("published"))
        for (const Json& sum : kept["published"])
          state_.published.push_back(parse_checksum(sum.get<std::string>()));
    }
  } catch (const std::exception&) {
    state_ = {};  // none, or not whole: then the bytes are nobody's
  }
  if (!state_.can_be_continued()) return begin_again({});
  state_is_written_ = is_in_pieces_ = true;
  sums_ = Checksums(all_checksums());
  std::string block(std::size_t{1} << 20, '\0');
  for (;;) {
    if (interrupted()) throw interrupted_download();
    const ssize_t got = ::read(descriptor_, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Code::unreadable, "cannot be read").at_file(path());
    if (got == 0) break;
    sums_.add({block.data(), static_cast<std::size_t>(got)});
    size_ += static_cast<std::uint64_t>(got);
  }
}

void PartialFile::write_state() {
  if (!state_.can_be_continued()) return;
  Json kept{{"url", wanted_.url.printable()},
            {"url_sha256", wanted_.url.digest()},
            {"validator", state_.validator}};
  if (state_.total) kept["total"] = *state_.total;
  for (const Checksum& sum : state_.published) kept["published"].push_back(sum.text());
  replace_file(state_path(), to_text(kept));
  state_is_written_ = true;
}

bool PartialFile::append(std::string_view bytes) {
  write_all(descriptor_, bytes, path());
  sums_.add(bytes);
  size_ += bytes.size();
  if (size_ >= kWorthKeeping && !state_is_written_) write_state();
  return true;
}

// The old bytes go before the new state is written: a crash between must not leave them under its name.
void PartialFile::begin_again(const FileState& state) {
  if (size_ > 0 || state_is_written_ || ::lseek(descriptor_, 0, SEEK_END) != 0)
    if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0)
      throw cannot_write(path(), errno);
  ::unlink(state_path().c_str());
  size_ = 0;
  state_ = state;
  state_is_written_ = is_in_pieces_ = false;
  sums_ = Checksums(all_checksums());
}

std::optional<std::string> PartialFile::whole() {
  const std::string& name = wanted_.url.printable();
  try {
    require_equal(sums_, state_.published, name);
  } catch (const Error&) {
    return "bytes came that are not the server's own, by the checksum that it publishes";
  }
  try {
    require_equal(sums_, wanted_.checksums, name);
  } catch (Error& error) {
    if (is_in_pieces_) return error.message();
    throw std::move(error.hint("a proxy or a login page may have answered in the server's place"));
  }
  return std::nullopt;
}

void PartialFile::sync() const {
  if (::fsync(descriptor_) != 0) throw cannot_write(path(), errno);
}

void PartialFile::sync_file_system() const {
  if (::syncfs(descriptor_) != 0) throw cannot_write(path(), errno);
}

std::uint64_t PartialFile::file_system() const {
  struct stat there {};
  return ::fstat(descriptor_, &there) == 0 ? there.st_dev : 0;
}

Downloaded PartialFile::become_target() {
  if (state_is_written_) ::unlink(state_path().c_str());
  if (::rename(path().c_str(), wanted_.target.c_str()) != 0) throw cannot_write(wanted_.target, errno);
  is_done_ = true;
  return {size_, sums_.hex(ChecksumKind::sha256)};
}

// Here too the state goes first: as soon as the file has no name, another process may begin one of its own.
void PartialFile::remove() {
  is_done_ = true;
  ::unlink(state_path().c_str());
  ::unlink(path().c_str());
}

}  // namespace maskmill::fetch
