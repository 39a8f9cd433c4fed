// SPDX-License-Identifier: Apache-2.0
#include "support/web_message.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace maskmill::tests {

std::string WebRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

OpenFile::~OpenFile() {
  ::close(descriptor_);
}

bool read_body(const WebReply& reply, std::uint64_t at, char* bytes, std::size_t count) {
  if (!reply.file) {
    std::memcpy(bytes, reply.body.data() + at, count);
  } else {
    for (std::size_t had = 0; had < count;) {
      const ssize_t got = ::pread(reply.file->file->descriptor(), bytes + had, count - had,
                                  static_cast<off_t>(reply.file->offset + at + had));
      if (got <= 0) return false;
      had += static_cast<std::size_t>(got);
    }
  }
  for (const std::uint64_t place : reply.spoiled)
    if (place >= at && place - at < count) bytes[place - at] = static_cast<char>(~bytes[place - at]);
  return true;
}

Pace::Pace(const WebReply& reply, bool has_body)
    : silent_at_(reply.silent_at), silence_(reply.silence), trickle_(reply.trickle) {
  const std::uint64_t size = has_body ? reply.size() : 0;
  end_ = std::min(reply.sent.value_or(size), size);
  cut_ = end_ < size;
  silent_ = has_body && silence_.count() > 0;
  advance(0);
}

std::uint64_t Pace::next(std::uint64_t most) const {
  most = std::min(most, end_ - at_);
  if (silent_ && silent_at_ > at_) most = std::min(most, silent_at_ - at_);
  if (trickle_) most = std::min(most, trickle_->bytes - burst_);
  return most;
}

void Pace::advance(std::uint64_t count) {
  at_ += count;
  burst_ += count;
  if (trickle_ && burst_ >= trickle_->bytes) {
    burst_ = 0;
    ready_ = WebClock::now() + trickle_->every;
  }
  if (silent_ && at_ >= silent_at_) {
    silent_ = false;
    ready_ = WebClock::now() + silence_;
  }
}

WebReply redirect_to(const std::string& url, const std::string& status) {
  return {.status = status, .headers = {{"Location", url}}, .body = "moved"};
}

WebReply failure(int status, const std::string& retry_after) {
  const auto reason = [&] {
    switch (status) {
      case 408:
        return "Request Timeout";
      case 429:
        return "Too Many Requests";
      case 500:
        return "Internal Server Error";
      case 503:
        return "Service Unavailable";
      default:
        throw std::invalid_argument("a failure of status " + std::to_string(status));
    }
  };
  WebReply reply{.status = std::to_string(status) + " " + reason(), .body = "not now"};
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

}  // namespace maskmill::tests
