// SPDX-License-Identifier: Apache-2.0
#include "fetch/download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <cctype>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/text.h"
#include "fetch/partial_file.h"
#include "fetch/sha256.h"

namespace maskmill::fetch {
namespace {

constexpr long kWhole = 200, kPart = 206, kNotFound = 404, kGone = 410, kRangeNotSatisfiable = 416;

bool is_redirect(long status) {
  return status / 100 == 3;
}

bool may_pass(long status) {
  constexpr long kRequestTimeout = 408, kTooEarly = 425, kTooManyRequests = 429, kNotImplemented = 501,
                 kVersionNotSupported = 505;
  if (status / 100 == 5) return status != kNotImplemented && status != kVersionNotSupported;
  return status == kRequestTimeout || status == kTooEarly || status == kTooManyRequests;
}

/// The headers of the last answer.
struct Answer {
  long status = 0;
  std::string reason, etag, last_modified, date, content_range;
  std::optional<std::uint64_t> length;

  void take(std::string_view line);
  FileState state() const { return {validator(), status == kWhole ? length : number_after('/')}; }
  /// Of "bytes 100-199/200": where the body begins.
  std::optional<std::uint64_t> range_begin() const { return number_after(' '); }
  /// False where the file is not the one of which bytes are there already.
  bool continues(const FileState& kept) const;
  /// "the server says 404 Not Found"
  std::string in_words() const;

 private:
  std::string validator() const;
  std::optional<std::uint64_t> number_after(char mark) const;
};

/// RFC 9110, 13.1.5: a strong ETag; a date only where there is no ETag, and where it is strong, which it is
/// when the file was a second old at least (8.8.2.2).
std::string Answer::validator() const {
  if (!etag.empty()) return etag.starts_with("W/") ? std::string() : etag;
  const time_t modified = curl_getdate(last_modified.c_str(), nullptr),
               now = curl_getdate(date.c_str(), nullptr);
  return modified >= 0 && now >= 0 && now - modified >= 1 ? last_modified : std::string();
}

bool Answer::continues(const FileState& kept) const {
  const bool other_tag = !etag.empty() && etag != kept.validator;
  const bool other_date = etag.empty() && !last_modified.empty() && last_modified != kept.validator;
  const auto total = number_after('/');
  return !other_tag && !other_date && (!total || !kept.total || *total == *kept.total);
}

std::string Answer::in_words() const {
  return std::string(trimmed(fmt::format("the server says {} {}", status, printable(reason))));
}

std::optional<std::uint64_t> Answer::number_after(char mark) const {
  const std::size_t at = content_range.find(mark);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t end = content_range.find_first_not_of("0123456789", at + 1);
  const auto number = to_integer(content_range.substr(at + 1, end == std::string::npos ? end : end - at - 1));
  return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

void Answer::take(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with("HTTP/")) {  // again after a redirect
    *this = {};
    const std::vector<std::string> words = split_text(line, ' ');
    if (words.size() > 1) status = static_cast<long>(to_integer(words[1]).value_or(0));
    for (std::size_t i = 2; i < words.size(); ++i) reason += (i > 2 ? " " : "") + words[i];
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower_case(line.substr(0, colon));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (name == "etag") etag = value;
  if (name == "last-modified") last_modified = value;
  if (name == "date") date = value;
  if (name == "content-range") content_range = value;
  if (name == "content-length")
    if (const auto number = to_integer(value); number && *number >= 0)
      length = static_cast<std::uint64_t>(*number);
}

struct CurlCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::unique_ptr<CURL, CurlCleanup> new_handle() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  std::unique_ptr<CURL, CurlCleanup> handle(started == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle) throw Error(Code::unsupported, "libcurl cannot be started");
  return handle;
}

/// One file, over as many requests as it takes.
class Transfer {
 public:
  Transfer(const Url& url, PartialFile& part, const Patience& patience)
      : url_(url), part_(part), patience_(patience), curl_(new_handle()) {}
  void finish();

