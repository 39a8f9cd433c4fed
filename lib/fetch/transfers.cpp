// SPDX-License-Identifier: Apache-2.0
#include "fetch/transfers.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <list>
#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "base/progress.h"
#include "base/text.h"

namespace maskmill::fetch {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr long kConnectionsToAServer = 8;
constexpr long kBufferBytes = 256 * 1024;
constexpr milliseconds kLookAround{100};  // for ctrl-C, files that others hold, waits that are over

// CURL and CURLM are both void to the compiler.
struct EasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiCleanup {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;

void require_started(bool started) {
  if (!started) throw Error(Code::unsupported, "libcurl cannot be started");
}

/// What the transfers of a run know of each other.
struct Run {
  const Access& access;
  ByteProgress progress;
  std::set<std::string> answered;                    ///< servers that are there
  std::map<std::string, Clock::time_point> not_yet;  ///< when servers want to be asked again
};

/// One transfer, over as many requests as it takes.
class Running {
 public:
  Running(Run& run, Transfer transfer)
      : run_(run),
        transfer_(std::move(transfer)),
        asked_(asked_for(transfer_.url, run.access)),
        easy_(curl_easy_init()),
        start_at_(Clock::now()) {
    require_started(easy_ != nullptr);
    furthest_ = receiver().size();
    if (const auto found = run_.not_yet.find(asked_.host()); found != run_.not_yet.end())
      start_at_ = std::max(start_at_, found->second);
  }

  CURL* easy() const { return easy_.get(); }
  Transfer& transfer() { return transfer_; }
  bool is_due() const { return !is_asking_ && Clock::now() >= start_at_; }
  Clock::time_point start_at() const { return start_at_; }
  bool is_asking() const { return is_asking_; }

  /// Sets the next request up.
  void ask();
  /// A request is over. True where that was the last; throws an Error where the transfer has failed.
  bool answered(CURLcode code);

 private:
  enum class Outcome { whole, again };
  Receiver& receiver() const { return *transfer_.receiver; }
  bool is_part() const { return transfer_.count.has_value(); }
  std::uint64_t position() const { return transfer_.first.value_or(0) + receiver().size(); }
  bool go_on() const { return receiver().size() > 0 && receiver().state().can_be_continued(); }

  Outcome judge(CURLcode code);
  Outcome judge_status(const std::string& curl_said);
  Outcome judge_end();
  Outcome become_another();
  void prepare_headers();
  void wait_before(int attempt);
  bool begin_body();
  bool take_body(std::string_view bytes);
  void show_state(std::optional<std::uint64_t> total);
  bool is_headway();
  Error failure(Code code, const std::string& what) const;

  template <class Call>
  std::size_t guarded(std::size_t size, Call&& call) noexcept;
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);

