#include "engine/broker/response_head.h"

#include <algorithm>
#include <array>

#include "engine/broker/ascii.h"

namespace warder::broker {
namespace {

constexpr std::array<std::string_view, 9> kHopByHop = {
    "connection", "keep-alive",        "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
    "trailer",    "transfer-encoding", "upgrade",
};

bool Nominated(std::string_view list, std::string_view name) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (EqualsIgnoreCase(Trim(list.substr(begin, end - begin)), name)) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::string_view ResponseHeadReader::Line(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > options_.max_response_header_bytes) return "sent more response headers than are accepted";
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (complete_) return {};  // a trailer
  if (!in_head_) return StatusLine(line);
  return line.empty() ? EndOfHead() : HeaderLine(line);
}

std::string_view ResponseHeadReader::StatusLine(std::string_view line) {
  // "HTTP/1.1 200 OK"; the reason may be missing.
  const std::size_t space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos) return "sent a malformed status line";
  const std::string_view rest = line.substr(space + 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (rest.size() < 3 || !std::all_of(rest.begin(), rest.begin() + 3, digit) || (rest.size() > 3 && rest[3] != ' ')) {
    return "sent a malformed status line";
  }
  status_ = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
  if (status_ < 100 || status_ > 599) return "sent a status outside 100 to 599";
  if (status_ == 101) return "switched protocols, which was not asked for";
  const std::string_view reason = rest.size() > 4 ? Trim(rest.substr(4)) : std::string_view{};
  if (!IsFieldValue(reason)) return "sent a malformed status line";
  reason_ = reason;
  headers_.clear();
  in_head_ = true;
  return {};
}

std::string_view ResponseHeadReader::HeaderLine(std::string_view line) {
  if (headers_.size() == options_.max_response_headers) return "sent more response headers than are accepted";
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return "sent a malformed response header";
  const std::string_view value = Trim(line.substr(colon + 1));
  if (!IsFieldValue(value)) return "sent a malformed response header";
  headers_.emplace_back(line.substr(0, colon), value);
  return {};
}

std::string_view ResponseHeadReader::EndOfHead() {
  in_head_ = false;
  if (status_ < 200) {
    return ++informational_ > options_.max_informational ? "sent more 1xx responses than are accepted" : "";
  }
  complete_ = true;
  bool length_conflict = false;
  bool coding_conflict = false;
  const std::string_view length = Value("content-length", &length_conflict);
  const std::string_view coding = Value("transfer-encoding", &coding_conflict);
  const bool digits = std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (length_conflict || !digits || length.size() > 18) return "sent a contradictory or malformed Content-Length";
  if (coding_conflict || (!coding.empty() && !EqualsIgnoreCase(coding, "chunked"))) {
    return "used a transfer encoding other than chunked";
  }
  if (!length.empty() && !coding.empty()) return "sent both Content-Length and Transfer-Encoding";
  return {};
}

std::string_view ResponseHeadReader::Value(std::string_view name, bool* conflict) const {
  std::string_view found;
  bool any = false;
  for (const auto& [header, value] : headers_) {
    if (!EqualsIgnoreCase(header, name)) continue;
    if (any && value != found) *conflict = true;
    found = value;
    any = true;
  }
  return found;
}

HeaderList ResponseHeadReader::Visible(bool decoded) const {
  std::string nominated;
  for (const auto& [name, value] : headers_) {
    if (EqualsIgnoreCase(name, "connection")) nominated += value + ",";
  }
  HeaderList visible;
  for (const auto& [name, value] : headers_) {
    const std::string lower = LowerCase(name);
    if (std::find(kHopByHop.begin(), kHopByHop.end(), lower) != kHopByHop.end() || Nominated(nominated, lower))
      continue;
    if (decoded && (lower == "content-encoding" || lower == "content-length")) continue;
    visible.emplace_back(name, value);
  }
  return visible;
}

}  // namespace warder::broker
