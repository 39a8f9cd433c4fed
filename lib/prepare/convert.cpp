// SPDX-License-Identifier: Apache-2.0
#include "prepare/convert.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/progress.h"
#include "base/text.h"
#include "prepare/adapt.h"

namespace maskmill {
namespace {

// What one item became, on its way from the parallel stage to the one that keeps order.
struct Converted {
  std::function<void()> append;  // empty: the item was left out
  std::vector<Finding> findings;
  Digest digest;
  InstanceLoss loss;
  std::size_t annotations = 0;
};

Converted convert_one(ReadItem& read, const Capabilities& target, const LabelMap& labels,
                      const InstanceSettings& settings, bool needs_digest, Sink& sink) {
  Converted out;
  std::optional<Item> item = read(out.findings, Look::masks);
  if (!item) return out;
  if (needs_digest) out.digest = digest_of(*item);
  const Place origin = item->origin;
  const std::string id = item->id;
  try {
    Item changed = adapted(std::move(*item), target, labels, settings, out.loss);
    out.annotations = changed.annotations.size();
    out.append = sink.encode(std::move(changed));
  } catch (Error& error) {
    if (error.code() == Code::write_failed || error.code() == Code::interrupted || error.code() == Code::bug)
      throw;
    if (!origin.file.empty()) error.at_file(origin.file);
    error.at_field(id);
    out.findings.push_back(to_finding(error, "unconvertible-item"));
    out.append = nullptr;
  }
  return out;
}

Error left_out(const std::vector<Finding>& findings) {
  return findings.empty() ? Error(Code::bad_value, "an item cannot be read") : to_error(findings.back());
}

}  // namespace

ConvertReport convert(Source& source, const Format& target, const CreateRequest& request,
                      const ConvertSettings& settings, Provenance provenance, Findings& findings,
                      const std::function<void(const std::vector<Loss>&)>& announce) {
  if (!target.create)
    throw Error(Code::usage, "the format " + std::string(target.name) + " is read, not written")
        .hint("formats that are written: maskmill formats");
  ConvertReport report;
  Findings seen_twice;  // the same items are read again below, where their findings are kept
  Survey before = survey(source, target, seen_twice);
  report.losses = std::move(before.losses);
  if (settings.lossless && !report.losses.empty())
    throw Error(Code::unsupported,
                fmt::format("{} cannot hold all of this data set:\n{}", target.title, to_text(report.losses)))
        .hint("choose another format, or leave out --lossless");
  announce(report.losses);

  CreateRequest created = request;
  if (before.paints) created.metadata.labels = with_background(request.metadata.labels);
  const auto sink = target.create(created);
  Hasher content;
  const bool needs_digest = std::ranges::any_of(
      provenance.inputs, [](const Provenance::Input& input) { return input.fingerprint.empty(); });
  Progress progress("converting", source.size());
  source.findings().for_each([&](const Finding& finding) { findings.add(finding); });
  map_items(
      source,
      [&](ReadItem&& read) {
        return convert_one(read, target.holds, created.metadata.labels, settings.instances, needs_digest,
                           *sink);
      },
      [&](Converted&& converted) {
        if (!converted.append && settings.all_items) throw left_out(converted.findings);
        findings.add(std::move(converted.findings));
        progress.advance();
        if (!converted.append) {
          ++report.left_out;
          return;
        }
        converted.append();
        ++report.items;
        report.annotations += converted.annotations;
        report.instances.add(converted.loss);
        content.add(converted.digest.hex());
      });
  if (report.items == 0)
    throw nothing_left("none of the items could be converted; nothing was written", findings);
  for (Provenance::Input& input : provenance.inputs) {
    if (!input.fingerprint.empty()) continue;
    input.items = report.items;
    input.fingerprint = content.digest().hex();
  }
  if (settings.lossless && !sink->findings().empty())
    throw Error(Code::unsupported,
                fmt::format("{} could not hold all of this data set; nothing was written", target.title))
        .at(sink->findings().examples().front().place)
        .hint(sink->findings().examples().front().message +
              "; choose another format, or leave out --lossless");
  sink->close(provenance);
  sink->findings().for_each([&](const Finding& finding) { findings.add(finding); });
  return report;
}

void fingerprint(Source& source, Provenance::Input& input) {
  Hasher content;
  input.items = 0;
  Progress progress("reading", source.size());
  map_items(
      source,
      [](ReadItem&& read) -> std::optional<Digest> {
        std::vector<Finding> said_again;  // when it is converted
        const std::optional<Item> item = read(said_again, Look::masks);
        if (!item) return std::nullopt;
        try {
          return digest_of(*item);
        } catch (const Error& error) {
          if (error.code() == Code::bug || error.code() == Code::interrupted) throw;
          return std::nullopt;
        }
      },
      [&](std::optional<Digest>&& digest) {
        progress.advance();
        if (!digest) return;
        content.add(digest->hex());
        ++input.items;
      });
  source.rewind();
  input.fingerprint = content.digest().hex();
}

std::string to_text(const ConvertReport& report) {
  std::string text = counted(report.items, "item");
  if (report.annotations > 0) text += ", " + counted(report.annotations, "annotation");
  text += " written";
  if (report.left_out > 0) text += fmt::format("; {} left out", counted(report.left_out, "item"));
  text += "\n";
  const InstanceLoss& made = report.instances;
  if (made.instances > 0 || made.left_out > 0) {
    text += fmt::format("{} made from masks", counted(static_cast<std::size_t>(made.instances), "instance"));
    if (made.left_out > 0)
      text += fmt::format(", {} left out as too small or without a label", made.left_out);
    if (made.pixels_lost > 0)
      text += fmt::format(", {} of the masks in none of them",
                          counted(static_cast<std::size_t>(made.pixels_lost), "pixel"));
    text += "\n";
  }
  if (made.measured > 0)
    text += fmt::format(
        "outlines of masks, of their holes too: IoU with the pixels {:.4f} on average, {:.4f} at worst\n",
        made.iou_sum / static_cast<double>(made.measured), made.iou_min);
  return text;
}

Json to_json(const ConvertReport& report) {
  Json losses = Json::array();
  for (const Loss& loss : report.losses)
    losses.push_back({{"what", loss.what},
                      {"outcome", loss.outcome},
                      {"count", loss.count},
                      {"example", loss.example.text()}});
  Json document{{"items", report.items},
                {"annotations", report.annotations},
                {"left_out", report.left_out},
                {"instances_from_masks", report.instances.instances},
                {"instances_left_out", report.instances.left_out},
                {"mask_pixels_lost", report.instances.pixels_lost},
                {"losses", losses}};
  if (report.instances.measured > 0)
    document["polygon_iou"] = {
        {"mean", report.instances.iou_sum / static_cast<double>(report.instances.measured)},
        {"min", report.instances.iou_min}};
  return document;
}

}  // namespace maskmill
