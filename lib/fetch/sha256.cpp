// SPDX-License-Identifier: Apache-2.0
#include "fetch/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <iterator>
#include <new>

#include "base/error.h"
#include "base/parallel.h"

namespace maskmill::fetch {
namespace {

void require(int done) {
  if (done != 1) throw Error(Code::bug, "OpenSSL cannot compute SHA-256");
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() {
    if (!context) throw std::bad_alloc();
  }
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr));
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
  require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

std::string Sha256::hex() const {
  const State copy;  // the end of a digest ends its state
  require(EVP_MD_CTX_copy_ex(copy.context, state_->context));
  std::array<unsigned char, 32> digest{};
  require(EVP_DigestFinal_ex(copy.context, digest.data(), nullptr));
  std::string text;
  for (const unsigned char byte : digest) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

std::string sha256_of(const Path& file) {
  std::ifstream stream(file.string(), std::ios::binary);
  if (!stream) {
    const bool there = fs::exists(file);
    throw Error(there ? Code::unreadable : Code::not_found, there ? "cannot be opened" : "is not there")
        .at_file(file);
  }
  Sha256 sum;
  std::string block(std::size_t{1} << 20, '\0');
  while (stream) {
    throw_if_interrupted();
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    sum.add({block.data(), static_cast<std::size_t>(stream.gcount())});
  }
  if (stream.bad()) throw Error(Code::unreadable, "cannot be read to its end").at_file(file);
  return sum.hex();
}

}  // namespace maskmill::fetch
