// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace maskmill {

/// CRC-32C (Castagnoli), as iSCSI (RFC 3720) and TensorFlow's records have it; not zlib's CRC-32. `before` is
/// that of the bytes before these, where there are some.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

}  // namespace maskmill
