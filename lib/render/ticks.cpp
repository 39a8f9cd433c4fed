// SPDX-License-Identifier: Apache-2.0
#include "render/ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace maskmill {
namespace {

constexpr std::string_view kMinus = "\u2212";

double nice_step(double raw) {
  const double magnitude = std::pow(10.0, std::floor(std::log10(raw)));
  const double lead = raw / magnitude;
  return magnitude * (lead < 1.5 ? 1 : lead < 3 ? 2 : lead < 7 ? 5 : 10);
}

std::string with_true_minus(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += kMinus.size())
    text.replace(at, 1, kMinus);
  return text;
}

/// "2.50e+07" -> "2.5e7"
std::string scientific(double value, int decimals) {
  std::string text = fmt::format("{:.{}e}", value, std::clamp(decimals, 0, 6));
  std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e), exponent = text.substr(e + 1);
  if (mantissa.find('.') != std::string::npos) {
    mantissa.erase(mantissa.find_last_not_of('0') + 1);
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  const bool negative = exponent.front() == '-';
  exponent.erase(0, std::min(exponent.find_first_not_of("+-0"), exponent.size() - 1));
  return mantissa + "e" + (negative ? "-" : "") + exponent;
}

std::string grouped(std::string digits) {
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  const std::size_t end = std::min(digits.find('.'), digits.size());
  for (std::size_t at = end; at > first + 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

int exponent_of(double value) {
  return static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
}

}  // namespace

Ticks nice_ticks(double low, double high, int wanted, bool whole) {
  const double magnitude = std::max(std::abs(low), std::abs(high));
  if (high - low <= magnitude * 1e-12 || high <= low) {
    const double margin = whole ? 1 : magnitude > 0 ? magnitude * 0.1 : 1;
    low -= margin, high += margin;
  }
  Ticks ticks;
  ticks.step = nice_step((high - low) / std::max(wanted, 1));
  if (whole) ticks.step = std::max(1.0, ticks.step);
  const double first = std::floor(low / ticks.step + 1e-9), last = std::ceil(high / ticks.step - 1e-9);
  ticks.low = first * ticks.step, ticks.high = last * ticks.step;
  const int steps = std::clamp(static_cast<int>(std::lround(last - first)), 1, 11);
  for (int i = 0; i <= steps; ++i) ticks.values.push_back((first + i) * ticks.step);
  return ticks;
}

std::string tick_label(double value, double step) {
  if (std::abs(value) < step * 1e-6) return "0";
  const int exponent = exponent_of(value), step_exponent = exponent_of(step);
  if (exponent >= 7 || step_exponent < -4)
    return with_true_minus(scientific(value, exponent - std::min(step_exponent, exponent)));
  return with_true_minus(grouped(fmt::format("{:.{}f}", value, std::max(0, -step_exponent))));
}

std::string short_number(double value, int digits) {
  if (!std::isfinite(value)) return "\u2013";
  if (value == 0) return "0";
  const int exponent = exponent_of(value);
  if (exponent >= 15 || exponent < -4) return with_true_minus(scientific(value, digits - 1));
  return with_true_minus(
      grouped(fmt::format("{:.{}f}", value, std::max(0, digits - 1 - std::max(exponent, -1)))));
}

}  // namespace maskmill
