// SPDX-License-Identifier: Apache-2.0
#include "fetch/checksum.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"

namespace maskmill::fetch {
namespace {

constexpr std::size_t kFewestSha256Digits = 8;  // torchvision's

std::size_t digits_of(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::sha256:
      return 64;
    case ChecksumKind::md5:
      return 32;
    case ChecksumKind::crc32c:
      break;
  }
  return 8;
}

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes)
    fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(byte));
  return text;
}

/// A digest of OpenSSL's, piece by piece.
class Evp {
 public:
  explicit Evp(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new()) {
    if (!context_) throw std::bad_alloc();
    require(EVP_DigestInit_ex(context_.get(), algorithm, nullptr));
  }
  void add(std::string_view bytes) { require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }
  std::string hex() const {
    const std::unique_ptr<EVP_MD_CTX, Free> copy(EVP_MD_CTX_new());  // the end of a digest ends its state
    if (!copy) throw std::bad_alloc();
    require(EVP_MD_CTX_copy_ex(copy.get(), context_.get()));
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    require(EVP_DigestFinal_ex(copy.get(), reinterpret_cast<unsigned char*>(digest.data()), &size));
    return hex_of(std::string_view(digest).substr(0, size));
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  static void require(int done) {
    if (done != 1) throw Error(Code::unsupported, "OpenSSL cannot compute a checksum");
  }
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

std::string Checksum::text() const {
  return fmt::format("{}:{}", name_of(kind), digits);
}

Checksum parse_checksum(std::string_view text) {
  const std::string lower = lower_case(text);
  const std::size_t colon = lower.find(':');
  Checksum sum{.digits = colon == std::string::npos ? lower : lower.substr(colon + 1)};
  std::optional<ChecksumKind> kind;
  for (const ChecksumKind some : {ChecksumKind::sha256, ChecksumKind::md5, ChecksumKind::crc32c})
    if (colon == std::string::npos ? sum.digits.size() == digits_of(some)
                                   : lower.substr(0, colon) == name_of(some))
      kind = some;
  const std::size_t count = sum.digits.size();
  const bool are_digits = sum.digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (kind) sum.kind = *kind;
  const bool fits = kind && (count == digits_of(*kind) ||
                             (*kind == ChecksumKind::sha256 && count >= kFewestSha256Digits && count < 64));
  if (fits && are_digits) return sum;
  throw Error(Code::bad_value, in_quotes(std::string(text)) + " is no checksum")
      .hint("write sha256:, md5: or crc32c: and the hexadecimal digits (64 or the first 8 and more, 32, 8)");
}

Checksum checksum_from_base64(ChecksumKind kind, std::string_view base64) {
  Checksum sum{kind, hex_of(from_base64(base64))};
  if (sum.digits.size() == digits_of(kind)) return sum;
  throw Error(Code::bad_value,
              fmt::format("{} is no {} in base64", in_quotes(std::string(base64)), name_of(kind)));
}

struct Checksums::State {
  std::optional<Evp> sha256, md5;
  std::optional<std::uint32_t> crc32c;

  void begin(ChecksumKind kind) {
    if (kind == ChecksumKind::sha256 && !sha256) sha256.emplace(EVP_sha256());
    if (kind == ChecksumKind::md5 && !md5) md5.emplace(EVP_md5());
    if (kind == ChecksumKind::crc32c && !crc32c) crc32c = 0;
  }
};

Checksums::Checksums(const std::vector<ChecksumKind>& kinds) : state_(std::make_unique<State>()) {
  for (const ChecksumKind kind : kinds) state_->begin(kind);
}
Checksums::Checksums(const std::vector<Checksum>& known) : state_(std::make_unique<State>()) {
  for (const Checksum& sum : known) state_->begin(sum.kind);
}
Checksums::~Checksums() = default;
Checksums::Checksums(Checksums&&) noexcept = default;
Checksums& Checksums::operator=(Checksums&&) noexcept = default;

void Checksums::add(std::string_view bytes) {
  if (state_->sha256) state_->sha256->add(bytes);
  if (state_->md5) state_->md5->add(bytes);
  if (state_->crc32c) state_->crc32c = crc32c(bytes, *state_->crc32c);
}

std::string Checksums::hex(ChecksumKind kind) const {
  if (kind == ChecksumKind::sha256 && state_->sha256) return state_->sha256->hex();
  if (kind == ChecksumKind::md5 && state_->md5) return state_->md5->hex();
  if (kind == ChecksumKind::crc32c && state_->crc32c) return fmt::format("{:08x}", *state_->crc32c);
  throw Error(Code::bug, fmt::format("no {} was computed of these bytes", name_of(kind)));
}

std::string sha256_of(std::string_view bytes) {
  Checksums sums;
  sums.add(bytes);
  return sums.hex(ChecksumKind::sha256);
}

void add_file(Checksums& sums, const Path& file) {
  std::ifstream stream(file.string(), std::ios::binary);
  if (!stream) {
    const bool there = fs::exists(file);
    throw Error(there ? Code::unreadable : Code::not_found, there ? "cannot be opened" : "is not there")
        .at_file(file);
  }
  std::string block(std::size_t{1} << 20, '\0');
  while (stream) {
    throw_if_interrupted();
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    sums.add({block.data(), static_cast<std::size_t>(stream.gcount())});
  }
  if (stream.bad()) throw Error(Code::unreadable, "cannot be read to its end").at_file(file);
}

void require_equal(const Checksums& found, const std::vector<Checksum>& known, const std::string& name) {
  for (const Checksum& sum : known) {
    const std::string digits = found.hex(sum.kind);
    if (digits.starts_with(sum.digits)) continue;
    throw Error(Code::bad_format,
                fmt::format("{} is not what was published: its {} is {}, not {}", name, name_of(sum.kind),
                            digits.substr(0, std::max<std::size_t>(sum.digits.size(), 16)), sum.digits));
  }
}

std::string sha256_of_known(const Path& file, const std::vector<Checksum>& known, const std::string& name) {
  std::vector<Checksum> all = known;
  all.push_back({ChecksumKind::sha256, ""});
  Checksums sums(all);
  add_file(sums, file);
  require_equal(sums, known, name);
  return sums.hex(ChecksumKind::sha256);
}

}  // namespace maskmill::fetch
