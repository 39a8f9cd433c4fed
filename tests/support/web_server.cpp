// SPDX-License-Identifier: Apache-2.0
#include "support/web_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "base/text.h"
#include "support/certificate.h"
#include "support/web_server_http2.h"
#include "support/wire.h"

namespace maskmill::tests {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kLongestHead = 1 << 16, kBlock = 1 << 17;

/// Nothing where it is no request of HTTP/1.
std::optional<WebRequest> parse(std::string_view head) {
  WebRequest request;
  for (bool first = true; !head.empty(); first = false) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (first) {
      const std::size_t space = line.find(' '), last = line.rfind(' ');
      if (space == last || !line.substr(last + 1).starts_with("HTTP/1.")) return std::nullopt;
      request.method = line.substr(0, space);
      request.target = line.substr(space + 1, last - space - 1);
      request.protocol = line.substr(last + 1);
    } else {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return std::nullopt;
      const std::size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
      request.headers[lower_case(line.substr(0, colon))] = line.substr(value);
    }
  }
  return request;
}

/// HTTP/1 on one connection.
class Http1 {
 public:
  Http1(Wire& wire, const Answering& answering) : wire_(wire), answering_(answering) {}

  /// Until the connection ends. False where the client speaks HTTP/2 instead; then `text()` is what it said.
  bool run() {
    for (;;) {
      const auto head = read_head();
      if (!head) return !text_.starts_with(kHttp2Preface);
      const auto request = parse(*head);
      if (!request) {
        wire_.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        break;
      }
      if (!skip_body(*request)) return true;
      const WebReply reply = answering_.answer(*request);
      const bool goes_on = send(*request, reply);
      answering_.finished();
      if (!goes_on) break;
    }
    if (!is_reset_) wire_.finish();
    return true;
  }
  const std::string& text() const { return text_; }

 private:
  bool read_more() {
    std::array<char, 4096> block;
    const std::size_t got = wire_.read(block.data(), block.size());
    text_.append(block.data(), got);
    return got > 0;
  }

  std::optional<std::string> read_head() {
    std::size_t end = 0;
    while ((end = text_.find(kHeadEnd)) == std::string::npos || text_.starts_with("PRI * HTTP/2.0")) {
      if (text_.starts_with(kHttp2Preface) || text_.size() > kLongestHead || !read_more())
        return std::nullopt;
    }
    std::string head = text_.substr(0, end + 2);
    text_.erase(0, end + kHeadEnd.size());
    return head;
  }

  bool skip_body(const WebRequest& request) {
    const std::string length = request.header("content-length");
    std::size_t left = length.empty() ? 0 : std::strtoull(length.c_str(), nullptr, 10);
    for (;;) {
      const std::size_t here = std::min(left, text_.size());
      text_.erase(0, here);
      left -= here;
      if (left == 0) return true;
      if (!read_more()) return false;
    }
  }

  /// True where the connection goes on.
  bool send(const WebRequest& request, const WebReply& reply) {
    if (reply.delay.count() > 0 && !wire_.sleep_until(WebClock::now() + reply.delay)) return false;
    if (reply.unanswered) return cut(reply);
    const std::string status = reply.status.substr(0, 3);
    const bool may_have_body = status != "304" && status != "204";
    const bool has_body = may_have_body && request.method != "HEAD";
    const auto stated = [&](const std::string& wanted) -> const std::string* {
      const auto found = std::ranges::find(reply.headers, wanted,
                                           [](const auto& header) { return lower_case(header.first); });
      return found == reply.headers.end() ? nullptr : &found->second;
    };
    const std::string size = std::to_string(reply.size());
    const std::string* length = stated("content-length");
    const bool is_raw = stated("transfer-encoding") != nullptr;
    const bool is_chunked = !is_raw && reply.framing == Framing::chunked && may_have_body;
    const bool ends_by_close = has_body && !is_raw && !is_chunked &&
                               (reply.framing == Framing::until_close || (length && *length != size));
    const bool closes = reply.closes || ends_by_close || request.protocol == "HTTP/1.0" ||
                        lower_case(request.header("connection")) == "close";
    std::string head = "HTTP/1.1 " + reply.status + "\r\n";
    for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
    if (closes) head += "Connection: close\r\n";
    if (is_chunked)
      head += "Transfer-Encoding: chunked\r\n";
    else if (!length && !is_raw && may_have_body && reply.framing == Framing::length)
      head += "Content-Length: " + size + "\r\n";
    Pace pace(reply, has_body);
    if (!send_body(head + "\r\n", reply, pace, is_chunked)) return false;
    if (pace.is_cut()) return cut(reply);
    while (reply.held)
      if (!read_more()) return false;
    return !closes;
  }

