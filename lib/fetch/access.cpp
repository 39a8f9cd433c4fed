// SPDX-License-Identifier: Apache-2.0
#include "fetch/access.h"

#include "base/error.h"

namespace maskmill::fetch {

Url asked_for(const Url& url, const Access& access) {
  if (access.offline)
    throw Error(Code::not_found, url.printable() + " is not here, and nothing may be asked for")
        .hint("leave out --offline once, and it is kept in the cache");
  return access.mirror ? access.mirror->with_mirrored(url) : url;
}

}  // namespace maskmill::fetch
