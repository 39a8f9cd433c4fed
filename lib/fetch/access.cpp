// SPDX-License-Identifier: Apache-2.0
#include "fetch/access.h"

#include "base/error.h"

namespace maskmill::fetch {

Url asked_for(const Url& url, const Access& access) {
  if (access.offline)
    throw Error(Code::not_found, url.printable() + " is not here, and offline nobody is asked")
        .hint("fetch it once without --offline");
  return access.mirror ? access.mirror->with_mirrored(url) : url;
}

}  // namespace maskmill::fetch
