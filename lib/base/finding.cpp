// SPDX-License-Identifier: Apache-2.0
#include "base/finding.h"

#include <array>
#include <optional>

#include "base/json.h"
#include "base/part_file.h"

namespace maskmill {
namespace {

// JSON text holds no raw bytes, and a path may: each byte above 0x7F is kept as the code point of its number.
std::string widened(std::string_view bytes) {
  std::string out;
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80) {
      out += letter;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

std::string narrowed(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    out += byte < 0x80
               ? text[i]
               : static_cast<char>(((byte & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
  }
  return out;
}

Json packed(const Place& place) {
  return Json::array({widened(place.file), place.line ? Json(*place.line) : Json(), widened(place.field)});
}

Place place_of(const Json& packed) {
  Place place{narrowed(packed[0].get<std::string>()), {}, narrowed(packed[2].get<std::string>())};
  if (!packed[1].is_null()) place.line = packed[1].get<std::size_t>();
  return place;
}

std::string line_of(const Finding& finding) {
  Json related = Json::array();
  for (const Place& place : finding.related) related.push_back(packed(place));
  return to_line(Json::array({widened(finding.rule), static_cast<int>(finding.severity),
                              packed(finding.place), widened(finding.message), widened(finding.fix),
                              finding.region ? Json(*finding.region) : Json(), std::move(related)}));
}

Finding finding_of(std::string_view text) {
  const Json line = Json::parse(text);
  Finding finding;
  finding.rule = narrowed(line[0].get<std::string>());
  finding.severity = static_cast<Severity>(line[1].get<int>());
  finding.place = place_of(line[2]);
  finding.message = narrowed(line[3].get<std::string>());
  finding.fix = narrowed(line[4].get<std::string>());
  if (!line[5].is_null()) finding.region = line[5].get<std::array<double, 4>>();
  for (const Json& place : line[6]) finding.related.push_back(place_of(place));
  return finding;
}

}  // namespace

std::string_view to_string(Severity severity) {
  constexpr std::array<std::string_view, 3> names{"note", "warning", "error"};
  return names.at(static_cast<std::size_t>(severity));
}

Finding to_finding(const Error& error, std::string rule, Severity severity) {
  return {std::move(rule), severity, error.place(), error.message(), error.hint_text()};
}

Error to_error(const Finding& finding) {
  return Error(Code::bad_value, finding.message).at(finding.place).hint(finding.fix);
}

struct Findings::State {
  struct Spilled {
    PartFile file;
    LineStore lines{file};
  };
  std::size_t kept_in_memory;
  std::vector<Finding> kept;
  std::unique_ptr<Spilled> spilled;
  std::size_t total = 0;
  std::array<std::size_t, 3> by_severity{};
  std::map<std::string, std::size_t> by_rule;
};

Findings::Findings(std::size_t kept_in_memory) : state_(std::make_unique<State>()) {
  state_->kept_in_memory = kept_in_memory;
}
Findings::~Findings() = default;
Findings::Findings(Findings&&) noexcept = default;
Findings& Findings::operator=(Findings&&) noexcept = default;

void Findings::add(Finding finding) {
  State& state = *state_;
  ++state.total;
  ++state.by_severity.at(static_cast<std::size_t>(finding.severity));
  ++state.by_rule[finding.rule];
  if (state.kept.size() < state.kept_in_memory) {
    state.kept.push_back(std::move(finding));
    return;
  }
  if (!state.spilled) state.spilled = std::make_unique<State::Spilled>();
  state.spilled->lines.append(line_of(finding));
}

void Findings::add(std::vector<Finding> findings) {
  for (Finding& finding : findings) add(std::move(finding));
}

std::size_t Findings::size() const {
  return state_->total;
}
std::size_t Findings::count(Severity severity) const {
  return state_->by_severity.at(static_cast<std::size_t>(severity));
}
const std::map<std::string, std::size_t>& Findings::by_rule() const {
  return state_->by_rule;
}

void Findings::for_each(const std::function<void(const Finding&)>& visit) const {
  for (const Finding& finding : state_->kept) visit(finding);
  if (!state_->spilled) return;
  state_->spilled->lines.for_each([&](std::string_view line) { visit(finding_of(line)); });
}

std::vector<Finding> Findings::examples() const {
  std::map<std::string, Finding> first;
  for_each([&](const Finding& finding) {
    if (first.size() < by_rule().size()) first.try_emplace(finding.rule, finding);
  });
  std::vector<Finding> examples;
  for (auto& [rule, finding] : first) examples.push_back(std::move(finding));
  return examples;
}

Error nothing_left(const std::string& message, const Findings& findings) {
  std::optional<Finding> first;
  findings.for_each([&](const Finding& finding) {
    if (!first && finding.severity == Severity::error) first = finding;
  });
  if (!first) return Error(Code::bad_format, message);
  const std::string place = first->place.text();
  return Error(Code::bad_format,
               message + "; the first: " + (place.empty() ? "" : place + ": ") + first->message)
      .hint(first->fix);
}

}  // namespace maskmill
