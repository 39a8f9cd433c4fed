// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace maskmill::learn {

/// The trainings that "key=a,b,c" texts ask for: one for each combination of values, the last key's changing
/// fastest. A setting that is itself a list takes its alternatives between semicolons:
/// "loss.terms=ce;ce,dice". Each is a list of "key=value" texts. Throws Error(usage) for a key that is not
/// there or is given twice.
std::vector<std::vector<std::string>> sweep_of(const std::vector<std::string>& texts);

}  // namespace maskmill::learn
