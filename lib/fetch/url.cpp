// SPDX-License-Identifier: Apache-2.0
#include "fetch/url.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "base/error.h"
#include "base/text.h"

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

constexpr std::size_t kLongestName = 200;  // file systems take 255, and endings are put behind

// Every other byte is written as %XX, also "%" itself: no two names become one.
std::string file_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        std::isalnum(byte) != 0 || std::string_view("-_.=+@~").find(c) != std::string_view::npos;
    name += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  if (name.starts_with(".")) name.replace(0, 1, "%2E");
  return name;
}

}  // namespace

bool is_url(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return false;
  std::string scheme(text.substr(0, end));
  std::ranges::transform(scheme, scheme.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return scheme == "http" || scheme == "https";
}

Url::Url(const std::string& text) : text_(text) {
  const auto refuse = [&](std::string_view why) {
    return Error(Code::usage, in_quotes(text) + " is no URL that can be fetched: " + std::string(why));
  };
  if (!is_url(text)) throw refuse("it begins neither with http:// nor with https://");
  const Handle url(curl_url());
  if (const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0); code != CURLUE_OK)
    throw refuse(curl_url_strerror(code));

  const std::string port = part(url.get(), CURLUPART_PORT), query = part(url.get(), CURLUPART_QUERY);
  file_path_ = file_name(part(url.get(), CURLUPART_HOST) + (port.empty() ? "" : ":" + port));
  const std::string path = part(url.get(), CURLUPART_PATH);
  for (const std::string& name : split_text(path, '/'))
    if (!name.empty()) file_path_ /= file_name(name);
  if (path.ends_with('/')) file_path_ /= "index";
  if (!query.empty()) file_path_ += "%3F" + file_name(query);
  for (const Path& name : file_path_)
    if (name.size() > kLongestName) throw refuse("a part of it is too long for a file name");

  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD})
    curl_url_set(url.get(), secret, nullptr, 0);
  printable_ = maskmill::printable(part(url.get(), CURLUPART_URL));
}

}  // namespace maskmill::fetch
