// SPDX-License-Identifier: Apache-2.0
#include "render/canvas.h"

#include <fmt/format.h>

namespace maskmill::svg {

std::string coordinate(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

Canvas::Canvas(double width, double height, std::string_view title, std::string_view description)
    : xml_(fmt::format(
          "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" viewBox=\"0 0 {0} {1}\" "
          "width=\"{0}\" height=\"{1}\" font-family=\"system-ui,sans-serif\" font-size=\"{2}\">"
          "<title>{3}</title><desc>{4}</desc>\n",
          coordinate(width), coordinate(height), coordinate(kFontPx), escaped(title), escaped(description))) {
}

void Canvas::text(double x, double y, std::string_view words, const TextStyle& style) {
  xml_ += fmt::format("<text x=\"{}\" y=\"{}\"", coordinate(x), coordinate(y));
  if (style.anchor != TextStyle::Anchor::start)
    xml_ += style.anchor == TextStyle::Anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
  if (style.size_px != kFontPx) xml_ += fmt::format(" font-size=\"{}\"", coordinate(style.size_px));
  if (style.bold) xml_ += " font-weight=\"600\"";
  if (style.muted) xml_ += " fill-opacity=\"0.7\"";
  if (style.turn_degrees != 0)
    xml_ += fmt::format(" transform=\"rotate({} {} {})\"", coordinate(style.turn_degrees), coordinate(x),
                        coordinate(y));
  xml_ += fmt::format(" style=\"fill:{}\">{}</text>\n", style.fill, escaped(words));
}

void Canvas::line(double x1, double y1, double x2, double y2, double opacity, bool dashed) {
  xml_ += fmt::format(
      "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"currentColor\" stroke-opacity=\"{:.2f}\"{}/>\n",
      coordinate(x1), coordinate(y1), coordinate(x2), coordinate(y2), opacity,
      dashed ? " stroke-dasharray=\"3 3\"" : "");
}

void Canvas::rect(double x, double y, double width, double height, std::string_view paint, double opacity,
                  std::string_view tooltip) {
  std::string opening =
      fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" style=\"fill:{}\"", coordinate(x),
                  coordinate(y), coordinate(width), coordinate(height), paint);
  if (opacity < 1) opening += fmt::format(" fill-opacity=\"{:.3f}\"", opacity);
  element(opening, tooltip);
}

void Canvas::circle(double x, double y, double radius, std::string_view paint, std::string_view tooltip) {
  element(fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" style=\"fill:{}\"", coordinate(x), coordinate(y),
                      coordinate(radius), paint),
          tooltip);
}

void Canvas::stroke(std::string_view path, std::string_view paint, double width, bool dashed,
                    std::string_view tooltip) {
  element(fmt::format("<path d=\"{}\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\"{} "
                      "style=\"stroke:{};stroke-width:{}\"",
                      path, dashed ? " stroke-dasharray=\"5 4\"" : "", paint, coordinate(width)),
          tooltip);
}

void Canvas::element(std::string_view opening, std::string_view tooltip) {
  xml_ += opening;
  if (tooltip.empty()) {
    xml_ += "/>\n";
    return;
  }
  const std::string_view name = opening.substr(1, opening.find(' ') - 1);
  xml_ += fmt::format("><title>{}</title></{}>\n", escaped(tooltip), name);
}

Markup Canvas::finish() && {
  xml_ += "</svg>\n";
  return {std::move(xml_)};
}

}  // namespace maskmill::svg
