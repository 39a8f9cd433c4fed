// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "support/web_message.h"

struct ssl_ctx_st;
struct ssl_st;

namespace maskmill::tests {

/// A connection that a server has accepted, with TLS or without. Every wait ends when the server stops, and
/// then nothing more comes or goes.
class Wire {
 public:
  enum class Waited { readable, timed_out, stopped };

  /// `socket`, which it closes, is non-blocking; `stop` becomes readable when the server stops.
  Wire(int socket, int stop) : socket_(socket), stop_(stop) {}
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// False where the client has gone or does not agree.
  bool start_tls(ssl_ctx_st* context);
  bool has_tls() const { return tls_ != nullptr; }
  /// What was agreed on by ALPN: "h2", "http/1.1" or nothing.
  std::string protocol() const;

  /// Without `until`, for as long as it takes.
  Waited wait_readable(std::optional<WebClock::time_point> until);
  /// At least one byte; 0 at the end.
  std::size_t read(char* bytes, std::size_t count);
  /// All of it. False where the client has gone.
  bool write(std::string_view bytes);
  /// The bytes of a file without a copy; not with TLS. False also where the file has become shorter.
  bool write_file(int descriptor, std::uint64_t offset, std::uint64_t count);
  /// False where the client goes before.
  bool sleep_until(WebClock::time_point until);
  /// Says that nothing more comes. The socket is closed when the wire goes.
  void finish();
  /// Has the client told that the connection is reset, when it has received what was sent before.
  void reset();

 private:
  bool wait(short events, std::optional<WebClock::time_point> until);
  bool wait_tls(int result);

  int socket_, stop_;
  ssl_st* tls_ = nullptr;
};

}  // namespace maskmill::tests
