// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "support/web_message.h"
#include "support/wire.h"

namespace maskmill::tests {

/// What a connection's replies come from.
struct Answering {
  std::function<WebReply(WebRequest)> answer;
  std::function<void()> finished;  ///< for each answer, when no more of it goes out
};

inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves HTTP/2 (RFC 9113) until the connection ends; `begin` has been read from it already. Streams are
/// answered one by one and sent side by side, at most `most_streams` at once.
void serve_http2(Wire& wire, const std::string& begin, const Answering& answering, std::size_t most_streams);

}  // namespace maskmill::tests
