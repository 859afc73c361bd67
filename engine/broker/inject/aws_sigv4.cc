#include "engine/broker/inject/aws_sigv4.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <span>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/text.h"
#include "engine/broker/ascii.h"
#include "engine/broker/inject/mac.h"
#include "engine/broker/inject/secret_text.h"
#include "engine/broker/percent.h"

namespace warder::broker {
namespace {

constexpr auto kSha256 = HmacInjection::Hash::kSha256;
constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";

constexpr std::array<std::string_view, 3> kS3Services = {"s3", "s3-outposts", "s3-object-lambda"};

constexpr std::string_view kDate = "x-amz-date";
constexpr std::string_view kToken = "x-amz-security-token";
constexpr std::string_view kContentHash = "x-amz-content-sha256";
constexpr std::array<std::string_view, 4> kHeaders = {"authorization", kDate, kToken, kContentHash};

// What is on its way to the service may change these; AWS's own clients leave them out too.
constexpr std::array<std::string_view, 6> kNotSigned = {"cache-control", "from",       "pragma",
                                                        "referer",       "user-agent", "x-amzn-trace-id"};

// A request that is signed in its query, in lower case.
constexpr std::array<std::string_view, 6> kQuerySigning = {"x-amz-algorithm", "x-amz-credential",
                                                           "x-amz-date",      "x-amz-security-token",
                                                           "x-amz-signature", "x-amz-signedheaders"};

using CanonicalHeaders = std::map<std::string, std::string>;

bool Contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string HexSha256(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Hex();
}

std::string HostHeader(const Origin& origin) {
  const std::string text = origin.ToString();
  return text.substr(text.find("//") + 2);
}

// "20150830T123600Z"
std::string DateOf(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): a calendar's worth of names
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", int{date.year()}, unsigned{date.month()},
                unsigned{date.day()}, static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return text.data();
}

// Without the blanks around it, every run of blanks inside as one space.
std::string CanonicalValue(std::string_view value) {
  std::string canonical;
  for (const char c : Trim(value)) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && canonical.ends_with(' ')) continue;
    canonical += blank ? ' ' : c;
  }
  return canonical;
}

std::string CanonicalPath(std::string_view path, bool s3) {
  std::string canonical;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    canonical += PercentEncoded(s3 ? PercentDecoded(segment) : std::string(segment));
    if (end < path.size() && (s3 || !canonical.ends_with('/'))) canonical += '/';
    begin = end + 1;
  }
  return canonical;
}

Result<std::string> CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  if (query.find('+') != std::string_view::npos) {
    return Refused(
        "the query holds a bare \"+\", which AWS may read as a blank or as a plus sign; write %20 or %2B instead");
  }
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view parameter = query.substr(begin, end - begin);
    begin = end + 1;
    if (parameter.empty()) continue;
    const std::size_t name_end = std::min(parameter.find('='), parameter.size());
    const std::string name = PercentDecoded(parameter.substr(0, name_end));
    if (Contains(kQuerySigning, LowerCase(name))) {
      return Refused("the connection signs the request in its headers; leave " + LowerCase(name) + " out of the query");
    }
    const std::string_view value = parameter.substr(std::min(name_end + 1, parameter.size()));
    parameters.emplace_back(PercentEncoded(name), PercentEncoded(PercentDecoded(value)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string canonical;
  for (const auto& [name, value] : parameters) {
    canonical.append(canonical.empty() ? "" : "&").append(name).append("=").append(value);
  }
  return canonical;
}

// The script's headers by name, those of one name joined in their order; without what a proxy may change.
CanonicalHeaders SignedHeaders(const HeaderList& headers) {
  CanonicalHeaders canonical;
  for (const auto& [name, value] : headers) {
    const std::string lower = LowerCase(name);
    if (Contains(kNotSigned, lower)) continue;
    const auto [found, is_new] = canonical.emplace(lower, CanonicalValue(value));
    if (!is_new) found->second += "," + CanonicalValue(value);
  }
  return canonical;
}

Result<std::string> PayloadHash(const AwsSigV4Injection& injection, const SigningRequest& request) {
  if (request.body) return HexSha256(*request.body);
  if (MayStayUnsigned(injection, request.url.origin)) return std::string(kUnsigned);
  return Refused("the connection signs the request's body, which is not at hand as a whole");
}

Secret SigningKey(const AwsSigV4Injection& injection, std::string_view secret_key, std::string_view day) {
  const Secret start = Secret::Join({"AWS4", secret_key});
  const Secret date = Hmac(kSha256, start.view(), day);
  const Secret region = Hmac(kSha256, date.view(), injection.region);
  const Secret service = Hmac(kSha256, region.view(), injection.service);
  return Hmac(kSha256, service.view(), "aws4_request");
}

}  // namespace

