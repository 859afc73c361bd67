#include "engine/broker/canonical_url.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <memory>

#include "engine/broker/idna.h"
#include "engine/broker/percent.h"

namespace warder::broker {
namespace {

struct CurlUrlCleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct CurlFree {
  void operator()(char* text) const { curl_free(text); }
};

// What no part of a URL may hold, wherever it stands.
std::string_view BadBytes(std::string_view url) {
  for (std::size_t i = 0; i < url.size(); ++i) {
    const auto byte = static_cast<unsigned char>(url[i]);
    if (byte >= 0x80) return "holds a character beyond ASCII; percent-encode the path, write the host in punycode";
    if (byte <= 0x20 || byte == 0x7f) return "holds a space or a control character; percent-encode it";
    if (byte == '\\') return "holds a backslash, which some read as a slash; percent-encode it in a query";
    if (byte == '%' && !IsPercentEscape(url.substr(i))) {
      return "holds a \"%\" that two hexadecimal digits do not follow; write %25";
    }
  }
  return {};
}

// Percent-encodes what WHATWG URLs leave bare behind the authority although RFC 3986 has no place for it.
std::string EncodeBare(std::string_view url) {
  std::size_t begin = std::min(url.find_first_of("/?"), url.size());
  const bool has_authority = url.substr(begin, 2) == "//" && (begin == 0 || url[begin - 1] == ':');
  if (has_authority) begin = std::min(url.find_first_of("/?", begin + 2), url.size());
  constexpr std::string_view kBare = "[]{}|^`";
  std::string encoded(url.substr(0, begin));
  for (std::string_view rest = url.substr(begin); !rest.empty();) {
    const std::size_t plain = std::min(rest.find_first_of(kBare), rest.size());
    encoded.append(rest.substr(0, plain));
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    encoded += PercentEscape(rest.front());
    rest.remove_prefix(1);
  }
  return encoded;
}

bool HasDotSegment(std::string_view path) {
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find_first_of("/\\", begin), path.size());
    std::string_view segment = path.substr(begin, end - begin);
    segment = segment.substr(0, segment.find(';'));
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

// Looks at the path as the most eager server would: decoded again and again, with backslashes as slashes.
std::string_view BadPath(std::string_view path) {
  std::string current(path);
  for (int round = 0;; ++round) {
    if (HasDotSegment(current)) return "has a dot segment in its path, plain or encoded";
    if (current.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) {
      return "has an encoded line break or NUL in its path";
    }
    if (current.find('%') == std::string::npos) return {};
    std::string decoded = PercentDecoded(current);
    if (decoded == current) return {};
    if (round == 3) return "has a path that is percent-encoded more than three times";
    current = std::move(decoded);
  }
}

// RFC 3986 section 5.2.4, but that ".." with nothing before it stays, to be refused. Nothing else is touched: an
// upstream may have signed its redirects in the spelling that it sent.
std::string WithoutDotSegments(std::string_view path) {
  std::string kept;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin + 1), path.size());
    const std::string_view segment = path.substr(begin, end - begin);  // with the slash before it
    const bool last = end == path.size();
    const bool up = segment == "/.." && !kept.empty() && !kept.ends_with("/..");
    if (segment == "/." || up) {
      if (up) kept.erase(kept.rfind('/'));
      if (last) kept += '/';
    } else {
      kept += segment;
    }
    begin = end;
  }
  return kept;
}

template <typename View>
std::string TextOf(const View& view) {
  return {view.data(), view.size()};
}

