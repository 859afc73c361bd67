#include "engine/cli/live_view.h"

#include "engine/cli/text.h"

namespace warder::cli {
namespace {

constexpr std::size_t kTimeColumns = 8;
constexpr std::size_t kKindColumns = 6;

std::string Padded(const std::string& text, std::size_t columns) {
  const std::size_t taken = Columns(text);
  return taken < columns ? text + std::string(columns - taken, ' ') : text;
}

Ink InkOfLevel(const std::string& level) {
  if (level == "error") return Ink::kRed;
  if (level == "warn") return Ink::kYellow;
  return level == "debug" ? Ink::kDim : Ink::kBlue;
}

Ink InkOfStatus(int status) {
  if (status >= 500 || status == 0) return Ink::kRed;
  return status >= 400 ? Ink::kYellow : Ink::kGreen;
}

std::string FinishedCall(const Event& event, const Output& output) {
  std::string text = event.http_status == 0 ? "failed" : std::to_string(event.http_status);
  text = output.Paint(InkOfStatus(event.http_status), text) + " in " + DurationText(event.duration);
  if (event.response_bytes > 0) text += ", " + SizeText(event.response_bytes);
  if (!event.message.empty()) text += ": " + Printable(event.message);
  return text;
}

}  // namespace

std::string EventText(const Event& event, const Output& output) {
  std::string kind;
  Ink ink = Ink::kDim;
  std::string rest;
  switch (event.kind) {
    case Event::Kind::kStarted:
    case Event::Kind::kFinished:
      return {};
    case Event::Kind::kLog:
      kind = Printable(event.level);
      ink = InkOfLevel(event.level);
      rest = PrintableLines(event.message, std::string(kTimeColumns + 2 + kKindColumns + 1, ' '));
      if (!event.fields_json.empty()) rest += " " + output.Paint(Ink::kDim, Printable(event.fields_json));
      break;
    case Event::Kind::kCallStarted:
      kind = "→ #" + std::to_string(event.call);
      rest = Printable(event.method) + " " + Printable(event.origin) + Printable(event.path);
      break;
    case Event::Kind::kCallFinished:
      kind = "← #" + std::to_string(event.call);
      rest = FinishedCall(event, output);
      break;
  }
  const std::string time = DurationText(event.at);
  const std::string margin(kTimeColumns > time.size() ? kTimeColumns - time.size() : 0, ' ');
  return output.Paint(Ink::kDim, margin + time) + "  " + output.Paint(ink, Padded(kind, kKindColumns)) + " " + rest +
         "\n";
}

}  // namespace warder::cli
