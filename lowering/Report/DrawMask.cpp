//===- DrawMask.cpp - The picture of a mask --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Pictures.h"

#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace zorro;
using namespace zorro::report;

static constexpr double kPlot = 320;    // width and height of the table
static constexpr double kSmallest = 20; // of a segment
static constexpr double kLetter = 6.6;  // width of one, about
static constexpr unsigned kMaxCells = 400;
static constexpr unsigned kMaxLabels = 24;
static constexpr unsigned kRaster = 48;

static std::string nameOf(StreamsAttr streams, unsigned i) { return streams.getNames()[i].str(); }

//===----------------------------------------------------------------------------------------===//
// In words
//===----------------------------------------------------------------------------------------===//

static std::string describeEntry(EntryAttr entry) {
  switch (entry.getKind()) {
  case EntryKind::None:
    return "nothing";
  case EntryKind::All:
    return "all";
  case EntryKind::Ranges:
    return countOf(entry.getBounds().size() / 2, "range") + " of keys";
  case EntryKind::Band:
    break;
  }
  if (entry.getLow() == 0 && entry.getHigh() == 0)
    return "the same position";
  if (!entry.hasLowLimit() && entry.getHigh() == 0)
    return "earlier positions";
  std::string low = entry.hasLowLimit() ? std::to_string(entry.getLow()) : "−∞";
  std::string high = entry.hasHighLimit() ? std::to_string(entry.getHigh()) : "∞";
  return "a band from " + low + " to " + high;
}

std::string report::describeMask(MaskAttr mask) {
  std::vector<std::string> rows;
  StreamsAttr queries = mask.getQueries(), keys = mask.getKeys();
  for (unsigned q = 0; q != queries.getCount() && q != kMaxLabels; ++q) {
    std::vector<std::string> seen;
    bool all = true;
    for (unsigned k = 0; k != keys.getCount(); ++k) {
      EntryAttr entry = mask.getEntry(q, k);
      all &= entry.isAll();
      if (!entry.isNone() && seen.size() <= kMaxLabels)
        seen.push_back(nameOf(keys, k) +
                       (entry.isAll() ? "" : " (" + describeEntry(entry) + ")"));
    }
    rows.push_back(nameOf(queries, q) + " sees " +
                   (all ? "all" : seen.empty() ? "nothing" : llvm::join(seen, ", ")));
  }
  if (queries.getCount() > kMaxLabels)
    rows.push_back("and so on");
  return llvm::join(rows, "; ");
}

//===----------------------------------------------------------------------------------------===//
// The axes
//===----------------------------------------------------------------------------------------===//

namespace {
/// An axis of segments: to scale, but none smaller than can be seen.
class Axis {
public:
  explicit Axis(StreamsAttr streams) : streams(streams) {
    unsigned count = streams.getCount();
    double smallest = std::min(kSmallest, kPlot / count);
    double scale = (kPlot - smallest * count) / streams.getTotal();
    begins.push_back(0);
    for (int64_t size : streams.getSizes())
      begins.push_back(begins.back() + smallest + scale * size);
  }

  unsigned getCount() const { return streams.getCount(); }
  double getBegin(unsigned i) const { return begins[i]; }
  double getSize(unsigned i) const { return begins[i + 1] - begins[i]; }
  double getMiddle(unsigned i) const { return (begins[i] + begins[i + 1]) / 2; }
  int64_t getTokens(unsigned i) const { return streams.getSizes()[i]; }
  std::string getName(unsigned i) const { return nameOf(streams, i); }
  /// Where a token of segment `i` begins.
  double at(unsigned i, double token) const {
    return begins[i] + getSize(i) * token / getTokens(i);
  }

private:
  StreamsAttr streams;
  std::vector<double> begins;
};

class MaskPicture {
public:
  MaskPicture(MaskAttr mask, Palette &palette)
      : mask(mask), palette(palette), rows(mask.getQueries()), columns(mask.getKeys()) {}

  Markup draw();

private:
  bool isCoarse() const { return rows.getCount() * columns.getCount() > kMaxCells; }
  void drawCells();
  void drawBand(unsigned q, unsigned k, EntryAttr entry);
  void drawRaster();
  void drawLines();
  void drawQueryLabels();
  void drawKeyLabels();
  /// Whether the names of the keys stand beside each other.
  bool fitsLevel() const;

  MaskAttr mask;
  Palette &palette;
  Axis rows, columns;
  Html html;
};
} // namespace

//===----------------------------------------------------------------------------------------===//
// The cells
//===----------------------------------------------------------------------------------------===//

