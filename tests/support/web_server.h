// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace maskmill::tests {

struct WebRequest {
  std::string method, target;
  std::map<std::string, std::string> headers;  ///< by lower-case names
};

struct WebReply {
  std::string status = "200 OK";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::optional<std::size_t> sent{};     ///< of the body, before the connection is cut
  std::chrono::milliseconds silence{0};  ///< after the headers
  bool held = false;                     ///< the connection stays open until the client closes it
};

/// An HTTP/1.1 server on the loopback device that behaves as badly as a test wants. One connection at a
/// time, and one request for each.
class WebServer {
 public:
  explicit WebServer(std::function<WebReply(const WebRequest&)> answer);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// "http://127.0.0.1:PORT" and the target, which begins with "/".
  std::string url(const std::string& target) const;
  std::vector<WebRequest> requests() const;

 private:
  void run();
  void serve(int connection);

  std::function<WebReply(const WebRequest&)> answer_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<WebRequest> requests_;
  std::thread thread_;
};

/// What a good server says to a request for a file: a range of it where it is asked for, and If-Range, if
/// there, is the ETag.
WebReply file_reply(const WebRequest& request, const std::string& bytes, const std::string& etag);

}  // namespace maskmill::tests