Result<std::uint16_t> ParsePort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '0' || port > 65535) {
    return InvalidInput("the URL's port must be a plain number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

std::string CurlPart(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, CurlFree> owner(text);
  return text;
}

// libcurl, which will perform the request, must read the canonical text as we do.
bool CurlAgrees(const CanonicalUrl& expected) {
  const std::unique_ptr<CURLU, CurlUrlCleanup> url(curl_url());
  const std::string text = expected.ToString();
  if (!url ||
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS | CURLU_DISALLOW_USER) != CURLUE_OK) {
    return false;
  }
  const bool bracketed = expected.host_kind == HostKind::kIpv6;
  const std::string host = bracketed ? "[" + expected.origin.host + "]" : expected.origin.host;
  const std::string query = CurlPart(url.get(), CURLUPART_QUERY);
  std::string target = CurlPart(url.get(), CURLUPART_PATH);
  if (!query.empty()) target += "?" + query;
  const bool target_agrees = target == expected.target || target + "?" == expected.target;
  return CurlPart(url.get(), CURLUPART_SCHEME) == expected.origin.scheme &&
         CurlPart(url.get(), CURLUPART_HOST) == host &&
         CurlPart(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) == std::to_string(expected.origin.port) &&
         CurlPart(url.get(), CURLUPART_FRAGMENT).empty() && CurlPart(url.get(), CURLUPART_USER).empty() &&
         target_agrees;
}

// The URL with its host in A-labels. What is no host that could have any stays, and is judged with the rest.
Result<std::string> WithAsciiHost(std::string_view url) {
  constexpr std::string_view kSlashes = "://";
  const std::size_t scheme = url.find(kSlashes);
  if (scheme == std::string_view::npos) return std::string(url);
  const std::size_t begin = scheme + kSlashes.size();
  const std::string_view authority = url.substr(begin, url.find_first_of("/?#\\", begin) - begin);
  const std::string_view host = authority.substr(0, authority.find(':'));
  if (!NeedsIdna(host)) return std::string(url);
  auto ascii = ToAsciiHost(host);
  if (!ascii) return ascii.error();
  return std::string(url.substr(0, begin)) + *ascii + std::string(url.substr(begin + host.size()));
}

Result<Origin> ReadOrigin(const boost::urls::url_view& url, HostKind* kind) {
  Origin origin;
  if (url.scheme_id() == boost::urls::scheme::https) {
    origin.scheme = "https";
    origin.port = 443;
  } else if (url.scheme_id() == boost::urls::scheme::http) {
    origin.scheme = "http";
    origin.port = 80;
  } else {
    return InvalidInput("the URL's scheme must be http or https");
  }
  if (!url.has_authority()) return InvalidInput("the URL has no host; write it as scheme://host/path");
  if (url.has_userinfo())
    return InvalidInput("the URL has user information before its host; send it in a header instead");
  const auto encoded_host = url.encoded_host();
  auto host = ParseHost({encoded_host.data(), encoded_host.size()});
  if (!host) return host.error();
  if (url.has_port()) {
    const auto port = ParsePort({url.port().data(), url.port().size()});
    if (!port) return port.error();
    origin.port = *port;
  }
  origin.host = std::move(host->text);
  *kind = host->kind;
  return origin;
}

}  // namespace

Result<CanonicalUrl> CanonicalizeUrl(std::string_view text) {
  if (text.empty() || text.size() > kMaxUrlBytes) return InvalidInput("the URL must have 1 to 16384 bytes");
  const auto url_with_ascii_host = WithAsciiHost(text);
  if (!url_with_ascii_host) return url_with_ascii_host.error();
  const std::string_view url = *url_with_ascii_host;
  if (const std::string_view why = BadBytes(url); !why.empty()) return InvalidInput("the URL " + std::string(why));
  if (url.find('#') != std::string_view::npos) return InvalidInput("the URL has a fragment, which is never sent");
  const std::string strict = EncodeBare(url);
  const auto parsed = boost::urls::parse_uri(strict);
  if (!parsed)
    return InvalidInput("the URL is not absolute and well-formed (RFC 3986); write it as scheme://host/path");

  CanonicalUrl canonical;
  auto origin = ReadOrigin(*parsed, &canonical.host_kind);
  if (!origin) return origin.error();
  canonical.origin = std::move(*origin);
  const auto path = parsed->encoded_path();
  canonical.target.assign(path.data(), path.size());
  if (const std::string_view why = BadPath(canonical.target); !why.empty()) {
    return InvalidInput("the URL " + std::string(why));
  }
  if (canonical.target.empty()) canonical.target = "/";
  if (parsed->has_query()) {
    const auto query = parsed->encoded_query();
    canonical.target.append("?").append(query.data(), query.size());
  }
  if (!CurlAgrees(canonical)) return InvalidInput("the URL is ambiguous: two parsers read it differently");
  return canonical;
}

Result<CanonicalUrl> ResolveLocation(const CanonicalUrl& base, std::string_view location) {
  location = location.substr(0, location.find('#'));
  if (location.size() > kMaxUrlBytes) return InvalidInput("the URL must have 1 to 16384 bytes");
  if (const std::string_view why = BadBytes(location); !why.empty()) return InvalidInput("the URL " + std::string(why));
  const std::string strict = EncodeBare(location);
  const auto reference = boost::urls::parse_uri_reference(strict);
  if (!reference) return InvalidInput("the URL is not well-formed (RFC 3986)");
  std::string front = base.origin.ToString();
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  std::string path = TextOf(reference->encoded_path());
  std::string query = reference->has_query() ? "?" + TextOf(reference->encoded_query()) : "";
  if (reference->has_scheme() || reference->has_authority()) {
    front = reference->has_scheme() ? TextOf(reference->scheme()) : base.origin.scheme;
    front += reference->has_authority() ? "://" + TextOf(reference->encoded_authority()) : ":";
  } else if (path.empty()) {
    path = base_path;
    if (query.empty()) query = base.target.substr(base_path.size());
  } else if (!path.starts_with('/')) {
    path.insert(0, base_path.substr(0, base_path.rfind('/') + 1));
  }
  return CanonicalizeUrl(front + WithoutDotSegments(path) + query);
}

}  // namespace warder::broker
