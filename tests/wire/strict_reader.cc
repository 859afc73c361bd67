#include "tests/wire/strict_reader.h"

#include <algorithm>
#include <optional>

#include "engine/broker/ascii.h"

namespace warder::wire {
namespace {

using broker::EqualsIgnoreCase;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool Only(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [more](char c) {
    return kAlphanumeric.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text) { return !text.empty() && Only(text, "!#$%&'*+-.^_`|~"); }

bool IsDigits(std::string_view text) {
  return !text.empty() && text.size() < 16 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Section 3.2.1, origin-form, in the characters of RFC 3986.
bool IsTarget(std::string_view text) {
  if (!text.starts_with('/') || !Only(text, "-._~!$&'()*+,;=:@/?%")) return false;
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const std::string_view digits = text.substr(at + 1, 2);
    if (digits.size() != 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return false;
  }
  return true;
}

class Reader {
 public:
  explicit Reader(std::string_view stream) : stream_(stream) {}

  OneRequest Read() {
    if (!RequestLine() || !FieldLines() || !Body()) return std::move(result_);
    result_.outcome = Outcome::kMessage;
    result_.bytes = at_;
    return std::move(result_);
  }

 private:
  bool Malformed(const char* why) {
    result_.outcome = Outcome::kMalformed;
    result_.why = why;
    return false;
  }

  // Without its end. False: it is not whole, or a line break in it is no CRLF (section 2.2).
  bool Line(std::string_view* line) {
    const std::size_t end = stream_.find('\n', at_);
    const std::string_view text = stream_.substr(at_, end == std::string_view::npos ? end : end + 1 - at_);
    const std::size_t cr = text.find('\r');
    if (text.find('\0') != std::string_view::npos) return Malformed("a NUL in a line");
    if (cr != std::string_view::npos && cr + 1 < text.size() && cr + 2 != text.size())
      return Malformed("section 2.2: a CR that ends no line");
    if (end == std::string_view::npos) return false;
    if (!text.ends_with(kLineEnd)) return Malformed("section 2.2: an LF without its CR");
    at_ = end + 1;
    *line = text.substr(0, text.size() - kLineEnd.size());
    return true;
  }

  bool RequestLine() {
    std::string_view line;
    if (!Line(&line)) return false;
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return Malformed("section 3: a request line has three parts");
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if (!IsToken(line.substr(0, first))) return Malformed("section 3.1: the method is no token");
    if (!IsTarget(target)) return Malformed("section 3.2: the target is not in origin-form");
    if (line.substr(last + 1) != "HTTP/1.1") return Malformed("section 2.3: the version is not HTTP/1.1");
    result_.message.method = line.substr(0, first);
    result_.message.target = target;
    return true;
  }

  bool FieldLines() {
    std::string_view line;
    for (;;) {
      if (!Line(&line)) return false;
      if (line.empty()) break;
      const std::size_t colon = line.find(':');
      if (line.front() == ' ' || line.front() == '\t') return Malformed("section 5.2: a folded line");
      if (colon == std::string_view::npos) return Malformed("section 5: a field line without a colon");
      if (!IsToken(line.substr(0, colon))) return Malformed("section 5.1: the field name is no token");
      const std::string_view value = broker::Trim(line.substr(colon + 1));
      const bool text = std::all_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return c == '\t' || (byte >= 0x20 && byte != 0x7f);
      });
      if (!text) return Malformed("RFC 9110, section 5.5: a control character in a field value");
      result_.message.headers.emplace_back(line.substr(0, colon), value);
    }
    return Count("host") == 1 || Malformed("section 3.2: not exactly one Host");
  }

  std::size_t Count(std::string_view name) const {
    const auto& headers = result_.message.headers;
    return static_cast<std::size_t>(std::count_if(
        headers.begin(), headers.end(), [name](const auto& header) { return EqualsIgnoreCase(header.first, name); }));
  }
  std::string_view Value(std::string_view name) const {
    for (const auto& header : result_.message.headers) {
      if (EqualsIgnoreCase(header.first, name)) return header.second;
    }
    return {};
  }

  // Section 6.3.
  bool Body() {
    const std::size_t lengths = Count("content-length");
    const std::size_t codings = Count("transfer-encoding");
    if (lengths + codings > 1) return Malformed("section 6.3: more than one framing");
    if (codings == 1) {
      if (Value("transfer-encoding") != "chunked") return Malformed("section 6.1: a coding other than chunked");
      return Chunks();
    }
    if (lengths == 0) return true;
    const std::string_view length = Value("content-length");
    if (!IsDigits(length)) return Malformed("section 6.2: the length is no number");
    return Take(std::stoull(std::string(length)));
  }

  bool Take(std::size_t size) {
    if (stream_.size() - at_ < size) return false;
    result_.message.body.append(stream_.substr(at_, size));
    at_ += size;
    return true;
  }

  // Section 7.1; no extensions and no trailers, which the broker has none of.
  bool Chunks() {
    for (;;) {
      std::string_view line;
      if (!Line(&line)) return false;
      if (line.empty() || line.size() > 8 || line.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
        return Malformed("section 7.1: a chunk's size is no number");
      const std::size_t size = std::stoul(std::string(line), nullptr, 16);
      if (!Take(size)) return false;
      if (!Line(&line)) return false;
      if (!line.empty()) return Malformed("section 7.1: a chunk is longer than its size, or trailers");
      if (size == 0) return true;
    }
  }

  const std::string_view stream_;
  std::size_t at_ = 0;
  OneRequest result_;
};

}  // namespace

OneRequest ReadRequest(std::string_view stream) { return Reader(stream).Read(); }

Reading ReadStream(std::string_view stream) {
  Reading reading;
  while (!stream.empty()) {
    OneRequest one = ReadRequest(stream);
    if (one.outcome != Outcome::kMessage) return reading;
    reading.messages.push_back(std::move(one.message));
    stream.remove_prefix(one.bytes);
  }
  reading.whole = true;
  return reading;
}

}  // namespace warder::wire
