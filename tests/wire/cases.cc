#include "tests/wire/cases.h"

#include <algorithm>
#include <array>

#include "engine/broker/request_headers.h"

namespace warder::wire {
namespace {

using namespace std::string_view_literals;  // texts with NULs in them
using Redirect = broker::HttpRequest::Redirect;

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: evil.test\r\n\r\n";
// Behind the text of a header, a method or a target: what would break out of it.
constexpr std::string_view kBreakouts[] = {
    "\r\nX-Forwarded-For: 127.0.0.1"sv,
    "\r\nTransfer-Encoding: chunked"sv,
    "\r\nContent-Length: 4\r\n\r\n"sv,
    "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: evil.test\r\n\r\n"sv,
    "\nHost: evil.test"sv,
    "\rX: y"sv,
    "\r\n folded"sv,
    "\r\n\tfolded"sv,
    "\0"sv,
    "\0\r\n"sv,
    "\x7f"sv,
    "\x0b"sv,
    "\x1b[0m"sv,
    "\r"sv,
    "\n"sv,
};
constexpr std::string_view kUsualNames[] = {
    "content-type",    "Accept",        "User-Agent",   "cookie",           "Authorization",    "referer",
    "Range",           "if-none-match", "x-request-id", "Content-Encoding", "content-language", "origin",
    "idempotency-key", "x-api-key",     "X_Signature",  "x-sdk-key",        "content-location", "Date",
    "cache-control",   "Content-MD5"};
constexpr std::string_view kNearMisses[] = {"content-length-x",
                                            "x-content-length",
                                            "hosts",
                                            "tea",
                                            "transfer-encodings",
                                            "upgrade-insecure-requests",
                                            "x-hosts",
                                            "expects",
                                            "connections",
                                            "trailers",
                                            "forwardeds",
                                            "http2"};

class Maker {
 public:
  Maker(std::uint64_t seed, std::uint64_t index, std::shared_ptr<const Hand> hand, const Origins& origins)
      : random_(seed, index), origins_(origins) {
    case_.index = index;
    case_.hand = std::move(hand);
  }

  Case Make() {
    hostile_ = random_.Percent(40) ? 1 + random_.Below(2) : 0;
    Method();
    Url();
    ScriptHeaders();
    Body();
    UseCredential();
    MisplacePlaceholder();
    Finish();
    return std::move(case_);
  }

 private:
  bool Hostile(std::size_t percent) {
    if (hostile_ == 0 || !random_.Percent(percent)) return false;
    --hostile_;
    return true;
  }

  void Method() {
    static constexpr std::string_view kMethods[] = {"GET", "GET",   "HEAD",   "POST",   "POST",
                                                    "PUT", "PATCH", "DELETE", "OPTIONS"};
    static constexpr std::string_view kOthers[] = {"get",     "TRACE",      "CONNECT", "TRACK",    "",      "PRI",
                                                   "GET ",    " GET",       "GET /x",  "POST\t",   "PURGE", "Post",
                                                   "GET\0"sv, "G\xc3\xa9T", "*",       "M-SEARCH", "QUERY", "PROPFIND"};
    std::string& method = case_.request.method;
    method = random_.Pick(kMethods);
    if (!Hostile(10)) return;
    method = random_.Percent(50) ? std::string(random_.Pick(kOthers)) : method.append(random_.Pick(kBreakouts));
  }

