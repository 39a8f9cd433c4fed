// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace maskmill::tests {

/// A server's side of TLS, with a new key and a certificate for 127.0.0.1 and localhost that it signed
/// itself.
struct ServerTls {
  std::shared_ptr<ssl_ctx_st> context;
  std::string certificate_pem;  ///< what a client has to trust
};

/// ALPN offers "h2" before "http/1.1" where `http2`. Throws std::runtime_error where OpenSSL fails.
ServerTls make_server_tls(bool http2);

}  // namespace maskmill::tests
