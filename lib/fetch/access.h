// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "fetch/url.h"

namespace maskmill::fetch {

/// How long a server is put up with.
struct Patience {
  int attempts = 5;
  std::chrono::milliseconds first_wait{1000};  ///< twice as long after each attempt
  std::chrono::seconds longest_wait{60};       ///< also of what the server's Retry-After asks for
  std::chrono::seconds stalled{30};            ///< without a byte
};

/// How a command reaches the web.
struct Access {
  Patience patience{};
  int transfers = 16;           ///< at once, over at most 8 connections to a server
  std::optional<Url> mirror{};  ///< https://HOST/PATH is asked for as MIRROR/HOST/PATH
  bool offline = false;         ///< nothing is asked for
};

/// What is asked for in a URL's place: itself, or what a mirror calls it. Throws Error(not_found) offline.
Url asked_for(const Url& url, const Access& access);

}  // namespace maskmill::fetch