bool IsS3(std::string_view service) { return Contains(kS3Services, service); }

bool MayStayUnsigned(const AwsSigV4Injection& injection, const Origin& origin) {
  return IsS3(injection.service) && origin.scheme == "https";
}

std::span<const std::string_view> AwsSigV4Headers() { return kHeaders; }

Result<void> SignAwsSigV4(const AwsSigV4Injection& injection, const SecretFields& fields, const SigningRequest& request,
                          Injected* injected) {
  const auto access_key = FieldText(fields, injection.access_key_field);
  if (!access_key) return access_key.error();
  if (access_key->find_first_of("=,/ ") != std::string_view::npos) {
    return InvalidInput("the credential's field \"" + injection.access_key_field +
                        "\" holds a character that no access key ID has");
  }
  const auto secret_key = FieldText(fields, injection.secret_key_field);
  if (!secret_key) return secret_key.error();
  std::string_view token;
  if (!injection.session_token_field.empty()) {
    const auto field = FieldText(fields, injection.session_token_field);
    if (!field) return field.error();
    token = *field;
  }
  const auto payload = PayloadHash(injection, request);
  if (!payload) return payload.error();

  const bool s3 = IsS3(injection.service);
  const std::string date = DateOf(request.now);
  CanonicalHeaders headers = SignedHeaders(request.headers);
  headers.emplace("host", HostHeader(request.url.origin));
  headers.emplace(kDate, date);
  if (s3) headers.emplace(kContentHash, *payload);
  // The token alone is a secret here; it stands where its name is sorted to.
  if (!token.empty()) headers.emplace(kToken, "");

  const std::string_view target = request.url.target;
  const std::size_t path_end = std::min(target.find('?'), target.size());
  const auto query = CanonicalQuery(target.substr(std::min(path_end + 1, target.size())));
  if (!query) return query.error();
  std::string names;
  Sha256 canonical;
  canonical.Update(std::string(request.method) + "\n" + CanonicalPath(target.substr(0, path_end), s3) + "\n" + *query +
                   "\n");
  for (const auto& [name, value] : headers) {
    canonical.Update(name + ":");
    canonical.Update(name == kToken ? token : std::string_view{value});
    canonical.Update("\n");
    names += (names.empty() ? "" : ";") + name;
  }
  canonical.Update("\n" + names + "\n" + *payload);

  const std::string day = date.substr(0, 8);
  const std::string scope = day + "/" + injection.region + "/" + injection.service + "/aws4_request";
  const std::string to_sign = std::string(kAlgorithm) + "\n" + date + "\n" + scope + "\n" + canonical.Hex();
  const Secret key = SigningKey(injection, *secret_key, day);
  std::string hex = HexOf(Hmac(kSha256, key.view(), to_sign).view());
  Secret signature = Secret::Take(&hex);

  injected->headers.push_back(
      {"authorization", Secret::Join({kAlgorithm, " Credential=", *access_key, "/", scope, ", SignedHeaders=", names,
                                      ", Signature=", signature.view()})});
  injected->headers.push_back({std::string(kDate), Secret(date)});
  if (s3) injected->headers.push_back({std::string(kContentHash), Secret(*payload)});
  if (!token.empty()) injected->headers.push_back({std::string(kToken), Secret(token)});
  injected->derived.push_back(std::move(signature));
  return {};
}

}  // namespace warder::broker
