// SPDX-License-Identifier: Apache-2.0
#include "fetch/url.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "fetch/checksum.h"

namespace maskmill::fetch {
namespace {

struct Cleanup {
  void operator()(CURLU* handle) const { curl_url_cleanup(handle); }
  void operator()(char* text) const { curl_free(text); }
};
using Handle = std::unique_ptr<CURLU, Cleanup>;

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, Cleanup> owned(text);
  return text;
}

// Every byte that is not plain is written as %XX. A name that is too long keeps its end, where the extension
// is.
std::string safe_name(std::string_view text) {
  constexpr std::size_t kLongest = 150;  // file systems take 255, and endings are put behind
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        std::isalnum(byte) != 0 || std::string_view("-_.=+@~").find(c) != std::string_view::npos;
    name += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  if (name.size() > kLongest) name.erase(0, name.size() - kLongest);
  if (name.starts_with(".")) name.replace(0, 1, "%2E");
  return name.empty() ? "index" : name;
}

}  // namespace

bool is_url(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return false;
  const std::string scheme = lower_case(text.substr(0, end));
  return scheme == "http" || scheme == "https";
}

Url::Url(const std::string& text) : text_(text) {
  const auto refuse = [](const std::string& url, std::string_view why) {
    return Error(Code::usage, in_quotes(url) + " cannot be fetched: " + std::string(why));
  };
  if (!is_url(text)) throw refuse(text, "it begins neither with http:// nor with https://");
  const Handle url(curl_url());
  if (const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0); code != CURLUE_OK)
    throw refuse(text.find('@') == std::string::npos ? text : "a URL with @", curl_url_strerror(code));

  const bool has_query = !part(url.get(), CURLUPART_QUERY).empty();
  const bool has_secret =
      !part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty();
  for (const CURLUPart left_out : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    curl_url_set(url.get(), left_out, nullptr, 0);
  printable_ = maskmill::printable(part(url.get(), CURLUPART_URL)) + (has_query ? "?..." : "");
  if (has_secret) throw refuse(printable_, "users and passwords belong into ~/.netrc");

  const std::string port = part(url.get(), CURLUPART_PORT);
  host_ = safe_name(part(url.get(), CURLUPART_HOST) + (port.empty() ? "" : ":" + port));
  const std::string path = part(url.get(), CURLUPART_PATH);
  file_name_ = safe_name(path.substr(path.rfind('/') + 1));
  digest_ = sha256_of(std::string_view(text));
}

Url Url::with_mirrored(const Url& other) const {
  const std::string base = text_.ends_with('/') ? text_ : text_ + "/";
  return Url(base + other.text_.substr(other.text_.find("://") + 3));
}

}  // namespace maskmill::fetch