  std::string Tail() {
    static constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~!$&'()*+,=:@[]{}|^`";
    static constexpr std::string_view kParts[] = {
        "/../",      "/./",    "%2e%2e/",  "/..;/", "%2f", "%5c",   "%0d%0a", "%00",       "%",  "%zz",
        "%25%32%65", "//",     "/;x=y",    "\\",    "#",   "#frag", " ",      " HTTP/1.1", "?",  "??",
        "@",         "%c0%ae", "\xc3\xa9", "\t",    "\"",  "<>",    "%2525",  ".",         "..."};
    std::string tail;
    const std::size_t segments = random_.Below(4);
    for (std::size_t i = 0; i < segments; ++i) tail += "/" + random_.From(kPlain, 1 + random_.Below(8));
    if (random_.Percent(20)) tail += "/";
    if (random_.Percent(40)) {
      tail += "?" + random_.From(kPlain, random_.Below(8)) + "=" + random_.From(kPlain, random_.Below(20));
      if (random_.Percent(5)) tail += "&api_key=1";
      if (random_.Percent(3)) tail += "&API_KEY";
      if (random_.Percent(20)) tail += "&.;/?%20%" + random_.From("0123456789abcdefABCDEF", 2);
      if (random_.Percent(10)) tail += "&";
    }
    if (random_.Percent(1)) tail += (tail.empty() ? "/" : "") + random_.From(kPlain, random_.Below(18'000));
    if (!Hostile(30)) return tail;
    if (tail.empty()) tail = "/";
    const std::size_t at = 1 + random_.Below(tail.size());
    const std::size_t what = random_.Below(4);
    if (what == 0) return tail.insert(at, random_.Pick(kBreakouts));
    if (what == 1) return tail.insert(at, random_.Bytes(1 + random_.Below(3)));
    return tail.insert(at, random_.Pick(kParts));
  }

  void Url() {
    Expected first;
    const bool named = random_.Percent(15);
    first.origin = named ? origins_.named : origins_.plain;
    const std::string tail = Tail();
    first.verdict = JudgeTail(tail);
    first.target = TargetOf(tail);
    std::string front = "http://" + first.origin;
    const std::string port = first.origin.substr(first.origin.find(':'));
    if (Hostile(12)) {
      const std::string fronts[] = {"HTTP://" + first.origin,
                                    "http:/" + first.origin,
                                    "http:" + first.origin,
                                    "//" + first.origin,
                                    "https://" + first.origin,
                                    "ftp://" + first.origin,
                                    "http://user@" + first.origin,
                                    "http://a:b@" + first.origin,
                                    "http://@" + first.origin,
                                    "http://" + first.origin + "@evil.test",
                                    "http://evil.test#@" + first.origin,
                                    "http://evil.test\\@" + first.origin,
                                    "http://evil.test" + port,
                                    "http://127.1" + port,
                                    "http://2130706433" + port,
                                    "http://0x7f.0.0.1" + port,
                                    "http://0177.0.0.1" + port,
                                    "http://127.0.0.1." + port,
                                    "http://[::ffff:127.0.0.1]" + port,
                                    "http://localhost" + port,
                                    "http://wire.test." + port,
                                    "http://WIRE.test" + port,
                                    "http://wire%2etest" + port,
                                    "http://" + first.origin + "0",
                                    "http://127.0.0.1:0" + port.substr(1),
                                    "http://127.0.0.1",
                                    "http://127.0.0.1:",
                                    "http://" + first.origin + "\r\nX: y",
                                    "http://" + first.origin + " ",
                                    " http://" + first.origin,
                                    std::string("http://127.0.0.1\0"sv) + port,
                                    "http://\xef\xbc\x91"
                                    "27.0.0.1" +
                                        port};
      front = random_.Pick(fronts);
      first.verdict = Worse(first.verdict, Verdict::kMay);
      // These lead to what they say if they lead anywhere.
      const auto lower = front.find("WIRE") != std::string::npos || front.find("wire") != std::string::npos;
      if (lower) first.origin = origins_.named;
    }
    case_.request.url = front + tail;
    if (case_.request.url.size() > 16'384) first.verdict = Verdict::kNever;
    case_.hops.push_back(std::move(first));
  }

  std::string OwnedName() {
    // By the broker's list and by this test's: what is in one only is found.
    std::string name(random_.Percent(50) ? random_.Pick(broker::RefusedHeaders()).name : random_.Pick(OwnedHeaders()));
    if (name.back() == '*') name.replace(name.size() - 1, 1, random_.From(kLetters, 1 + random_.Below(6)));
    for (char& c : name) {
      if (random_.Percent(30) && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      if (random_.Percent(30) && c == '-') c = '_';
    }
    return name;
  }

  std::string HostileName() {
    static constexpr std::string_view kNames[] = {"",
                                                  " ",
                                                  "Host ",
                                                  " Host",
                                                  "Host:",
                                                  "Host\t",
                                                  "Host:evil",
                                                  "Content Length",
                                                  "x;",
                                                  "x,y",
                                                  "\"x\"",
                                                  "x\xc3\xa9",
                                                  "(x)",
                                                  "x=y",
                                                  "x/y",
                                                  "Content-Length\0"sv,
                                                  "\0",
                                                  "[x]",
                                                  "x\xff",
                                                  ":",
                                                  ":authority",
                                                  ":path",
                                                  "Transfer-Encoding "};
    const std::size_t what = random_.Below(10);
    if (what < 5) return OwnedName();
    if (what < 7) return std::string(random_.Pick(kNames));
    if (what == 7) return std::string(random_.Pick(kUsualNames)).append(random_.Pick(kBreakouts));
    if (what == 8) return random_.From(kLetters, 250 + random_.Below(20));
    return random_.Bytes(1 + random_.Below(8));
  }

  std::string Name() {
    const std::size_t what = random_.Below(10);
    if (what < 5) return std::string(random_.Pick(kUsualNames));
    if (what == 5) return std::string(random_.Pick(kNearMisses));
    return "x" + random_.From(std::string(kLetters).append(kTokenMarks), 1 + random_.Below(16));
  }

  std::string Value() {
    static constexpr std::string_view kVisible =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
    static constexpr std::string_view kOdd[] = {
        "chunked", "0", "close",          "a,b , c",       "a\tb",     "a  b",         "\xff\x80",
        ";",       ":", "GET / HTTP/1.1", "gzip, chunked", "\xc3\xa9", "100-continue", "\"\\\""};
    const std::size_t what = random_.Below(10);
    if (what == 0) return "";
    if (what < 3) return std::string(random_.Pick(kOdd));
    if (what == 3) return "v" + random_.From("\t \x80\xfe\xff!~", random_.Below(6)) + "v";
    return random_.From(kVisible, 1 + random_.Below(40));
  }

  std::string HostileValue() {
    static constexpr std::string_view kBlanks[] = {" ", "\t", "  ", "\r\n", "\n"};
    const std::size_t what = random_.Below(6);
    if (what < 3) return Value().append(random_.Pick(kBreakouts));
    if (what == 3) return std::string(random_.Pick(kBlanks)) + Value();
    if (what == 4) return Value().append(random_.Pick(kBlanks));
    return random_.Bytes(1 + random_.Below(6));
  }

  void ScriptHeaders() {
    auto& headers = case_.request.headers;
    const std::size_t count = random_.Percent(1) ? 100 + random_.Below(40) : random_.Below(6);
    for (std::size_t i = 0; i < count; ++i) headers.emplace_back(Name(), Value());
    if (!headers.empty() && random_.Percent(20)) headers.push_back(random_.Pick(headers));
    if (!headers.empty() && random_.Percent(1))
      headers[0].second = random_.From(kLetters, 31'000 + random_.Below(3'000));
    if (Hostile(40)) Put({HostileName(), Value()});
    if (Hostile(40)) Put({Name(), HostileValue()});
    if (Hostile(10)) Put({OwnedName(), HostileValue()});
    static constexpr std::string_view kNames[] = {"accept-language", "Accept-Language", "ACCEPT-LANGUAGE"};
    Put({std::string(random_.Pick(kNames)), case_.Name()});
  }

  // Somewhere.
  void Put(std::pair<std::string, std::string> header) {
    auto& headers = case_.request.headers;
    headers.insert(headers.begin() + static_cast<std::ptrdiff_t>(random_.Below(headers.size() + 1)), std::move(header));
  }

  void Body() {
    const std::string& method = case_.request.method;
    Expected& first = case_.hops.front();
    const bool never_has = method == "GET" || method == "HEAD";
    if (!random_.Percent(never_has ? 2 : 60)) {
      if (Hostile(3)) case_.pieces = {"a body of a request without one"};
      if (!case_.pieces.empty()) first.verdict = Worse(first.verdict, Verdict::kMay);
      return;
    }
    static constexpr std::string_view kBodies[] = {"0\r\n\r\n", "\r\n\r\n", "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"};
    std::size_t size = 0;
    const std::size_t count = random_.Below(4);
    for (std::size_t i = 0; i < count; ++i) {
      std::string piece = random_.Bytes(random_.Below(random_.Percent(2) ? 40'000 : 200));
      if (random_.Percent(20)) piece += random_.Pick(kBodies);
      if (random_.Percent(10)) piece += kSmuggled;
      size += piece.size();
      case_.pieces.push_back(std::move(piece));
    }
    if (case_.pieces.empty()) case_.pieces.emplace_back();
    case_.request.has_body = true;
    case_.at_once = random_.Percent(50);
    if (random_.Percent(60)) case_.request.body_bytes = size;
    if (Hostile(15)) case_.request.body_bytes = size + 1 + random_.Below(20);
    if (Hostile(15)) case_.request.body_bytes = random_.Below(size + 1);
    if (Hostile(2)) case_.request.body_bytes = (std::uint64_t{1} << 62) + 1 + random_.Below(100);
    if (Hostile(10)) case_.ends = false;
    JudgeBody();
    if (never_has) first.verdict = Verdict::kNever;
  }

  // What of the body arrives: up to the first breach of what was declared.
  void JudgeBody() {
    Expected& first = case_.hops.front();
    const auto& declared = case_.request.body_bytes;
    first.has_body = true;
    first.declared = declared;
    if (declared && *declared > std::uint64_t{1} << 62) first.verdict = Verdict::kNever;
    bool breach = false;
    for (std::size_t i = 0; i < case_.pieces.size() && !breach; ++i) {
      const std::string& piece = case_.pieces[i];
      const bool last = case_.ends && i + 1 == case_.pieces.size();
      const std::size_t sum = first.body.size() + piece.size();
      breach = declared && (sum > *declared || (last && sum < *declared));
      if (!breach) first.body += piece;
    }
    if (!breach && case_.ends) return;
    if (declared && first.body.size() == *declared) {
      first.verdict = Worse(first.verdict, Verdict::kMay);
    } else {
      first.verdict = Verdict::kNever;
    }
    case_.partial = true;
  }

  void UseCredential() {
    const auto& cards = case_.hand->cards;
    if (random_.Percent(50)) return;
    const Hand::Card& card = random_.Pick(cards);
    if (card.credential.IsPlaceholder()) {
      auto header = card.credential.PlaceholderHeader(&random_, card.placeholder);
      placeholder_value_ = header.second;
      Put(std::move(header));
      if (random_.Percent(50)) case_.request.connection = card.handle;
    } else {
      case_.request.connection = card.handle;
    }
    credential_ = &card.credential;
    if (!Hostile(10)) return;
    case_.request.connection = random_.Percent(50) ? card.handle.substr(1) : random_.From("0123456789abcdef", 64);
    case_.hops.front().verdict = Verdict::kNever;
  }

  void MisplacePlaceholder() {
    const auto& card = random_.Pick(case_.hand->cards);
    if (card.placeholder.empty() || !Hostile(15)) return;
    Expected& first = case_.hops.front();
    const std::size_t what = random_.Below(case_.request.has_body ? 3 : 2);
    if (what == 0) {
      case_.request.headers.emplace_back("x-elsewhere", "a" + card.placeholder);
    } else if (what == 1) {
      case_.request.url += "?" + card.placeholder;
    } else {
      const std::size_t cut = random_.Below(card.placeholder.size());
      case_.pieces.insert(case_.pieces.begin(), {card.placeholder.substr(0, cut), card.placeholder.substr(cut)});
      if (case_.request.body_bytes) *case_.request.body_bytes += card.placeholder.size();
      case_.partial = true;
    }
    first.verdict = Verdict::kNever;
  }

  void Finish() {
    Expected& first = case_.hops.front();
    first.method = case_.request.method;
    first.headers = case_.request.headers;
    first.verdict = Worse(first.verdict, Worse(JudgeMethod(first.method), JudgeHeaders(first.headers)));
    const std::size_t mode = random_.Below(20);
    case_.request.redirect = mode == 0 ? Redirect::kManual : mode == 1 ? Redirect::kError : Redirect::kFollow;
    // The script's view of each; what the credential makes of it comes last.
    while (case_.hops.size() < 4 && random_.Percent(25)) FollowOne();
    bool at_home = true;
    for (Expected& hop : case_.hops) {
      at_home = at_home && hop.origin == case_.hops.front().origin;
      if (!at_home || credential_ == nullptr) continue;
      if (&hop != &case_.hops.front()) hop.target = credential_->WithoutInjected(hop.target);
      AddCredential(&hop);
    }
  }

  void AddCredential(Expected* hop) {
    if (credential_->NeedsWholeBody() && hop->has_body && (!hop->declared || hop->body.size() != *hop->declared)) {
      hop->verdict = Verdict::kNever;
    }
    if (credential_->NeedsWholeBody() && hop->has_body && !case_.ends) hop->verdict = Verdict::kNever;
    Outgoing outgoing{hop->method, hop->target, hop->headers, hop->body};
    hop->verdict = Worse(hop->verdict, credential_->Apply(placeholder_value_, &outgoing));
    hop->target = std::move(outgoing.target);
    hop->headers = std::move(outgoing.headers);
  }

  // Adds a redirect, and the request that follows from it (the Fetch standard's, with fewer headers elsewhere).
  void FollowOne() {
    static constexpr int kStatus[] = {301, 302, 303, 307, 308};
    static constexpr std::string_view kBodyHeaders[] = {"content-encoding", "content-language", "content-location",
                                                        "content-type"};
    static constexpr std::string_view kElsewhere[] = {"accept", "accept-language", "content-language", "content-type",
                                                      "user-agent"};
    const auto any = [](const auto& names, const std::string& name) {
      return std::any_of(std::begin(names), std::end(names), [lower = Folded(name), &name](std::string_view each) {
        return lower == each && name.find('_') == std::string::npos;
      });
    };
    const Expected& from = case_.hops.back();
    Expected next = from;
    Answer answer{random_.Pick(kStatus), ""};
    const bool to_get = ((answer.status == 301 || answer.status == 302) && from.method == "POST") ||
                        (answer.status == 303 && from.method != "GET" && from.method != "HEAD");
    if (to_get) {
      next.method = "GET";
      next.has_body = false;
      next.declared.reset();
      next.body.clear();
      std::erase_if(next.headers, [&](const auto& header) { return any(kBodyHeaders, header.first); });
    }
    answer.location = Location(&next);
    if (next.origin != from.origin) {
      std::erase_if(next.headers, [&](const auto& header) { return !any(kElsewhere, header.first); });
    }
    // Only a body of known length, and not a long one, is sent again.
    if (next.has_body && !next.declared && !next.body.empty()) next.verdict = Verdict::kNever;
    if (next.has_body && !next.declared && next.body.empty()) next.verdict = Worse(next.verdict, Verdict::kMay);
    if (case_.request.redirect != Redirect::kFollow) next.verdict = Verdict::kNever;
    case_.answers.push_back(std::move(answer));
    case_.hops.push_back(std::move(next));
  }

  std::string Location(Expected* next) {
    static constexpr std::string_view kNowhere[] = {
        "//evil.test/",        "http://evil.test/", "https://127.0.0.1/", "ftp://x/",  "http://user@127.0.0.1/",
        "http://127.0.0.1:1/", "javascript:0",      "http://[::1]/",      "http:///x", "//"};
    const std::size_t what = random_.Below(10);
    if (what == 0) {
      next->verdict = Verdict::kNever;
      return std::string(random_.Pick(kNowhere));
    }
    std::string tail = Tail();
    // What would end the answer's own header is not what is asked here, and dot segments are resolved.
    std::erase_if(tail, [](char c) { return c == '\r' || c == '\n' || c == '\0' || c == '.'; });
    if (tail.empty() || tail.starts_with('?')) tail.insert(0, 1, '/');
    const bool relative = what < 5;
    while (relative && tail.starts_with("//")) tail.erase(0, 1);
    if (tail.ends_with(' ') || tail.ends_with('\t')) tail += 'x';
    // A control character makes the whole answer malformed, also where the fragment would go.
    const bool control = std::any_of(tail.begin(), tail.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
    });
    if (control) next->verdict = Verdict::kNever;
    const std::string sent = tail.substr(0, tail.find('#'));
    next->verdict = Worse(next->verdict, JudgeTail(sent));
    if (tail.size() > 12'000) next->verdict = Worse(next->verdict, Verdict::kMay);
    next->target = TargetOf(sent);
    if (relative) return tail;
    next->origin = what < 8 ? origins_.plain : origins_.named;
    return "http://" + next->origin + tail;
  }

  Random random_;
  const Origins& origins_;
  Case case_;
  std::size_t hostile_ = 0;  // how many hostile parts it may still get
  const Credential* credential_ = nullptr;
  std::string placeholder_value_;
};

}  // namespace

Case MakeCase(std::uint64_t seed, std::uint64_t index, const std::shared_ptr<const Hand>& hand,
              const Origins& origins) {
  return Maker(seed, index, hand, origins).Make();
}

std::string Unchecked(const Case& one) {
  const std::string& url = one.request.url;
  const std::size_t host = std::min(url.find("//"), url.size() - 2) + 2;
  const std::size_t path = std::min(url.find_first_of("/?", host), url.size());
  std::string bytes = one.request.method + " " + (path == url.size() ? "/" : url.substr(path)) +
                      " HTTP/1.1\r\nHost: " + url.substr(host, path - host) + "\r\n";
  for (const auto& [name, value] : one.request.headers) bytes.append(name).append(": ").append(value).append("\r\n");
  std::string body;
  for (const std::string& piece : one.pieces) body += piece;
  if (one.request.body_bytes) {
    return bytes + "Content-Length: " + std::to_string(*one.request.body_bytes) + "\r\n\r\n" + body;
  }
  if (!one.request.has_body) return bytes + "\r\n" + body;
  bytes += "Transfer-Encoding: chunked\r\n\r\n";
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string size;
  for (std::size_t rest = body.size(); rest > 0; rest /= 16) size.insert(0, 1, kDigits[rest % 16]);
  if (!body.empty()) bytes.append(size).append("\r\n").append(body).append("\r\n");
  return bytes + "0\r\n\r\n";
}

}  // namespace warder::wire
