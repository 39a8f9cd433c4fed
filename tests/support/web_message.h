// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace maskmill::tests {

using WebClock = std::chrono::steady_clock;

struct WebRequest {
  std::string method, target;
  std::map<std::string, std::string> headers;  ///< by lower-case names; HTTP/2's :authority as "host"
  std::string protocol = "HTTP/1.1";           ///< or "HTTP/1.0", "HTTP/2"
  std::size_t connection = 0;                  ///< which of the connections that were accepted, from 1
  WebClock::time_point at{};                   ///< when it had come

  /// Empty where there is none.
  std::string header(const std::string& lower_case_name) const;
};

/// How a reply breaks off.
enum class Cut {
  close,   ///< the connection is closed as usual
  reset,   ///< the connection is reset (TCP's RST), once the client's machine has what was sent
  stream,  ///< HTTP/2: RST_STREAM, the connection's other streams go on; HTTP/1: as close
};

/// How a client learns where the body ends.
enum class Framing {
  length,      ///< Content-Length
  chunked,     ///< HTTP/1.1's chunks; HTTP/2's last frame
  until_close  ///< HTTP/1: the connection is closed; HTTP/2 as chunked
};

/// A file that is open for reading.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Bytes of a file, read when they are sent.
struct FileBytes {
  std::shared_ptr<const OpenFile> file;
  std::uint64_t offset = 0, size = 0;
};

/// So many bytes at once, and then a pause.
struct Trickle {
  std::uint64_t bytes = 1;
  std::chrono::milliseconds every{1};
};

/// A reply, and what goes wrong with it. A Content-Length among the headers is sent as it is, right or wrong;
/// with Transfer-Encoding among them the body is sent raw.
struct WebReply {
  std::string status = "200 OK";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::optional<std::uint64_t> sent{};   ///< of the body, before the reply is cut
  std::chrono::milliseconds silence{0};  ///< after `silent_at` bytes of the body
  bool held = false;                     ///< the reply does not end until the client closes
  std::optional<FileBytes> file{};       ///< in place of `body`
  Cut cut = Cut::close;
  bool unanswered = false;             ///< cut before its headers; Cut::stream then refuses the stream
  std::chrono::milliseconds delay{0};  ///< before the headers
  std::uint64_t silent_at = 0;
  std::optional<Trickle> trickle{};
  Framing framing = Framing::length;
  std::vector<std::uint64_t> spoiled{};  ///< places in the body where every bit is sent inverted
  /// The last of its connection: HTTP/1 says "Connection: close"; HTTP/2 sends GOAWAY, by which the streams
  /// opened after this one are lost.
  bool closes = false;

  std::uint64_t size() const { return file ? file->size : body.size(); }
};

/// Fills `bytes` with the body from `at` on, spoiled as the reply says. False where the file has become
/// shorter.
bool read_body(const WebReply& reply, std::uint64_t at, char* bytes, std::size_t count);

/// When which bytes of a body go out.
class Pace {
 public:
  Pace(const WebReply& reply, bool has_body);
  std::uint64_t at() const { return at_; }
  bool done() const { return at_ == end_; }
  bool is_cut() const { return cut_; }
  /// Nothing may be sent before, not even the end.
  WebClock::time_point ready() const { return ready_; }
  /// How many bytes may go out next, at most `most`; at least 1 unless done.
  std::uint64_t next(std::uint64_t most) const;
  void advance(std::uint64_t count);

 private:
  std::uint64_t at_ = 0, end_ = 0, silent_at_, burst_ = 0;
  bool cut_ = false, silent_ = false;
  std::chrono::milliseconds silence_;
  std::optional<Trickle> trickle_;
  WebClock::time_point ready_{};
};

/// "302 Found" to a URL, of this host or another.
WebReply redirect_to(const std::string& url, const std::string& status = "302 Found");
/// 408, 429, 500 or 503, with Retry-After where it is given: seconds or a date.
WebReply failure(int status, const std::string& retry_after = "");

}  // namespace maskmill::tests