  Run& run_;
  Transfer transfer_;
  Url asked_;
  Easy easy_;
  std::unique_ptr<curl_slist, ListCleanup> headers_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  Answer answer_;
  bool is_asking_ = false, body_begun_ = false, body_refused_ = false, has_enough_ = false;
  Clock::time_point start_at_;
  int failed_ = 0;
  std::uint64_t furthest_ = 0;  ///< bytes that a later attempt could build on
  std::uint64_t shown_ = 0, shown_total_ = 0;
  std::string trouble_;        ///< why the last attempt has to be repeated
  std::exception_ptr thrown_;  ///< behind curl's back
};

Error Running::failure(Code code, const std::string& what) const {
  return Error(code, asked_.printable() + " cannot be downloaded: " + what);
}

// Nothing may be thrown through C.
template <class Call>
std::size_t Running::guarded(std::size_t size, Call&& call) noexcept {
  try {
    return call() ? size : 0;
  } catch (...) {
    thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t Running::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* running = static_cast<Running*>(self);
  return running->guarded(size * count, [&] {
    running->answer_.take({bytes, size * count});
    return true;
  });
}

std::size_t Running::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* running = static_cast<Running*>(self);
  return running->guarded(size * count, [&] { return running->take_body({bytes, size * count}); });
}

/// False where the body is of no use to us.
bool Running::begin_body() {
  const bool is_of_kept_state =
      !receiver().state().can_be_continued() || answer_.continues(receiver().state());
  if (answer_.status() == Answer::kPart) {
    body_refused_ = answer_.range_begin() != position() || !is_of_kept_state;
    if (!body_refused_ && receiver().size() == 0 && !receiver().state().can_be_continued())
      receiver().begin_again(answer_.state());
  } else {
    body_refused_ = is_part() && !transfer_.or_whole;
    if (!body_refused_) receiver().begin_again(answer_.state());
  }
  if (body_refused_) return false;
  show_state(is_part() ? transfer_.count : answer_.state().total);
  return true;
}

// What was expected before, of another state, is no longer.
void Running::show_state(std::optional<std::uint64_t> total) {
  const std::uint64_t there = receiver().size(), expected = total.value_or(there);
  run_.progress.expect(static_cast<std::int64_t>(expected) - static_cast<std::int64_t>(shown_total_),
                       static_cast<std::int64_t>(there) - static_cast<std::int64_t>(shown_));
  shown_total_ = expected;
  shown_ = there;
}

bool Running::take_body(std::string_view bytes) {
  if (!answer_.is_file()) return true;  // a page that says what is wrong
  if (!body_begun_ && !begin_body()) return false;
  body_begun_ = true;
  has_enough_ = !receiver().append(bytes);
  run_.progress.advance(bytes.size());
  shown_ += bytes.size();
  return !has_enough_;
}

void Running::prepare_headers() {
  headers_.reset();
  CURL* curl = easy_.get();
  curl_easy_setopt(curl, CURLOPT_RANGE, nullptr);
  if (is_part() || go_on()) {
    const std::string last =
        is_part() ? std::to_string(*transfer_.first + *transfer_.count - 1) : std::string();
    curl_easy_setopt(curl, CURLOPT_RANGE, fmt::format("{}-{}", position(), last).c_str());
    if (receiver().state().can_be_continued())
      headers_.reset(curl_slist_append(nullptr, ("If-Range: " + receiver().state().validator).c_str()));
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
}

// As the program curl does; libcurl itself does not.
void trust_users_certificates(CURL* curl) {
  const auto from = [](const char* variable) {
    const char* value = std::getenv(variable);
    return value && *value != '\0' ? value : nullptr;
  };
  if (const char* bundle = from("CURL_CA_BUNDLE")) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
    return;
  }
  if (const char* folder = from("SSL_CERT_DIR")) curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
  if (const char* file = from("SSL_CERT_FILE")) curl_easy_setopt(curl, CURLOPT_CAINFO, file);
}

void Running::ask() {
  CURL* curl = easy_.get();
  const auto stalled = static_cast<long>(run_.access.patience.stalled.count());
  answer_ = {};
  body_begun_ = body_refused_ = has_enough_ = false;
  is_asking_ = true;
  message_.fill('\0');
  prepare_headers();
  curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
  curl_easy_setopt(curl, CURLOPT_URL, asked_.text().c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "maskmill");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, asked_.is_secure() ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's are not the server's
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  trust_users_certificates(curl);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, stalled);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stalled);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message_.data());
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
}

Running::Outcome Running::become_another() {
  receiver().begin_again({});
  trouble_ = "the server's file has become another";
  return Outcome::again;
}

