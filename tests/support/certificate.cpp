// SPDX-License-Identifier: Apache-2.0
#include "support/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <string_view>

namespace maskmill::tests {
namespace {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeWith<::EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<::X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<::X509_EXTENSION_free>>;

void require(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(std::string("OpenSSL fails at ") + what);
}

Certificate self_signed(EVP_PKEY* key) {
  constexpr long kDay = 24 * 60 * 60;
  Certificate certificate(::X509_new());
  X509* made = certificate.get();
  ::X509_set_version(made, X509_VERSION_3);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(made), 1);
  ::X509_gmtime_adj(::X509_getm_notBefore(made), -kDay);
  ::X509_gmtime_adj(::X509_getm_notAfter(made), 365 * kDay);
  ::X509_set_pubkey(made, key);
  X509_NAME* name = ::X509_get_subject_name(made);
  ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("maskmill test server"), -1, -1, 0);
  ::X509_set_issuer_name(made, name);
  for (const auto& [id, value] : {std::pair(NID_basic_constraints, "critical,CA:TRUE"),
                                  std::pair(NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost")}) {
    const Extension extension(::X509V3_EXT_conf_nid(nullptr, nullptr, id, value));
    require(extension && ::X509_add_ext(made, extension.get(), -1) == 1, "an extension");
  }
  require(::X509_sign(made, key, ::EVP_sha256()) > 0, "signing");
  return certificate;
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, FreeWith<::BIO_free_all>> memory(::BIO_new(::BIO_s_mem()));
  require(::PEM_write_bio_X509(memory.get(), certificate) == 1, "writing PEM");
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

constexpr std::string_view kHttp11("\x08http/1.1"), kBoth("\x02h2\x08http/1.1");

int choose(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
           unsigned int offered_length, void* argument) {
  const std::string_view ours = argument ? kBoth : kHttp11;
  unsigned char* found = nullptr;
  const int result =
      ::SSL_select_next_proto(&found, length, reinterpret_cast<const unsigned char*>(ours.data()),
                              static_cast<unsigned int>(ours.size()), offered, offered_length);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

ServerTls make_server_tls(bool http2) {
  const Key key(::EVP_EC_gen("P-256"));
  require(key != nullptr, "making a key");
  const Certificate certificate = self_signed(key.get());
  ServerTls tls{std::shared_ptr<SSL_CTX>(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free),
                pem_of(certificate.get())};
  SSL_CTX* context = tls.context.get();
  require(context && ::SSL_CTX_use_certificate(context, certificate.get()) == 1 &&
              ::SSL_CTX_use_PrivateKey(context, key.get()) == 1,
          "taking its own certificate");
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_alpn_select_cb(context, choose, http2 ? context : nullptr);
  return tls;
}

}  // namespace maskmill::tests