 private:
  enum class Outcome { whole, again };
  Outcome request();
  Outcome judge(CURLcode code);
  Outcome judge_status(const std::string& curl_said);
  void prepare_headers();
  void wait(int attempt) const;
  bool begin_body();
  std::size_t take_body(std::string_view bytes);
  bool is_headway();
  Error failure(Code code, const std::string& what) const;

  template <class Call>
  std::size_t guarded(std::size_t size, Call&& call) noexcept;
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static int on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const Url& url_;
  PartialFile& part_;
  const Patience& patience_;
  std::unique_ptr<CURL, CurlCleanup> curl_;
  std::unique_ptr<curl_slist, CurlCleanup> headers_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  Answer answer_;
  bool body_begun_ = false, body_refused_ = false, answered_ = false;
  std::uint64_t furthest_ = 0;  ///< bytes that a later attempt could build on
  std::string trouble_;         ///< why the last attempt has to be repeated
  std::exception_ptr thrown_;   ///< behind curl's back
  std::unique_ptr<Progress> progress_;
  std::uint64_t shown_ = 0;
};

Error Transfer::failure(Code code, const std::string& what) const {
  return Error(code, url_.printable() + " cannot be downloaded: " + what);
}

// Nothing may be thrown through C.
template <class Call>
std::size_t Transfer::guarded(std::size_t size, Call&& call) noexcept {
  try {
    return call() ? size : 0;
  } catch (...) {
    thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  return transfer->guarded(size * count, [&] {
    transfer->answer_.take({bytes, size * count});
    return true;
  });
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  return transfer->guarded(size * count, [&] { return transfer->take_body({bytes, size * count}) > 0; });
}

int Transfer::on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return interrupted() ? 1 : 0;
}

constexpr std::uint64_t kMegabyte = 1000000;

/// False where the body is of no use to us.
bool Transfer::begin_body() {
  if (answer_.status == kPart) {
    body_refused_ = answer_.range_begin() != part_.size() || !answer_.continues(part_.state());
    if (body_refused_) return false;
  } else {
    part_.begin_again(answer_.state());
  }
  const auto total = answer_.state().total;
  progress_ = std::make_unique<Progress>(
      url_.file_name() + " (MB)",
      total ? std::optional(static_cast<std::size_t>(*total / kMegabyte)) : std::nullopt);
  shown_ = 0;
  return true;
}

std::size_t Transfer::take_body(std::string_view bytes) {
  answered_ = true;
  if (answer_.status != kWhole && answer_.status != kPart)
    return bytes.size();  // a page that says what is wrong
  if (!body_begun_ && !begin_body()) return 0;
  body_begun_ = true;
  part_.append(bytes);
  const std::uint64_t now = part_.size() / kMegabyte;
  progress_->advance(now - shown_);
  shown_ = now;
  return bytes.size();
}

void Transfer::prepare_headers() {
  headers_.reset();
  curl_easy_setopt(curl_.get(), CURLOPT_RANGE, nullptr);
  if (part_.size() > 0 && part_.state().can_be_continued()) {
    curl_easy_setopt(curl_.get(), CURLOPT_RANGE, (std::to_string(part_.size()) + "-").c_str());
    headers_.reset(curl_slist_append(nullptr, ("If-Range: " + part_.state().validator).c_str()));
  }
  curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

Transfer::Outcome Transfer::request() {
  CURL* curl = curl_.get();
  answer_ = {};
  body_begun_ = body_refused_ = false;
  message_.fill('\0');
  prepare_headers();
  curl_easy_setopt(curl, CURLOPT_URL, url_.text().c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "maskmill");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, url_.is_secure() ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's are not the server's
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(patience_.stalled.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(patience_.stalled.count()));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  return judge(curl_easy_perform(curl));
}

Transfer::Outcome Transfer::judge(CURLcode code) {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (interrupted()) throw interrupted_download();
  answered_ = answered_ || answer_.status != 0;
  const std::string curl_said = message_.front() != '\0' ? message_.data() : curl_easy_strerror(code);
  if (answer_.status != kWhole && answer_.status != kPart && answer_.status != 0)
    return judge_status(curl_said);
  if (body_refused_) {
    part_.begin_again({});
    trouble_ = "the server's file has become another";
    return Outcome::again;
  }
  if (code != CURLE_OK) {
    // Who cannot be reached at first has no network, or there is a typo: the user should hear that at once.
    if (!answered_ || code == CURLE_PEER_FAILED_VERIFICATION)
      throw failure(Code::unreadable, curl_said)
          .hint("is there a network, and do http_proxy and https_proxy fit it?");
    trouble_ = curl_said;
    return Outcome::again;
  }
  if (!body_begun_) part_.begin_again(answer_.state());  // an empty file
  if (const auto total = answer_.state().total; total && *total != part_.size()) {
    trouble_ = fmt::format("{} bytes came of {}", with_thousands(part_.size()), with_thousands(*total));
    return Outcome::again;
  }
  return Outcome::whole;
}

Transfer::Outcome Transfer::judge_status(const std::string& curl_said) {
  if (answer_.status == kRangeNotSatisfiable && part_.size() > 0) {
    const FileState& kept = part_.state();
    if (kept.total == part_.size() && answer_.continues(kept)) return Outcome::whole;
    part_.begin_again({});
    trouble_ = "the server's file has become another";
    return Outcome::again;
  }
  if (may_pass(answer_.status)) {
    trouble_ = answer_.in_words();
    return Outcome::again;
  }
  const bool gone = answer_.status == kNotFound || answer_.status == kGone;
  throw failure(gone ? Code::not_found : Code::unreadable,
                answer_.in_words() + (is_redirect(answer_.status) ? ": " + curl_said : ""));
}

void Transfer::wait(int attempt) const {
  using std::chrono::milliseconds;
  curl_off_t asked = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &asked);
  const milliseconds longest(patience_.longest_wait);
  milliseconds left = std::min(longest, patience_.first_wait * (1 << std::min(attempt, 16)));
  if (asked > 0)
    left = std::min(longest, milliseconds(std::chrono::seconds(std::min<curl_off_t>(asked, 86400))));
  notice(fmt::format("{}: {}; the next try in {:.0f} s", url_.printable(), trouble_,
                     std::chrono::duration<double>(left).count()));
  for (constexpr milliseconds kStep(50); left.count() > 0; left -= kStep) {
    if (interrupted()) throw interrupted_download();
    std::this_thread::sleep_for(std::min(left, kStep));
  }
}

// Bytes on which the next attempt builds, and not so few that it could go on for ever.
bool Transfer::is_headway() {
  constexpr std::uint64_t kLeast = 65536;
  if (!part_.state().can_be_continued() || part_.size() < furthest_ + kLeast) return false;
  furthest_ = part_.size();
  return true;
}

// An attempt that made headway has not failed: a file of many hours survives more cuts than a few.
void Transfer::finish() {
  furthest_ = part_.size();
  for (int failed = 0;;) {
    if (request() == Outcome::whole) return;
    failed = is_headway() ? 1 : failed + 1;
    if (failed >= patience_.attempts)
      throw failure(Code::unreadable, fmt::format("{} (tried {} times)", trouble_, failed))
          .hint(part_.state().can_be_continued() ? "try later; what has come is kept" : "try later");
    wait(failed - 1);
  }
}

}  // namespace

Downloaded download(const Url& url, const Path& target, const std::string& sha256, const Patience& patience) {
  const auto require = [&](const std::string& found) {
    if (found.starts_with(sha256)) return;
    throw Error(Code::bad_format, url.printable() + " is not what was published: its SHA-256 begins with " +
                                      found.substr(0, std::max<std::size_t>(sha256.size(), 16)) +
                                      ", not with " + sha256)
        .hint("a proxy or a login page may have answered in the server's place");
  };
  PartialFile part(url, target);
  if (fs::exists(target)) {
    part.remove();
    const Downloaded there{fs::file_size(target), sha256_of(target)};
    require(there.sha256);
    return there;
  }
  Transfer(url, part, patience).finish();
  const Downloaded result{part.size(), part.sha256()};
  try {
    require(result.sha256);
  } catch (const Error&) {
    part.remove();
    throw;
  }
  part.become_target();
  return result;
}

}  // namespace maskmill::fetch
