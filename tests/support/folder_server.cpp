// SPDX-License-Identifier: Apache-2.0
#include "support/folder_server.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string_view>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/random.h"

namespace maskmill::tests {
namespace {

WebReply refusal(const std::string& status) {
  return {
      .status = status, .headers = {{"Content-Type", "text/html"}}, .body = "<html>" + status + "</html>"};
}

/// RFC 9110's IMF-fixdate.
std::string http_date(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

/// The path of a target, without its query; nothing where it is not well-formed.
std::optional<std::string> decoded_path(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (!target.starts_with('/')) return std::nullopt;
  std::string path;
  for (std::size_t i = 0; i < target.size(); ++i) {
    char byte = target[i];
    if (byte == '%') {
      unsigned char code = 0;
      const std::string_view digits = target.substr(i + 1, 2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
      byte = static_cast<char>(code);
      i += 2;
    }
    if (byte == '\0') return std::nullopt;
    path += byte;
  }
  return path;
}

const char* content_type(const Path& path) {
  static const std::map<std::string, const char*> kTypes{
      {"jpg", "image/jpeg"},        {"jpeg", "image/jpeg"},       {"png", "image/png"},
      {"csv", "text/csv"},          {"txt", "text/plain"},        {"html", "text/html"},
      {"json", "application/json"}, {"zip", "application/zip"},   {"gz", "application/gzip"},
      {"xml", "application/xml"},   {"tar", "application/x-tar"},
  };
  const auto found = kTypes.find(lower_extension(path));
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

struct Range {
  std::uint64_t begin, end;
};
enum class RangeKind { none, one, outside };

/// RFC 9110, 14.1.2. What is not one range of bytes is none, and the header is passed over.
std::pair<RangeKind, Range> range_of(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  const std::size_t dash = header.find('-');
  if (!header.starts_with(kUnit) || dash == std::string_view::npos) return {RangeKind::none, {}};
  const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  };
  const std::string_view first_text = header.substr(kUnit.size(), dash - kUnit.size());
  const std::string_view last_text = header.substr(dash + 1);
  const auto first = number(first_text), last = number(last_text);
  if (first_text.empty()) {
    if (!last) return {RangeKind::none, {}};
    if (*last == 0 || size == 0) return {RangeKind::outside, {}};
    return {RangeKind::one, {size - std::min(*last, size), size}};
  }
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return {RangeKind::none, {}};
  if (*first >= size) return {RangeKind::outside, {}};
  return {RangeKind::one, {*first, last ? std::min(*last, size - 1) + 1 : size}};
}

std::string md5_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int length = 0;
  ::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, ::EVP_md5(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift);
  return bytes;
}

}  // namespace

FolderAnswers::FolderAnswers(const Path& folder, FolderOptions options)
    : folder_(fs::canonical(folder)), options_(options) {}

FolderAnswers::Sums FolderAnswers::sums_of(const std::string& path, const std::string& etag,
                                           const OpenFile& file, std::uint64_t size) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = sums_.find(path); found != sums_.end() && found->second.first == etag)
      return found->second.second;
  }
  void* mapped = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (mapped == MAP_FAILED) throw std::runtime_error("cannot map " + path);
  const std::string_view bytes(static_cast<const char*>(mapped), size);
  Sums sums{to_base64(big_endian(crc32c(bytes))), to_base64(md5_of(bytes))};
  if (mapped) ::munmap(mapped, size);
  const std::lock_guard lock(mutex_);
  sums_[path] = {etag, sums};
  return sums;
}