Running::Outcome Running::judge(CURLcode code) {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (answer_.status() != 0) run_.answered.insert(asked_.host());
  const std::string curl_said = message_.front() != '\0' ? message_.data() : curl_easy_strerror(code);
  if (!answer_.is_file() && answer_.status() != 0) return judge_status(curl_said);
  if (has_enough_) return Outcome::whole;
  if (body_refused_) {
    if (is_part() && answer_.status() == Answer::kWhole && receiver().size() == 0 &&
        !receiver().state().can_be_continued())
      throw failure(Code::unsupported, "its server gives no parts of files");
    return become_another();
  }
  if (code != CURLE_OK) {
    curl_off_t ready = 0;  // when the connection stood, and a request could be sent
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &ready);
    // Who cannot be reached at first has no network, or there is a typo: the user should hear that at once.
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
      throw failure(Code::unreadable, curl_said).hint("SSL_CERT_FILE names a file of certificates to trust");
    if (ready == 0 && !run_.answered.contains(asked_.host()))
      throw failure(Code::unreadable, curl_said)
          .hint("is there a network, and do http_proxy and https_proxy fit it?");
    trouble_ = curl_said;
    return Outcome::again;
  }
  if (!body_begun_) begin_body();  // an empty file
  return judge_end();
}

Running::Outcome Running::judge_end() {
  const auto total = is_part() ? transfer_.count : answer_.state().total;
  if (total && *total != receiver().size() && !transfer_.or_whole) {
    trouble_ = fmt::format("{} bytes came of {}", with_thousands(receiver().size()), with_thousands(*total));
    if (receiver().size() > *total) receiver().begin_again({});
    return Outcome::again;
  }
  return Outcome::whole;
}

Running::Outcome Running::judge_status(const std::string& curl_said) {
  if (answer_.status() == Answer::kRangeNotSatisfiable && go_on()) {
    const FileState& kept = receiver().state();
    if (kept.total == receiver().size() && answer_.continues(kept)) return Outcome::whole;
    return become_another();
  }
  if (answer_.status() == Answer::kRangeNotSatisfiable && transfer_.or_whole && answer_.state().total == 0) {
    receiver().begin_again(answer_.state());
    return Outcome::whole;
  }
  if (answer_.may_pass()) {
    trouble_ = answer_.in_words();
    return Outcome::again;
  }
  Error error = failure(answer_.is_not_found() ? Code::not_found : Code::unreadable,
                        answer_.in_words() + (answer_.is_redirect() ? ": " + curl_said : ""));
  if (answer_.wants_password()) error.hint("~/.netrc is where a user and a password for this server belong");
  throw error;
}

// A server that says when to ask again says so to all.
void Running::wait_before(int attempt) {
  curl_off_t asked = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &asked);
  const Patience& patience = run_.access.patience;
  const milliseconds longest(patience.longest_wait);
  milliseconds wait = std::min(longest, patience.first_wait * (1 << std::min(attempt, 16)));
  if (asked > 0)
    wait = std::min(longest, milliseconds(std::chrono::seconds(std::min<curl_off_t>(asked, 86400))));
  notice(fmt::format("{}: {}; the next try in {:.0f} s", asked_.printable(), trouble_,
                     std::chrono::duration<double>(wait).count()));
  start_at_ = Clock::now() + wait;
  if (asked > 0) run_.not_yet[asked_.host()] = start_at_;
}

// Bytes on which the next attempt builds, and not so few that it could go on for ever.
bool Running::is_headway() {
  constexpr std::uint64_t kLeast = 65536;
  if (!receiver().state().can_be_continued() || receiver().size() < furthest_ + kLeast) return false;
  furthest_ = receiver().size();
  return true;
}

// An attempt that made headway has not failed: a file of many hours survives more cuts than a few.
bool Running::answered(CURLcode code) {
  is_asking_ = false;
  if (judge(code) == Outcome::whole) {
    std::optional<std::string> again = receiver().whole();
    if (!again) return true;
    receiver().begin_again({});
    trouble_ = *again;
  }
  failed_ = is_headway() ? 1 : failed_ + 1;
  if (failed_ >= run_.access.patience.attempts)
    throw failure(Code::unreadable, fmt::format("{} (tried {} times)", trouble_, failed_))
        .hint(go_on() && !is_part() ? "try later; what has come is kept" : "try later");
  wait_before(failed_ - 1);
  return false;
}