  /// The head goes out with the first bytes. False where the client has gone.
  bool send_body(std::string out, const WebReply& reply, Pace& pace, bool is_chunked) {
    const bool no_copy = reply.file && reply.spoiled.empty() && !wire_.has_tls() && !is_chunked;
    while (!pace.done()) {
      if (pace.ready() > WebClock::now() && (!flush(out) || !wire_.sleep_until(pace.ready()))) return false;
      std::uint64_t count = pace.next(no_copy ? reply.size() : kBlock);
      if (no_copy && count > kBlock) {
        if (!flush(out)) return false;
        const std::uint64_t offset = reply.file->offset + pace.at();
        if (!wire_.write_file(reply.file->file->descriptor(), offset, count)) return false;
      } else {
        if (is_chunked) out += hexadecimal(count) + "\r\n";
        const std::size_t had = out.size();
        out.resize(had + count);
        if (!read_body(reply, pace.at(), out.data() + had, count)) return false;
        if (is_chunked) out += "\r\n";
        if (!flush(out)) return false;
      }
      pace.advance(count);
    }
    if (!flush(out) || !wire_.sleep_until(pace.ready())) return false;
    return !is_chunked || pace.is_cut() || reply.held || wire_.write("0\r\n\r\n");
  }

  bool flush(std::string& out) {
    const bool went = out.empty() || wire_.write(out);
    out.clear();
    return went;
  }

  bool cut(const WebReply& reply) {
    if (reply.cut == Cut::reset) {
      wire_.reset();
      is_reset_ = true;
    }
    return false;
  }

  static std::string hexadecimal(std::uint64_t number) {
    std::array<char, 24> text;
    std::snprintf(text.data(), text.size(), "%llx", static_cast<unsigned long long>(number));
    return text.data();
  }

  Wire& wire_;
  const Answering& answering_;
  std::string text_;
  bool is_reset_ = false;
};

}  // namespace