/// The part of a polygon where side(x, y) >= 0, for a linear `side`.
using Point = std::pair<double, double>;
template <typename Side>
static std::vector<Point> clip(const std::vector<Point> &polygon, Side side) {
  std::vector<Point> result;
  for (size_t i = 0; i != polygon.size(); ++i) {
    Point a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    double fromA = side(a), fromB = side(b);
    if (fromA >= 0)
      result.push_back(a);
    if ((fromA < 0) != (fromB < 0)) {
      double t = fromA / (fromA - fromB);
      result.push_back({a.first + t * (b.first - a.first), a.second + t * (b.second - a.second)});
    }
  }
  return result;
}

/// A band is a strip along the diagonal: its stairs are drawn as straight edges, and it is never
/// too thin to see.
void MaskPicture::drawBand(unsigned q, unsigned k, EntryAttr entry) {
  double height = rows.getTokens(q), width = columns.getTokens(k);
  double thin = 2 * width / columns.getSize(k); // tokens that two pixels show
  double low = entry.hasLowLimit() ? entry.getLow() - 0.5 : -1e9;
  double high = entry.hasHighLimit() ? entry.getHigh() + 1.5 : 1e9;
  if (double missing = thin - (high - low); missing > 0) {
    low -= missing / 2;
    high += missing / 2;
  }
  std::vector<Point> polygon = {{0, 0}, {width, 0}, {width, height}, {0, height}};
  polygon = clip(polygon, [&](Point p) { return p.first - p.second - low; });
  polygon = clip(polygon, [&](Point p) { return p.second - p.first + high; });
  if (polygon.size() < 3)
    return;
  html << "<polygon points=\"";
  for (auto [x, y] : polygon)
    html << columns.at(k, x) << "," << rows.at(q, y) << " ";
  html << "\"/>";
}

void MaskPicture::drawCells() {
  for (unsigned k = 0; k != columns.getCount(); ++k) {
    html << "<g class=\"" << palette.classOf(columns.getName(k)) << "\">";
    for (unsigned q = 0; q != rows.getCount(); ++q) {
      EntryAttr entry = mask.getEntry(q, k);
      auto rectangle = [&](double begin, double end) {
        double x = columns.at(k, begin), width = columns.at(k, end) - x;
        html << "<rect x=\"" << x << "\" y=\"" << rows.getBegin(q) << "\" width=\""
             << std::max(width, 1.0) << "\" height=\"" << rows.getSize(q) << "\"/>";
      };
      if (entry.isAll())
        rectangle(0, columns.getTokens(k));
      else if (entry.isBand())
        drawBand(q, k, entry);
      else
        for (size_t i = 0; i + 1 < entry.getBounds().size() && i < 256; i += 2)
          rectangle(entry.getBounds()[i], entry.getBounds()[i + 1]);
    }
    html << "</g>\n";
  }
}

/// Each field as dark as the share of its keys that its middle query sees.
void MaskPicture::drawRaster() {
  int64_t queries = mask.getQueries().getTotal(), keys = mask.getKeys().getTotal();
  unsigned high = std::min<int64_t>(queries, kRaster), wide = std::min<int64_t>(keys, kRaster);
  html << "<g class=s0>";
  for (unsigned y = 0; y != high; ++y) {
    int64_t query = (2 * y + 1) * queries / (2 * high);
    auto spans = mask.getSpans(MaskAttr::segmentOf(mask.getQueries(), query));
    auto shadeOf = [&](unsigned x) {
      int64_t begin = x * keys / wide, end = (x + 1) * keys / wide, live = 0;
      for (const KeySpan &span : spans)
        live += std::max<int64_t>(
            0, std::min(end, span.endFor(query)) - std::max(begin, span.beginFor(query)));
      return std::ceil(4.0 * live / (end - begin)) / 4;
    };
    for (unsigned x = 0, next; x != wide; x = next) {
      double shade = shadeOf(x);
      for (next = x + 1; next != wide && shadeOf(next) == shade;)
        ++next;
      if (shade > 0)
        html << "<rect x=\"" << kPlot * x / wide << "\" y=\"" << kPlot * y / high
             << "\" width=\"" << kPlot * (next - x) / wide << "\" height=\"" << kPlot / high
             << "\" opacity=\"" << shade << "\"/>";
    }
  }
  html << "</g>\n";
}

void MaskPicture::drawLines() {
  html << "<path class=grid d=\"";
  for (unsigned q = 1; q < rows.getCount(); ++q)
    html << "M0 " << rows.getBegin(q) << "H" << kPlot;
  for (unsigned k = 1; k < columns.getCount(); ++k)
    html << "M" << columns.getBegin(k) << " 0V" << kPlot;
  html << "\"/>";
}