class Loop {
 public:
  Loop(const std::function<NextTransfer()>& next,
       const std::function<void(Transfer, std::optional<Error>)>& ended, const std::function<void()>& idle,
       const Access& access)
      : next_(next), ended_(ended), idle_(idle), run_{access, {}, {}, {}} {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_.reset(started == CURLE_OK ? curl_multi_init() : nullptr);
    require_started(multi_ != nullptr);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, kConnectionsToAServer);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 2 * kConnectionsToAServer);
  }
  ~Loop() {
    for (Running& running : running_)
      if (running.is_asking()) curl_multi_remove_handle(multi_.get(), running.easy());
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run() {
    for (;;) {
      if (interrupted()) throw interrupted_download();
      take_new();
      start_those_due();
      if (running_.empty() && is_over_) return;
      int asking = 0;
      require(curl_multi_perform(multi_.get(), &asking));
      const bool has_ended = take_ended();
      if (Clock::now() - looked_around_ >= kLookAround) {
        looked_around_ = Clock::now();
        idle_();
      }
      if (!has_ended) require(curl_multi_poll(multi_.get(), nullptr, 0, patience_ms(), nullptr));
    }
  }

 private:
  static void require(CURLMcode code) {
    if (code != CURLM_OK) throw Error(Code::unreadable, curl_multi_strerror(code));
  }

  void take_new() {
    while (!is_over_ && running_.size() < static_cast<std::size_t>(std::max(1, run_.access.transfers))) {
      NextTransfer next = next_();
      is_over_ = next.kind == NextTransfer::Kind::end;
      if (is_over_) run_.progress.all_begun();
      if (next.kind != NextTransfer::Kind::transfer) return;
      run_.progress.begin(next.transfer->url.file_name());
      running_.emplace_back(run_, std::move(*next.transfer));
    }
  }

  void start_those_due() {
    for (Running& running : running_) {
      if (!running.is_due()) continue;
      running.ask();
      require(curl_multi_add_handle(multi_.get(), running.easy()));
    }
  }

  bool take_ended() {
    bool has_ended = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      require(curl_multi_remove_handle(multi_.get(), easy));
      const auto running =
          std::ranges::find_if(running_, [easy](const Running& some) { return some.easy() == easy; });
      has_ended = end(running, code) || has_ended;
    }
    return has_ended;
  }

  bool end(std::list<Running>::iterator running, CURLcode code) {
    std::optional<Error> error;
    try {
      if (!running->answered(code)) return false;
    } catch (const Error& thrown) {
      if (thrown.code() == Code::interrupted || thrown.code() == Code::write_failed) throw;
      error = thrown;
    }
    Transfer transfer = std::move(running->transfer());
    running_.erase(running);
    run_.progress.end();
    ended_(std::move(transfer), std::move(error));
    return true;
  }

  int patience_ms() const {
    auto until = Clock::now() + kLookAround;
    for (const Running& running : running_)
      if (!running.is_asking()) until = std::min(until, running.start_at());
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    return static_cast<int>(std::max<milliseconds::rep>(0, left.count()));
  }

  const std::function<NextTransfer()>& next_;
  const std::function<void(Transfer, std::optional<Error>)>& ended_;
  const std::function<void()>& idle_;
  Run run_;
  std::unique_ptr<CURLM, MultiCleanup> multi_;
  std::list<Running> running_;
  bool is_over_ = false;
  Clock::time_point looked_around_ = Clock::now();
};

}  // namespace

void run_transfers(const std::function<NextTransfer()>& next,
                   const std::function<void(Transfer, std::optional<Error>)>& ended,
                   const std::function<void()>& idle, const Access& access) {
  Loop(next, ended, idle, access).run();
}

Error interrupted_download() {
  return Error(Code::interrupted, "interrupted; the next try goes on where this one ended");
}

}  // namespace maskmill::fetch
