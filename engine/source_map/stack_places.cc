#include "engine/source_map/stack_places.h"

#include <algorithm>
#include <charconv>

namespace warder::source_map {
namespace {

std::string Text(const SourceMap::Place& place) {
  return place.source + ":" + std::to_string(std::uint64_t{place.position.line} + 1) + ":" +
         std::to_string(std::uint64_t{place.position.column} + 1);
}

// What V8 counts from 1. Nothing where `digits` is no such number.
std::optional<std::uint32_t> Ordinal(std::string_view digits) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0) return std::nullopt;
  return number - 1;
}

struct GeneratedPlace {
  std::string_view module;
  Position position;
};

// "index.js:3:7"
std::optional<GeneratedPlace> ParsePlace(std::string_view text) {
  const std::size_t last = text.rfind(':');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const std::size_t first = text.rfind(':', last - 1);
  if (first == std::string_view::npos || first == 0) return std::nullopt;
  const auto line = Ordinal(text.substr(first + 1, last - first - 1));
  const auto column = Ordinal(text.substr(last + 1));
  if (!line || !column) return std::nullopt;
  return GeneratedPlace{text.substr(0, first), {*line, *column}};
}

// Where in a frame its place stands: in the last parentheses, else behind "at " and "async ".
std::string_view PlaceIn(std::string_view frame) {
  if (frame.ends_with(')')) {
    const std::size_t open = frame.rfind('(');
    if (open == std::string_view::npos) return {};
    return frame.substr(open + 1, frame.size() - open - 2);
  }
  for (const std::string_view word : {"at ", "async "}) {
    if (frame.starts_with(word)) frame.remove_prefix(word.size());
  }
  return frame;
}

void AppendFrame(std::string_view frame, const Locate& locate, std::string* stack) {
  const std::string_view text = PlaceIn(frame);
  const auto generated = ParsePlace(text);
  const auto original = generated ? locate(generated->module, generated->position) : std::nullopt;
  if (!original) {
    stack->append(frame);
    return;
  }
  const auto before = static_cast<std::size_t>(text.data() - frame.data());
  stack->append(frame.substr(0, before)).append(Text(*original)).append(frame.substr(before + text.size()));
}

}  // namespace

std::string MapPlaces(std::string_view stack, const Locate& locate) {
  std::string mapped;
  mapped.reserve(stack.size());
  while (!stack.empty()) {
    const std::size_t end = std::min(stack.find('\n'), stack.size());
    AppendFrame(stack.substr(0, end), locate, &mapped);
    stack.remove_prefix(end);
    if (stack.empty()) break;
    mapped.push_back('\n');
    stack.remove_prefix(1);
  }
  return mapped;
}

std::string MapLeadingPlace(std::string_view sentence, std::string_view module, const Locate& locate) {
  std::string whole(sentence);
  if (!sentence.starts_with(module)) return whole;
  const std::size_t end = sentence.find(": ", module.size());
  if (end == std::string_view::npos) return whole;
  const auto generated = ParsePlace(sentence.substr(0, end));
  if (!generated || generated->module != module) return whole;
  const auto original = locate(module, generated->position);
  return original ? Text(*original) + whole.substr(end) : whole;
}

}  // namespace warder::source_map