//===----------------------------------------------------------------------------------------===//
// The labels
//===----------------------------------------------------------------------------------------===//

static std::string shownName(llvm::StringRef name) { return shorten(name, 18); }

void MaskPicture::drawQueryLabels() {
  if (rows.getCount() > kMaxLabels)
    return;
  for (unsigned q = 0; q != rows.getCount(); ++q) {
    double y = rows.getMiddle(q);
    html << "<text class=end x=\"-8\" y=\"" << y + 4 << "\">" << shownName(rows.getName(q))
         << " <tspan class=size>" << formatCount(rows.getTokens(q)) << "</tspan><title>"
         << rows.getName(q) << "</title></text>";
    if (mask.hasEmptyQuery(q))
      html << "<text x=\"" << kPlot + 6 << "\" y=\"" << y + 4
           << "\">∅<title>has queries without a live key</title></text>";
  }
}

bool MaskPicture::fitsLevel() const {
  for (unsigned k = 0; k != columns.getCount(); ++k) {
    std::string size = formatCount(columns.getTokens(k));
    size_t letters = std::max(shownName(columns.getName(k)).size(), size.size());
    if (letters * kLetter > columns.getSize(k) - 4)
      return false;
  }
  return true;
}

void MaskPicture::drawKeyLabels() {
  if (columns.getCount() > kMaxLabels)
    return;
  bool level = fitsLevel();
  for (unsigned k = 0; k != columns.getCount(); ++k) {
    double x = columns.getMiddle(k);
    std::string size = formatCount(columns.getTokens(k));
    if (level)
      html << "<text class=middle x=\"" << x << "\" y=\"-22\">" << shownName(columns.getName(k))
           << "</text><text class=\"middle size\" x=\"" << x << "\" y=\"-7\">" << size << "</text>";
    else
      html << "<text transform=\"translate(" << x + 3 << " -7)rotate(-40)\">"
           << shownName(columns.getName(k)) << " <tspan class=size>" << size
           << "</tspan><title>" << columns.getName(k) << "</title></text>";
  }
}

Markup MaskPicture::draw() {
  // Room for the labels: names beside the rows, level or slanted ones above the columns.
  size_t longest = 4;
  for (unsigned q = 0; q != std::min(rows.getCount(), kMaxLabels); ++q)
    longest = std::max(longest, std::min<size_t>(rows.getName(q).size(), 18) + 2 +
                                    formatCount(rows.getTokens(q)).size());
  double left = rows.getCount() > kMaxLabels ? 12 : 14 + longest * kLetter;
  // Slanted labels rise by sin(40°) of their length and reach beyond the last column.
  size_t slanted = 0;
  for (unsigned k = 0; k != std::min(columns.getCount(), kMaxLabels); ++k)
    slanted = std::max(slanted, std::min<size_t>(columns.getName(k).size(), 18) + 1 +
                                    formatCount(columns.getTokens(k)).size());
  bool labelled = columns.getCount() <= kMaxLabels, level = fitsLevel();
  double top = !labelled ? 12 : level ? 40 : 18 + slanted * kLetter * 0.64;
  double right = !labelled || level ? 24 : std::max(24.0, slanted * kLetter * 0.77 - 4);
  double width = left + kPlot + right, height = top + kPlot + 10;
  html << "<svg class=mask viewBox=\"0 0 " << width << " " << height << "\" width=\"" << width
       << "\" height=\"" << height << "\" role=img aria-label=\"Queries are rows, keys columns: "
       << describeMask(mask) << ".\"><g transform=\"translate(" << left << " " << top
       << ")\"><rect class=ground width=\"" << kPlot << "\" height=\"" << kPlot << "\"/>";
  if (isCoarse()) {
    drawRaster();
  } else {
    drawCells();
    drawLines();
  }
  html << "<rect class=frame width=\"" << kPlot << "\" height=\"" << kPlot << "\"/>";
  drawQueryLabels();
  drawKeyLabels();
  html << "</g></svg>\n";
  if (isCoarse())
    html << "<p class=note>" << formatCount(rows.getCount()) << " × "
         << formatCount(columns.getCount())
         << " segments are too many to draw one by one: each field is as dark as the share of its "
            "keys that its middle query sees.</p>\n";
  return html.take();
}

Markup report::drawMask(MaskAttr mask, Palette &palette) {
  return MaskPicture(mask, palette).draw();
}
