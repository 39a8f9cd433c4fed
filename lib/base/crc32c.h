// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace maskmill {

/// CRC-32C (Castagnoli), as iSCSI (RFC 3720) and TensorFlow's records have it; not zlib's CRC-32.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace maskmill
