#include "engine/cli/live_view.h"

#include <algorithm>

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

// How deep in the flow's steps a line stands.
std::string Branch(std::uint64_t depth) {
  std::string text;
  for (std::uint64_t i = 0; i < depth; ++i) text += "│ ";
  return text;
}

std::string StepText(const Event& event, const Output& output) {
  const std::string name = Printable(event.name);
  const auto shape = [&](const char* before) {
    return event.shape.empty() || event.shape == "nothing" ? ""
                                                           : output.Paint(Ink::kDim, before + Printable(event.shape));
  };
  if (event.kind == Event::Kind::kStepStarted) {
    return "┌ " + output.Paint(Ink::kBold, name) + (event.action.empty() ? "" : "  " + Printable(event.action)) +
           shape(" ");
  }
  if (event.kind == Event::Kind::kStepRetried) {
    return "│ " + output.Paint(Ink::kYellow, "attempt " + std::to_string(event.attempts - 1) + " failed") + ": " +
           Printable(event.message);
  }
  std::string text = "└ " + name + " " +
                     output.Paint(event.succeeded ? Ink::kGreen : Ink::kRed, event.succeeded ? "ok" : "failed") +
                     " in " + DurationText(event.duration);
  if (event.attempts > 1) text += ", " + CountText(event.attempts, "attempt");
  if (event.calls > 0) text += ", " + CountText(event.calls, "call");
  return event.succeeded ? text + shape(" → ") : text + ": " + Printable(event.message);
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
    case Event::Kind::kInspectable:
      // In node's words, which editors look for.
      return "Debugger listening on " + Printable(event.message) + "\n" +
             "It runs when a debugger says so: open chrome://inspect in Chrome, or attach an editor to that port.\n";
    case Event::Kind::kLog:
      kind = Printable(event.level);
      ink = InkOfLevel(event.level);
      rest = Branch(event.depth) +
             PrintableLines(event.message, std::string(kTimeColumns + 2 + kKindColumns + 1, ' ') + Branch(event.depth));
      if (!event.fields_json.empty()) rest += " " + output.Paint(Ink::kDim, Printable(event.fields_json));
      break;
    case Event::Kind::kCallStarted:
      kind = "→ #" + std::to_string(event.call);
      rest = Branch(event.depth) + Printable(event.method) + " " + Printable(event.origin) + Printable(event.path);
      break;
    case Event::Kind::kCallFinished:
      kind = "← #" + std::to_string(event.call);
      rest = Branch(event.depth) + FinishedCall(event, output);
      break;
    case Event::Kind::kStepStarted:
    case Event::Kind::kStepRetried:
    case Event::Kind::kStepFinished:
      rest = Branch(event.depth - std::min<std::uint64_t>(event.depth, 1)) + StepText(event, output);
      break;
  }
  const std::string time = DurationText(event.at);
  const std::string margin(kTimeColumns > time.size() ? kTimeColumns - time.size() : 0, ' ');
  return output.Paint(Ink::kDim, margin + time) + "  " + output.Paint(ink, Padded(kind, kKindColumns)) + " " + rest +
         "\n";
}

}  // namespace warder::cli
