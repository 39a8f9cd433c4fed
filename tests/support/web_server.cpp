// SPDX-License-Identifier: Apache-2.0
#include "support/web_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>

namespace maskmill::tests {
namespace {

WebRequest parse(const std::string& text) {
  WebRequest request;
  std::size_t at = 0;
  for (bool first = true;; first = false) {
    const std::size_t end = text.find("\r\n", at);
    const std::string line = text.substr(at, end - at);
    if (line.empty()) return request;
    if (first) {
      const std::size_t space = line.find(' ');
      request.method = line.substr(0, space);
      request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
    } else {
      const std::size_t colon = line.find(':');
      std::string name = line.substr(0, colon);
      std::ranges::transform(name, name.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      request.headers[name] = line.substr(line.find_first_not_of(' ', colon + 1));
    }
    at = end + 2;
  }
}

void send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return;  // the client has gone
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace

WebServer::WebServer(std::function<WebReply(const WebRequest&)> answer) : answer_(std::move(answer)) {
  ::setenv("no_proxy", "127.0.0.1", 1);  // whatever the machine's proxy is, also for programs that are run
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port can be had on the loopback device");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

WebServer::~WebServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::string WebServer::url(const std::string& target) const {
  return "http://127.0.0.1:" + std::to_string(port_) + target;
}

std::vector<WebRequest> WebServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void WebServer::run() {
  for (;;) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    serve(connection);
    ::close(connection);
  }
}

void WebServer::serve(int connection) {
  std::string text;
  char block[4096];
  while (text.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(connection, block, sizeof block, 0);
    if (got <= 0) return;
    text.append(block, static_cast<std::size_t>(got));
  }
  const WebRequest request = parse(text);
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const WebReply reply = answer_(request);
  std::string head = "HTTP/1.1 " + reply.status + "\r\nConnection: close\r\n";
  bool has_length = false;
  for (const auto& [name, value] : reply.headers) {
    head += name + ": " + value + "\r\n";
    has_length = has_length || name == "Content-Length" || name == "Transfer-Encoding";
  }
  if (!has_length) head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  send_all(connection, head + "\r\n");
  std::this_thread::sleep_for(reply.silence);
  send_all(connection, std::string_view(reply.body).substr(0, reply.sent.value_or(reply.body.size())));
  while (reply.held && ::recv(connection, block, sizeof block, 0) > 0) continue;
}

WebReply file_reply(const WebRequest& request, const std::string& bytes, const std::string& etag) {
  const auto header = [&](const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
  };
  const std::string range = header("range"), condition = header("if-range");
  if (range.empty() || (!condition.empty() && condition != etag))
    return {.headers = {{"ETag", etag}}, .body = bytes};
  const std::size_t begin = std::stoull(range.substr(std::string("bytes=").size()));
  if (begin >= bytes.size())
    return {.status = "416 Range Not Satisfiable",
            .headers = {{"Content-Range", "bytes */" + std::to_string(bytes.size())}}};
  return {.status = "206 Partial Content",
          .headers = {{"ETag", etag},
                      {"Content-Range", "bytes " + std::to_string(begin) + "-" +
                                            std::to_string(bytes.size() - 1) + "/" +
                                            std::to_string(bytes.size())}},
          .body = bytes.substr(begin)};
}

}  // namespace maskmill::tests
