// SPDX-License-Identifier: Apache-2.0
#include "render/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/base64.h"
#include "base/text.h"
#include "render/page_parts.h"
#include "render/ticks.h"

namespace maskmill::html {
namespace {

std::string_view class_of(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "good";
    case Tone::warning:
      return "warning";
    case Tone::bad:
      return "bad";
    case Tone::plain:
      break;
  }
  return "plain";
}

std::string definitions(std::string_view list_class, const KeyValues& rows) {
  std::string xml = fmt::format("<dl class=\"{}\">\n", list_class);
  for (const auto& [key, value] : rows)
    xml += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(key), escaped(value));
  return xml + "</dl>\n";
}

Markup legend_entry(const LegendEntry& entry) {
  const std::string square =
      entry.hatched
          ? "<span class=\"swatch hatched\"></span>"
          : fmt::format("<span class=\"swatch\" style=\"background:{}\"></span>", hex(entry.colour));
  const std::string remark =
      entry.remark.empty() ? "" : fmt::format("<span class=\"remark\">{}</span>", escaped(entry.remark));
  return {fmt::format("<span class=\"name\">{}{}</span>{}", square, escaped(entry.name), remark)};
}

/// Letters, digits and hyphens stay, and every other byte is written as a number.
std::string anchor_of(std::string_view heading) {
  std::string anchor = "at-";
  for (const char byte : heading) {
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') || byte == '-';
    anchor += is_plain ? std::string(1, byte) : fmt::format("_{:02x}", static_cast<unsigned char>(byte));
  }
  return anchor;
}

}  // namespace

Markup section_link(std::string_view heading) {
  return {fmt::format("<a href=\"#{}\">{}</a>", anchor_of(heading), escaped(heading))};
}

Markup text(std::string_view words) {
  return {escaped(words)};
}

Markup remarked(std::string_view words, std::string_view remark) {
  if (remark.empty()) return text(words);
  return {fmt::format("{}<span class=\"detail\">{}</span>", escaped(words), escaped(remark))};
}

Markup number(double value, int decimals) {
  return {std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : std::string("\u2013")};
}

Markup count(std::int64_t value) {
  const std::uint64_t magnitude =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  return {(value < 0 ? "\u2212" : "") + with_thousands(magnitude)};
}

Markup share(double fraction, int decimals) {
  const double length = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0;
  return {fmt::format("<span class=\"share\" style=\"background-size:{:.1f}% 3px\">{}</span>", length * 100,
                      number(fraction, decimals).xml)};
}

Markup swatch(Rgb colour, std::string_view name) {
  return legend_entry({.colour = colour, .hatched = false, .name = std::string(name), .remark = {}});
}

Markup badge(std::string_view word, Tone tone) {
  return {fmt::format("<span class=\"badge {}\">{}</span>", class_of(tone), escaped(word))};
}

Markup picture(std::string_view file_bytes, Size size, std::string_view alternative_text) {
  const std::string_view type = file_kind(file_bytes) == FileKind::png ? "png" : "jpeg";
  return {
      fmt::format("<button type=\"button\" class=\"zoom\"><img width=\"{}\" height=\"{}\" alt=\"{}\" "
                  "src=\"data:image/{};base64,{}\"/></button>",
                  size.width, size.height, escaped(alternative_text), type, to_base64(file_bytes))};
}

Markup jpeg_picture(const cv::Mat& rgb, std::string_view alternative_text) {
  return picture(encode_jpeg(rgb, 85), {rgb.cols, rgb.rows}, alternative_text);
}

Page::Page(Write write, std::string_view title, std::string_view subtitle, Layout layout)
    : write_(std::move(write)) {
  put({"<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n",
       "<meta charset=\"utf-8\"/>\n",
       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n",
       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; img-src data:; ",
       "style-src &#39;unsafe-inline&#39;; script-src &#39;unsafe-inline&#39;\"/>\n", "<title>",
       escaped(title), "</title>\n<style>", kStyleSheet, "</style>\n</head>\n<body>\n<header>\n<h1>",
       escaped(title), "</h1>\n"});
  if (!subtitle.empty()) put({"<p>", escaped(subtitle), "</p>\n"});
  put({"</header>\n<main", layout == Layout::sheet ? " class=\"sheet\"" : "", ">\n"});
}

