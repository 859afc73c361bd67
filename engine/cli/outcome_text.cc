#include "engine/cli/outcome_text.h"

#include <array>
#include <cstdio>

#include "engine/cli/text.h"

namespace warder::cli {
namespace {

// Every line of a stack, trimmed and indented alike.
std::string StackText(std::string_view stack, const std::string& indent) {
  std::string text;
  const std::string_view shown = stack.substr(0, kShownTextBytes);
  for (std::size_t at = 0; at < shown.size();) {
    const std::size_t end = std::min(shown.find('\n', at), shown.size());
    std::string_view line = shown.substr(at, end - at);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.empty()) text += indent + "    " + Printable(line) + "\n";
    at = end + 1;
  }
  if (shown.size() < stack.size()) text += indent + "    …\n";
  return text;
}

std::string ErrorText(const ScriptError& error, const std::string& label, const std::string& indent,
                      const Output& output) {
  const std::string name = error.name.empty() ? "Error" : Printable(error.name);
  std::string text = indent + label + output.Paint(Ink::kRed, name) +
                     (error.message.empty() ? "" : ": " + PrintableLines(error.message, indent + "    ")) + "\n" +
                     StackText(error.stack, indent);
  // A single cause continues the story; several, as of an AggregateError, stand below it.
  const std::string deeper = error.causes.size() > 1 ? indent + "  " : indent;
  for (const ScriptError& cause : error.causes) text += ErrorText(cause, "caused by: ", deeper, output);
  return text;
}

const char* LabelOf(Status status) {
  switch (status) {
    case Status::kFailed:
      return "failed: ";
    case Status::kLimit:
      return "limit: ";
    case Status::kViolation:
      return "violation: ";
    default:
      return "warder: ";
  }
}

std::string ArgumentsText(const ViolationReport& violation) {
  std::string text;
  for (const std::uint64_t argument : violation.arguments) {
    std::array<char, 24> hex{};
    std::snprintf(hex.data(), hex.size(), "0x%llx", static_cast<unsigned long long>(argument));
    text += (text.empty() ? "" : ", ") + std::string(hex.data());
  }
  return "    " + Printable(violation.what) + "(" + text + ")\n";
}

std::string Ended(Status status) {
  switch (status) {
    case Status::kSucceeded:
    case Status::kFailed:
    case Status::kCancelled:
      return StatusName(status);
    case Status::kLimit:
      return "ended by a limit";
    case Status::kViolation:
      return "ended by a violation";
    case Status::kInvalid:
    case Status::kUnenforceable:
      return "refused";
    case Status::kFault:
      break;
  }
  return "ended by a fault";
}

}  // namespace

std::string MapToSources(const Bundle& bundle, Outcome* outcome) {
  std::string notes;
  for (const std::string& problem : MapStacks(bundle, outcome)) notes += "warder: " + Printable(problem) + "\n";
  return notes;
}

std::string FailureText(const Outcome& outcome, const Output& output) {
  if (outcome.status == Status::kSucceeded) return {};
  if (outcome.status == Status::kFailed && outcome.error) return ErrorText(*outcome.error, "", "", output);

  std::string text = output.Paint(Ink::kRed, LabelOf(outcome.status)) + PrintableLines(outcome.reason, "    ") + "\n";
  if (outcome.violation && !outcome.violation->arguments.empty()) text += ArgumentsText(*outcome.violation);
  const std::string stack = outcome.limit       ? outcome.limit->stack
                            : outcome.violation ? outcome.violation->stack
                                                : std::string();
  if (!stack.empty()) {
    text += output.Paint(Ink::kDim, "last JavaScript stack:") + "\n" + StackText(stack, "");
  } else if (outcome.error) {
    text += ErrorText(*outcome.error, "", "", output);
  }
  return text;
}

std::string SummaryText(const Outcome& outcome, const Output& output) {
  const Usage& usage = outcome.usage;
  const Ink ink = outcome.status == Status::kSucceeded ? Ink::kGreen : Ink::kRed;
  return output.Paint(ink, Ended(outcome.status)) + " in " + DurationText(usage.wall) + ": " +
         CountText(usage.calls, "call") + ", cpu " + DurationText(usage.cpu) + ", peak " +
         SizeText(usage.peak_rss_bytes) + "\n";
}

}  // namespace warder::cli