WebReply FolderAnswers::operator()(const WebRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    WebReply reply = refusal("405 Method Not Allowed");
    reply.headers.emplace_back("Allow", "GET, HEAD");
    return reply;
  }
  const auto path = decoded_path(request.target);
  if (!path) return refusal("400 Bad Request");
  boost::system::error_code failed;
  const Path found = fs::canonical(folder_.string() + *path, failed);
  if (failed || !found.string().starts_with(folder_.string() + "/")) return refusal("404 Not Found");
  const int descriptor = ::open(found.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return refusal(errno == EACCES ? "403 Forbidden" : "404 Not Found");
  const auto file = std::make_shared<const OpenFile>(descriptor);
  struct stat state {};
  if (::fstat(descriptor, &state) != 0 || !S_ISREG(state.st_mode)) return refusal("404 Not Found");

  const auto size = static_cast<std::uint64_t>(state.st_size);
  std::array<char, 64> tag;
  std::snprintf(tag.data(), tag.size(), "\"%llx-%llx\"", static_cast<unsigned long long>(size),
                static_cast<unsigned long long>(state.st_mtim.tv_sec) * 1000000000 +
                    static_cast<unsigned long long>(state.st_mtim.tv_nsec));
  const std::string etag = tag.data(), modified = http_date(state.st_mtim.tv_sec);
  WebReply reply;
  reply.delay = options_.delay;
  reply.headers = {{"Date", http_date(std::time(nullptr))},
                   {"Last-Modified", modified},
                   {"ETag", etag},
                   {"Accept-Ranges", "bytes"}};
  if (const std::string known = request.header("if-none-match");
      known == "*" || known.find(etag) != std::string::npos) {
    reply.status = "304 Not Modified";
    return reply;
  }
  reply.headers.emplace_back("Content-Type", content_type(found));
  if (options_.goog_hash != GoogHash::none) {
    const Sums sums = sums_of(found.string(), etag, *file, size);
    const std::string crc = "crc32c=" + sums.crc32c, md5 = "md5=" + sums.md5;
    reply.headers.emplace_back("x-goog-stored-content-length", std::to_string(size));
    if (options_.goog_hash == GoogHash::one_line) {
      reply.headers.emplace_back("x-goog-hash", crc + "," + md5);
    } else {
      reply.headers.emplace_back("x-goog-hash", crc);
      reply.headers.emplace_back("x-goog-hash", md5);
    }
  }
  const std::string condition = request.header("if-range");
  const bool is_same = condition.empty() || condition == etag || condition == modified;
  const auto [kind, range] = range_of(is_same ? request.header("range") : "", size);
  switch (kind) {
    case RangeKind::none:
      reply.file = FileBytes{file, 0, size};
      break;
    case RangeKind::one:
      reply.status = "206 Partial Content";
      reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.begin) + "-" +
                                                      std::to_string(range.end - 1) + "/" +
                                                      std::to_string(size));
      reply.file = FileBytes{file, range.begin, range.end - range.begin};
      break;
    case RangeKind::outside:
      reply.status = "416 Range Not Satisfiable";
      reply.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
      break;
  }
  return reply;
}

Hook every(std::size_t k, Spoil spoil) {
  return [k, spoil = std::move(spoil)](const WebRequest&, const Visit& visit, WebReply& reply) {
    if (visit.number % k == 0) spoil(reply);
  };
}

Hook first_of_each(std::size_t n, Spoil spoil) {
  return [n, spoil = std::move(spoil)](const WebRequest&, const Visit& visit, WebReply& reply) {
    if (visit.of_target <= n) spoil(reply);
  };
}

Spoil cut_at(double share, Cut cut) {
  return [share, cut](WebReply& reply) {
    reply.sent = static_cast<std::uint64_t>(share * static_cast<double>(reply.size()));
    reply.cut = cut;
  };
}

Hook seeded_faults(std::uint64_t seed, double share) {
  const auto is_chosen = [seed, share](const std::string& target, std::size_t of_target) {
    return Random{seed, stable_hash(target), of_target}.chance(share);
  };
  return [=](const WebRequest& request, const Visit& visit, WebReply& reply) {
    const std::size_t n = visit.of_target;
    const std::string& target = request.target;
    if (!is_chosen(target, n)) return;
    if (n % 3 == 0 && is_chosen(target, n - 1) && is_chosen(target, n - 2)) return;
    Random random{seed, stable_hash(target), n, 1};
    constexpr std::array kCuts{Cut::close, Cut::reset, Cut::stream};
    reply.cut = kCuts.at(random.below(kCuts.size()));
    switch (random.below(4)) {
      case 0: {
        const auto delay = reply.delay;
        reply = failure(503, random.below(8) == 0 ? "1" : "0");
        reply.delay = delay;
        break;
      }
      case 1:
        reply.unanswered = true;
        break;
      default:
        cut_at(random.uniform(), reply.cut)(reply);
    }
  };
}

FolderServer::FolderServer(const Path& folder, FolderOptions options, WebOptions web, Hook hook)
    : answers_(folder, options), hook_(std::move(hook)) {
  server_ = std::make_unique<WebServer>(
      [this](const WebRequest& request) {
        WebReply reply = answers_(request);
        if (!hook_) return reply;
        const std::lock_guard lock(mutex_);
        const Visit visit{++requests_, ++by_target_[request.target]};
        hook_(request, visit, reply);
        return reply;
      },
      web);
}

}  // namespace maskmill::tests