void Page::section(std::string_view heading, std::string_view introduction) {
  leave_gallery();
  put({in_section_ ? "</section>\n" : "", "<section>\n<h2 id=\"", anchor_of(heading), "\">", escaped(heading),
       "</h2>\n"});
  in_section_ = true;
  if (!introduction.empty()) put({"<p class=\"introduction\">", escaped(introduction), "</p>\n"});
}

void Page::paragraph(std::string_view words) {
  leave_gallery();
  put({"<p>", escaped(words), "</p>\n"});
}

void Page::note(std::string_view words, Tone tone) {
  leave_gallery();
  put({"<p class=\"note ", class_of(tone), "\">", escaped(words), "</p>\n"});
}

void Page::headline(const KeyValues& numbers) {
  leave_gallery();
  put({definitions("headline", numbers)});
}

void Page::key_values(const KeyValues& rows) {
  leave_gallery();
  put({definitions("pairs", rows)});
}

void Page::table(std::span<const Column> columns, std::span<const Row> rows) {
  leave_gallery();
  const auto attribute = [&](std::size_t column) -> std::string_view {
    return columns[column].numeric ? " class=\"number\"" : "";
  };
  put({"<div class=\"scroll\"><table>\n<thead><tr>"});
  for (std::size_t i = 0; i < columns.size(); ++i)
    put({"<th scope=\"col\"", attribute(i), ">", escaped(columns[i].title), "</th>"});
  put({"</tr></thead>\n<tbody>\n"});
  for (const Row& row : rows) {
    put({"<tr>"});
    for (std::size_t i = 0; i < columns.size(); ++i)
      put({"<td", attribute(i), ">", i < row.size() ? row[i].xml : "", "</td>"});
    put({"</tr>\n"});
  }
  put({"</tbody></table></div>\n"});
}

void Page::legend(std::span<const LegendEntry> entries) {
  leave_gallery();
  put({"<ul class=\"legend\">\n"});
  for (const LegendEntry& entry : entries) put({"<li>", legend_entry(entry).xml, "</li>\n"});
  put({"</ul>\n"});
}

void Page::charts(std::span<const Markup> charts, bool small) {
  leave_gallery();
  put({small ? "<div class=\"charts small\">\n" : "<div class=\"charts\">\n"});
  for (const Markup& chart : charts) put({"<div>", chart.xml, "</div>\n"});
  put({"</div>\n"});
}

void Page::fold(std::string_view summary) {
  leave_gallery();
  put({"<details>\n<summary>", escaped(summary), "</summary>\n"});
}

void Page::unfold() {
  leave_gallery();
  put({"</details>\n"});
}

void Page::wide(const Markup& drawing) {
  leave_gallery();
  put({"<div class=\"scroll wide\">", drawing.xml, "</div>\n"});
}

void Page::figure(std::span<const Markup> pictures, std::string_view caption, std::string_view detail) {
  if (!in_gallery_) put({"<div class=\"gallery\">\n"});
  in_gallery_ = true;
  put({pictures.size() > 1 ? "<figure class=\"row\">" : "<figure>", "<div class=\"pictures\">"});
  for (const Markup& one : pictures) put({one.xml});
  put({"</div><figcaption>", escaped(caption)});
  if (!detail.empty()) put({"<span class=\"detail\">", escaped(detail), "</span>"});
  put({"</figcaption></figure>\n"});
}

void Page::close() {
  leave_gallery();
  put({in_section_ ? "</section>\n" : "",
       "</main>\n<dialog id=\"large\"><img alt=\"\" src=\"data:,\"/><p></p></dialog>\n", "<script>", kScript,
       "</script>\n</body>\n</html>\n"});
}

void Page::leave_gallery() {
  if (in_gallery_) put({"</div>\n"});
  in_gallery_ = false;
}

void Page::put(std::initializer_list<std::string_view> pieces) {
  for (const std::string_view piece : pieces) write_(piece);
}

}  // namespace maskmill::html
