// SPDX-License-Identifier: Apache-2.0
#include "support/wire.h"

#include <linux/sockios.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace maskmill::tests {
namespace {

int milliseconds_to(std::optional<WebClock::time_point> until) {
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - WebClock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Wire::~Wire() {
  ::SSL_free(tls_);
  ::close(socket_);
}

bool Wire::wait(short events, std::optional<WebClock::time_point> until) {
  std::array<pollfd, 2> polled{pollfd{socket_, events, 0}, pollfd{stop_, POLLIN, 0}};
  while (::poll(polled.data(), polled.size(), milliseconds_to(until)) < 0 && errno == EINTR) continue;
  return polled[1].revents == 0 && polled[0].revents != 0;
}

bool Wire::wait_tls(int result) {
  switch (::SSL_get_error(tls_, result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, {});
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, {});
    default:
      return false;
  }
}

bool Wire::start_tls(ssl_ctx_st* context) {
  tls_ = ::SSL_new(context);
  ::SSL_set_fd(tls_, socket_);
  for (;;) {
    ::ERR_clear_error();
    const int result = ::SSL_accept(tls_);
    if (result == 1) return true;
    if (!wait_tls(result)) return false;
  }
}

std::string Wire::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  if (tls_) ::SSL_get0_alpn_selected(tls_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

Wire::Waited Wire::wait_readable(std::optional<WebClock::time_point> until) {
  if (tls_ && ::SSL_pending(tls_) > 0) return Waited::readable;
  if (wait(POLLIN, until)) return Waited::readable;
  return until && WebClock::now() >= *until ? Waited::timed_out : Waited::stopped;
}

std::size_t Wire::read(char* bytes, std::size_t count) {
  for (;;) {
    if (tls_) {
      ::ERR_clear_error();
      const int got = ::SSL_read(tls_, bytes, static_cast<int>(std::min<std::size_t>(count, 1 << 30)));
      if (got > 0) return static_cast<std::size_t>(got);
      if (!wait_tls(got)) return 0;
    } else {
      const ssize_t got = ::recv(socket_, bytes, count, 0);
      if (got > 0) return static_cast<std::size_t>(got);
      if (got == 0 || !would_block() || !wait(POLLIN, {})) return 0;
    }
  }
}

bool Wire::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tls_) {
      ::ERR_clear_error();
      const int put =
          ::SSL_write(tls_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 30)));
      if (put > 0)
        bytes.remove_prefix(static_cast<std::size_t>(put));
      else if (!wait_tls(put))
        return false;
    } else {
      const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put > 0)
        bytes.remove_prefix(static_cast<std::size_t>(put));
      else if (!would_block() || !wait(POLLOUT, {}))
        return false;
    }
  }
  return true;
}

bool Wire::write_file(int descriptor, std::uint64_t offset, std::uint64_t count) {
  off_t at = static_cast<off_t>(offset);
  while (count > 0) {
    const ssize_t put = ::sendfile(socket_, descriptor, &at, std::min<std::uint64_t>(count, 1 << 30));
    if (put > 0)
      count -= static_cast<std::uint64_t>(put);
    else if (put == 0 || !would_block() || !wait(POLLOUT, {}))
      return false;
  }
  return true;
}

bool Wire::sleep_until(WebClock::time_point until) {
  while (WebClock::now() < until) {
    std::array<pollfd, 2> polled{pollfd{socket_, POLLRDHUP, 0}, pollfd{stop_, POLLIN, 0}};
    const int count = ::poll(polled.data(), polled.size(), milliseconds_to(until));
    if (count > 0 || (count < 0 && errno != EINTR)) return false;
  }
  return true;
}

void Wire::finish() {
  if (tls_) ::SSL_shutdown(tls_);
  ::shutdown(socket_, SHUT_WR);
}

void Wire::reset() {
  // A reset takes back what has not been received, so how much comes before it would be chance.
  const auto deadline = WebClock::now() + std::chrono::seconds(5);
  for (int queued = 1; WebClock::now() < deadline;) {
    if (::ioctl(socket_, SIOCOUTQ, &queued) != 0 || queued == 0) break;
    if (!sleep_until(WebClock::now() + std::chrono::milliseconds(1))) break;
  }
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace maskmill::tests
