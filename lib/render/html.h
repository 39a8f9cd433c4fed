// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <opencv2/core/mat.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "render/legend.h"
#include "render/markup.h"

/// Report pages of one file: no network, no other file, light and dark, for screens of any width and for
/// paper. They are well-formed XML as well as HTML. All text given is escaped.
namespace maskmill::html {

Markup text(std::string_view words);
/// "–" where it is not finite.
Markup number(double value, int decimals = 3);
/// Words, and smaller below them a remark; that may be empty.
Markup remarked(std::string_view words, std::string_view remark);
/// "1,234,567"
Markup count(std::int64_t value);
/// A number from 0 to 1 over a bar of that length.
Markup share(double fraction, int decimals = 3);
/// A square of the colour, then the name.
Markup swatch(Rgb colour, std::string_view name);

/// The words, which lead to the section of that heading on the same page.
Markup section_link(std::string_view heading);

enum class Tone { plain, good, warning, bad };
/// One word that stands out.
Markup badge(std::string_view word, Tone tone);

/// A picture of a PNG or JPEG file's bytes, which the page shows large on a click.
Markup picture(std::string_view file_bytes, Size size, std::string_view alternative_text);
/// The same for pixels, CV_8UC3 RGB, which become a JPEG.
Markup jpeg_picture(const cv::Mat& rgb, std::string_view alternative_text);

struct Column {
  std::string title;
  bool numeric = false;  ///< set to the right
};
using Row = std::vector<Markup>;
using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// Writes a page from top to bottom, in the order of the calls; holds none of it. What `write` throws comes
/// through.
class Page {
 public:
  using Write = std::function<void(std::string_view)>;

  /// `sheet` uses the screen's whole width and shows legends above everything else, wherever they are
  /// written.
  enum class Layout { report, sheet };

  /// `subtitle` may be empty.
  Page(Write write, std::string_view title, std::string_view subtitle, Layout layout = Layout::report);
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  /// What follows belongs under this heading, of which a page has one. `introduction` may be empty.
  void section(std::string_view heading, std::string_view introduction = {});
  void paragraph(std::string_view words);
  /// A remark set apart.
  void note(std::string_view words, Tone tone = Tone::plain);
  /// The few numbers that matter most, large: (name, value).
  void headline(const KeyValues& numbers);
  void key_values(const KeyValues& rows);
  /// Rows may be shorter than `columns`.
  void table(std::span<const Column> columns, std::span<const Row> rows);
  /// In a row that wraps.
  void legend(std::span<const LegendEntry> entries);
  /// Side by side where there is room; `small` ones are 300 pixels wide.
  void charts(std::span<const Markup> charts, bool small = false);
  /// What follows is hidden behind the summary's words until somebody opens it, up to unfold().
  void fold(std::string_view summary);
  void unfold();
  /// One wide drawing, which scrolls where the screen is narrower.
  void wide(const Markup& drawing);
  /// One cell of a gallery; calls in a row share one grid. Several pictures stand side by side under one
  /// caption.
  void figure(std::span<const Markup> pictures, std::string_view caption, std::string_view detail = {});

  /// Ends the page; without it the file is not whole.
  void close();

 private:
  void leave_gallery();
  void put(std::initializer_list<std::string_view> pieces);
  Write write_;
  bool in_section_ = false;
  bool in_gallery_ = false;
};

}  // namespace maskmill::html
