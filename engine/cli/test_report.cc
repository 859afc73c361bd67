#include "engine/cli/test_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "engine/cli/text.h"
#include "sandbox/base/utf8.h"

namespace warder::cli {
namespace {

// A description may hold anything but what TAP gives a meaning.
std::string Described(const std::string& text) {
  std::string out;
  for (const char c : Printable(text)) {
    if (c == '#' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string Seconds(std::chrono::microseconds duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6f", static_cast<double>(duration.count()) / 1e6);
  return text.data();
}

// XML 1.0, section 2.2: characters that no document may hold stand as spaces, and so do bytes that are no character.
std::string Xml(const std::string& text) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const Character character = FirstCharacter(rest);
    const bool none = !character.valid || character.code == 0xFFFE || character.code == 0xFFFF;
    if (none || character.bytes > 1) {
      out += none ? std::string_view(" ") : rest.substr(0, character.bytes);
      rest.remove_prefix(character.bytes);
      continue;
    }
    const char c = rest.front();
    rest.remove_prefix(1);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string WithoutEnd(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string Text(const std::vector<Mismatch>& mismatches) {
  std::string text;
  for (const Mismatch& each : mismatches) {
    text += each.what + "\n" + (each.diff.empty() ? "" : WithoutEnd(each.diff) + "\n");
  }
  return text;
}

}  // namespace

std::string TapStart(std::size_t count) { return "TAP version 14\n1.." + std::to_string(count) + "\n"; }

std::string TapText(std::size_t number, const Tested& tested) {
  const bool passed = tested.mismatches.empty();
  std::string text =
      (passed ? "ok " : "not ok ") + std::to_string(number) + " - " + Described(tested.fixture->shown) + "\n";
  if (passed) return text;
  // YAML's block scalars take any text that is indented.
  text += "  ---\n  message: |\n    " + PrintableLines(WithoutEnd(Text(tested.mismatches)), "    ") + "\n  ...\n";
  return text;
}

std::string JUnitText(const std::vector<Tested>& tests) {
  std::map<std::string, std::vector<const Tested*>> files;
  for (const Tested& each : tests) files[each.fixture->file].push_back(&each);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& [file, inside] : files) {
    const auto failed =
        std::count_if(inside.begin(), inside.end(), [](const Tested* each) { return !each->mismatches.empty(); });
    text += "  <testsuite name=\"" + Xml(file) + "\" tests=\"" + std::to_string(inside.size()) + "\" failures=\"" +
            std::to_string(failed) + "\">\n";
    for (const Tested* each : inside) {
      text += "    <testcase classname=\"" + Xml(file) + "\" name=\"" + Xml(each->fixture->name) + "\" time=\"" +
              Seconds(each->duration) + "\"";
      if (each->mismatches.empty()) {
        text += "/>\n";
        continue;
      }
      text += ">\n      <failure message=\"" + Xml(each->mismatches.front().what) + "\">" +
              Xml(Text(each->mismatches)) + "</failure>\n    </testcase>\n";
    }
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace warder::cli
