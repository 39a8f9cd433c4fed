// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/scratch.h"
#include "support/web_message.h"

namespace maskmill::tests {

struct WebOptions {
  bool tls = false;
  bool http2 = false;              ///< TLS offers it; without TLS it is there for who knows it beforehand
  std::size_t most_streams = 100;  ///< at once on a connection of HTTP/2
  bool keeps_requests = true;      ///< false for servers that live long
  int port = 0;                    ///< 0: any that is free
};

struct WebCounts {
  std::size_t requests = 0, connections = 0;
  std::size_t most_requests = 0, most_connections = 0;  ///< at once
};

/// A server on the loopback device that behaves as well as a real one and as badly as a test wants: HTTP/1.1
/// that keeps connections and HTTP/2, with TLS or without, many connections at once.
class WebServer {
 public:
  /// `answer` is called on the connections' threads, for several of them at once. Where it throws, the reply
  /// is a 500 with the reason.
  explicit WebServer(std::function<WebReply(const WebRequest&)> answer, WebOptions options = {});
  /// Breaks off what is on its way.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// "http://127.0.0.1:PORT" or "https://127.0.0.1:PORT", and the target, which begins with "/".
  std::string url(const std::string& target) const;
  int port() const;
  /// The certificate that a client has to trust: CURL_CA_BUNDLE or SSL_CERT_FILE. Gone with the server.
  Path certificate() const;

  /// In the order in which they came.
  std::vector<WebRequest> requests() const;
  WebCounts counts() const;

 private:
  class Running;
  std::unique_ptr<Running> running_;
};

/// What a good server says to a request for a file: a range of it where it is asked for, and If-Range, if
/// there, is the ETag.
WebReply file_reply(const WebRequest& request, const std::string& bytes, const std::string& etag);

}  // namespace maskmill::tests
