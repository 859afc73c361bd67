#include "engine/broker/inject/placeholder.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "engine/base/base64.h"
#include "engine/broker/ascii.h"
#include "engine/broker/inject/secret_text.h"
#include "engine/broker/inject/sign.h"
#include "engine/broker/percent.h"

namespace warder::broker {
namespace {

using Kind = PlaceholderSite::Kind;
using Header = PlaceholderUse::Header;

constexpr std::string_view kStem = "wrd_";
constexpr std::string_view kBasicScheme = "basic ";
constexpr std::array<std::string_view, 3> kCommonPrefixes = {"", "bearer ", "token "};
constexpr int kDecodingRounds = 4;

bool StartsWithIgnoreCase(std::string_view text, std::string_view start) {
  return EqualsIgnoreCase(text.substr(0, start.size()), start);
}

Result<void> CheckSite(const PlaceholderField& field, const PlaceholderSite& site) {
  const auto wrong = [&](const std::string& what) {
    return InvalidInput("a place for the field \"" + field.field + "\" of connection \"" + field.connection + "\" " +
                        what);
  };
  if (site.kind != Kind::kHeader) {
    if (site.header.empty() && site.prefix.empty()) return {};
    return wrong("is a part of Basic and names a header or a prefix all the same");
  }
  if (!IsToken(site.header) || LowerCase(site.header) != site.header || FindRefusal(site.header) != nullptr) {
    return wrong("must be a header in lower case that a script can set");
  }
  const bool printable =
      std::all_of(site.prefix.begin(), site.prefix.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (printable && site.prefix.size() <= Placeholders::kMaxPrefixBytes && !site.prefix.starts_with(' ')) return {};
  return wrong("has a prefix that is not up to 32 printable ASCII characters, the first of them no blank");
}

bool AllowsHeader(const Placeholder& placeholder, std::string_view name, std::string_view before) {
  const auto common = [&](std::string_view prefix) { return EqualsIgnoreCase(prefix, before); };
  const auto& sites = placeholder.stands_for.sites;
  return std::any_of(sites.begin(), sites.end(), [&](const PlaceholderSite& site) {
    return site.kind == Kind::kHeader && EqualsIgnoreCase(site.header, name) &&
           (site.prefix == before || std::any_of(kCommonPrefixes.begin(), kCommonPrefixes.end(), common));
  });
}

bool AllowsBasic(const Placeholder& placeholder, Kind kind) {
  const auto& sites = placeholder.stands_for.sites;
  return std::any_of(sites.begin(), sites.end(), [&](const PlaceholderSite& site) { return site.kind == kind; });
}

// As lenient as whoever reads it may be: either alphabet, padded or not. Empty: it is no base64.
std::string AnyBase64(std::string_view text) {
  std::string standard(text.substr(0, text.find_last_not_of('=') + 1));
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  standard.append((4 - standard.size() % 4) % 4, '=');
  return FromBase64(standard).value_or("");
}

std::string HeaderPlace(std::string_view name) {
  constexpr std::size_t kMaxShown = 64;
  return "the header " + std::string(name.substr(0, kMaxShown));
}

std::string Named(const Placeholder& placeholder) {
  return "the placeholder of connection \"" + placeholder.stands_for.connection + "\", field \"" +
         placeholder.stands_for.field + "\"";
}

}  // namespace

Result<Placeholders> Placeholders::Make(std::vector<PlaceholderField> fields, std::string_view random) {
  if (fields.size() > kMaxFields) return InvalidInput("an execution has at most 256 placeholders");
  if (random.size() != fields.size() * kRandomBytes) return Internal("a placeholder takes 24 random bytes");
  Placeholders made;
  std::set<std::pair<std::string, std::string>> seen;
  for (PlaceholderField& field : fields) {
    if (!seen.emplace(field.connection, field.field).second) {
      return InvalidInput("the field \"" + field.field + "\" of connection \"" + field.connection +
                          "\" has two placeholders");
    }
    for (const PlaceholderSite& site : field.sites) {
      if (auto checked = CheckSite(field, site); !checked) return checked.error();
    }
    const std::string token = Base64UrlOf(random.substr(made.placeholders_.size() * kRandomBytes, kRandomBytes));
    if (!made.by_lower_.emplace(LowerCase(token), made.placeholders_.size()).second) {
      return Internal("two placeholders are the same: the random bytes are not");
    }
    made.placeholders_.push_back({std::string(kStem) + token, std::move(field)});
  }
  return made;
}

const Placeholder* Placeholders::FirstIn(std::string_view text) const {
  constexpr std::size_t kTokenBytes = kBytes - kStem.size();
  for (std::size_t at = text.find('_'); at != std::string_view::npos; at = text.find('_', at + 1)) {
    if (at + 1 < kStem.size() || text.size() - at - 1 < kTokenBytes) continue;
    if (!EqualsIgnoreCase(text.substr(at + 1 - kStem.size(), kStem.size()), kStem)) continue;
    const auto found = by_lower_.find(LowerCase(text.substr(at + 1, kTokenBytes)));
    if (found != by_lower_.end()) return &placeholders_[found->second];
  }
  return nullptr;
}

const Placeholder* Placeholders::InAnySpelling(std::string_view text) const {
  std::string current(text);
  for (int round = 0;; ++round) {
    if (const Placeholder* found = FirstIn(current)) return found;
    std::string decoded = PercentDecoded(current);
    if (round == kDecodingRounds || decoded == current) return nullptr;
    current = std::move(decoded);
  }
}

Error Placeholders::Refusal(const Placeholder& placeholder, std::string_view place) {
  return Refused(Named(placeholder) + " stands in " + std::string(place) +
                 ", where it is not replaced; the connection says where it may stand");
}

// Whether the header is Basic with a placeholder inside.
Result<bool> Placeholders::FindInBasic(std::size_t index, const HeaderList& headers, Findings* findings) const {
  const auto& [name, value] = headers[index];
  if (!StartsWithIgnoreCase(value, kBasicScheme)) return false;
  const std::size_t begin = std::min(value.find_first_not_of(' ', kBasicScheme.size()), value.size());
  const std::string both = AnyBase64(std::string_view{value}.substr(begin));
  const Placeholder* any = InAnySpelling(both);
  if (any == nullptr) return false;
  const std::size_t colon = both.find(':');
  if (colon == std::string::npos || !EqualsIgnoreCase(name, "authorization")) return Refusal(*any, HeaderPlace(name));

  Header header;
  header.index = index;
  header.before = value.substr(0, begin);
  header.basic = true;
  const auto read = [&](std::string part, Kind kind, std::string* own, std::string* field) -> Result<void> {
    const std::string place = kind == Kind::kBasicUser ? "the user name of Basic" : "the password of Basic";
    const Placeholder* found = InAnySpelling(part);
    if (found == nullptr) {
      *own = std::move(part);
      return {};
    }
    if (found->text != part || !AllowsBasic(*found, kind)) return Refusal(*found, place);
    *field = found->stands_for.field;
    findings->placeholders.emplace_back(found, place);
    return {};
  };
  if (auto done = read(both.substr(0, colon), Kind::kBasicUser, &header.user, &header.user_field); !done) {
    return done.error();
  }
  if (auto done = read(both.substr(colon + 1), Kind::kBasicPassword, &header.password, &header.password_field); !done) {
    return done.error();
  }
  findings->headers.push_back(std::move(header));
  return true;
}

Result<void> Placeholders::FindInHeader(std::size_t index, const HeaderList& headers, Findings* findings) const {
  const auto& [name, value] = headers[index];
  if (const Placeholder* found = InAnySpelling(name)) return Refusal(*found, "a header's name");
  const auto basic = FindInBasic(index, headers, findings);
  if (!basic) return basic.error();
  if (*basic) return {};
  const Placeholder* found = InAnySpelling(value);
  if (found == nullptr) return {};
  // What stands before it is one of a few prefixes: there is no other placeholder in it.
  const std::size_t begin = value.size() < kBytes ? value.size() : value.size() - kBytes;
  if (value.substr(begin) != found->text || !AllowsHeader(*found, name, value.substr(0, begin))) {
    return Refusal(*found, HeaderPlace(name));
  }
  Header header;
  header.index = index;
  header.before = value.substr(0, begin);
  header.field = found->stands_for.field;
  findings->placeholders.emplace_back(found, HeaderPlace(name));
  findings->headers.push_back(std::move(header));
  return {};
}

Result<std::optional<PlaceholderUse>> Placeholders::Find(const PlaceholderRequest& request) const {
  if (placeholders_.empty()) return std::nullopt;
  const std::string_view target = request.url.target;
  const std::size_t path_end = std::min(target.find('?'), target.size());
  const std::pair<std::string_view, std::string_view> never[] = {{request.method, "the method"},
                                                                 {request.url.origin.host, "the URL's host"},
                                                                 {target.substr(0, path_end), "the URL's path"},
                                                                 {target.substr(path_end), "the URL's query"},
                                                                 {target, "the URL"}};
  for (const auto& [text, place] : never) {
    if (const Placeholder* found = InAnySpelling(text)) return Refusal(*found, place);
  }
  Findings findings;
  for (std::size_t index = 0; index < request.headers.size(); ++index) {
    if (auto done = FindInHeader(index, request.headers, &findings); !done) return done.error();
  }
  if (findings.placeholders.empty()) return std::nullopt;
  const std::string& connection = findings.placeholders.front().first->stands_for.connection;
  for (const auto& [placeholder, place] : findings.placeholders) {
    std::string where = Named(*placeholder);
    where.append(" stands in ").append(place).append(" of a request ");
    if (placeholder->stands_for.connection != connection) {
      return Refused(
          where.append("that uses the connection \"").append(connection).append("\" already; a request uses one"));
    }
    if (!request.is_origin_of(connection)) {
      return Refused(
          where.append("to ").append(request.url.origin.ToString()).append(", which is no origin of the connection"));
    }
  }
  return PlaceholderUse{connection, std::move(findings.headers)};
}

namespace {

// What the script wrote, or the field that its placeholder stands for.
Result<std::string_view> PartOf(const SecretFields& fields, const std::string& field, std::string_view own) {
  if (field.empty()) return own;
  return FieldText(fields, field);
}

}  // namespace

Result<FilledHeaders> FillPlaceholders(const PlaceholderUse& use, const SecretFields& fields) {
  FilledHeaders filled;
  for (const PlaceholderUse::Header& header : use.headers) {
    if (!header.basic) {
      const auto value = FieldText(fields, header.field);
      if (!value) return value.error();
      filled.headers.push_back({header.index, Secret::Join({header.before, *value})});
      continue;
    }
    const auto user = PartOf(fields, header.user_field, header.user);
    if (!user) return user.error();
    const auto password = PartOf(fields, header.password_field, header.password);
    if (!password) return password.error();
    auto blob = BasicBlob(*user, *password);
    if (!blob) {
      return InvalidInput("the credential's field \"" + header.user_field + "\" " + blob.error().message);
    }
    filled.headers.push_back({header.index, Secret::Join({header.before, blob->view()})});
    filled.derived.push_back(std::move(*blob));
  }
  return filled;
}

}  // namespace warder::broker