class WebServer::Running {
 public:
  Running(std::function<WebReply(const WebRequest&)> answer, WebOptions options)
      : answer_(std::move(answer)), options_(options) {
    if (options.tls) {
      tls_ = make_server_tls(options.http2);
      scratch_.write("certificate.pem", tls_.certificate_pem);
    }
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(options.port));
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("port " + std::to_string(options.port) +
                               " cannot be had on the loopback device");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }

  ~Running() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = ::write(stop_, &one, sizeof one);
    thread_.join();
    for (Worker& worker : workers_) worker.thread.join();
    ::close(listener_);
    ::close(stop_);
  }

  int port() const { return port_; }
  const WebOptions& options() const { return options_; }
  Path certificate() const { return scratch_ / "certificate.pem"; }
  std::vector<WebRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  WebCounts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  struct Worker {
    std::thread thread;
    std::atomic<bool> is_done = false;
  };

  void accept_all() {
    for (;;) {
      std::array<pollfd, 2> polled{pollfd{listener_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
      ::poll(polled.data(), polled.size(), -1);
      if (polled[1].revents != 0) return;
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (connection < 0) continue;
      workers_.remove_if([](Worker& worker) {
        if (!worker.is_done) return false;
        worker.thread.join();
        return true;
      });
      Worker& worker = workers_.emplace_back();
      worker.thread = std::thread([this, connection, &worker] {
        serve(connection);
        worker.is_done = true;
      });
    }
  }

  void serve(int connection) {
    sigset_t broken_pipe;  // sendfile and OpenSSL raise it where a client has gone
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    const int yes = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Wire wire(connection, stop_);
    const std::size_t number = begin_connection();
    const Answering answering{[this, number](WebRequest request) { return answer(request, number); },
                              [this] {
                                const std::lock_guard lock(mutex_);
                                --open_requests_;
                              }};
    if (!tls_.context || wire.start_tls(tls_.context.get())) {
      if (wire.protocol() == "h2") {
        serve_http2(wire, "", answering, options_.most_streams);
      } else if (Http1 http1(wire, answering); !http1.run()) {
        serve_http2(wire, http1.text(), answering, options_.most_streams);
      }
    }
    const std::lock_guard lock(mutex_);
    --open_connections_;
  }

  std::size_t begin_connection() {
    const std::lock_guard lock(mutex_);
    counts_.most_connections = std::max(counts_.most_connections, ++open_connections_);
    return ++counts_.connections;
  }

  WebReply answer(WebRequest& request, std::size_t connection) {
    request.connection = connection;
    request.at = WebClock::now();
    {
      const std::lock_guard lock(mutex_);
      ++counts_.requests;
      counts_.most_requests = std::max(counts_.most_requests, ++open_requests_);
      if (options_.keeps_requests) requests_.push_back(request);
    }
    try {
      return answer_(request);
    } catch (const std::exception& error) {
      return {.status = "500 Internal Server Error", .body = error.what()};
    }
  }

  std::function<WebReply(const WebRequest&)> answer_;
  WebOptions options_;
  Scratch scratch_;
  ServerTls tls_;
  int stop_ = -1, listener_ = -1, port_ = 0;
  mutable std::mutex mutex_;
  std::vector<WebRequest> requests_;
  WebCounts counts_;
  std::size_t open_requests_ = 0, open_connections_ = 0;
  std::list<Worker> workers_;  // of the accepting thread
  std::thread thread_;
};

WebServer::WebServer(std::function<WebReply(const WebRequest&)> answer, WebOptions options) {
  ::setenv("no_proxy", "127.0.0.1,localhost", 1);  // whatever the machine's proxy is, also for programs run
  running_ = std::make_unique<Running>(std::move(answer), options);
}

WebServer::~WebServer() = default;

std::string WebServer::url(const std::string& target) const {
  return (running_->options().tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port()) +
         target;
}

int WebServer::port() const {
  return running_->port();
}

Path WebServer::certificate() const {
  return running_->certificate();
}

std::vector<WebRequest> WebServer::requests() const {
  return running_->requests();
}

WebCounts WebServer::counts() const {
  return running_->counts();
}

WebReply file_reply(const WebRequest& request, const std::string& bytes, const std::string& etag) {
  const std::string range = request.header("range"), condition = request.header("if-range");
  if (range.empty() || (!condition.empty() && condition != etag))
    return {.headers = {{"ETag", etag}}, .body = bytes};
  const std::string ends = range.substr(std::string("bytes=").size());
  const std::size_t begin = std::stoull(ends), dash = ends.find('-');
  if (begin >= bytes.size())
    return {.status = "416 Range Not Satisfiable",
            .headers = {{"Content-Range", "bytes */" + std::to_string(bytes.size())}}};
  const std::size_t last = dash + 1 < ends.size()
                               ? std::min<std::size_t>(std::stoull(ends.substr(dash + 1)), bytes.size() - 1)
                               : bytes.size() - 1;
  return {.status = "206 Partial Content",
          .headers = {{"ETag", etag},
                      {"Content-Range", "bytes " + std::to_string(begin) + "-" + std::to_string(last) + "/" +
                                            std::to_string(bytes.size())}},
          .body = bytes.substr(begin, last - begin + 1)};
}

}  // namespace maskmill::tests
